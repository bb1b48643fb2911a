"""Connects the tab of servers with the servers: use, unload, delete, fetch. GUI thread."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from desktop.domain.connection import Connection, PullProgress, ServedModel
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.services.connections import Connections
from desktop.services.server_names import installed
from desktop.ui.errands import Errand, Errands
from desktop.ui.pull_line import PullLine
from desktop.ui.served_row import ServedRow
from desktop.ui.servers_tab import ServersTab

__all__ = ["ServersController"]


class ServersController(QObject):
    """What a server does takes its time, so each has a lane of its own."""

    chosen = Signal(object)
    """(InstalledModel): it is to answer."""

    def __init__(
        self,
        tab: ServersTab,
        connections: Connections,
        errands: Errands,
        find: Callable[[str], Connection | None],
    ) -> None:
        """`find` returns the connection of that name."""
        super().__init__(tab)
        self._tab = tab
        self._connections = connections
        self._errands = errands
        self._find = find
        self._pulls: dict[str, Errand] = {}
        tab.use_requested.connect(self._on_use_requested)
        tab.unload_requested.connect(self._on_unload_requested)
        tab.delete_requested.connect(self._on_delete_requested)
        tab.pull_requested.connect(self._on_pull_requested)
        tab.pull_stopped.connect(self._on_pull_stopped)

    def _on_use_requested(self, model: ServedModel) -> None:
        wanted = self._as_installed(model)
        if wanted is not None:
            self.chosen.emit(wanted)

    def _on_unload_requested(self, model: ServedModel) -> None:
        words = self.tr("Giving its memory back…")
        self._change(model, words, self._connections.unload)

    def _on_delete_requested(self, model: ServedModel) -> None:
        self._change(model, self.tr("Deleting…"), self._connections.delete)

    def _change(
        self, model: ServedModel, words: str, change: Callable[[InstalledModel], None]
    ) -> None:
        wanted, row = self._as_installed(model), self._row(model)
        if wanted is None or row is None:
            return
        row.show_busy(words)

        def done(error: LapisError | None) -> None:
            now = self._row(model)
            if now is not None and error is not None:
                now.show_problem(error)
            elif now is not None:
                now.show_busy("")

        self._errands.run(
            f"servers-{model.connection}",
            lambda _errand: change(wanted),
            lambda _none: done(None),
            done,
            queued=True,
        )

    def _on_pull_requested(self, connection: str, model: str) -> None:
        card = self._tab.card(connection)
        if card is None:
            return
        connections = self._connections
        card.pull.show_progress(model, PullProgress(""))

        def show(progress: PullProgress) -> None:
            if (line := self._line(connection)) is not None:
                line.show_progress(model, progress)

        def pull(errand: Errand) -> bool:
            for progress in connections.pull(connection, model, errand.stop):
                errand.report_latest(partial(show, progress))
            return errand.stop.is_set()

        def done(stopped: bool) -> None:
            line = self._line(connection)
            if line is not None and stopped:
                line.show_stopped()
            elif line is not None:
                line.show_done()

        def failed(error: LapisError) -> None:
            if (line := self._line(connection)) is not None:
                line.show_problem(error)

        errand = self._errands.run(f"servers-pull-{connection}", pull, done, failed)
        self._pulls[connection] = errand
        # A server that is removed takes its card along: nobody could stop it any more.
        card.destroyed.connect(errand.stop.set)

    def _on_pull_stopped(self, connection: str) -> None:
        errand = self._pulls.pop(connection, None)
        if errand is not None:
            errand.stop.set()

    def _line(self, connection: str) -> PullLine | None:
        card = self._tab.card(connection)
        return None if card is None else card.pull

    def _row(self, model: ServedModel) -> ServedRow | None:
        card = self._tab.card(model.connection)
        return None if card is None else card.row(model.id)

    def _as_installed(self, model: ServedModel) -> InstalledModel | None:
        connection = self._find(model.connection)
        return None if connection is None else installed(connection, model)

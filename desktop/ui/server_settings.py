"""Connects the settings of servers with the servers themselves: what is entered there. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop.domain.connection import Connection
from desktop.domain.errors import LapisError
from desktop.domain.text import Text
from desktop.services.connections import Connections
from desktop.ui.errands import Errand, Errands
from desktop.ui.server_presets import OTHER
from desktop.ui.settings_connections import ConnectionsSection

__all__ = ["ServerSettings"]

_KEEPING = "servers-keeping"


class ServerSettings(QObject):
    """Whatever is entered is judged and kept by `Connections`, in another thread."""

    ask_wanted = Signal(str)
    """(name): its server is to be asked."""
    changed = Signal()
    """There are other servers than before."""

    def __init__(
        self,
        section: ConnectionsSection,
        connections: Connections,
        errands: Errands,
        find: Callable[[str], Connection | None],
    ) -> None:
        """`find` returns the connection of that name."""
        super().__init__(section)
        self._section = section
        self._connections = connections
        self._errands = errands
        self._find = find
        self._removed: list[Connection] = []
        self._tests = 0
        self._test: Errand | None = None
        editor = section.editor
        editor.test_requested.connect(self._on_test_requested)
        editor.save_requested.connect(self._on_save_requested)
        editor.forget_requested.connect(self._on_forget_requested)
        editor.edited.connect(self._stop_test)
        editor.cancelled.connect(self._stop_test)
        section.ask_requested.connect(self.ask_wanted)
        section.edit_requested.connect(self._on_edit_requested)
        section.remove_requested.connect(self._on_remove_requested)
        section.toast.undo_requested.connect(self._on_undo_requested)

    def begin(self) -> None:
        """Let a server be entered of which nothing is known."""
        self._section.begin(OTHER)

    def _on_edit_requested(self, name: str) -> None:
        connection = self._find(name)
        row = self._section.row(name)
        if connection is None or row is None:
            return
        self._stop_test()
        self._section.open_editor(row.view)
        self._section.editor.key.show_kept(kept=self._connections.has_key(connection))

    # Trying out.

    def _on_test_requested(self, connection: Connection, key: str | None) -> None:
        self._stop_test()
        if self._test is not None and not self._test.ended.is_set():
            # Where nobody answers, that one waits for long: the next need not.
            self._tests += 1
        editor, connections = self._section.editor, self._connections

        self._test = self._errands.run(
            self._lane,
            lambda _errand: connections.test(connection, key),
            editor.show_works,
            editor.show_problem,
        )

    def _stop_test(self) -> None:
        self._errands.cancel(self._lane)

    @property
    def _lane(self) -> str:
        return f"servers-test-{self._tests}"

    # Keeping. None of these is left out, whatever comes next.

    def _on_save_requested(self, connection: Connection, before: str, key: str) -> None:
        self._stop_test()
        connections = self._connections
        self._section.editor.show_saving()

        def keep(_errand: Errand) -> LapisError | None:
            connections.save(connection, before)
            return connections.set_key(connection, key) if key else None

        self._errands.run(
            _KEEPING,
            keep,
            lambda problem: self._on_saved(connection.name, problem),
            self._on_not_saved,
            queued=True,
        )

    def _on_saved(self, name: str, problem: LapisError | None) -> None:
        self._section.close_editor()
        self.changed.emit()
        row = self._section.row(name)
        if row is not None:
            row.show_key_problem(problem)
        self.ask_wanted.emit(name)

    def _on_not_saved(self, error: LapisError) -> None:
        self._section.editor.show_problem(error)
        # It may be kept, and the key alone was refused.
        self.changed.emit()

    def _on_forget_requested(self, connection: Connection) -> None:
        connections, editor = self._connections, self._section.editor

        def show(error: LapisError | None) -> None:
            editor.key.show_kept(kept=connections.has_key(connection))
            if error is not None:
                editor.show_problem(error)

        self._errands.run(
            _KEEPING,
            lambda _errand: connections.forget_key(connection),
            lambda _none: show(None),
            show,
            queued=True,
        )

    def _on_remove_requested(self, name: str) -> None:
        connection = self._find(name)
        if connection is None:
            return
        editor = self._section.editor
        if editor.before is not None and editor.before.name == name:
            self._section.close_editor()
        connections = self._connections

        def removed() -> None:
            self._removed.append(connection)
            self.changed.emit()
            words = Text("“{name}” is removed, with its key", {"name": name})
            self._section.toast.offer_undo(words, len(self._removed) - 1)

        self._errands.run(
            _KEEPING,
            lambda _errand: connections.remove(name),
            lambda _none: removed(),
            self._on_failed,
            queued=True,
        )

    def _on_undo_requested(self, number: int) -> None:
        connection, connections = self._removed[number], self._connections

        def back() -> None:
            self.changed.emit()
            self.ask_wanted.emit(connection.name)

        self._errands.run(
            _KEEPING,
            lambda _errand: connections.save(connection),
            lambda _none: back(),
            self._on_failed,
            queued=True,
        )

    def _on_failed(self, error: LapisError) -> None:
        self._section.show_problem(error)

"""Connects the card of an engine pack with the packs of this computer. GUI thread."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog

from desktop.domain.engine_pack import PackState, PackView
from desktop.domain.errors import LapisError
from desktop.services.engine_packs import EnginePacks
from desktop.ui.engine_pack_card import EnginePackCard, PackWish
from desktop.ui.errands import Errand, Errands

__all__ = ["EnginePackController"]


class EnginePackController(QObject):
    """Looks when the card's page comes on show, and after each change while it is there."""

    changed = Signal()
    """The engine may compute with something else from now on."""
    _heard = Signal()

    def __init__(self, card: EnginePackCard, packs: EnginePacks, errands: Errands) -> None:
        """Watch `packs` from now on."""
        super().__init__(card)
        self._card = card
        self._packs = packs
        self._errands = errands
        self._view: PackView | None = None
        self._looking = False
        self._looks_again = False
        self._trouble: LapisError | None = None
        self._heard.connect(self._look, Qt.ConnectionType.QueuedConnection)
        card.wished.connect(self._on_wished)
        self.destroyed.connect(packs.watch(self._heard.emit))
        if (page := card.parentWidget()) is not None:
            page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look when the page comes on show: another Lapis may have changed something."""
        if event.type() == QEvent.Type.Show:
            self._look()
        return super().eventFilter(watched, event)

    def _look(self) -> None:
        if self._looking:
            self._looks_again = True
            return
        self._looking, self._looks_again = True, False
        self._errands.run(
            "pack", lambda _errand: self._packs.view(), self._on_seen, self._on_unseen
        )

    def _on_seen(self, view: PackView | None) -> None:
        self._looking = False
        was, self._view = self._view, view
        self._show()
        before = was.state if was is not None else None
        after = view.state if view is not None else None
        if before is not after and PackState.IN_USE in {before, after} and was is not None:
            self.changed.emit()
        if self._looks_again:
            self._look()

    def _on_unseen(self, _error: LapisError) -> None:
        """Let the next look do better."""
        self._looking = False
        if self._looks_again:
            self._look()

    def _show(self) -> None:
        view = self._view
        if view is not None and self._trouble is not None:
            view = replace(view, error=self._trouble)
        self._card.show_view(view)

    def _on_wished(self, wish: PackWish) -> None:
        if self._view is None:
            return
        pack, self._trouble = self._view.pack, None
        match wish:
            case PackWish.GET:
                self._packs.get(pack)
            case PackWish.PAUSE:
                self._packs.pause(pack)
            case PackWish.STOP:
                self._packs.cancel(pack)
            case PackWish.SWITCH_ON:
                self._do(wish, lambda _errand: self._packs.switch_on(pack))
            case PackWish.REMOVE:
                self._do(wish, lambda _errand: self._packs.remove(pack))
            case PackWish.FROM_FILE:
                self._choose_file()
        self._look()

    def _choose_file(self) -> None:
        dialog = QFileDialog(self._card, self.tr("Take an engine pack from a file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Packs (*.tar.xz)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda path: self.bring(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def bring(self, archive: Path) -> None:
        """Take the pack in the file `archive`."""
        self._do(
            PackWish.FROM_FILE,
            lambda errand: self._packs.bring(archive, lambda _count: None, errand.stop),
        )

    def _do(self, wish: PackWish, work: Callable[[Errand], object]) -> None:
        self._card.show_work(wish)
        self._errands.run("pack-work", work, self._on_done, self._on_failed, queued=True)

    def _on_done(self, _found: object) -> None:
        self._card.show_work(None)
        self._look()

    def _on_failed(self, error: LapisError) -> None:
        """Say at the card what was in the way, until something else is wished."""
        self._card.show_work(None)
        self._trouble = error
        self._show()

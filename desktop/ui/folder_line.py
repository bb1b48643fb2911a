"""Where model files are kept, how much that takes, and how much is free. GUI thread."""

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.domain.quantities import sized
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["FolderLine"]

_ICON = 16


class FolderLine(QWidget):
    """One quiet line with two links."""

    open_requested = Signal()
    change_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a folder."""
        super().__init__(parent)
        self._folder: Path | None = None
        self._used = 0
        self._free: int | None = None
        self._path = ElidedLabel(tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle)
        self._amount = PlainLabel(tone="muted", size="small")
        self._open = LinkButton()
        self._change = LinkButton()
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, 0, Space.M, 0)
        row.setSpacing(Space.S)
        row.addWidget(TintedIcon("folder", _ICON))
        row.addWidget(self._path)
        row.addWidget(self._amount)
        row.addStretch(1)
        row.addWidget(self._open)
        row.addSpacing(Space.XS)
        row.addWidget(self._change)
        self._open.clicked.connect(self.open_requested)
        self._change.clicked.connect(self.change_requested)
        self._say()

    def show_folder(self, folder: Path, used: int, free: int | None) -> None:
        """Show `folder`: models take `used` bytes there, `free` are left (None: not known)."""
        self._folder = folder
        self._used = used
        self._free = free
        self._say()

    def set_movable(self, *, movable: bool) -> None:
        """Offer another folder, or not while one is being moved to."""
        self._change.setEnabled(movable)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _say(self) -> None:
        self._path.setText(str(self._folder) if self._folder is not None else "")
        used = self.tr("{size} used").format(size=sized(self._used))
        parts = [used if self._used else ""]
        if self._free is not None:
            parts.append(self.tr("{size} free").format(size=sized(self._free)))
        self._amount.setText(" · ".join(part for part in parts if part))
        self._open.setText(self.tr("Open"))
        self._open.setAccessibleName(self.tr("Open models folder"))
        self._change.setText(self.tr("Change…"))
        self._change.setAccessibleName(self.tr("Keep models in another folder"))

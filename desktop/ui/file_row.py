"""A setting that is a file: chosen, named, removed. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.labels import ElidedLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.row_note import RowNote
from desktop.ui.setting_row import SettingRow
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["FileRow"]

_ICON = 16


class FileRow(QWidget):
    """Shows the path once there is a file."""

    choice_requested = Signal()
    """Let the person choose a file."""
    removed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a file."""
        super().__init__(parent)
        self._choose = TextButton()
        self._row = SettingRow(self._choose)
        self._path = ElidedLabel(tone="muted", size="small", mode=Qt.TextElideMode.ElideMiddle)
        self._remove = LinkButton()
        self._file = QWidget()
        self.note = RowNote()
        file = QHBoxLayout(self._file)
        file.setContentsMargins(0, 0, 0, 0)
        file.setSpacing(Space.S)
        file.addWidget(TintedIcon("file", _ICON))
        file.addWidget(self._path)
        file.addWidget(self._remove)
        file.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._row)
        column.addWidget(self._file)
        column.addWidget(self.note)
        self._choose.clicked.connect(self.choice_requested)
        self._remove.clicked.connect(self._on_remove_clicked)
        self.show_file("")
        self._retranslate()

    def say(self, name: str, hint: str) -> None:
        """Name the setting and explain it."""
        self._row.say(name, hint)

    def show_file(self, path: str) -> None:
        """Show the file that is kept, empty for none."""
        self._path.setText(path)
        self._file.setVisible(bool(path))
        self.note.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_remove_clicked(self) -> None:
        self._choose.setFocus()
        self.removed.emit()

    def _retranslate(self) -> None:
        self._choose.setText(self.tr("Choose…"))
        self._remove.setText(self.tr("Remove"))

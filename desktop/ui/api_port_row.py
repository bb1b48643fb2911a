"""The port of the local server: a number that is taken at Enter, or when the focus leaves. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop.ui.labels import restyle
from desktop.ui.row_note import RowNote
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space

__all__ = ["PortRow"]

_FIELD = 88
_LONGEST = 5
# Below it ports belong to the system, and need its permission.
_LEAST, _MOST = 1024, 65_535


class PortRow(QWidget):
    """Says what a port can be where something else was typed; Esc brings back what is kept."""

    chosen = Signal(int)

    def __init__(self, usual: int, parent: QWidget | None = None) -> None:
        """Show `usual`, where the way back leads."""
        super().__init__(parent)
        self._usual = self._kept = usual
        self._field = QLineEdit()
        self._field.setFixedWidth(_FIELD)
        self._field.setMaxLength(_LONGEST)
        self._field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._row = SettingRow(self._field)
        self._note = RowNote()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._row)
        column.addWidget(self._note)
        self.setFocusProxy(self._field)
        self._row.reset_requested.connect(self._on_reset)
        self._field.editingFinished.connect(self._on_finished)
        self._field.textEdited.connect(self._on_edited)
        self.show_port(usual)
        self._retranslate()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        return f"{self._row.name} {self._row.hint}"

    def show_port(self, port: int) -> None:
        """Show what is kept."""
        is_typing = self._field.hasFocus() and self._field.text() != str(self._kept)
        is_other = port != self._kept
        self._kept = port
        self._row.set_overridden(overridden=port != self._usual)
        if is_other or not is_typing:
            self._restore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc takes the typing back first; the next one is for the page."""
        if event.key() == Qt.Key.Key_Escape and self._field.text() != str(self._kept):
            self._restore()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _restore(self) -> None:
        self._field.setText(str(self._kept))
        self._set_wrong(wrong=False)

    def _on_reset(self) -> None:
        self._restore()
        self.chosen.emit(self._usual)

    def _on_edited(self) -> None:
        self._set_wrong(wrong=False)

    def _on_finished(self) -> None:
        text = self._field.text().strip()
        port = int(text) if text.isascii() and text.isdigit() else 0
        if port == self._kept:
            self._restore()
        elif _LEAST <= port <= _MOST:
            self._set_wrong(wrong=False)
            self.chosen.emit(port)
        else:
            self._set_wrong(wrong=True)

    def _set_wrong(self, *, wrong: bool) -> None:
        restyle(self._field, "wrong", wrong)
        if wrong:
            self._note.show_words(self._what_it_can_be(), "bad")
        else:
            self._note.clear()

    def _what_it_can_be(self) -> str:
        words = self.tr("A port is a number from {least} to {most}.")
        return words.format(least=_LEAST, most=_MOST)

    def _retranslate(self) -> None:
        self._row.say(
            self.tr("Port"),
            self.tr("Part of the address. Another one, if a program has this already."),
            self.tr("Back to {port}").format(port=self._usual),
        )
        if self._note.words:
            self._note.show_words(self._what_it_can_be(), "bad")

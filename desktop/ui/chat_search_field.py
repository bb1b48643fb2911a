"""The field in which words are typed that are looked for in all chats. GUI thread."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.escape import claims_escape
from desktop.ui.search_field import SearchField
from desktop.ui.shortcuts import SEARCH_KEYS, native

__all__ = ["ChatSearchField"]

_PAUSE_MS = 90
_LONGEST = 200


class ChatSearchField(SearchField):
    """Tells the words once the typing pauses; what an input method composes is not typed yet."""

    words_typed = Signal(str)
    """(words): empty as soon as there are none."""
    entered = Signal()
    """Enter: the one that is marked."""
    left_downwards = Signal()
    """The down key: on to what was found."""
    left = Signal()
    """Esc: no more searching."""
    focus_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(_LONGEST, parent)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._told = ""
        self.textChanged.connect(self._on_text_changed)
        self._pause.timeout.connect(self.tell)
        self.returnPressed.connect(self._on_return_pressed)
        self._retranslate()

    @property
    def words(self) -> str:
        """What is typed, without blanks around it."""
        return " ".join(self.text().split())

    def tell(self) -> None:
        """Tell the words now, unless they are told already."""
        self._pause.stop()
        if self.words != self._told:
            self._told = self.words
            self.words_typed.emit(self._told)

    def start(self) -> None:
        """Take the keyboard; what stands here is about to be typed over."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def type(self, event: QKeyEvent) -> None:
        """Take a letter that was pressed elsewhere."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deselect()
        QApplication.sendEvent(self, event)

    def event(self, event: QEvent) -> bool:
        """Esc is for the search while one is in it."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc ends the search, the down key goes on to what was found."""
        match event.key():
            case Qt.Key.Key_Escape:
                self.left.emit()
            case Qt.Key.Key_Down:
                self.tell()
                self.left_downwards.emit()
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_text_changed(self) -> None:
        if self.words:
            self._pause.start()
        else:
            self.tell()

    def _on_return_pressed(self) -> None:
        self.tell()
        self.entered.emit()

    def _retranslate(self) -> None:
        self.setPlaceholderText(self.tr("Search"))
        self.setAccessibleName(
            self.tr("Search all chats ({keys})").format(keys=native(SEARCH_KEYS))
        )

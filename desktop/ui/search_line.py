"""The line of the Discover tab to search with, and where to search. GUI thread."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSizePolicy, QWidget

from desktop.domain.repository import SourceKind
from desktop.ui.buttons import IconButton
from desktop.ui.menu_button import MenuButton
from desktop.ui.search_field import SearchField
from desktop.ui.tokens import Space

__all__ = ["SearchLine"]

_PAUSE_MS = 350
_PAUSE_IN_A_NAME_MS = 1500
"""Who types a name ends it with Enter, which is not to meet the page that opens by itself."""
_LONGEST = 400
_HEIGHT = 36


class SearchLine(QWidget):
    """Says what to look for once the typing pauses, or at Enter at once."""

    typed = Signal(str)
    """(words): at every letter, for what can be found without a network."""
    search_requested = Signal(str)
    """(words): look them up at the source."""
    reference_pasted = Signal(str)
    """(text): it names a repository or is a link to one."""
    source_chosen = Signal(object)
    """(SourceKind)"""
    connection_requested = Signal()
    """The way to the sources is to be set."""
    left_downwards = Signal()
    """The down key: on to what was found."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._field = SearchField(_LONGEST)
        self._field.setMinimumHeight(_HEIGHT)
        self._source = MenuButton()
        # As high as the field: a style sheet takes no other height from a button.
        self._source.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._connection = IconButton("settings", side=_HEIGHT)
        self._kind = SourceKind.HUGGING_FACE
        self._typed = ""
        self._asked = ""
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._field, 1)
        row.addWidget(self._source)
        row.addWidget(self._connection)
        self.setFocusProxy(self._field)
        self._field.textChanged.connect(self._on_text_changed)
        self._field.returnPressed.connect(self._ask)
        self._pause.timeout.connect(self._ask)
        self._source.chosen.connect(self._on_source_chosen)
        self._connection.clicked.connect(self.connection_requested)
        self._retranslate()

    @property
    def words(self) -> str:
        """What is typed, without blanks around it."""
        return " ".join(self._field.text().split())

    @property
    def is_reference(self) -> bool:
        """Whether what is typed looks like the name of a repository, or a link."""
        return looks_like_reference(self.words)

    @property
    def source_title(self) -> str:
        """What people call the source that is searched."""
        return self._titles()[self._kind]

    def set_source(self, kind: SourceKind) -> None:
        """Show `kind` as the source that is searched."""
        self._kind = kind
        self._retranslate()

    def clear(self) -> None:
        """Look for nothing any more."""
        self._field.clear()

    def ask_again(self) -> None:
        """Look the same words up once more."""
        self._asked = ""
        self._ask()

    def type(self, event: QKeyEvent) -> None:
        """Take a letter that was pressed elsewhere."""
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)
        QApplication.sendEvent(self._field, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc clears the field first; the down key leaves it."""
        match event.key():
            case Qt.Key.Key_Escape if self._field.text():
                self.clear()
            case Qt.Key.Key_Down:
                self.left_downwards.emit()
            case _:
                super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_text_changed(self) -> None:
        words = self.words
        if words == self._typed:
            return
        by_hand = len(words) <= len(self._typed) + 1
        self._typed, self._asked = words, ""
        if words:
            slow = by_hand and looks_like_reference(words)
            self._pause.start(_PAUSE_IN_A_NAME_MS if slow else _PAUSE_MS)
        else:
            self._pause.stop()
        self.typed.emit(words)

    def _ask(self) -> None:
        self._pause.stop()
        words = self.words
        if not words or words == self._asked:
            return
        self._asked = words
        if looks_like_reference(words):
            self.reference_pasted.emit(words)
        else:
            self.search_requested.emit(words)

    def _on_source_chosen(self, kind: SourceKind) -> None:
        self.set_source(kind)
        self._asked = ""
        self.source_chosen.emit(kind)
        # Not if somebody asked for it by then.
        self._ask()

    def _titles(self) -> dict[SourceKind, str]:
        return {
            SourceKind.HUGGING_FACE: "Hugging Face",
            SourceKind.MIRROR: self.tr("Mirror"),
            SourceKind.MODELSCOPE: "ModelScope",
        }

    def _retranslate(self) -> None:
        self._field.setPlaceholderText(self.tr("Search models, or paste a name or a link"))
        self._field.setAccessibleName(self.tr("Search models"))
        self._connection.set_label(self.tr("Connection: mirror, access token, proxy"))
        choices = list(self._titles().items())
        self._source.set_choices(self.tr("Where to search"), choices, self._kind)


def looks_like_reference(words: str) -> bool:
    """Return whether `words` are one name with an owner, or an address, rather than words."""
    return "/" in words.strip("/") and " " not in words

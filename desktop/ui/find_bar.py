"""The field at the top right of a transcript that finds words in the chat. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QSizePolicy, QWidget
from shiboken6 import isValid

from desktop.ui.buttons import IconButton
from desktop.ui.escape import claims_escape
from desktop.ui.labels import PlainLabel
from desktop.ui.search_field import SearchField
from desktop.ui.tokens import Space

__all__ = ["FindBar"]

_LONGEST = 500
_FIELD = 220
_LEAST = 80
_SIDE = 28
_COUNT = 84
_NARROW = 420


class FindBar(QFrame):
    """Floats over `parent`. Esc closes it and gives the focus back to what had it."""

    words_changed = Signal(str)
    step_wanted = Signal(int)
    """To the next place (1) or to the one before (-1)."""
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        """Wait, unseen."""
        super().__init__(parent)
        self._parent = parent
        self._before: QWidget | None = None
        self._figures: tuple[int, int, bool] | None = None
        self.setProperty("panel", "popover")
        self.field = SearchField(_LONGEST)
        self.field.setFixedWidth(_FIELD)
        self.field.textChanged.connect(self.words_changed)
        self._count = PlainLabel(tone="muted", size="small")
        self._count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._up = IconButton("arrow-up", side=_SIDE)
        self._down = IconButton("arrow-down", side=_SIDE)
        self._close = IconButton("close", side=_SIDE)
        self._up.clicked.connect(lambda: self.step_wanted.emit(-1))
        self._down.clicked.connect(lambda: self.step_wanted.emit(1))
        self._close.clicked.connect(self.close_bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        layout.setSpacing(Space.XS)
        layout.addWidget(self.field)
        layout.addSpacing(Space.XS)
        layout.addWidget(self._count)
        layout.addSpacing(Space.XS)
        layout.addWidget(self._up)
        layout.addWidget(self._down)
        layout.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        for keys, step in (("F3", 1), ("Shift+F3", -1)):
            shortcut = QShortcut(QKeySequence(keys), parent)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(lambda step=step: self._on_step_key(step))
        self._say()
        self.hide()

    def open(self, words: str = "") -> None:
        """Come up with the cursor in the field; with `words`, look for them."""
        now = QApplication.focusWidget()
        if now is not None and not self.isAncestorOf(now):
            self._before = now
        self.place()
        self.show()
        self.raise_()
        if words:
            self.field.setText(words)
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words_changed.emit(self.field.text())

    def close_bar(self) -> None:
        """Go, and give the focus back."""
        if self.isHidden():
            return
        self.hide()
        before, self._before = self._before, None
        # It may have stood in a message that is far away by now.
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._parent.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def show_count(self, number: int, total: int, *, sure: bool) -> None:
        """Say that the place shown is the `number`th of `total`; not `sure`: so far."""
        self._figures = (number, total, sure)
        self._say()

    def show_nothing(self) -> None:
        """Say nothing: nothing is searched for."""
        self._figures = None
        self._say()

    def place(self) -> None:
        """Lie at the top right of the parent."""
        room = self._parent.width()
        self._count.setMinimumWidth(0 if room < _NARROW else _COUNT)
        others = self.sizeHint().width() - self.field.minimumWidth()
        self.field.setFixedWidth(max(_LEAST, min(_FIELD, room - others - Space.XL)))
        self.adjustSize()
        self.move(max(0, room - self.width() - Space.XL), Space.S)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the window does, which would stop the answer."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.step_wanted.emit(-1 if back else 1)
        else:
            # Nothing typed here is meant for what lies below.
            event.accept()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _on_step_key(self, step: int) -> None:
        if self.isVisible():
            self.step_wanted.emit(step)

    def _say(self) -> None:
        self.setAccessibleName(self.tr("Find in this chat"))
        self.field.setAccessibleName(self.tr("Find in this chat"))
        self.field.setPlaceholderText(self.tr("Find in this chat"))
        self._up.set_label(self.tr("Previous place (Shift+Enter)"))
        self._down.set_label(self.tr("Next place (Enter)"))
        self._close.set_label(self.tr("Close"))
        words = ""
        found = False
        if self._figures is not None:
            number, total, sure = self._figures
            found = total > 0
            if found and number:
                words = self.tr("{number} of {total}").format(
                    number=f"{number:,}", total=f"{total:,}" + ("" if sure else "…")
                )
            elif found:
                words = f"{total:,}"
            else:
                words = self.tr("Not found") if sure else self.tr("Searching…")
        self._count.setText(words)
        self._up.setEnabled(found)
        self._down.setEnabled(found)
        if self.isVisible():
            # Large counts, and those of some languages, take more room than was kept for them.
            self.place()

"""Keys of the popup's field that mean the popup, before the field gets them. GUI thread."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut

from desktop.ui.popup_foot import ANEW_KEYS, OPEN_KEYS, Insertion
from desktop.ui.shortcuts import HELP_KEY

if TYPE_CHECKING:
    from desktop.ui.popup import Popup

__all__ = ["PopupKeys"]

_STEP = 40
_CTRL = Qt.KeyboardModifier.ControlModifier
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class PopupKeys(QObject):
    """Belongs to one `popup`; what it binds works wherever the focus is in it."""

    def __init__(self, popup: "Popup") -> None:
        """Bind the keys."""
        super().__init__(popup)
        self._popup = popup
        popup.composer.field.ask_first(self)
        alt, shift = Qt.Modifier.ALT, Qt.Modifier.SHIFT
        for keys, act in (
            (OPEN_KEYS, popup.ask_to_open),
            (ANEW_KEYS, popup.anew_requested.emit),
            (QKeySequence(HELP_KEY), popup.help_requested.emit),
            (QKeySequence(Qt.Modifier.CTRL | Qt.Key.Key_P), popup.pin.toggle),
            (QKeySequence(alt | shift | Qt.Key.Key_Right), lambda: popup.resize_by(_STEP, 0)),
            (QKeySequence(alt | shift | Qt.Key.Key_Left), lambda: popup.resize_by(-_STEP, 0)),
            (QKeySequence(alt | shift | Qt.Key.Key_Down), lambda: popup.resize_by(0, _STEP)),
            (QKeySequence(alt | shift | Qt.Key.Key_Up), lambda: popup.resize_by(0, -_STEP)),
        ):
            shortcut = QShortcut(keys, popup)
            shortcut.activated.connect(act)

    def take_key(self, event: QKeyEvent) -> bool:
        """Take what the field would use otherwise."""
        held = event.modifiers() & ~_KEYPAD
        field, popup = self._popup.composer.field, self._popup
        has_words = popup.foot.insertion is not Insertion.NOTHING
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if held == _CTRL:
                if has_words and field.document().isEmpty():
                    popup.insert_requested.emit()
                    return True
            case Qt.Key.Key_C if held == _CTRL:
                if has_words and not field.textCursor().hasSelection():
                    popup.copy_requested.emit()
                    return True
            case Qt.Key.Key_PageUp | Qt.Key.Key_PageDown if not held:
                if popup.transcript.isVisible():
                    bar = popup.transcript.verticalScrollBar()
                    page = bar.pageStep() - _STEP
                    step = page if event.key() == Qt.Key.Key_PageDown else -page
                    popup.transcript.scroll_to(bar.value() + step)
                    return True
            case _:
                pass
        return False

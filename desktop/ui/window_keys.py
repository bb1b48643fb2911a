"""Keeps the keyboard alive: typing and Ctrl+Z find their place whatever has the focus. GUI thread."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QWidget

from desktop.ui.composer import Composer
from desktop.ui.focus_chain import beside, takes_tab
from desktop.ui.toast import Toast

__all__ = ["WindowKeys"]

_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class WindowKeys(QObject):
    """Brings the focus to `composer`; Ctrl+Z in it undoes a deletion when it has nothing to undo.

    The field of a title that is being changed keeps its focus.
    """

    def __init__(self, window: QWidget, composer: Composer, toast: Toast) -> None:
        """Watch the composer's field."""
        super().__init__(window)
        self._window = window
        self._composer = composer
        self._toast = toast
        composer.field.installEventFilter(self)

    def follow(self, menu: QMenu) -> None:
        """Bring the focus back whenever `menu` closes."""
        menu.aboutToHide.connect(self.take_focus_soon)

    def take_focus_soon(self) -> None:
        """Bring the focus back, after what was chosen has happened."""
        QTimer.singleShot(0, self, self._take_focus)

    def type(self, event: QKeyEvent) -> bool:
        """Type a letter that nobody wanted into the composer; return whether it was one."""
        text = event.text()
        if not text.strip() or not text.isprintable() or event.modifiers() & _COMMANDS:
            return False
        self._composer.focus_field()
        QApplication.sendEvent(self._composer.field, event)
        return True

    def step_past(self, rows: QWidget, *, forward: bool) -> bool:
        """Move the focus on, past what is in `rows`; return False where Qt does so by itself.

        Rows come and go, so in Qt's order, which is that of making, they stand after everything
        else: whoever is not in them would come back to them instead of going on.
        """
        now = QApplication.focusWidget()
        if now is None or rows.isAncestorOf(now):
            return False
        passed = False
        each = beside(now, forward=forward)
        while each is not None and each is not now:
            if takes_tab(each) and each.isVisible() and each.window() is self._window:
                if not rows.isAncestorOf(each):
                    break
                passed = True
            each = beside(each, forward=forward)
        if passed and each is not None:
            reason = Qt.FocusReason
            each.setFocus(reason.TabFocusReason if forward else reason.BacktabFocusReason)
        return passed

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Ctrl+Z from a field that has nothing to undo."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Undo)
            and not self._composer.field.document().isUndoAvailable()
        ):
            return self._toast.undo()
        return super().eventFilter(watched, event)

    def _take_focus(self) -> None:
        is_shown = self._composer.isVisibleTo(self._window)
        if is_shown and not isinstance(self._window.focusWidget(), QLineEdit):
            self._composer.focus_field()

"""Asks, beside a link, whether to open it, and shows where it leads. GUI thread."""

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.domain.text import shortened
from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.labels import PlainLabel, breakable
from desktop.ui.links import Destination, destination
from desktop.ui.tokens import Space

__all__ = ["LinkPopover"]

_WIDTH = 380
_GAP = 6
_LINE = 28
_MOST_SHOWN = 300
"""Characters of an address; the buttons stay in sight, and copying takes all of it."""


class LinkPopover(QFrame):
    """A small card over `parent`; nothing opens before its button is pressed."""

    def __init__(self, parent: QWidget) -> None:
        """Wait, unseen."""
        super().__init__(parent)
        self._parent = parent
        self.setProperty("panel", "popover")
        self.setFixedWidth(_WIDTH)
        self._where: Destination | None = None
        self._caption = PlainLabel(tone="muted", size="small")
        self._host = PlainLabel(wrap=True)
        self._host.setProperty("strong", True)
        self._address = PlainLabel(tone="muted", size="small", wrap=True)
        self._open = TextButton(kind="primary")
        self._copy = TextButton()
        self._open.clicked.connect(self._on_open)
        self._copy.clicked.connect(self._on_copy)
        for label in (self._host, self._address):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addStretch(1)
        buttons.addWidget(self._copy)
        buttons.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.XS)
        layout.addWidget(self._caption)
        layout.addWidget(self._host)
        layout.addWidget(self._address)
        layout.addSpacing(Space.S)
        layout.addLayout(buttons)
        parent.installEventFilter(self)
        for button in (self._copy, self._open):
            button.installEventFilter(self)
        self._say()
        self.hide()

    def ask(self, address: str, where: QPoint) -> None:
        """Ask about `address` below the point `where` (of the parent); unsafe ones are ignored."""
        self._where = destination(address)
        if self._where is None:
            return
        self._say()
        self._host.setText(self._where.host)
        self._address.setText(breakable(shortened(self._where.url, _MOST_SHOWN)))
        self._address.setAccessibleName(self._where.url)
        self._place(where)
        self.show()
        self.raise_()
        self._open.setFocus(Qt.FocusReason.PopupFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the page around does, or the window, which would stop the answer."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go when what the card lies upon moves, or the focus leaves the card."""
        if self.isVisible():
            left = event.type() == QEvent.Type.FocusOut and not self._has_focus()
            moved = event.type() in {QEvent.Type.Resize, QEvent.Type.Hide}
            if left or (moved and watched is self._parent):
                self.hide()
        return super().eventFilter(watched, event)

    def _has_focus(self) -> bool:
        now = QApplication.focusWidget()
        return now is not None and self.isAncestorOf(now)

    def _on_open(self) -> None:
        self.hide()
        if self._where is not None:
            QDesktopServices.openUrl(QUrl(self._where.url, QUrl.ParsingMode.StrictMode))

    def _on_copy(self) -> None:
        self.hide()
        if self._where is not None:
            QGuiApplication.clipboard().setText(self._where.url)

    def _say(self) -> None:
        is_mail = self._where is not None and self._where.is_mail
        self._caption.setText(
            self.tr("This opens your mail program:")
            if is_mail
            else self.tr("This opens in your browser:")
        )
        self._open.setText(self.tr("Open"))
        self._copy.setText(self.tr("Copy address"))

    def _place(self, where: QPoint) -> None:
        """Lie below `where`, or above it where there is no room below, within the parent."""
        room = self._parent.rect().adjusted(Space.S, Space.S, -Space.S, -Space.S)
        self.setFixedWidth(min(_WIDTH, room.width()))
        # Qt's own `adjustSize` asks for the height that another width would need.
        self.resize(self.width(), self.heightForWidth(self.width()))
        left = max(room.left(), min(where.x() - Space.L, room.right() - self.width()))
        top = where.y() + _GAP
        if top + self.height() > room.bottom():
            top = max(room.top(), where.y() - self.height() - _LINE)
        self.move(left, top)

"""The head of a page beside the list of chats: its name, the way back, its tabs. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QTabBar, QVBoxLayout, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.labels import PlainLabel
from desktop.ui.shortcuts import SIDEBAR_KEYS, native
from desktop.ui.tokens import Space

__all__ = ["PageHead", "PageTabs"]


class PageHead(QWidget):
    """Models, settings, personas and prompts: each has one of these on top."""

    closed = Signal()
    """Back to the chat."""
    sidebar_requested = Signal()

    def __init__(self, beside: QWidget | None = None) -> None:
        """Start without a name; `beside` stands before the button that closes."""
        super().__init__()
        self._title = PlainLabel(size="large")
        self._sidebar = IconButton("sidebar")
        self._close = IconButton("close")
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.M, Space.M, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._sidebar)
        row.addWidget(self._title, 1)
        if beside is not None:
            row.addWidget(beside)
        row.addWidget(self._close)
        self.show_sidebar_button(visible=False)
        self._close.clicked.connect(self.closed)
        self._sidebar.clicked.connect(self.sidebar_requested)
        self._retranslate()

    def set_title(self, title: str) -> None:
        """Name the page."""
        self._title.setText(title)

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the list of chats back."""
        self._sidebar.setVisible(visible)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._close.set_label(self.tr("Back to the chat (Esc)"))
        self._sidebar.set_label(
            self.tr("Show the list of chats ({keys})").format(keys=native(SIDEBAR_KEYS))
        )


class PageTabs(QWidget):
    """Tabs under the head, with the line that ends it; `bar` holds them."""

    def __init__(self, count: int) -> None:
        """Start with `count` tabs without words."""
        super().__init__()
        self.bar = QTabBar(drawBase=False, expanding=False)
        self.bar.setProperty("kind", "page")
        self.bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.bar.setUsesScrollButtons(False)
        for _ in range(count):
            self.bar.addTab("")
        row = QHBoxLayout()
        row.setContentsMargins(Space.XL - Space.XS, Space.XS, Space.XL, 0)
        row.addWidget(self.bar)
        row.addStretch(1)
        line = QFrame()
        line.setProperty("panel", "line")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(line)

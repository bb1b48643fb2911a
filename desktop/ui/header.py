"""The line above the talk: the chat's title, the model and how it is, the menu.

Values in, signals out. GUI thread.
"""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QToolButton, QVBoxLayout, QWidget

from desktop.domain.engine import EngineState, Phase
from desktop.ui.buttons import IconButton
from desktop.ui.engine_words import model_title, state_words
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel, PlainLabel, set_tooltip
from desktop.ui.link_button import LinkButton
from desktop.ui.main_menu import MainMenu
from desktop.ui.model_menu import ModelMenu
from desktop.ui.tokens import Space

__all__ = ["Header"]

_STEPS = 1000
_CHEVRON = 16


class Header(QFrame):
    """Shows the engine's state; its two menus are public."""

    sidebar_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with an untitled chat and an idle engine."""
        super().__init__(parent)
        self.model_menu = ModelMenu(self)
        self.main_menu = MainMenu(self)
        self._state = EngineState()
        self._chat_title = ""
        self._sidebar = IconButton("sidebar")
        self._title = ElidedLabel(size="title")
        self._status = ElidedLabel(tone="muted", size="small")
        self._model = _ModelButton(self.model_menu)
        self._more = IconButton("more")
        self._guide = _GuideLine()
        self._bar = QProgressBar(textVisible=False, maximum=_STEPS)
        self._lay_out()
        self.show_sidebar_button(visible=False)
        self._sidebar.clicked.connect(self.sidebar_requested)
        self._more.clicked.connect(self._open_main_menu)
        self._guide.model_wanted.connect(self.open_model_menu)
        self._retranslate()

    def set_title(self, title: str) -> None:
        """Name the open chat; empty means a new one."""
        self._chat_title = title
        self._title.setText(title or self.tr("New chat"))

    def set_engine(self, state: EngineState) -> None:
        """Show which model is chosen and how it is."""
        self._state = state
        self._model.show_title(model_title(state.model))
        words, tone = state_words(state)
        self._status.setText(words)
        self._status.set_tone(tone)
        loading = state.phase is Phase.LOADING
        self._bar.setValue(round(state.progress * _STEPS) if loading else 0)
        self._bar.setVisible(loading)
        self._line.setVisible(not loading)
        self._guide.setVisible(state.model is not None and state.model.is_guide)

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the sidebar back."""
        self._sidebar.setVisible(visible)

    def open_model_menu(self) -> None:
        """Open the menu of models, as by a click on the model's name."""
        self._model.showMenu()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.M, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._sidebar)
        row.addWidget(self._title, 1)
        row.addSpacing(Space.L)
        row.addWidget(self._status)
        row.addWidget(self._model)
        row.addWidget(self._more)
        self._status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._line = QFrame()
        self._line.setProperty("panel", "line")
        self._line.setFixedHeight(1)
        foot = QVBoxLayout()
        foot.setContentsMargins(0, Space.S, 0, 0)
        foot.setSpacing(0)
        foot.addWidget(self._line)
        foot.addWidget(self._bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._guide)
        column.addLayout(foot)

    def _open_main_menu(self) -> None:
        corner = self._more.mapToGlobal(self._more.rect().bottomRight())
        self.main_menu.open_at(corner)

    def _retranslate(self) -> None:
        self._sidebar.set_label(self.tr("Show the list of chats (Ctrl+\\)"))
        self._more.set_label(self.tr("Menu"))
        self._bar.setAccessibleName(self.tr("Loading the model"))
        self.set_title(self._chat_title)
        self.set_engine(self._state)


class _ModelButton(QToolButton):
    """The model's name; a click opens the menu of models."""

    def __init__(self, menu: ModelMenu) -> None:
        super().__init__()
        # The button is mirrored to have its arrow at the right; its menu is not.
        menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setStyleSheet("padding: 3px 8px;")
        self.setIcon(icon("chevron-down"))
        self.setIconSize(QSize(_CHEVRON, _CHEVRON))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_title(self, title: str) -> None:
        self.setText(title.replace("&", "&&"))
        self.setAccessibleName(self.tr("Model: {name}").format(name=title))
        set_tooltip(self, self.tr("Choose a model"))


class _GuideLine(QWidget):
    """Says what the built-in guide is, so that nobody takes it for more."""

    model_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = PlainLabel(tone="muted", size="small")
        self._choose = LinkButton()
        self._choose.clicked.connect(self.model_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, 0, Space.L, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._words)
        row.addWidget(self._choose)
        row.addStretch(1)
        self._retranslate()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._words.setText(self.tr("Built-in guide: answers questions about Lapis only"))
        self._choose.setText(self.tr("Choose a model"))

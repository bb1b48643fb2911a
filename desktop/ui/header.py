"""The line above the talk: the chat's title, the model and how it is, the menu.

Values in, signals out. GUI thread.
"""

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.model import InstalledModel
from desktop.ui.buttons import IconButton
from desktop.ui.engine_words import (
    memory_words,
    model_title,
    short_title,
    state_hint,
    state_words,
)
from desktop.ui.icons import icon
from desktop.ui.labels import ElidedLabel, as_words, set_tooltip
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.link_button import LinkButton
from desktop.ui.main_menu import MainMenu
from desktop.ui.model_menu import ModelMenu
from desktop.ui.share_bar import ShareBar
from desktop.ui.shortcuts import PANEL_KEYS, SIDEBAR_KEYS, native
from desktop.ui.tokens import Space

__all__ = ["Header"]

_CHEVRON = 16
_MODEL_SHARE = 0.4
_TITLE_LEAST = 96
_NARROWEST = 300


class Header(QFrame):
    """Shows the engine's state; its two menus are public."""

    sidebar_requested = Signal()
    panel_requested = Signal()
    """The settings of this chat are to be shown, or hidden."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with an untitled chat and an idle engine."""
        super().__init__(parent)
        self.model_menu = ModelMenu(self)
        self.main_menu = MainMenu(self)
        self._state = EngineState()
        self._answers: InstalledModel | None = None
        self._memory: EngineMemory | None = None
        self._answering = False
        self._chat_title = ""
        self._sidebar = IconButton("sidebar")
        self._title = ElidedLabel(size="title")
        self._status = ElidedLabel(tone="muted", size="small")
        self._badge = LeavesBadge()
        self._model = _ModelButton(self.model_menu)
        self._panel = IconButton("sliders")
        self._panel.setCheckable(True)
        self._more = IconButton("more")
        self._guide = _GuideLine()
        self._bar = ShareBar(thick=False)
        self._lay_out()
        self.show_sidebar_button(visible=False)
        self._sidebar.clicked.connect(self.sidebar_requested)
        self._panel.clicked.connect(self._on_panel_clicked)
        self._more.clicked.connect(self._open_main_menu)
        _forget_pointer_after(self.main_menu, self._more)
        _forget_pointer_after(self.model_menu, self._model)
        self._guide.model_wanted.connect(self.open_model_menu)
        self._retranslate()

    def set_title(self, title: str) -> None:
        """Name the open chat; empty means a new one."""
        self._chat_title = title
        self._title.setText(title or self.tr("New chat"))
        self._fit()

    def set_engine(self, state: EngineState) -> None:
        """Show which model is chosen and how it is."""
        self._state = state
        self._model.show_title(short_title(self.model), model_title(self.model))
        self._badge.show_host(self.model.leaves_to if self.model is not None else "")
        loading = state.phase is Phase.LOADING and self._is_here()
        self._bar.show_share(state.progress if loading else 0, 1)
        self._bar.setVisible(loading)
        self._line.setVisible(not loading)
        self._guide.setVisible(self.model is not None and self.model.is_guide)
        self._show_memory()
        reduced = state.reduced is not None
        self.model_menu.set_trouble(reduced=reduced, crashing=state.crashes_here)
        self._show_status()

    @property
    def model(self) -> InstalledModel | None:
        """The model whose name is shown."""
        return self._answers or self._state.model

    def show_model(self, model: InstalledModel | None) -> None:
        """Name the model that answers in the open chat; None: the one that the engine has.

        How the engine is, is said as long as it has that model.
        """
        if model != self._answers:
            self._answers = model
            self.set_engine(self._state)

    def set_memory(self, memory: EngineMemory | None) -> None:
        """Show what the engine holds; None when there is none."""
        if memory != self._memory:
            self._memory = memory
            self._show_memory()

    def set_answering(self, *, answering: bool) -> None:
        """Say whether an answer is being written in the open chat."""
        if answering is not self._answering:
            self._answering = answering
            self._show_status()

    def show_sidebar_button(self, *, visible: bool) -> None:
        """Offer to bring the sidebar back."""
        self._sidebar.setVisible(visible)
        self._fit()

    def mark_panel(self, marked: bool) -> None:
        """Say whether the settings of this chat are on show."""
        self._panel.setChecked(marked)

    def open_model_menu(self) -> None:
        """Open the menu of models, as by a click on the model's name."""
        self._model.showMenu()

    def minimumSizeHint(self) -> QSize:
        """Be content with little: the words inside give way."""
        return QSize(_NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width."""
        super().resizeEvent(event)
        self._fit()
        self._column.activate()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _lay_out(self) -> None:
        self._row = row = QHBoxLayout()
        row.setContentsMargins(Space.L, Space.S, Space.M, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._sidebar)
        row.addWidget(self._title, 1)
        row.addSpacing(Space.L)
        row.addWidget(self._status)
        row.addWidget(self._badge)
        row.addWidget(self._model)
        row.addWidget(self._panel)
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
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._guide)
        column.addLayout(foot)

    def _show_status(self) -> None:
        """Say what is not as it should be, or takes time; ready is how it should be."""
        # Of another model than the one named, nothing is said.
        state = self._state if self._is_here() else EngineState(model=self.model)
        if state is not self._state and self._is_served():
            # A server has it at hand, whatever the engine has.
            state = EngineState(Phase.READY, self.model)
        words, tone = state_words(state)
        hint = state_hint(state)
        self._model.set_state(f"{words} · {hint}" if hint else words)
        if state.phase is Phase.READY or state is not self._state:
            words, tone = (self.tr("Answering…") if self._answering else ""), "muted"
        self._status.setText(words)
        self._status.set_tone(tone)
        self._fit()
        if self.isVisible():
            # At once: longer words would be painted over the model's name until the layout's turn.
            self._column.activate()

    def _is_here(self) -> bool:
        """Return whether the engine has the model that is named, or is about to."""
        there = self._state.model
        return self._answers is None or (there is not None and there.path == self._answers.path)

    def _show_memory(self) -> None:
        words = memory_words(self._memory) if self._memory is not None else ""
        self.model_menu.set_memory(words)
        # What the engine holds while a server answers is another model's.
        self._model.set_memory("" if self._is_served() else words)

    def _is_served(self) -> bool:
        return self.model is not None and self.model.is_served

    def _fit(self) -> None:
        """Share the width: the model's name gives way first, then the state, the title last."""
        self._model.fit(int(self.width() * _MODEL_SHARE))
        title = min(self._title.sizeHint().width(), _TITLE_LEAST)
        self._title.setMinimumWidth(title)
        status = self._status.sizeHint().width()
        self._status.setMinimumWidth(status)
        margins = self._row.contentsMargins()
        others = [self._model.sizeHint().width(), self._more.width(), title, status, Space.L]
        others.append(self._panel.width())
        if not self._sidebar.isHidden():
            others.append(self._sidebar.width())
        room = self.width() - margins.left() - margins.right()
        if self._badge.host:
            gap = self._row.spacing()
            words = self._badge.width_with_words()
            self._badge.set_words(shown=sum(others) - status + words + gap * len(others) <= room)
            others.append(self._badge.sizeHint().width())
        room -= self._row.spacing() * len(others)
        self._status.setVisible(bool(self._status.whole_text()) and sum(others) <= room)

    def _on_panel_clicked(self) -> None:
        # The mark follows the panel, not the click.
        self._panel.setChecked(not self._panel.isChecked())
        self.panel_requested.emit()

    def _open_main_menu(self) -> None:
        corner = self._more.mapToGlobal(self._more.rect().bottomRight())
        self.main_menu.open_at(corner)

    def _retranslate(self) -> None:
        self._sidebar.set_label(
            self.tr("Show the list of chats ({keys})").format(keys=native(SIDEBAR_KEYS))
        )
        self._panel.set_label(
            self.tr("Settings of this chat ({keys})").format(keys=native(PANEL_KEYS))
        )
        self._more.set_label(self.tr("Menu"))
        self._bar.setAccessibleName(self.tr("Loading the model"))
        self.set_title(self._chat_title)
        self.set_engine(self._state)
        self._show_memory()


class _ModelButton(QToolButton):
    """The model's name; a click opens the menu of models."""

    def __init__(self, menu: ModelMenu) -> None:
        super().__init__()
        # The button is mirrored to have its arrow at the right; its menu is not.
        menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._title = self._file = ""
        self._is_cut = False
        self._state = ""
        self._memory = ""
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setStyleSheet("padding: 3px 8px;")
        self.setIcon(icon("chevron-down"))
        self.setIconSize(QSize(_CHEVRON, _CHEVRON))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """Be as high whatever script the name is in: the talk below would move with the model."""
        metrics = self.fontMetrics()
        written = metrics.size(Qt.TextFlag.TextShowMnemonic.value, self.text()).height()
        return super().sizeHint() - QSize(0, max(0, written - metrics.height()))

    def show_title(self, title: str, file: str) -> None:
        """Show `title`; `file` is what the model is called in full."""
        self._title, self._file = title, file
        self.setAccessibleName(self.tr("Model: {name}").format(name=file))

    def set_state(self, words: str) -> None:
        """Tell screen readers how the model is."""
        self._state = words
        self._describe()

    def set_memory(self, words: str) -> None:
        """Tell how much memory the model takes; empty for none."""
        self._memory = words
        self._describe()

    def fit(self, widest: int) -> None:
        """Show as much of the name as fits into `widest` pixels, beginning and end first."""
        self.ensurePolished()
        metrics = self.fontMetrics()
        self.setText(as_words(self._title))
        beside = self.sizeHint().width() - metrics.horizontalAdvance(self._title)
        room = max(0, widest - beside)
        shown = metrics.elidedText(self._title, Qt.TextElideMode.ElideMiddle, room)
        self.setText(as_words(shown))
        self._is_cut = shown != self._title
        self._describe()

    def _describe(self) -> None:
        memory = self.tr("{size} in memory").format(size=self._memory) if self._memory else ""
        state = " · ".join(words for words in (self._state, memory) if words)
        self.setAccessibleDescription(state)
        name = self._file if self._is_cut or self._file != self._title else ""
        lines = (name, self.tr("Choose a model"), state)
        set_tooltip(self, "\n".join(line for line in lines if line))


class _GuideLine(QWidget):
    """Says what the built-in guide is, so that nobody takes it for more."""

    model_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = ElidedLabel(tone="muted", size="small")
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


def _forget_pointer_after(menu: QMenu, button: QToolButton) -> None:
    """Take the highlight from `button` when `menu` closes and the pointer has gone elsewhere.

    Qt tells a button nothing of the pointer while a menu is open, nor after.
    """

    def look() -> None:
        if not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
            QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))

    menu.aboutToHide.connect(lambda: QTimer.singleShot(0, button, look))

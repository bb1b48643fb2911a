"""Who answers the quick question: the model's name, and a menu to choose another. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QFontMetrics, QPalette
from PySide6.QtWidgets import QMenu, QToolButton

from desktop.domain.model import InstalledModel
from desktop.ui.icons import icon
from desktop.ui.labels import as_words, set_tooltip
from desktop.ui.served_menu import ServedMenu, model_line, served_apart
from desktop.ui.tokens import Size
from desktop.ui.typed_choice import TypedChoice

__all__ = ["PopupModel"]

_CHEVRON = 14
_WIDEST = 190
_MOST = 30


class PopupModel(QToolButton):
    """Filled anew each time it opens: connect to `about_to_fill` and call `set_models`."""

    about_to_fill = Signal()
    chosen = Signal(object)
    """(InstalledModel, or None for whichever is loaded)"""
    more_requested = Signal()

    def __init__(self) -> None:
        """Start without a name."""
        super().__init__()
        self._title = ""
        self._state = ""
        self.setProperty("kind", "model")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # The arrow stands at the right.
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setIcon(icon("chevron-down", QPalette.ColorRole.PlaceholderText))
        self.setIconSize(QSize(_CHEVRON, _CHEVRON))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(Size.BUTTON)
        self._menu = QMenu(self)
        self._menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        TypedChoice(self._menu)
        self._choice = QActionGroup(self._menu)
        self._menu.aboutToShow.connect(self.about_to_fill)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    @property
    def is_open(self) -> bool:
        """Whether the menu is on the screen."""
        return self._menu.isVisible()

    @property
    def title(self) -> str:
        """The whole name."""
        return self._title

    def show_model(self, title: str, state: str = "") -> None:
        """Name the model; `state` is how it is, for pointers and screen readers."""
        self._title, self._state = title, state
        self._say()

    def set_models(
        self, models: Sequence[InstalledModel], chosen: InstalledModel | None, loaded: str
    ) -> None:
        """List `models`; None is whichever is loaded, now the one called `loaded`."""
        right = self._menu.geometry().right()
        self._menu.clear()
        usual = self._menu.addAction(self.tr("The model that is loaded") + f"\t{as_words(loaded)}")
        usual.triggered.connect(lambda: self.chosen.emit(None))
        self._menu.addSeparator()
        files, served = served_apart(models, chosen, _MOST)
        for model in files:
            action = self._menu.addAction(model_line(model))
            action.triggered.connect(lambda _checked, model=model: self.chosen.emit(model))
            action.setCheckable(True)
            action.setChecked(model == chosen)
            self._choice.addAction(action)
        ServedMenu(self._menu, self._choice, self.chosen.emit, self.more_requested.emit).add(
            served, chosen
        )
        usual.setCheckable(True)
        usual.setChecked(chosen is None)
        self._choice.addAction(usual)
        self._menu.addSeparator()
        more = self._menu.addAction(icon("models"), self.tr("All models, and more to get…"))
        more.triggered.connect(self.more_requested)
        if self.is_open:
            # It was opened where it fitted, and is another size now.
            size = self._menu.sizeHint()
            self._menu.move(max(0, right - size.width() + 1), self._menu.y())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self._say()

    def _say(self) -> None:
        self.ensurePolished()
        metrics = QFontMetrics(self.font())
        shown = metrics.elidedText(self._title, Qt.TextElideMode.ElideMiddle, _WIDEST)
        self.setText(as_words(shown))
        self.setAccessibleName(self.tr("Model: {name}").format(name=self._title))
        self.setAccessibleDescription(self._state)
        name = self._title if shown != self._title else ""
        lines = (name, self.tr("Who answers quick questions"), self._state)
        set_tooltip(self, "\n".join(line for line in lines if line))

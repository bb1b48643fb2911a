"""Who answers in a chat: a card with sign, name and a line; a click opens all personas. GUI thread."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.domain.chat_settings import Persona
from desktop.ui.icons import icon, icon_pixmap
from desktop.ui.labels import ElidedLabel, as_words
from desktop.ui.persona_sign import paint_persona, persona_icon
from desktop.ui.tokens import Size, Space, tokens_of

__all__ = ["PersonaButton"]

_CHEVRON = 16
_TALL = 52
_WITHOUT = "person"


class PersonaButton(QPushButton):
    """One persona, or none."""

    chosen = Signal(str)
    """(id, empty for none)"""
    manage_requested = Signal()
    """The page of all personas is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without personas."""
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._personas: tuple[Persona, ...] = ()
        self._persona: Persona | None = None
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self._name = ElidedLabel()
        self._name.setProperty("strong", True)
        self._about = ElidedLabel(tone="muted", size="small")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addWidget(self._name)
        words.addWidget(self._about)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * Space.M + Size.ICON, 0, Space.M + _CHEVRON, 0)
        row.addLayout(words)
        for label in (self._name, self._about):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.clicked.connect(self._open)
        self._say()

    def show_persona(self, personas: Sequence[Persona], persona: Persona | None) -> None:
        """Offer `personas`; `persona` is the one in use."""
        self._personas, self._persona = tuple(personas), persona
        self._say()

    def sizeHint(self) -> QSize:
        return QSize(160, self._tall())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        tokens = tokens_of(self.palette())
        painter = QPainter(self)
        middle = self.height() // 2
        sign = QRect(Space.M, middle - Size.ICON // 2, Size.ICON, Size.ICON)
        shown = self._persona.icon or _WITHOUT if self._persona is not None else _WITHOUT
        paint_persona(painter, sign, shown, QColor(tokens.text), self.font())
        chevron = icon_pixmap(
            "chevron-down", _CHEVRON, QColor(tokens.muted), self.devicePixelRatioF()
        )
        left = self.width() - _CHEVRON - Space.S
        painter.drawPixmap(QPoint(left, middle - _CHEVRON // 2), chevron)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        elif event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def _tall(self) -> int:
        return max(_TALL, 2 * self.fontMetrics().lineSpacing() + 2 * Space.S)

    def _open(self) -> None:
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft() + QPoint(0, Space.XS)))

    def _fill(self) -> None:
        self._menu.clear()
        group = QActionGroup(self._menu)
        used = self._persona.id if self._persona is not None else ""
        none = self._menu.addAction(self.tr("No persona"))
        for action, item in (
            (none, ""),
            *(
                (self._menu.addAction(persona_icon(each.icon or _WITHOUT), _line(each)), each.id)
                for each in self._personas
            ),
        ):
            group.addAction(action)
            action.setCheckable(True)
            action.setChecked(item == used)
            action.triggered.connect(partial(self._on_triggered, item))
        self._menu.addSeparator()
        manage = self._menu.addAction(icon("settings"), self.tr("Personas and prompts…"))
        manage.triggered.connect(self.manage_requested)

    def _on_triggered(self, item: str, _checked: bool) -> None:
        self.chosen.emit(item)

    def _say(self) -> None:
        persona = self._persona
        name = persona.name if persona is not None else self.tr("No persona")
        about = persona.about if persona is not None else self.tr("The model as it is")
        self._name.setText(name)
        self._about.setText(about)
        self._about.setVisible(bool(about))
        self.setAccessibleName(self.tr("Persona: {name}").format(name=name))
        self.setAccessibleDescription(about)
        self.update()


def _line(persona: Persona) -> str:
    return as_words(persona.name).replace("\t", " ")

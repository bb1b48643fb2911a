"""One button for a file's whole way here: Get, its progress, Resume, Installed. GUI thread."""

from enum import Enum, auto

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.ui.buttons import PressedOnce
from desktop.ui.discover_feed import GetState, Stage
from desktop.ui.icons import IconName, icon_pixmap
from desktop.ui.labels import set_tooltip
from desktop.ui.tokens import Radius, Size, Space, Tokens, resized, tokens_of

__all__ = ["GetButton", "Wish"]

_HEIGHT = 30
_SIDE = 13
_ICON = 16


class Wish(Enum):
    """What a press of the button asks for."""

    GET = auto()
    PAUSE = auto()
    RESUME = auto()
    SHOW = auto()


class GetButton(PressedOnce, QAbstractButton):
    """Shows a `GetState`; pressed it says what is wanted, of the download with that key."""

    wished = Signal(object, str)
    """(Wish, key of the download, empty for GET and SHOW)"""

    def __init__(self, *, primary: bool = False, parent: QWidget | None = None) -> None:
        """Offer; `primary` is for the one button that stands out."""
        super().__init__(parent)
        self._primary = primary
        self._what = ""
        self._state = GetState()
        self._words = ""
        self._room: QSize | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._on_clicked)
        self._say()

    def set_state(self, what: str, state: GetState) -> None:
        """Show `state` of `what`, the name that screen readers say."""
        if (what, state) != (self._what, self._state):
            self._what, self._state = what, state
            self._say()

    def set_primary(self, *, primary: bool) -> None:
        """Stand out, or not."""
        if primary is not self._primary:
            self._primary = primary
            self.update()

    @property
    def state(self) -> GetState:
        """What is shown."""
        return self._state

    def sizeHint(self) -> QSize:
        """Return room for all words this button may come to say, so that it never jumps."""
        if self._room is None:
            self._room = self._needed()
        return self._room

    def _needed(self) -> QSize:
        metrics = QFontMetrics(self._font())
        plain = metrics.horizontalAdvance(self.tr("Get"))
        marked = (self.tr("Installed"), self.tr("Resume"), self.tr("Try again"), "100 %")
        widest = max(metrics.horizontalAdvance(words) for words in marked) + _ICON + Space.XS
        return QSize(max(plain, widest) + 2 * _SIDE, max(_HEIGHT, metrics.height() + Space.S))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self._room = None
            self._say()
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = tokens_of(self.palette())
        room = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        radius = Radius.FIELD + 2
        ground, ink = self._colours(tokens)
        if ground:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground))
            painter.drawRoundedRect(room, radius, radius)
        if self._state.stage in {Stage.RUNNING, Stage.PAUSED}:
            self._paint_share(painter, room, tokens)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.text if self._is_solid() else tokens.accent), 2))
            painter.drawRoundedRect(room, radius, radius)
        self._paint_words(painter, QColor(ink))

    def _paint_share(self, painter: QPainter, room: QRectF, tokens: Tokens) -> None:
        path = QPainterPath()
        path.addRoundedRect(room, Radius.FIELD + 2, Radius.FIELD + 2)
        colour = QColor(tokens.accent)
        colour.setAlphaF(0.22 if self._state.stage is Stage.RUNNING else 0.12)
        done = QRectF(room)
        done.setWidth(room.width() * self._state.share)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(done, colour)
        painter.restore()

    def _paint_words(self, painter: QPainter, ink: QColor) -> None:
        font = self._font()
        metrics = QFontMetrics(font)
        mark = self._mark()
        beside = _ICON + Space.XS if mark is not None else 0
        left = (self.width() - metrics.horizontalAdvance(self._words) - beside) // 2
        if mark is not None:
            scale = painter.device().devicePixelRatioF()
            top = (self.height() - _ICON) // 2
            painter.drawPixmap(left, top, icon_pixmap(mark, _ICON, ink, scale))
        painter.setPen(ink)
        painter.setFont(font)
        room = QRect(left + beside, 0, self.width() - left - beside, self.height())
        painter.drawText(
            room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._words
        )

    def _is_solid(self) -> bool:
        return self._primary and self._state.stage is Stage.OFFERED

    def _colours(self, tokens: Tokens) -> tuple[str, str]:
        """Return ground (may be empty) and ink."""
        lively = self.isDown() or (self.underMouse() and self.isEnabled())
        match self._state.stage:
            case Stage.INSTALLED:
                return (tokens.hover if lively else ""), tokens.good
            case Stage.OFFERED if self._primary:
                return (tokens.accent_hover if lively else tokens.accent), tokens.on_accent
            case Stage.FAILED:
                return (tokens.pressed if lively else tokens.bad_tint), tokens.bad
            case Stage.WAITING:
                return (tokens.pressed if lively else tokens.raised), tokens.muted
            case _:
                return (tokens.pressed if lively else tokens.tint), tokens.accent

    def _mark(self) -> IconName | None:
        match self._state.stage:
            case Stage.INSTALLED:
                return "check"
            case Stage.RUNNING:
                return "pause"
            case Stage.PAUSED:
                return "play"
            case Stage.FAILED:
                return "refresh"
            case _:
                return None

    def _font(self) -> QFont:
        font = resized(self.font(), Size.BODY - 1)
        font.setWeight(QFont.Weight.DemiBold)
        # Digits of one width keep a running percentage still.
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def _on_clicked(self) -> None:
        match self._state.stage:
            case Stage.OFFERED:
                self.wished.emit(Wish.GET, "")
            case Stage.WAITING | Stage.RUNNING:
                self.wished.emit(Wish.PAUSE, self._state.order)
            case Stage.PAUSED | Stage.FAILED:
                self.wished.emit(Wish.RESUME, self._state.order)
            case Stage.INSTALLED:
                self.wished.emit(Wish.SHOW, "")

    def _say(self) -> None:
        what, share = self._what, f"{int(self._state.share * 100)} %"
        match self._state.stage:
            case Stage.OFFERED:
                self._words = self.tr("Get")
                name = self.tr("Get {name}").format(name=what)
            case Stage.WAITING:
                self._words = self.tr("Waiting")
                name = self.tr("{name} waits for its turn. Press to pause.").format(name=what)
            case Stage.RUNNING:
                self._words = share
                name = self.tr("{name}: {share} downloaded. Press to pause.").format(
                    name=what, share=share
                )
            case Stage.PAUSED:
                self._words = self.tr("Resume")
                name = self.tr("{name}: paused at {share}. Press to resume.").format(
                    name=what, share=share
                )
            case Stage.FAILED:
                self._words = self.tr("Try again")
                name = self.tr("{name}: the download stopped. Press to try again.").format(
                    name=what
                )
            case Stage.INSTALLED:
                self._words = self.tr("Installed")
                name = self.tr("{name} is installed. Press to show it.").format(name=what)
        self.setAccessibleName(name)
        set_tooltip(self, name)
        self.update()

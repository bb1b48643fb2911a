"""A field that is told a key by pressing it: the combination is taken as it stands. GUI thread."""

from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import BadChord
from desktop.domain.text import Text
from desktop.ui.key_caps import caps_size, paint_caps
from desktop.ui.key_pressed import chord_pressed, held_now, is_modifier
from desktop.ui.key_words import caps_of, held_caps
from desktop.ui.tokens import Radius, Size, Space, resized, tokens_of

__all__ = ["KeyRecorder"]

_TALL: Final = 34
_LEAST: Final = 150
_LOOK_MS: Final = 250
_CLEARING: Final = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
_OURS: Final = (
    QEvent.Type.ShortcutOverride,
    QEvent.Type.KeyPress,
    QEvent.Type.KeyRelease,
)


class KeyRecorder(QPushButton):
    """Pressed, it listens to the keyboard until it has a combination, or Esc, or loses the focus.

    Nothing that is typed meanwhile reaches the page or the window. Backspace alone clears the key.
    """

    recording_changed = Signal(bool)
    """It listens, or no longer does."""
    recorded = Signal(str)
    """(chord, as `domain.hotkey.parse_chord` reads it)"""
    refused = Signal(object)
    """(LapisError): that cannot be a key, or did not arrive whole; it goes on listening."""
    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no key."""
        super().__init__(parent)
        self._chord = ""
        self._held: list[str] = []
        self._is_recording = False
        self._purpose = ""
        # The modifiers that came without another key, so far.
        self._bare: list[str] = []
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._on_look)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._on_clicked)

    @property
    def is_recording(self) -> bool:
        """Whether it listens."""
        return self._is_recording

    @property
    def chord(self) -> str:
        """The key on show."""
        return self._chord

    def show_chord(self, chord: str) -> None:
        """Show `chord`; empty for none."""
        if chord != self._chord:
            self._chord = chord
            self.updateGeometry()
            self._say()

    def say(self, purpose: str) -> None:
        """Name what the key is for."""
        self._purpose = purpose
        self._say()

    def record(self) -> None:
        """Listen."""
        if not self._is_recording:
            self._held, self._bare = [], []
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            self._set_recording(recording=True)

    def stop(self) -> None:
        """Listen no longer; the key stays what it was."""
        if self._is_recording:
            self._set_recording(recording=False)

    def event(self, event: QEvent) -> bool:
        """Take every key while listening, Tab and the window's own among them."""
        if self._is_recording and event.type() in _OURS and isinstance(event, QKeyEvent):
            event.accept()
            if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
                self._on_pressed(event)
            elif event.type() == QEvent.Type.KeyRelease:
                self._show_held(held_now(event))
            return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.stop()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.stop()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language, and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        elif event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        font = self._font()
        caps = caps_size(caps_of(self._chord), font)
        words = QFontMetrics(font).horizontalAdvance(self._prompt())
        return QSize(
            max(_LEAST, caps.width() + Space.S * 2, words + Space.M * 2),
            max(_TALL, caps.height() + Space.S),
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, font = tokens_of(self.palette()), self._font()
        is_marked = self.hasFocus() or self._is_recording
        pen = 2.0 if is_marked else 1.0
        if self._is_recording:
            ground = tokens.tint
        else:
            ground = tokens.hover if self.underMouse() and self.isEnabled() else tokens.surface
        painter.setPen(QPen(QColor(tokens.accent if is_marked else tokens.line), pen))
        painter.setBrush(QColor(ground))
        frame = QRectF(self.rect()).adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2)
        painter.drawRoundedRect(frame, Radius.FIELD, Radius.FIELD)
        caps = held_caps(self._held) if self._is_recording else caps_of(self._chord)
        if caps:
            size = caps_size(caps, font)
            left = (self.width() - size.width()) / 2
            if not self.isEnabled():
                painter.setOpacity(0.5)
            paint_caps(
                painter, QPointF(left, (self.height() - size.height()) / 2), caps, font, tokens
            )
        else:
            painter.setFont(font)
            painter.setPen(QColor(tokens.accent if self._is_recording else tokens.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._prompt())

    def _on_clicked(self) -> None:
        if self._is_recording:
            self.stop()
        else:
            self.record()

    def _on_pressed(self, event: QKeyEvent) -> None:
        self._show_held(held_now(event))
        if is_modifier(event):
            self._bare = max(self._bare, self._held, key=len)
            self._look.start()
            return
        self._bare = []
        is_alone = not self._held
        if is_alone and event.key() == Qt.Key.Key_Escape:
            self.stop()
        elif is_alone and event.key() in _CLEARING:
            self.stop()
            self.cleared.emit()
        else:
            try:
                chord = chord_pressed(event)
            except LapisError as error:
                self.refused.emit(error)
            else:
                self.stop()
                self.recorded.emit(chord)

    def _show_held(self, held: list[str]) -> None:
        if held != self._held:
            self._held = held
            self.update()
        if not held:
            self._look.stop()
            self._tell_bare()

    def _tell_bare(self) -> None:
        """Say it if modifiers alone came: who has a combination already gets the rest of it."""
        bare, self._bare = self._bare, []
        if bare and self._is_recording:
            keys = "+".join(held_caps(bare))
            title = Text("Only {keys} arrived", {"keys": keys})
            hint = Text("If you pressed one more key, another program has that combination.")
            self.refused.emit(BadChord(title, hint))

    def _on_look(self) -> None:
        """Notice that everything was let go while another program had the keyboard."""
        if QGuiApplication.queryKeyboardModifiers() == Qt.KeyboardModifier.NoModifier:
            self._show_held([])

    def _set_recording(self, *, recording: bool) -> None:
        self._is_recording = recording
        self._look.stop()
        self._say()
        self.recording_changed.emit(recording)

    def _prompt(self) -> str:
        if self._is_recording:
            return self.tr("Press the keys…")
        return self.tr("Choose keys…")

    def _say(self) -> None:
        if self._is_recording:
            now = self.tr("press the keys, Esc leaves it")
        else:
            now = "+".join(caps_of(self._chord)) or self.tr("no keys")
        self.setAccessibleName(self.tr("{purpose}: {keys}").format(purpose=self._purpose, keys=now))
        self.setAccessibleDescription(self.tr("Press to choose other keys"))
        self.update()

    def _font(self) -> QFont:
        self.ensurePolished()
        return resized(self.font(), Size.SMALL)

"""A key is chosen by pressing it, whatever it means to the window or types on this layout."""

import sys

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.errors import LapisError
from desktop.domain.hotkey import BadChord
from desktop.ui import key_recorder
from desktop.ui.key_pressed import chord_pressed
from desktop.ui.key_recorder import KeyRecorder
from desktop.ui.key_words import caps_of, native
from desktop.ui.translation import say

_CTRL = Qt.KeyboardModifier.ControlModifier
_ALT = Qt.KeyboardModifier.AltModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_META = Qt.KeyboardModifier.MetaModifier
_NONE = Qt.KeyboardModifier.NoModifier
_KEY = Qt.Key
_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="keys are called otherwise there")


class Heard:
    """A recorder in a window, and everything that it told."""

    def __init__(self) -> None:
        self.window = QWidget()
        self.recorder = KeyRecorder()
        self.recorder.say("Quick question")
        self.beside = QLineEdit()
        column = QVBoxLayout(self.window)
        column.addWidget(self.recorder)
        column.addWidget(self.beside)
        self.chords: list[str] = []
        self.errors: list[LapisError] = []
        self.listening: list[bool] = []
        self.clears = 0
        self.recorder.recorded.connect(self.chords.append)
        self.recorder.refused.connect(self.errors.append)
        self.recorder.recording_changed.connect(self.listening.append)
        self.recorder.cleared.connect(self._clear)

    def _clear(self) -> None:
        self.clears += 1


@pytest.fixture
def heard(qtbot: QtBot) -> Heard:
    one = Heard()
    qtbot.addWidget(one.window)
    one.window.show()
    one.window.activateWindow()
    qtbot.waitExposed(one.window)
    one.recorder.setFocus()
    return one


def _event(
    key: int, modifiers: Qt.KeyboardModifier = _NONE, text: str = "", place: int = 0
) -> QKeyEvent:
    return QKeyEvent(QEvent.Type.KeyPress, key, modifiers, place, 0, 0, text)


def test_the_pressed_combination_is_the_key(heard: Heard, qtbot: QtBot) -> None:
    heard.recorder.click()
    assert heard.recorder.is_recording
    qtbot.keyClick(heard.recorder, _KEY.Key_K, _CTRL | _ALT)

    assert heard.chords == ["Ctrl+Alt+K"]
    assert heard.listening == [True, False]


def test_nothing_typed_meanwhile_reaches_anything_else(heard: Heard, qtbot: QtBot) -> None:
    quits: list[bool] = []
    shortcut = QShortcut(QKeySequence("Ctrl+Q"), heard.window)
    shortcut.activated.connect(lambda: quits.append(True))
    heard.recorder.record()
    qtbot.keyClick(heard.recorder, _KEY.Key_Q, _CTRL)
    heard.recorder.record()
    qtbot.keyClick(heard.recorder, _KEY.Key_Tab, _CTRL)

    assert heard.chords == ["Ctrl+Q", "Ctrl+Tab"]
    assert not quits
    assert heard.recorder.hasFocus()


def test_it_listens_only_when_it_is_asked_to(heard: Heard, qtbot: QtBot) -> None:
    qtbot.keyClick(heard.recorder, _KEY.Key_K, _CTRL)

    assert heard.chords == []
    assert heard.listening == []


def test_escape_leaves_it_as_it_was_and_backspace_clears_it(heard: Heard, qtbot: QtBot) -> None:
    heard.recorder.show_chord("Ctrl+Alt+Space")
    heard.recorder.record()
    qtbot.keyClick(heard.recorder, _KEY.Key_Escape)
    assert (heard.chords, heard.clears) == ([], 0)
    assert heard.recorder.chord == "Ctrl+Alt+Space"

    heard.recorder.record()
    qtbot.keyClick(heard.recorder, _KEY.Key_Backspace)
    assert (heard.chords, heard.clears) == ([], 1)


def test_without_the_focus_it_listens_no_longer(heard: Heard) -> None:
    heard.recorder.record()
    heard.beside.setFocus()
    assert heard.listening == [True, False]

    heard.recorder.record()
    heard.window.hide()
    assert not heard.recorder.is_recording


def test_a_key_that_types_is_refused_and_it_goes_on(heard: Heard, qtbot: QtBot) -> None:
    heard.recorder.record()
    qtbot.keyClick(heard.recorder, _KEY.Key_A)
    assert [str(error.title) for error in heard.errors] == ["This key alone is needed for typing"]
    assert heard.recorder.is_recording

    qtbot.keyClick(heard.recorder, _KEY.Key_F9)
    assert heard.chords == ["F9"]


def test_what_is_held_is_shown_until_it_is_let_go(heard: Heard, qtbot: QtBot) -> None:
    heard.recorder.record()
    qtbot.keyPress(heard.recorder, _KEY.Key_Control, _CTRL)
    qtbot.keyPress(heard.recorder, _KEY.Key_Alt, _CTRL | _ALT)
    assert heard.recorder._held == ["Ctrl", "Alt"]
    release = QKeyEvent(QEvent.Type.KeyRelease, _KEY.Key_Alt, _CTRL | _ALT)
    QApplication.sendEvent(heard.recorder, release)
    assert heard.recorder._held == ["Ctrl"]

    assert heard.chords == []


def _send(heard: Heard, kind: QEvent.Type, key: int, modifiers: Qt.KeyboardModifier) -> None:
    QApplication.sendEvent(heard.recorder, QKeyEvent(kind, key, modifiers))


def test_modifiers_that_come_alone_are_told_as_another_program_may_have_the_rest(
    heard: Heard,
) -> None:
    pressed, released = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    heard.recorder.record()
    _send(heard, pressed, _KEY.Key_Control, _NONE)
    _send(heard, pressed, _KEY.Key_Alt, _CTRL)
    _send(heard, released, _KEY.Key_Alt, _CTRL | _ALT)
    assert heard.errors == []
    _send(heard, released, _KEY.Key_Control, _CTRL)
    (error,) = heard.errors
    assert say(error.title) == "Only Ctrl+Alt arrived"
    assert heard.recorder.is_recording

    _send(heard, pressed, _KEY.Key_Shift, _NONE)
    _send(heard, pressed, _KEY.Key_A, _SHIFT)
    assert len(heard.errors) == 2, "refused for what it is"
    _send(heard, released, _KEY.Key_Shift, _SHIFT)
    assert len(heard.errors) == 2


class _NothingHeld:
    @staticmethod
    def queryKeyboardModifiers() -> Qt.KeyboardModifier:
        return _NONE


def test_modifiers_let_go_while_another_program_had_the_keyboard_are_missed(
    heard: Heard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_recorder, "QGuiApplication", _NothingHeld)
    heard.recorder.record()
    _send(heard, QEvent.Type.KeyPress, _KEY.Key_Control, _NONE)
    qtbot.waitUntil(lambda: bool(heard.errors))

    assert heard.recorder._held == []


def test_its_name_tells_the_key_and_that_it_listens(heard: Heard) -> None:
    heard.recorder.show_chord("Ctrl+Alt+Space")
    assert (
        heard.recorder.accessibleName() == f"Quick question: {'+'.join(caps_of('Ctrl+Alt+Space'))}"
    )
    heard.recorder.record()
    assert heard.recorder.accessibleName() == "Quick question: press the keys, Esc leaves it"
    heard.recorder.stop()
    heard.recorder.show_chord("")

    assert heard.recorder.accessibleName() == "Quick question: no keys"


def test_its_room_stays_the_same_while_it_listens(heard: Heard) -> None:
    heard.recorder.show_chord("Ctrl+Alt+Space")
    QApplication.processEvents()
    before = heard.recorder.size()
    heard.recorder.record()
    QApplication.processEvents()

    assert heard.recorder.size() == before


@pytest.mark.parametrize(
    ("key", "modifiers", "place", "chord"),
    [
        (_KEY.Key_Space, _CTRL | _ALT, 65, "Ctrl+Alt+Space"),
        (_KEY.Key_Backtab, _CTRL | _SHIFT, 23, "Ctrl+Shift+Tab"),
        (_KEY.Key_PageUp, _META, 112, "Meta+PgUp"),
        (_KEY.Key_Plus, _CTRL, 21, "Ctrl++"),
        (_KEY.Key_F5, _NONE, 71, "F5"),
        # With Shift the digit row types other characters; the key is the digit all the same.
        (_KEY.Key_Exclam, _CTRL | _SHIFT, 10, "Ctrl+Shift+1"),
        # A character of the French layout without Shift is the key itself.
        (_KEY.Key_Ampersand, _CTRL, 10, "Ctrl+&"),
        (_KEY.Key_Question, _CTRL | _SHIFT, 61, "Ctrl+Shift+?"),
        # No Latin letter there: the place on the keyboard counts.
        (0x0424, _CTRL | _ALT, 38, "Ctrl+Alt+A"),
        (_KEY.Key_Eacute, _CTRL | _ALT, 11, "Ctrl+Alt+2"),
    ],
)
def test_a_combination_is_written_alike_on_every_layout(
    key: int,
    modifiers: Qt.KeyboardModifier,
    place: int,
    chord: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "xcb")
    assert chord_pressed(_event(int(key), modifiers, "", place)) == chord


@pytest.mark.parametrize(
    ("key", "modifiers"),
    [
        (_KEY.Key_unknown, _CTRL),
        (0x0424, _CTRL),
        (_KEY.Key_MediaPlay, _CTRL),
        (_KEY.Key_1, _CTRL | Qt.KeyboardModifier.KeypadModifier),
        (_KEY.Key_A, _SHIFT),
    ],
)
def test_what_no_system_can_bind_is_refused_in_words(
    key: int, modifiers: Qt.KeyboardModifier
) -> None:
    with pytest.raises(BadChord) as refused:
        chord_pressed(_event(int(key), modifiers))
    assert str(refused.value.hint)


def test_on_macos_option_alone_makes_no_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(BadChord):
        chord_pressed(_event(int(_KEY.Key_K), _ALT | _SHIFT))

    assert chord_pressed(_event(int(_KEY.Key_K), _ALT | _META)) == "Alt+Meta+K"
    assert native("Shift+Meta+Space") == "⌃⇧Space"


@_LINUX
def test_keys_are_shown_as_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    assert caps_of("Ctrl+Alt+Shift+Meta+Left") == ["Ctrl", "Alt", "Shift", "Super", "←"]
    assert caps_of("Ctrl++") == ["Ctrl", "+"]
    assert caps_of("Press <Control><Alt>space") == ["Ctrl", "Alt", "Space"]
    assert caps_of("<Super>k") == ["Super", "K"]
    assert caps_of("whatever a desktop says") == ["whatever a desktop says"]
    assert caps_of("") == []
    monkeypatch.setattr(sys, "platform", "win32")
    assert caps_of("Meta+F1") == ["Win", "F1"]

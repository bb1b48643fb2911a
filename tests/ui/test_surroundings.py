"""The program in front, as the popup meets it: nothing waits, and the clipboard is given back."""

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.system.front.nothing import NoFront
from desktop.ui import clipboard_loan
from desktop.ui.errands import Errands
from desktop.ui.surroundings import Surroundings

_FIELD = FrontWindow(7, "editor")
_TERMINAL = FrontWindow(8, "xterm", is_terminal=True)


class ScriptedFront:
    """Does as the test says, in whatever thread it is asked."""

    can_read = True
    can_copy = True
    can_paste = True

    def __init__(self) -> None:
        self.window: FrontWindow | None = _FIELD
        self.selections: list[Selection] = []
        self.outcome = Pasted.PASTED
        self.times: list[int] = []
        self.focused: list[FrontWindow] = []
        self.pasted_into: list[FrontWindow] = []
        self.pressing = threading.Event()
        self.reading = threading.Event()
        self.go_on = threading.Event()
        self.fails = False
        self.is_closed = False

    def current(self) -> FrontWindow | None:
        return self.window

    def selection(self, time_ms: int = 0) -> Selection:
        self.times.append(time_ms)
        self.reading.set()
        assert self.go_on.wait(5)
        if self.fails:
            raise ZeroDivisionError
        return self.selections.pop(0)

    def copy_selection(self) -> Selection:
        return Selection("copied by its own keys")

    def give_focus(self, window: FrontWindow) -> bool:
        self.focused.append(window)
        return True

    def paste(self, window: FrontWindow) -> Pasted:
        self.pasted_into.append(window)
        self.pressing.set()
        assert self.go_on.wait(5)
        return self.outcome

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard_loan, "_QUIET_SECONDS", 0.02)


@pytest.fixture
def errands(qtbot: QtBot) -> Iterator[Errands]:
    del qtbot
    one = Errands()
    yield one
    one.close()


@pytest.fixture
def front() -> ScriptedFront:
    return ScriptedFront()


@pytest.fixture
def surroundings(front: ScriptedFront, errands: Errands) -> Iterator[Surroundings]:
    one = Surroundings(front, errands, errands)
    one.note()
    yield one
    front.go_on.set()
    one.close()
    errands.close()
    QGuiApplication.clipboard().clear()


@pytest.fixture
def told(surroundings: Surroundings) -> list[object]:
    all_told: list[object] = []
    surroundings.pasted.connect(all_told.append)
    surroundings.selection_came.connect(all_told.append)
    return all_told


def _clipboard() -> str:
    return QGuiApplication.clipboard().text()


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def test_the_program_in_front_is_the_one_noted(
    surroundings: Surroundings, front: ScriptedFront
) -> None:
    front.window = _TERMINAL
    assert surroundings.program == "editor"

    surroundings.note()
    assert surroundings.program == "xterm"

    front.window = None
    surroundings.note()
    assert surroundings.program == ""


def test_who_takes_the_keyboard_from_a_pinned_popup_is_where_one_comes_from(
    surroundings: Surroundings, front: ScriptedFront, qtbot: QtBot
) -> None:
    front.window = _TERMINAL
    surroundings.note_soon()
    qtbot.waitUntil(lambda: surroundings.program == "xterm")

    front.window = None
    surroundings.note_soon()
    surroundings.give_focus_back()
    qtbot.waitUntil(lambda: front.focused == [_TERMINAL])
    # A busy window manager says it late.
    front.window = _FIELD
    qtbot.waitUntil(lambda: surroundings.program == "editor")


def test_selected_text_comes_when_its_program_has_answered(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    front.selections = [Selection("chosen")]

    surroundings.read_selection(4711)

    assert front.reading.wait(5)
    assert told == []
    front.go_on.set()
    qtbot.waitUntil(lambda: told == [Selection("chosen")])
    assert front.times == [4711]


def test_of_many_questions_the_newest_is_answered_and_those_between_are_not_asked(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    front.selections = [Selection("old"), Selection("new")]
    surroundings.read_selection(1)
    assert front.reading.wait(5)

    surroundings.read_selection(2)
    surroundings.read_selection(3)
    front.go_on.set()

    qtbot.waitUntil(lambda: bool(told))
    assert told == [Selection("new")]
    assert front.times == [1, 3]


def test_an_answer_comes_also_when_reading_fails(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    front.fails = True
    front.go_on.set()

    surroundings.read_selection()

    qtbot.waitUntil(lambda: told == [Selection()])


def test_text_copied_by_the_programs_own_keys_comes_too(
    surroundings: Surroundings, told: list[object], qtbot: QtBot
) -> None:
    surroundings.copy_selection()

    qtbot.waitUntil(lambda: told == [Selection("copied by its own keys")])


def test_text_is_on_the_clipboard_while_the_keys_are_pressed_and_gone_when_it_was_fetched(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    _copy("precious")

    surroundings.paste("answer")

    assert not told
    qtbot.waitUntil(front.pressing.is_set)
    assert front.pasted_into == [_FIELD]
    assert _clipboard() == "answer"
    front.go_on.set()
    qtbot.waitUntil(lambda: told == [Pasted.PASTED])
    qtbot.waitUntil(lambda: _clipboard() == "precious")


def test_text_that_was_not_pasted_stays_on_the_clipboard(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    _copy("precious")
    front.outcome = Pasted.FOCUS_MOVED
    front.go_on.set()

    surroundings.paste("answer")

    qtbot.waitUntil(lambda: told == [Pasted.FOCUS_MOVED])
    assert _clipboard() == "answer"
    surroundings.close()
    assert _clipboard() == "answer"
    assert front.is_closed


def test_where_nothing_can_be_pasted_text_is_copied_before_our_window_is_hidden(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    front.can_paste = False

    surroundings.paste("answer")

    assert _clipboard() == "answer"
    qtbot.waitUntil(lambda: told == [Pasted.UNSUPPORTED])
    assert front.pasted_into == []


def test_with_no_window_to_paste_into_text_is_copied(
    surroundings: Surroundings, front: ScriptedFront, told: list[object], qtbot: QtBot
) -> None:
    front.window = None
    surroundings.note()

    surroundings.paste("answer")

    qtbot.waitUntil(lambda: told == [Pasted.REFUSED])
    assert _clipboard() == "answer"


def test_a_terminal_gets_nothing_that_it_would_carry_out(
    surroundings: Surroundings, front: ScriptedFront, qtbot: QtBot
) -> None:
    front.window = _TERMINAL
    front.selections = [Selection()]
    front.go_on.set()
    surroundings.note()

    surroundings.paste("ls \x1b[201~-l\r\n\ttwo\x03\n\n")

    qtbot.waitUntil(front.pressing.is_set)
    assert _clipboard() == "ls [201~-l\n\ttwo"


def test_any_other_window_gets_the_end_of_the_last_line_too(
    surroundings: Surroundings, front: ScriptedFront, qtbot: QtBot
) -> None:
    front.go_on.set()

    surroundings.paste("one\ntwo\n")

    qtbot.waitUntil(front.pressing.is_set)
    assert _clipboard() == "one\ntwo\n"


def test_pasting_fails_kindly(
    surroundings: Surroundings,
    front: ScriptedFront,
    told: list[object],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_window: FrontWindow) -> Pasted:
        raise ZeroDivisionError

    monkeypatch.setattr(front, "paste", fail)

    surroundings.paste("answer")

    qtbot.waitUntil(lambda: told == [Pasted.REFUSED])
    assert _clipboard() == "answer"


def test_nothing_is_asked_of_a_screen_that_tells_nothing(errands: Errands, qtbot: QtBot) -> None:
    around = Surroundings(NoFront(), errands, errands)
    told: list[object] = []
    around.selection_came.connect(told.append)
    around.note()
    around.give_focus_back()

    around.read_selection()

    qtbot.waitUntil(lambda: told == [Selection()])
    assert (around.can_read, around.can_copy, around.can_paste) == (False, False, False)
    around.close()

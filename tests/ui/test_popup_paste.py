"""The answer of the popup, back into the program one came from."""

from collections.abc import Iterator, Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.text import Text
from desktop.system.front.base import Pasted
from desktop.ui.popup_foot import Insertion
from tests.ui.desk import Desk
from tests.ui.popups import Bench, open_bench

_CTRL = Qt.KeyboardModifier.ControlModifier
CODE = "Do this:\n\n```python\nprint(1)\n```\n\nThat is all."


@pytest.fixture
def bench(desk: Desk, qtbot: QtBot) -> Iterator[Bench]:
    QGuiApplication.clipboard().clear()
    with open_bench(desk, qtbot) as one:
        yield one


def _answered(bench: Bench, answer: str) -> None:
    bench.call()
    bench.ask("How?")
    bench.answer(answer)


def _insert(bench: Bench) -> list[str]:
    """Press Ctrl+Enter; return what was on the clipboard when the keys were pressed."""
    held: list[str] = []
    lend = bench.room.surroundings._loan.lend

    def noting(text: str, kept: Mapping[str, bytes] | None, selected: str | None) -> None:
        held.append(text)
        lend(text, kept, selected)

    bench.room.surroundings._loan.lend = noting  # type: ignore[method-assign]
    with bench.qtbot.waitSignal(bench.room.surroundings.pasted):
        bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_Return, _CTRL)
        assert not bench.popup.isVisible(), "hidden before the keys are pressed"
    return held


def test_ctrl_enter_puts_the_answer_into_the_program(bench: Bench) -> None:
    _answered(bench, "So.\n")
    assert bench.popup.foot.insert.text() == "Insert"

    assert _insert(bench) == ["So."]
    assert [one.handle for one in bench.front.pastes] == [7]
    assert bench.room.controller.chat is None, "the person is done with it"


def test_called_again_before_it_was_pasted_the_conversation_goes_on(bench: Bench) -> None:
    _answered(bench, "So.")
    with bench.qtbot.waitSignal(bench.room.surroundings.pasted):
        bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_Return, _CTRL)
        bench.room.call()

    assert bench.popup.isVisible()
    assert bench.room.controller.chat is not None


def test_of_an_answer_with_one_block_of_code_the_code(bench: Bench) -> None:
    _answered(bench, CODE)
    assert bench.popup.foot.insertion is Insertion.CODE
    assert bench.popup.foot.insert.text() == "Insert code"

    assert _insert(bench) == ["print(1)"]


def test_of_one_with_two_blocks_everything(bench: Bench) -> None:
    _answered(bench, f"{CODE}\n\n```\nls\n```")

    assert bench.popup.foot.insertion is Insertion.ANSWER


def test_what_is_selected_of_the_conversation_comes_first(bench: Bench) -> None:
    _answered(bench, CODE)
    bench.popup.transcript.selection.select_all()
    assert bench.popup.foot.insert.text() == "Insert selection"
    (held,) = _insert(bench)

    assert held.startswith("How?")
    assert "That is all." in held


def test_while_it_is_written_there_is_nothing_to_insert(bench: Bench) -> None:
    bench.call()
    bench.ask("How?")

    assert bench.popup.foot.insertion is Insertion.NOTHING


def test_with_words_in_the_field_enter_asks_whatever_is_held(bench: Bench) -> None:
    _answered(bench, "So.")
    bench.popup.composer.field.setPlainText("And then?")
    bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_Return, _CTRL)

    assert bench.front.pastes == []
    assert len(bench.desk.engine.requests) > 1


def test_where_it_did_not_work_it_is_said_and_the_answer_is_kept(bench: Bench) -> None:
    said: list[Text] = []
    bench.room.said.connect(said.append)
    bench.front.outcome = Pasted.FOCUS_MOVED
    _answered(bench, "So.")
    _insert(bench)

    assert "another window" in said[0].message
    assert QGuiApplication.clipboard().text() == "So."
    assert bench.room.controller.chat is not None


def test_where_nobody_may_paste_it_is_copied_and_the_button_says_so(bench: Bench) -> None:
    bench.front.can_paste = False
    _answered(bench, "So.")
    assert bench.popup.foot.insert.text() == "Copy and close"
    bench.qtbot.mouseClick(bench.popup.foot.insert, Qt.MouseButton.LeftButton)

    assert not bench.popup.isVisible()
    assert QGuiApplication.clipboard().text() == "So."
    bench.settle()
    assert [one.handle for one in bench.front.focused] == [7]


def test_pinned_it_comes_back_with_its_conversation(bench: Bench) -> None:
    bench.call()
    bench.popup.pin.setChecked(True)
    bench.ask("How?")
    bench.answer("So.")
    _insert(bench)

    bench.qtbot.waitUntil(bench.popup.isVisible)
    assert bench.room.controller.chat is not None


def test_ctrl_c_copies_the_answer_and_says_so(bench: Bench) -> None:
    _answered(bench, CODE)
    bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_C, _CTRL)

    assert QGuiApplication.clipboard().text() == CODE
    assert bench.popup.foot.hints.whole_text() == "Copied"
    assert bench.popup.isVisible()


def test_ctrl_c_copies_what_is_selected_in_the_field_first(bench: Bench) -> None:
    _answered(bench, "So.")
    bench.popup.composer.field.setPlainText("my words")
    bench.popup.composer.field.selectAll()
    bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_C, _CTRL)

    assert QGuiApplication.clipboard().text() == "my words"


def test_dismissed_the_keyboard_goes_back_to_where_it_was(bench: Bench) -> None:
    bench.call()
    bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_Escape)
    bench.settle()
    assert [one.handle for one in bench.front.focused] == [7]

    bench.call()
    bench.desk.window.activateWindow()
    bench.qtbot.waitUntil(lambda: not bench.popup.isVisible())
    QApplication.processEvents()
    bench.settle()
    assert len(bench.front.focused) == 1, "not where the person has gone somewhere else"

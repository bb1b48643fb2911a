"""Prompts and models called while typing."""

from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.buttons import IconButton
from desktop.ui.call_list import CallItem, CallList
from desktop.ui.composer import Composer
from desktop.ui.composer_calls import Call, ComposerCalls, call_at

_PROMPTS = ("summarise", "translate", "总结")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("/", Call("/", "", 0)),
        ("/sum", Call("/", "sum", 0)),
        ("first\n/总", Call("/", "总", 6)),
        ("@", Call("@", "", 0)),
        ("ask @gemma", Call("@", "gemma", 4)),
        ("and/or", None),
        ("see /usr", None),
        ("me@example.org", None),
        ("/two words", None),
        ("", None),
    ],
)
def test_a_call_is_a_mark_where_one_is_meant(text: str, call: Call | None) -> None:
    assert call_at(text, len(text)) == call


def _items(call: Call) -> tuple[Sequence[CallItem], str]:
    names = _PROMPTS if call.mark == "/" else ("gemma", "qwen")
    found = [CallItem(name, name, "about it") for name in names if call.word in name]
    return found, "Choices"


@pytest.fixture
def composer(qtbot: QtBot) -> Iterator[Composer]:
    window = QWidget()
    window.resize(640, 480)
    column = QVBoxLayout(window)
    column.addStretch(1)
    one = Composer()
    column.addWidget(one)
    qtbot.addWidget(window)
    window.show()
    one.focus_field()
    yield one
    window.close()


def _list(composer: Composer) -> CallList:
    (found,) = composer.window().findChildren(CallList)
    return found


def test_typing_narrows_the_list_and_enter_takes_what_is_chosen(
    composer: Composer, qtbot: QtBot
) -> None:
    calls = ComposerCalls(composer, _items)
    sent: list[object] = []
    composer.submitted.connect(sent.append)
    qtbot.keyClicks(composer.field, "/")
    assert _list(composer).isVisible()
    qtbot.keyClicks(composer.field, "trans")

    with qtbot.waitSignal(calls.taken, timeout=10_000) as taken:
        qtbot.keyClick(composer.field, Qt.Key.Key_Return)

    assert taken.args == ["/", "translate"]
    assert composer.field.toPlainText() == "", "the call has left the field"
    assert not _list(composer).isVisible()
    assert sent == [], "Enter chose, it did not send"


def test_arrows_choose_and_the_rest_of_the_question_stays(composer: Composer, qtbot: QtBot) -> None:
    calls = ComposerCalls(composer, _items)
    qtbot.keyClicks(composer.field, "why? @")
    qtbot.keyClick(composer.field, Qt.Key.Key_Down)

    with qtbot.waitSignal(calls.taken, timeout=10_000) as taken:
        qtbot.keyClick(composer.field, Qt.Key.Key_Tab)

    assert taken.args == ["@", "qwen"]
    assert composer.field.toPlainText() == "why? "


def test_escape_closes_the_list_for_this_word_and_stops_nothing(
    composer: Composer, qtbot: QtBot
) -> None:
    ComposerCalls(composer, _items)
    qtbot.keyClicks(composer.field, "/s")
    with qtbot.assertNotEmitted(composer.stop_requested):
        qtbot.keyClick(composer.field, Qt.Key.Key_Escape)
    assert not _list(composer).isVisible()
    assert composer.field.toPlainText() == "/s"

    qtbot.keyClicks(composer.field, "u")
    assert _list(composer).isVisible(), "another word is another call"


def test_a_word_that_nothing_is_called_by_shows_no_list(composer: Composer, qtbot: QtBot) -> None:
    ComposerCalls(composer, _items)
    sent: list[object] = []
    composer.submitted.connect(sent.append)
    qtbot.keyClicks(composer.field, "/usr/bin")
    assert not _list(composer).isVisible()

    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert len(sent) == 1, "such a text is sent as it stands"


def test_the_button_calls_a_prompt_before_what_is_typed(composer: Composer, qtbot: QtBot) -> None:
    calls = ComposerCalls(composer, _items)
    qtbot.keyClicks(composer.field, "my text")
    (button,) = [
        each
        for each in composer.findChildren(IconButton)
        if each.accessibleName() == "Saved prompts (/)"
    ]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert _list(composer).isVisible()

    with qtbot.waitSignal(calls.taken, timeout=10_000) as taken:
        qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert taken.args == ["/", "summarise"]
    assert composer.field.toPlainText().strip() == "my text"

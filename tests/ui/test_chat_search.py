"""Searching all chats from the sidebar: typing, results, going there, and back."""

from collections.abc import Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.history import Hit
from desktop.domain.settings import Theme
from desktop.ui.chat_hits import FoundChat, FoundPlace, found_rows
from desktop.ui.labels import PlainLabel
from desktop.ui.marked_text import MarkedText, shown_part
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import apply_theme
from tests.ui.desk import DONE, Desk, say

_CTRL = Qt.KeyboardModifier.ControlModifier
_IN_TITLE = Hit(1, "Trip to Kyoto", None, Role.USER, "Trip to Kyoto", ((8, 13),), 1.0)
_QUESTION = Hit(1, "Trip to Kyoto", 11, Role.USER, "When is Kyoto red?", ((8, 13),), 1.0)
_ANSWER = Hit(2, "Bread", 21, Role.ASSISTANT, "as in Kyoto", ((6, 11),), 1.0)


@pytest.fixture
def sidebar(qtbot: QtBot, qapp: QApplication) -> Sidebar:
    apply_theme(qapp, Theme.LIGHT)
    one = Sidebar()
    qtbot.addWidget(one)
    one.resize(260, 500)
    one.show()
    one.activateWindow()
    qtbot.waitActive(one)
    return one


def _commit(sidebar: Sidebar, words: str) -> None:
    """Type as an input method does, which tests of keys cannot."""
    event = QInputMethodEvent()
    event.setCommitString(words)
    QApplication.sendEvent(sidebar.search, event)


def _find(sidebar: Sidebar, words: str, hits: Sequence[Hit]) -> None:
    sidebar.search.setText(words)
    sidebar.search.tell()
    sidebar.show_hits(words, hits)


def _lines(sidebar: Sidebar) -> list[str]:
    model = sidebar.results.list.model()
    return [
        str(model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))
        for row in range(model.rowCount())
    ]


def test_hits_stand_under_their_chats_in_the_order_of_the_first() -> None:
    late = Hit(1, "Trip to Kyoto", 12, Role.USER, "Kyoto again", ((0, 5),), 9.0)
    rows = found_rows([_IN_TITLE, _ANSWER, _QUESTION, late])

    assert rows == [
        FoundChat(1, "Trip to Kyoto", ((8, 13),), 0.0),
        FoundPlace(_QUESTION),
        FoundPlace(late),
        FoundChat(2, "Bread", (), 0.0),
        FoundPlace(_ANSWER),
    ]


def test_what_is_typed_is_searched_once_the_typing_pauses(sidebar: Sidebar, qtbot: QtBot) -> None:
    asked: list[str] = []
    sidebar.search_requested.connect(asked.append)
    sidebar.start_search()
    qtbot.keyClicks(sidebar.search, "  kyoto  leaves ")

    qtbot.waitUntil(lambda: asked == ["kyoto leaves"])


def test_an_input_method_is_searched_for_after_it_commits(sidebar: Sidebar, qtbot: QtBot) -> None:
    asked: list[str] = []
    sidebar.search_requested.connect(asked.append)
    sidebar.start_search()
    QApplication.sendEvent(sidebar.search, QInputMethodEvent("jing du", []))
    sidebar.search.tell()
    assert asked == []

    _commit(sidebar, "京都")
    qtbot.waitUntil(lambda: asked == ["京都"])


def test_results_take_the_place_of_the_list_and_go_with_the_words(sidebar: Sidebar) -> None:
    _find(sidebar, "kyoto", [_IN_TITLE, _QUESTION, _ANSWER])
    assert sidebar.results.isVisible()
    assert not sidebar.list.isVisible()
    assert [line.rsplit(", ", 1)[0] for line in _lines(sidebar)] == [
        "Trip to Kyoto",
        "You, When is Kyoto red?",
        "Bread",
        "Answer, as in Kyoto",
    ]

    sidebar.search.clear()
    assert sidebar.list.isVisible()


def test_late_results_for_other_words_are_not_shown(sidebar: Sidebar) -> None:
    sidebar.search.setText("kyoto")
    sidebar.search.tell()
    sidebar.search.clear()
    sidebar.show_hits("kyoto", [_ANSWER])

    assert not sidebar.results.isVisible()


def test_enter_in_the_field_opens_the_first_place(sidebar: Sidebar, qtbot: QtBot) -> None:
    _find(sidebar, "kyoto", [_ANSWER, _QUESTION])
    with qtbot.waitSignal(sidebar.hit_chosen) as chosen:
        qtbot.keyClick(sidebar.search, Qt.Key.Key_Return)
    assert chosen.args == [2, 21, "kyoto"]

    _find(sidebar, "trip", [_IN_TITLE, _QUESTION])
    with qtbot.waitSignal(sidebar.hit_chosen) as chosen:
        qtbot.keyClick(sidebar.search, Qt.Key.Key_Return)
    assert chosen.args == [1, None, "trip"], "the title itself was found"


def test_the_arrows_walk_from_the_field_through_the_results_and_back(
    sidebar: Sidebar, qtbot: QtBot
) -> None:
    sidebar.start_search()
    _find(sidebar, "kyoto", [_IN_TITLE, _QUESTION])
    qtbot.keyClick(sidebar.search, Qt.Key.Key_Down)
    lines = sidebar.results.list
    assert lines.hasFocus()
    qtbot.keyClick(lines, Qt.Key.Key_Down)
    with qtbot.waitSignal(sidebar.hit_chosen) as chosen:
        qtbot.keyClick(lines, Qt.Key.Key_Return)
    assert chosen.args == [1, 11, "kyoto"]

    qtbot.keyClick(lines, Qt.Key.Key_Up)
    qtbot.keyClick(lines, Qt.Key.Key_Up)
    assert sidebar.search.hasFocus()


def test_letters_typed_in_the_results_go_on_in_the_field(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.start_search()
    _find(sidebar, "kyo", [_ANSWER])
    sidebar.results.list.setFocus()
    qtbot.keyClick(sidebar.results.list, Qt.Key.Key_T)
    qtbot.keyClick(sidebar.search, Qt.Key.Key_O)

    assert sidebar.search.text() == "kyoto"


@pytest.mark.parametrize("where", ["search", "list"])
def test_esc_empties_the_field_and_leads_back(sidebar: Sidebar, qtbot: QtBot, where: str) -> None:
    _find(sidebar, "kyoto", [_ANSWER])
    widget = {"search": sidebar.search, "list": sidebar.results.list}[where]
    widget.setFocus()
    with qtbot.waitSignal(sidebar.search_left):
        qtbot.keyClick(widget, Qt.Key.Key_Escape)

    assert sidebar.search.text() == ""
    assert sidebar.list.isVisible()


def test_nothing_found_says_what_can_be_done(sidebar: Sidebar, qtbot: QtBot) -> None:
    _find(sidebar, "<b>zebra</b>", [])
    shown = [label.text() for label in sidebar.results.findChildren(PlainLabel)]
    assert shown[0] == "Nothing found for “<b>zebra</b>”"
    assert all(
        label.textFormat() is Qt.TextFormat.PlainText
        for label in sidebar.results.findChildren(QLabel)
    )

    qtbot.mouseClick(sidebar.results._all, Qt.MouseButton.LeftButton)
    assert sidebar.list.isVisible()


def test_the_empty_field_explains_itself_until_it_was_used(sidebar: Sidebar) -> None:
    assert not sidebar._hint.isVisible()
    sidebar.start_search()
    assert sidebar._hint.isVisible()
    _find(sidebar, "kyoto", [_ANSWER])
    assert not sidebar._hint.isVisible()
    sidebar.search.clear()
    assert not sidebar._hint.isVisible()


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_hostile_and_long_texts_are_painted(
    sidebar: Sidebar, qapp: QApplication, theme: Theme
) -> None:
    apply_theme(qapp, theme)
    long = "<img src=x> 😀 \u202e" + "wort " * 40 + "京都" + " end" * 40
    at = long.index("京都")
    hits = [
        Hit(1, "", None, Role.USER, long, ((at, at + 2),), 1.0),
        Hit(1, "", 3, Role.TOOL, long, ((at, at + 2),), 1e18),
        Hit(1, "", 4, Role.SYSTEM, "", (), 0.0),
        Hit(1, "", 5, Role.USER, "short", ((3, 99),), 1.0),
    ]
    _find(sidebar, "京都", hits)

    assert not sidebar.grab().isNull()
    apply_theme(qapp, Theme.LIGHT)


@pytest.mark.parametrize("lines", [1, 2])
def test_the_first_mark_is_in_what_is_shown_of_a_long_text(qapp: QApplication, lines: int) -> None:
    text = "😀 " * 30 + "and the words that go before it then KYOTO" + " and more of it" * 30
    at = text.index("KYOTO")
    shown = shown_part(MarkedText(text, ((at, at + 5),)), qapp.font(), 220, lines)

    ((start, end),) = shown.marks
    assert shown.text[start:end] == "KYOTO"
    assert shown.text.startswith("…")
    assert shown.text.endswith("…")
    assert len(shown.text) < 120


def test_a_short_text_is_shown_whole(qapp: QApplication) -> None:
    whole = MarkedText("Kyoto", ((0, 5),))

    assert shown_part(whole, qapp.font(), 220, 2) == whole


def _talk(desk: Desk, qtbot: QtBot, question: str, answer: str) -> int:
    desk.controller.new_chat()
    desk.ask(question)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(len(desk.engine.requests), *say(answer), DONE)
    assert desk.controller.chat is not None
    return desk.controller.chat


def test_a_place_is_found_in_the_store_and_opened(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _talk(desk, qtbot, "When are leaves red?", "In November, in 京都.")
    second = _talk(desk, qtbot, "What is a regex?", "A pattern.")
    jumps: list[tuple[int, str]] = []
    monkeypatch.setattr(
        desk.window.transcript, "show_message", lambda *target: jumps.append(target)
    )
    sidebar = desk.window.sidebar
    qtbot.keyClick(desk.window, Qt.Key.Key_K, _CTRL)
    _commit(sidebar, "京都")
    qtbot.waitUntil(sidebar.results.isVisible)
    qtbot.keyClick(sidebar.search, Qt.Key.Key_Return)
    assert desk.controller.chat == first
    assert jumps == [(desk.store.tip(first), "京都")]

    qtbot.keyClick(sidebar.search, Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is desk.window.composer.field
    assert desk.engine.cancelled == [], "Esc was for the search"
    assert second


def test_a_place_in_a_branch_that_was_left_brings_that_branch_back(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = _talk(desk, qtbot, "Name a bird", "A pelican.")
    left = desk.store.tip(chat)
    assert left is not None
    desk.chats.answer_again(chat, left)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(2, *say("A heron."), DONE)
    assert desk.store.tip(chat) != left
    monkeypatch.setattr(desk.window.transcript, "show_message", lambda *_target: None)
    desk.window.sidebar.hit_chosen.emit(chat, left, "pelican")

    assert desk.store.tip(chat) == left


def test_a_deleted_chat_goes_from_the_results_too(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "Name a pelican", "Percy.")
    sidebar = desk.window.sidebar
    sidebar.search.setText("pelican")
    sidebar.search.tell()
    assert not sidebar.results.is_empty
    sidebar.delete_requested.emit(chat)
    assert sidebar.results.is_empty

    desk.window.toast.undo()
    assert not sidebar.results.is_empty

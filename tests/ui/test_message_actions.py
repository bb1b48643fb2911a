"""What can be done with a message, and how an answer went."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from desktop.domain.history import MessageState
from desktop.ui.answer_figures import figures_line, figures_meaning, figures_rows
from desktop.ui.answer_sheet import AnswerSheet
from desktop.ui.buttons import IconButton
from desktop.ui.figures_line import FiguresLine
from desktop.ui.message_actions import MessageActions
from desktop.ui.model_words import GAP, model_words
from desktop.ui.sibling_switch import SiblingSwitch
from tests.ui.marking import Marking, unmarked
from tests.ui.messages import USAGE, answer, question
from tests.ui.transcripts import STREAMING, button, click, only, words
from tests.ui.views import POPS_UP, Column, opened

NAMES = ["Copy answer", "Answer again", "More ways to answer again", "Edit answer"]
NAMES += ["Branch into a new chat"]


def _names(actions: MessageActions) -> list[str]:
    made = sorted(actions.findChildren(IconButton), key=lambda one: one.x())
    return [one.accessibleName() for one in made if not one.isHidden()]


def _is_painted(one: IconButton) -> bool:
    image = one.grab().toImage()
    middle = range(image.width())
    return len({image.pixel(at, at) for at in middle}) > 1


def test_nothing_is_made_for_a_message_that_is_only_scrolled_past(
    qtbot: QtBot, column: Column
) -> None:
    qtbot.mouseMove(column, QPoint(2, 890))
    views = [column.question(question(1)), column.answer(answer(2, "Because."))]

    assert [_names(only(MessageActions, view)) for view in views] == [[], []]


def test_actions_come_with_the_pointer_and_move_nothing(qtbot: QtBot, column: Column) -> None:
    qtbot.mouseMove(column, QPoint(2, 890))
    view = column.answer(answer(2, "Because."))
    actions = only(MessageActions, view)
    before = (view.size(), only(FiguresLine, view).geometry())

    qtbot.mouseMove(view, QPoint(30, 5))
    qtbot.waitUntil(lambda: _names(actions) == NAMES)
    copy = actions.findChildren(IconButton)[0]
    qtbot.waitUntil(lambda: _is_painted(copy))
    assert (view.size(), only(FiguresLine, view).geometry()) == before
    assert all(one.height() >= 24 for one in actions.findChildren(IconButton))

    qtbot.mouseMove(column, QPoint(2, 890))
    qtbot.waitUntil(lambda: not _is_painted(copy))
    assert copy.isVisible(), "it is there for the Tab key and for screen readers"


def test_for_a_screen_reader_they_are_there_from_the_start(column: Column) -> None:
    QAccessible.setActive(True)
    try:
        view = column.answer(answer(2, "Because."))
        assert _names(only(MessageActions, view)) == NAMES
    finally:
        QAccessible.setActive(False)


def _tab(qtbot: QtBot, *, back: bool = False) -> str:
    key = Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab
    focused = QApplication.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, key)
    focused = QApplication.focusWidget()
    return focused.accessibleName() if focused is not None else ""


def test_the_tab_key_goes_through_the_actions_from_left_to_right(
    qtbot: QtBot, column: Column
) -> None:
    view = column.answer(answer(2, "Because."))
    view.set_place(2, 3)
    after = column.question(question(3))
    line = only(FiguresLine, view)
    line.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(line.hasFocus)
    shown = [_tab(qtbot) for _ in range(7)]

    assert shown == [*NAMES, "Version before this one", "Version after this one"]
    copy = only(MessageActions, view).findChildren(IconButton)[0]
    assert _is_painted(copy) is True, "all are painted while one has the focus"
    assert _tab(qtbot) == "Copy question"
    assert [_tab(qtbot) for _ in range(2)] == ["Edit question", "Branch into a new chat"]
    focused = QApplication.focusWidget()
    assert focused is not None
    assert after.isAncestorOf(focused)


def test_each_action_tells_which_message_is_meant(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(7, "Because."))
    for name, signal in (
        ("Answer again", view.regenerate_requested),
        ("Branch into a new chat", view.branch_requested),
    ):
        with qtbot.waitSignal(signal) as asked:
            click(qtbot, button(view, name))
        assert asked.args == [7]
    asks = column.question(question(6))
    with qtbot.waitSignal(asks.branch_requested) as asked:
        click(qtbot, button(asks, "Branch into a new chat"))
    assert asked.args == [6]


@POPS_UP
def test_a_small_menu_offers_another_model(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(7, "Because."))

    click(qtbot, button(view, "More ways to answer again"))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    again, other = menu.actions()
    with qtbot.waitSignal(view.regenerate_requested):
        again.trigger()
    with qtbot.waitSignal(view.other_model_requested) as asked:
        other.trigger()
    assert asked.args is not None
    number, where = asked.args
    assert number == 7
    assert isinstance(where, QPoint)
    menu.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_versions_are_gone_through_by_steps(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(7, "Because."))
    assert view.findChildren(SiblingSwitch) == []

    view.set_place(1, 3)
    column.settle()
    switch = only(SiblingSwitch, view)
    assert "1/3" in words(switch)
    assert switch.accessibleName() == "Version 1 of 3"
    before, after = switch.buttons
    assert (before.isEnabled(), after.isEnabled()) == (False, True)
    with qtbot.waitSignal(view.sibling_requested) as asked:
        click(qtbot, after)
    assert asked.args == [7, 1]

    view.set_place(3, 3)
    assert (before.isEnabled(), after.isEnabled()) == (True, False)
    with qtbot.waitSignal(view.sibling_requested) as asked:
        click(qtbot, before)
    assert asked.args == [7, -1]
    view.set_place(1, 1)
    assert not switch.isVisible()


def test_a_growing_answer_can_be_copied_and_nothing_else(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(2, "", STREAMING))
    actions = only(MessageActions, view)
    actions.want()
    assert _names(actions) == ["Copy answer"]

    view.stream("So **far**", thinking=False)
    click(qtbot, button(view, "Copy answer"))
    assert QGuiApplication.clipboard().text() == "So **far**"

    view.finish(answer(2, "So **far** and on"))
    actions.want()
    assert _names(actions) == NAMES


def test_an_answer_without_words_can_only_be_given_again(column: Column) -> None:
    view = column.answer(answer(2, "", MessageState.FAILED))
    actions = only(MessageActions, view)
    actions.want()

    assert _names(actions) == ["Answer again", "More ways to answer again"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gemma-2-2b-it-Q4_K_M", "Gemma 2 2B · Q4_K_M"),
        ("Meta-Llama-3.1-8B-Instruct-Q5_K_S", "Llama 3.1 8B · Q5_K_S"),
        ("Qwen3-30B-A3B-UD-Q4_K_XL", "Qwen3 30B A3B · UD-Q4_K_XL"),
        ("qwen2.5-0.5b-instruct-fp16", "Qwen2.5 0.5B · F16"),
        ("gpt-oss-20b-MXFP4", "gpt-oss 20B · MXFP4"),
        ("Mixtral-8x7B-Instruct-v0.1.Q4_K_M", "Mixtral 8x7B v0.1 · Q4_K_M"),
        ("/models/gemma-3-12b-it-qat-Q4_0.gguf", "Gemma 3 12B QAT · Q4_0"),
        ("C:\\models\\Phi-4-mini-instruct-BF16.gguf", "Phi 4 Mini · BF16"),
        ("big-00001-of-00003", "Big"),
        ("guide", "Built-in guide"),
        ("my model", "My Model"),
        ("Q4_K_M", "Q4 K M"),
        ("..", ".."),
        ("instruct", "Instruct"),
        ("", ""),
        ("evil\u202e\nname", "Evil Name"),
        ("x" * 200, "X" + "x" * 46 + "…"),
    ],
)
def test_a_model_is_called_as_people_call_it(name: str, shown: str) -> None:
    assert model_words(name) == shown


GEMMA = replace(answer(2, "x"), model="gemma-2-2b-it-Q4_K_M")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (GEMMA, "Gemma 2 2B · Q4_K_M · 412 tokens · 31 tokens/s · 0.4 s wait"),
        (
            replace(GEMMA, edited=True, usage=None),
            "Gemma 2 2B · Q4_K_M · edited",
        ),
        (
            replace(GEMMA, state=MessageState.STOPPED, usage=replace(USAGE, ttft_ms=42.0)),
            "Gemma 2 2B · Q4_K_M · 412 tokens · 31 tokens/s · 42 ms wait · stopped",
        ),
        (
            replace(GEMMA, usage=replace(USAGE, completion_tokens=0)),
            "Gemma 2 2B · Q4_K_M",
        ),
    ],
)
def test_one_line_tells_how_an_answer_went(message: object, line: str) -> None:
    assert isinstance(message, type(GEMMA))
    assert figures_line(message) == line


@POPS_UP
def test_the_sheet_tells_everything(qtbot: QtBot, column: Column) -> None:
    usage = replace(USAGE, cached_tokens=90, drafted_tokens=1052, accepted_tokens=38)
    message = replace(GEMMA, usage=usage, thinking_seconds=12.4, created=1_763_740_000.0)
    view = column.answer(message)

    click(qtbot, only(FiguresLine, view))
    sheet = opened(AnswerSheet)

    shown = words(sheet)
    for part in (
        "Gemma 2 2B · Q4_K_M",
        "gemma-2-2b-it-Q4_K_M",
        "100 tokens",
        "of them known before",
        "200 tokens/s",
        "0.4 s",
        "12.4 s",
        "412 tokens",
        "31 tokens/s",
        "38 of 1,052",
        "by itself",
        "2025-11-21",
        "The answer is the same, only sooner.",
    ):
        assert part in shown
    assert "of them known before: 90" in sheet.accessibleDescription()
    assert "Guesses right: 38 of 1,052" in sheet.accessibleDescription()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_what_nobody_counted_is_not_told() -> None:
    message = replace(GEMMA, usage=None, model="", state=MessageState.INTERRUPTED, edited=True)

    assert figures_rows(message) == [("Ended", "interrupted"), ("Edited", "by you")]
    assert figures_meaning(message) == ""


def test_guesses_are_told_only_where_there_were_some() -> None:
    names = [name for name, _ in figures_rows(GEMMA)]

    assert "Guesses right" not in names
    assert "Read" in names


def test_the_line_gives_way_where_there_is_no_room(column: Column) -> None:
    message = replace(GEMMA, state=MessageState.LENGTH)
    view = column.answer(message)
    view.set_newest(True)
    view.set_place(11, 12)
    column.resize(340, 600)
    column.settle()
    line = only(FiguresLine, view)
    actions = only(MessageActions, view)
    actions.want()

    assert line.shown_text().endswith("…")
    assert line.text().endswith("cut at the length limit")
    ends = [
        one.geometry().right()
        for one in actions.findChildren(IconButton)
        if one.parent() is actions
    ]
    assert max(ends) < view.width()
    assert view.width() == 340
    column.resize(1200, 600)
    column.settle()
    assert line.shown_text() == line.text()
    assert line.width() < 600, "only the words can be clicked"


def test_no_figure_is_cut_in_two(column: Column) -> None:
    view = column.answer(replace(GEMMA, state=MessageState.LENGTH))
    line = only(FiguresLine, view)
    seen = set[int]()
    for width in range(160, 700, 12):
        line.resize(width, line.height())
        parts = line.shown_text().split(GAP)
        seen.add(len(parts))
        assert all(part in {"…", *line.text().split(GAP)} for part in parts[2:])
    assert {3, 4, 5} <= seen


def test_a_long_name_is_cut_before_what_became_of_the_answer(column: Column) -> None:
    name = "ollama:hf.co/someone/Very-Long-Model-Name-Instruct-Preview-2507-GGUF"
    view = column.answer(replace(GEMMA, model=name, usage=None, state=MessageState.STOPPED))
    line = only(FiguresLine, view)
    column.resize(440, 600)
    column.settle()

    assert line.shown_text().startswith("hf.co/someone")
    assert line.shown_text().endswith("… · Ollama · stopped")
    column.resize(1200, 600)
    column.settle()
    assert line.shown_text() == line.text()


def test_another_language_reaches_all_of_it(column: Column, qapp: QApplication) -> None:
    view = column.answer(replace(GEMMA, state=MessageState.STOPPED))
    view.set_newest(True)
    view.set_place(2, 3)
    asks = column.question(question(3, "\n".join(["x"] * 40)))
    for one in (view, asks):
        only(MessageActions, one).want()
    language = Marking()
    qapp.installTranslator(language)
    QGuiApplication.processEvents()
    try:
        assert {word for word in unmarked(column) if not word[:1].isdigit()} == set()
    finally:
        qapp.removeTranslator(language)

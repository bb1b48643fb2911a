"""Messages on the screen: built in portions, tables that grow, notes, thinking, calls of tools."""

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QTextEdit, QToolTip
from pytestqt.qtbot import QtBot

from desktop.domain.chat import ToolCall
from desktop.ui.code_block import CodeBlock
from desktop.ui.fold_button import FoldButton
from desktop.ui.markdown import parse
from desktop.ui.message_body import MessageBody
from desktop.ui.message_segments import TableView, TextRun
from desktop.ui.text_table import TableWriter
from desktop.ui.thinking import Thinking
from desktop.ui.tool_block import ToolBlock

LONG = (
    ("Some words and a [link][x]. " * 8 + "\n\n") * 30
    + "```py\n"
    + "x = 1\n" * 3_000
    + "```\n\n|a|b|\n|-|-|\n"
    + "|1|2|\n" * 100
    + "\nend\n\n[x]: https://example.org\n"
)


@pytest.fixture
def body(qtbot: QtBot) -> MessageBody:
    one = MessageBody()
    qtbot.addWidget(one)
    one.resize(700, 500)
    one.show()
    return one


def text_of(body: MessageBody) -> str:
    texts = [one.text if isinstance(one, CodeBlock) else one for one in body.segments()]
    return "\n".join(text.toPlainText() for text in texts)


def test_a_long_text_is_built_in_portions_and_is_the_whole_in_the_end(
    qtbot: QtBot, body: MessageBody
) -> None:
    body.show_source(LONG)
    assert "end" not in text_of(body)
    portions = 0
    while body.build_more(0):
        portions += 1
    whole = MessageBody()
    qtbot.addWidget(whole)
    whole.show_parts(parse(LONG))

    assert portions > 20
    assert text_of(body) == text_of(whole)


def test_a_short_text_is_there_at_once(body: MessageBody) -> None:
    body.show_source("a **b**")

    assert text_of(body) == "a b"
    assert not body.build_more(0)


def test_another_text_replaces_one_that_was_still_being_built(body: MessageBody) -> None:
    body.show_source(LONG)
    body.show_source("short")

    assert text_of(body) == "short"


def test_rows_of_a_growing_table_are_written_once(
    body: MessageBody, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    original = TableWriter._write_row

    def counted(self: TableWriter, table: object, part: object, at: int) -> None:
        written.append(at)
        original(self, table, part, at)  # type: ignore[arg-type]

    monkeypatch.setattr(TableWriter, "_write_row", counted)
    source = "|a|b|\n|-|-|\n"
    for number in range(40):
        source += f"|{number}|**x**|\n"
        body.show_parts((), parse(source))

    (table,) = body.segments()
    assert isinstance(table, TableView)
    assert len(written) <= 42
    assert table.toPlainText().split() == text_of(body).split()
    assert "39" in table.toPlainText()


def test_a_table_that_changes_its_columns_is_written_anew(body: MessageBody) -> None:
    body.show_parts((), parse("|a|b|\n|-|-|\n|1|2|"))
    body.show_parts((), parse("|a|b|c|\n|-|-|-|\n|1|2|3|"))

    assert text_of(body).split() == ["a", "b", "c", "1", "2", "3"]


def test_a_wide_table_keeps_its_words_whole_and_moves_sideways(
    qtbot: QtBot, body: MessageBody
) -> None:
    head = "|" + "|".join(f"somewhat-long-{n}" for n in range(12)) + "|\n"
    body.show_parts(parse(head + "|-" * 12 + "|\n" + head))
    (table,) = body.segments()
    assert isinstance(table, TableView)
    qtbot.waitUntil(lambda: table.lineWrapMode() is QTextEdit.LineWrapMode.FixedPixelWidth)

    assert table.horizontalScrollBar().maximum() > 0
    assert table.document().size().height() < 100


def test_the_number_of_a_footnote_shows_its_words_and_leads_nowhere(
    qtbot: QtBot, body: MessageBody
) -> None:
    body.show_parts(parse("word[^1]\n\n[^1]: the *note*"))
    (run,) = body.segments()
    assert isinstance(run, TextRun)
    qtbot.waitUntil(lambda: run.viewport().width() == 700)
    places = (QPoint(x, y) for y in range(2, 20) for x in range(200))
    at = next(place for place in places if run.anchorAt(place) == "note:1")

    run.viewportEvent(QHelpEvent(QEvent.Type.ToolTip, at, run.viewport().mapToGlobal(at)))
    assert "the\xa0note" in QToolTip.text()
    with qtbot.assertNotEmitted(body.link_meant):
        run.anchorClicked.emit("note:1")
    QToolTip.hideText()


def test_closed_thinking_keeps_its_words_and_makes_nothing_of_them(qtbot: QtBot) -> None:
    thinking = Thinking()
    qtbot.addWidget(thinking)
    for _ in range(5_000):
        thinking.add("word ")
    assert thinking.text is None

    head = thinking.findChild(FoldButton)
    assert head is not None
    head.click()
    text = thinking.text
    assert text is not None
    qtbot.waitUntil(lambda: text.toPlainText().count("word") == 5_000)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "Thoughts"),
        (0.2, "Thought for 1 s"),
        (12.4, "Thought for 12 s"),
        (130.0, "Thought for 2 min 10 s"),
    ],
)
def test_thinking_of_the_past_says_how_long_it_took(
    qtbot: QtBot, seconds: float | None, words: str
) -> None:
    thinking = Thinking()
    qtbot.addWidget(thinking)
    thinking.show_past("words", seconds)
    head = thinking.findChild(FoldButton)

    assert head is not None
    assert head.text() == words


def test_a_call_of_a_tool_opens_to_its_arguments(qtbot: QtBot) -> None:
    block = ToolBlock()
    qtbot.addWidget(block)
    calls = (ToolCall("1", "find & get", '{"a":[1,"中"]}'), ToolCall("2", "x\u202ey", "{broken"))
    block.show_calls(calls)
    heads = block.findChildren(FoldButton)
    assert [head.accessibleName() for head in heads] == ["Called find & get", "Called x‹U+202E›y"]
    assert block.texts() == []

    for head in heads:
        head.click()

    assert [text.toPlainText() for text in block.texts()] == [
        '{\n  "a": [\n    1,\n    "中"\n  ]\n}',
        "{broken",
    ]
    block.show_calls(calls[:1])
    assert len(block.texts()) == 1

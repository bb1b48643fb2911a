"""Answers as they grow, and as they end."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QRegion, QTextCursor
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import Overflow
from desktop.domain.errors import ContextOverflow, OutOfMemory, QuestionTooLong
from desktop.domain.history import MessageState
from desktop.domain.text import Text
from desktop.services.notes import note_of
from desktop.ui.activity import Activity
from desktop.ui.answer_view import AnswerView
from desktop.ui.code_block import CodeBlock
from desktop.ui.error_card import ErrorCard
from desktop.ui.growing_markdown import GrowingMarkdown
from desktop.ui.link_button import LinkButton
from desktop.ui.markdown import parse
from desktop.ui.message_body import MessageBody
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.overflow_choices import LARGER
from desktop.ui.rich_text import RichText
from desktop.ui.thinking import Thinking
from desktop.ui.tokens import LIGHT
from tests.ui.messages import answer, question
from tests.ui.transcripts import STREAMING, button, click, only, words
from tests.ui.views import Column


def test_an_answer_grows_and_ends_with_its_figures(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(2, "", STREAMING))

    view.stream("Hello **wor", thinking=False)
    assert "Hello **wor" in words(column)
    view.stream("ld**", thinking=False)
    qtbot.waitUntil(lambda: "Hello world" in words(column))
    view.finish(answer(2, "Hello **world**"))

    assert "Tiny · 412 tokens · 31 tokens/s · 0.4 s wait" in words(column)


def test_the_first_piece_is_painted_at_once_and_later_ones_together(
    column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    original = MessageBody.show_parts

    def counted(self: MessageBody, *args: object) -> None:
        shown.append(1)
        original(self, *args)  # type: ignore[arg-type]

    view = column.answer(answer(2, "", STREAMING))
    monkeypatch.setattr(MessageBody, "show_parts", counted)

    view.stream("a", thinking=False)
    assert len(shown) == 1
    for _ in range(200):
        view.stream(" b", thinking=False)
    assert len(shown) < 10
    view.finish(answer(2, "a" + " b" * 200))

    assert ("a" + " b" * 200) in words(column)


def test_an_answer_taken_up_in_the_middle_goes_on(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(2, "It began ", STREAMING))

    view.stream("elsewhere", thinking=False)

    qtbot.waitUntil(lambda: "It began elsewhere" in words(column))


def test_what_was_painted_before_is_not_painted_again(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(2, "", STREAMING))
    view.stream("Intro.\n\n```py\nx = 1\n```\n\n", thinking=False)
    qtbot.waitUntil(lambda: bool(column.findChildren(CodeBlock)))
    body = only(MessageBody, column)
    intro, code, *_ = body.segments()
    assert isinstance(intro, RichText)
    selection = QTextCursor(intro.document())
    selection.select(QTextCursor.SelectionType.Document)
    intro.setTextCursor(selection)

    view.stream("After. " * 50, thinking=False)
    qtbot.waitUntil(lambda: "After." in words(column))
    view.finish(answer(2, "Intro.\n\n```py\nx = 1\n```\n\n" + "After. " * 50))

    assert body.segments()[:2] == [intro, code]
    assert intro.textCursor().selectedText() == "Intro."


STORY = "Once upon a time there was a small house of clocks. 🙂 "
HEAD = "| a | b |\n|---|---|\n"


def ink(widget: QWidget) -> int:
    """Return how many pixels of `widget` words cover."""
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    widget.render(image, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return sum(shade < 160 for shade in bytes(grey.constBits()))


@pytest.mark.parametrize("source", [STORY * 7], ids=["paragraph"])
def test_words_that_were_seen_do_not_vanish_while_more_come(column: Column, source: str) -> None:
    column.resize(760, 200)
    column.answer(answer(2, "", STREAMING))
    body = only(MessageBody, column)
    growing = GrowingMarkdown()
    most = 0
    for at in range(0, len(source), 9):
        growing.append(source[at : at + 9])
        progress = growing.progress()
        body.show_parts(progress.settled, progress.growing)
        body.show()
        for _ in range(4):
            QGuiApplication.processEvents()
            seen = ink(column)
            assert seen > 0.9 * most
            if at > len(HEAD):
                most = max(most, seen)


def test_a_growing_paragraph_has_every_word_and_space_that_came(column: Column) -> None:
    body = MessageBody(column)
    growing = GrowingMarkdown()
    source = STORY * 50
    for at in range(0, len(source), 7):
        growing.append(source[at : at + 7])
        progress = growing.progress()
        body.show_parts(progress.settled, progress.growing)
        (run,) = body.segments()
        assert isinstance(run, RichText)
        assert run.toPlainText().strip() == source[: at + 7].strip()


def test_text_that_grew_looks_like_text_written_at_once(column: Column) -> None:
    source = "Title 🙂 *a* **b`c`** x\n===\n\n- one\n- two **bold\n\n> q\n\nlast **a\nb** [l](http://x.org)\n"
    grown, whole = MessageBody(column), MessageBody(column)
    growing = GrowingMarkdown()
    for char in source:
        growing.append(char)
        progress = growing.progress()
        grown.show_parts(progress.settled, progress.growing)
    whole.show_parts(parse(source))

    def html(body: MessageBody) -> list[str]:
        return [part.toHtml() for part in body.findChildren(RichText) if not part.isHidden()]

    assert html(grown) == html(whole)


def test_growing_code_shows_all_of_it_in_colours(qtbot: QtBot, column: Column) -> None:
    code = 'def f():\n    """你好 🙂"""\n    return 1\n' * 20
    view = column.answer(answer(2, "", STREAMING))
    view.stream("```py\n" + code[:5], thinking=False)
    block = only(CodeBlock, column)
    for at in range(5, len(code), 40):
        view.stream(code[at : at + 40], thinking=False)
        so_far = code[: at + 40].removesuffix("\n")
        qtbot.waitUntil(lambda wanted=so_far: block.text.toPlainText() == wanted)  # type: ignore[misc]
    view.finish(answer(2, "```py\n" + code))

    assert only(CodeBlock, column) is block
    assert block.text.toPlainText() == code.removesuffix("\n")
    line = block.text.document().begin().layout()
    keyword = QColor(LIGHT.syntax.keyword)
    qtbot.waitUntil(
        lambda: keyword in [run.format.foreground().color() for run in line.formats()],
        timeout=30_000,
    )


def test_copying_gives_the_source_of_the_answer_and_the_exact_code(
    qtbot: QtBot, column: Column
) -> None:
    source = "Hello **world**\n\n```c\nint\ta;\n\n  /*\u202e*/\n```"
    column.question(question(1, "Why *so*?"))
    column.answer(answer(2, source))

    click(qtbot, button(column, "Copy answer"))
    assert QGuiApplication.clipboard().text() == source
    click(qtbot, button(column, "Copy question"))
    assert QGuiApplication.clipboard().text() == "Why *so*?"
    click(qtbot, button(column, "Copy code"))
    block = only(CodeBlock, column)
    shown = block.text.toPlainText()
    assert QGuiApplication.clipboard().text() == shown == "int\ta;\n\n  /*‹U+202E›*/"


def test_a_failed_answer_says_what_happened_and_can_be_tried_again(
    qtbot: QtBot, column: Column
) -> None:
    error = OutOfMemory(
        Text("This model needs {size} more", {"size": "3.2 GB"}), Text("Close other programs.")
    )
    view = column.answer(answer(2, "", STREAMING))
    view.stream("It beg", thinking=False)
    view.finish(answer(2, "It beg", MessageState.FAILED, note=note_of(error)))

    view.set_newest(True)

    assert "It beg" in words(column)
    assert "This model needs 3.2 GB more" in words(column)
    assert "Close other programs." in words(column)
    with qtbot.waitSignal(view.retry_requested):
        click(qtbot, button(column, "Try again"))


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (MessageState.TOOL_CALLS, "The model asked for a tool, and there is none in this chat."),
        (MessageState.INTERRUPTED, "This answer was interrupted"),
        (MessageState.FAILED, "This answer failed"),
    ],
)
def test_each_end_has_its_words_without_a_note_too(
    column: Column, state: MessageState, title: str
) -> None:
    column.answer(answer(2, "x", state, note="{damaged")).set_newest(True)

    card = only(ErrorCard, column)
    assert title in words(card)
    can_retry = any(one.text() == "Try again" for one in _offered(card))
    assert can_retry == (state in {MessageState.FAILED, MessageState.INTERRUPTED})


def test_nothing_is_said_to_be_kept_where_nothing_had_come(column: Column) -> None:
    column.answer(answer(2, "It beg", MessageState.INTERRUPTED)).set_newest(True)
    assert "What had come is kept" in words(only(ErrorCard, column))
    empty = column.answer(answer(4, "", MessageState.INTERRUPTED))

    assert "kept" not in words(only(ErrorCard, empty))


def _offered(card: QWidget) -> list[QPushButton]:
    """Return the buttons that can be pressed."""
    return [one for one in card.findChildren(QPushButton) if one.isVisible()]


def test_in_a_narrow_window_the_remedy_stands_under_its_words(column: Column) -> None:
    column.answer(answer(2, "x", MessageState.FAILED)).set_newest(True)
    column.settle()
    card = only(ErrorCard, column)
    remedy = only(QPushButton, card)
    words(card)
    assert remedy.x() > card._title.geometry().right()

    column.resize(400, 600)
    words(card)
    assert remedy.y() > card._hint.geometry().bottom()
    assert remedy.x() == card._title.x()
    assert card._hint.width() > 250, "the words have the width for themselves"
    for label in (card._title, card._hint):
        assert label.height() >= label.heightForWidth(label.width()), "and none is cut"


def test_a_complete_answer_has_no_card(column: Column) -> None:
    column.answer(answer(2, "x"))

    assert column.findChildren(ErrorCard) == []


def test_thinking_is_closed_until_it_is_opened(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(2, "", STREAMING))
    view.stream("Let me see. ", thinking=True)
    view.stream("<b>So.</b>", thinking=True)
    QGuiApplication.processEvents()
    thinking = only(Thinking, column)
    head = only(QToolButton, thinking, "fold")
    assert head.text() == "Thinking…"
    assert thinking.findChildren(RichText) == [], "nobody pays for what nobody reads"

    click(qtbot, head)
    assert only(RichText, thinking).isVisible()
    assert words(thinking) == "Let me see. <b>So.</b>"
    view.stream("Answer", thinking=False)
    assert head.text() == "Thought for 1 s"

    view.finish(answer(2, "Answer", reasoning="Let me see. <b>So.</b>"))
    assert len(column.findChildren(Thinking)) == 1


def test_kept_thinking_can_be_opened_too(qtbot: QtBot, column: Column) -> None:
    column.answer(answer(2, "Yes.", reasoning="Hm."))
    thinking = only(Thinking, column)

    head = only(QToolButton, thinking, "fold")
    click(qtbot, head)

    assert words(thinking) == "Hm."


def test_what_goes_on_is_said_until_words_come(column: Column) -> None:
    view = column.answer(answer(2, "", STREAMING))
    activity = only(Activity, column)
    assert activity.isVisible()

    view.set_activity("reading 3,200 of 9,800 tokens")
    assert "reading 3,200 of 9,800 tokens" in words(column)
    view.set_activity(None)
    assert activity.isVisible()
    view.stream("A", thinking=False)
    assert not activity.isVisible()

    view.finish(answer(2, "A"))
    view.set_activity("late")
    assert "late" not in words(column)


@pytest.mark.parametrize(
    ("state", "end"),
    [(MessageState.STOPPED, "stopped"), (MessageState.LENGTH, "cut at the length limit")],
)
def test_an_answer_without_end_says_so_in_its_line_and_can_be_continued(
    qtbot: QtBot, column: Column, state: MessageState, end: str
) -> None:
    view = column.answer(answer(2, "It began", state))
    assert words(view).endswith(f"0.4 s wait · {end}")
    assert view.findChildren(ErrorCard) == []
    assert view.findChildren(LinkButton) == [], "only the newest answer can go on"

    view.set_newest(True)
    with qtbot.waitSignal(view.continue_requested) as asked:
        click(qtbot, only(LinkButton, view))
    assert asked.args == [2]

    again = column.answer(answer(2, "It began", STREAMING))
    again.set_newest(True)
    again.stream(" and went on", thinking=False)
    qtbot.waitUntil(lambda: "It began and went on" in words(again))
    again.finish(answer(2, "It began and went on"))
    column.settle()
    assert again.findChildren(LinkButton) == []


def test_an_interrupted_answer_can_be_continued_or_given_again(
    qtbot: QtBot, column: Column
) -> None:
    view = column.answer(answer(2, "It began", MessageState.INTERRUPTED))
    view.set_newest(True)
    card = only(ErrorCard, view)

    assert [one.text() for one in _offered(card)] == ["Continue", "Try again"]
    with qtbot.waitSignal(view.continue_requested) as asked:
        click(qtbot, button(card, "Continue"))
    assert asked.args == [2]
    with qtbot.waitSignal(view.retry_requested) as asked:
        click(qtbot, button(card, "Try again"))
    assert asked.args == [2]

    view.set_newest(False)
    assert _offered(card) == []


TOO_LONG = note_of(
    ContextOverflow(
        Text(
            "The text is too long for this model: {needed} tokens, {available} fit",
            {"needed": "9,812", "available": "8,192"},
        ),
        Text("Shorten it."),
    )
)


@pytest.mark.parametrize(
    ("words_of_it", "way"),
    [
        ("Leave out the oldest turns", Overflow.DROP),
        ("Summarise and go on", Overflow.SUMMARISE),
        ("Larger context · 16K, 1.2 GB more", LARGER),
    ],
)
def test_a_chat_that_is_too_long_waits_for_what_is_chosen(
    qtbot: QtBot, column: Column, words_of_it: str, way: object
) -> None:
    view = column.answer(answer(2, "", MessageState.FAILED, note=TOO_LONG, usage=None))
    card = only(ErrorCard, view)
    assert "9,812 tokens, 8,192 fit" in words(card)
    column.settle()
    assert [one.text() for one in _offered(card)] == []
    view.set_newest(True)
    assert len(_offered(card)) == 3, "no larger context unless there is memory for it"

    view.set_larger("16K, 1.2 GB more")
    column.settle()
    assert len(_offered(card)) == 4
    one = button(card, words_of_it)
    assert one.toolTip(), "each way explains itself"
    with qtbot.waitSignal(view.overflow_chosen) as chosen:
        click(qtbot, one)
    assert chosen.args == [2, way]

    with qtbot.waitSignal(view.model_wanted):
        click(qtbot, button(card, "Choose a model"))


def test_words_that_could_not_go_on_in_a_full_context_are_offered_room_and_nothing_loose(
    column: Column,
) -> None:
    view = column.answer(answer(2, "It began", MessageState.INTERRUPTED, note=TOO_LONG, usage=None))
    alone = {id(one) for one in QApplication.topLevelWidgets() if one.isVisible()}

    view.set_newest(True)
    column.settle()
    card = only(ErrorCard, view)
    assert "Continue" not in [one.text() for one in _offered(card)], "there is no room to go on"
    assert {id(one) for one in QApplication.topLevelWidgets() if one.isVisible()} == alone

    offering = card.heightForWidth(600)
    bare = NoticeCard(())
    bare.show_words("9,812 tokens, 8,192 fit", "Shorten it.", Look.WARNING)
    view.set_newest(False)
    column.settle()
    assert card.heightForWidth(600) == bare.heightForWidth(600) < offering


@pytest.mark.parametrize("is_first", [True, False])
def test_where_nothing_can_be_left_out_nothing_of_the_kind_is_offered(
    qtbot: QtBot, is_first: bool
) -> None:
    alone = QuestionTooLong(Text("This question alone is too long"), Text("Shorten it."))
    note = TOO_LONG if is_first else note_of(alone)
    view = AnswerView(answer(2, "", MessageState.FAILED, note=note), is_first=is_first)
    qtbot.addWidget(view)
    view.set_newest(True)
    view.set_larger("16K, 1.2 GB more")
    view.show()

    offered = [one.text() for one in _offered(only(ErrorCard, view))]
    assert sorted(offered) == ["Choose a model", "Larger context · 16K, 1.2 GB more"]


def test_only_what_was_said_is_a_text_to_select(column: Column) -> None:
    view = column.answer(answer(2, "One.\n\n```py\ntwo\n```\n\n|a|\n|-|\n|b|"))

    assert [text.toPlainText().strip()[:4] for text in view.texts()][:2] == ["One.", "two"]
    assert len(view.texts()) == 3
    view.begin_edit()
    assert view.texts() == []

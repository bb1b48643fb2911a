"""Answers as they grow, and as they end."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QRegion, QTextCursor
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.errors import OutOfMemory
from desktop.domain.history import MessageState
from desktop.domain.text import Text
from desktop.services.notes import note_of
from desktop.ui.activity import Activity
from desktop.ui.code_block import CodeBlock
from desktop.ui.error_card import ErrorCard
from desktop.ui.growing_markdown import GrowingMarkdown
from desktop.ui.labels import ElidedLabel
from desktop.ui.markdown import parse
from desktop.ui.message_body import MessageBody
from desktop.ui.rich_text import RichText
from desktop.ui.thinking import Thinking
from desktop.ui.tokens import LIGHT
from desktop.ui.transcript import Transcript
from tests.ui.messages import USAGE, answer, question
from tests.ui.transcripts import STREAMING, answers, button, click, only, words


def test_an_answer_grows_and_ends_with_its_figures(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat([question(1)])
    transcript.append(answer(2, "", STREAMING))

    transcript.stream("Hello **wor", thinking=False)
    assert "Hello **wor" in words(transcript)
    transcript.stream("ld**", thinking=False)
    qtbot.waitUntil(lambda: "Hello world" in words(transcript))
    transcript.finish(answer(2, "Hello **world**"))

    assert "31 tokens/s · 0.4 s · 412 tokens" in words(transcript)


def test_the_first_piece_is_painted_at_once_and_later_ones_together(
    transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    original = MessageBody.show_parts

    def counted(self: MessageBody, *args: object) -> None:
        shown.append(1)
        original(self, *args)  # type: ignore[arg-type]

    transcript.append(answer(2, "", STREAMING))
    monkeypatch.setattr(MessageBody, "show_parts", counted)

    transcript.stream("a", thinking=False)
    assert len(shown) == 1
    for _ in range(200):
        transcript.stream(" b", thinking=False)
    assert len(shown) < 10
    transcript.finish(answer(2, "a" + " b" * 200))

    assert ("a" + " b" * 200) in words(transcript)


def test_an_answer_taken_up_in_the_middle_goes_on(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "It began ", STREAMING)])

    transcript.stream("elsewhere", thinking=False)

    qtbot.waitUntil(lambda: "It began elsewhere" in words(transcript))


def test_what_was_painted_before_is_not_painted_again(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.append(answer(2, "", STREAMING))
    transcript.stream("Intro.\n\n```py\nx = 1\n```\n\n", thinking=False)
    qtbot.waitUntil(lambda: bool(transcript.findChildren(CodeBlock)))
    body = only(MessageBody, transcript)
    intro, code, *_ = body.segments()
    assert isinstance(intro, RichText)
    selection = QTextCursor(intro.document())
    selection.select(QTextCursor.SelectionType.Document)
    intro.setTextCursor(selection)

    transcript.stream("After. " * 50, thinking=False)
    qtbot.waitUntil(lambda: "After." in words(transcript))
    transcript.finish(answer(2, "Intro.\n\n```py\nx = 1\n```\n\n" + "After. " * 50))

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
def test_words_that_were_seen_do_not_vanish_while_more_come(
    transcript: Transcript, source: str
) -> None:
    transcript.show_chat([question(1), answer(2, "", STREAMING)])
    body = only(MessageBody, transcript)
    growing = GrowingMarkdown()
    most = 0
    for at in range(0, len(source), 9):
        growing.append(source[at : at + 9])
        progress = growing.progress()
        body.show_parts(progress.settled, progress.growing)
        body.show()
        for _ in range(4):
            QGuiApplication.processEvents()
            seen = ink(transcript)
            assert seen > 0.9 * most
            if at > len(HEAD):
                most = max(most, seen)


def test_a_growing_paragraph_has_every_word_and_space_that_came(transcript: Transcript) -> None:
    body = MessageBody(transcript)
    growing = GrowingMarkdown()
    source = STORY * 50
    for at in range(0, len(source), 7):
        growing.append(source[at : at + 7])
        progress = growing.progress()
        body.show_parts(progress.settled, progress.growing)
        (run,) = body.segments()
        assert isinstance(run, RichText)
        assert run.toPlainText().strip() == source[: at + 7].strip()


def test_text_that_grew_looks_like_text_written_at_once(transcript: Transcript) -> None:
    source = "Title 🙂 *a* **b`c`** x\n===\n\n- one\n- two **bold\n\n> q\n\nlast **a\nb** [l](http://x.org)\n"
    grown, whole = MessageBody(transcript), MessageBody(transcript)
    growing = GrowingMarkdown()
    for char in source:
        growing.append(char)
        progress = growing.progress()
        grown.show_parts(progress.settled, progress.growing)
    whole.show_parts(parse(source))

    def html(body: MessageBody) -> list[str]:
        return [part.toHtml() for part in body.findChildren(RichText) if not part.isHidden()]

    assert html(grown) == html(whole)


def test_growing_code_shows_all_of_it_in_colours(qtbot: QtBot, transcript: Transcript) -> None:
    code = 'def f():\n    """你好 🙂"""\n    return 1\n' * 20
    transcript.append(answer(2, "", STREAMING))
    transcript.stream("```py\n" + code[:5], thinking=False)
    block = only(CodeBlock, transcript)
    for at in range(5, len(code), 40):
        transcript.stream(code[at : at + 40], thinking=False)
        so_far = code[: at + 40].removesuffix("\n")
        qtbot.waitUntil(lambda wanted=so_far: block.text.toPlainText() == wanted)  # type: ignore[misc]
    transcript.finish(answer(2, "```py\n" + code))

    assert only(CodeBlock, transcript) is block
    assert block.text.toPlainText() == code.removesuffix("\n")
    cursor = QTextCursor(block.text.document())
    cursor.setPosition(2)
    assert cursor.charFormat().foreground().color() == QColor(LIGHT.syntax.keyword)


def test_copying_gives_the_source_of_the_answer_and_the_exact_code(
    qtbot: QtBot, transcript: Transcript
) -> None:
    source = "Hello **world**\n\n```c\nint\ta;\n\n  /*\u202e*/\n```"
    transcript.show_chat([question(1, "Why *so*?"), answer(2, source)])

    click(qtbot, button(transcript, "Copy answer"))
    assert QGuiApplication.clipboard().text() == source
    click(qtbot, button(transcript, "Copy question"))
    assert QGuiApplication.clipboard().text() == "Why *so*?"
    click(qtbot, button(transcript, "Copy code"))
    block = only(CodeBlock, transcript)
    shown = block.text.toPlainText()
    assert QGuiApplication.clipboard().text() == shown == "int\ta;\n\n  /*‹U+202E›*/"


def test_another_answer_takes_the_place_of_the_last_one(transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "first")])

    transcript.append(question(1))
    transcript.append(answer(3, "", STREAMING, parent=1))
    transcript.stream("second", thinking=False)

    assert len(answers(transcript)) == 1
    assert "second" in words(answers(transcript)[0])


def test_a_failed_answer_says_what_happened_and_can_be_tried_again(
    qtbot: QtBot, transcript: Transcript
) -> None:
    error = OutOfMemory(
        Text("This model needs {size} more", {"size": "3.2 GB"}), Text("Close other programs.")
    )
    transcript.append(answer(2, "", STREAMING))
    transcript.stream("It beg", thinking=False)
    transcript.finish(answer(2, "It beg", MessageState.FAILED, note=note_of(error)))

    assert "It beg" in words(transcript)
    assert "This model needs 3.2 GB more" in words(transcript)
    assert "Close other programs." in words(transcript)
    with qtbot.waitSignal(transcript.retry_requested):
        click(qtbot, button(transcript, "Try again"))


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (MessageState.STOPPED, "This answer was stopped."),
        (MessageState.TOOL_CALLS, "The model asked for a tool, and there is none in this chat."),
        (MessageState.LENGTH, "The answer reached the limit of its length."),
        (MessageState.INTERRUPTED, "This answer was interrupted"),
        (MessageState.FAILED, "This answer failed"),
    ],
)
def test_each_end_has_its_words_without_a_note_too(
    transcript: Transcript, state: MessageState, title: str
) -> None:
    transcript.show_chat([question(1), answer(2, "x", state, note="{damaged")])

    card = only(ErrorCard, transcript)
    assert title in words(card)
    can_retry = any(not one.isHidden() for one in card.findChildren(QPushButton))
    assert can_retry == (state in {MessageState.FAILED, MessageState.INTERRUPTED})


def test_in_a_narrow_window_the_remedy_stands_under_its_words(transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "x", MessageState.FAILED)])
    card = only(ErrorCard, transcript)
    remedy = only(QPushButton, card)
    words(card)
    assert remedy.x() > card._title.geometry().right()

    transcript.resize(400, 600)
    words(card)
    assert remedy.y() > card._hint.geometry().bottom()
    assert remedy.x() == card._title.x()
    assert card._hint.width() > 250, "the words have the width for themselves"
    for label in (card._title, card._hint):
        assert label.height() >= label.heightForWidth(label.width()), "and none is cut"


def test_a_complete_answer_has_no_card(transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "x")])

    assert transcript.findChildren(ErrorCard) == []


def test_thinking_is_closed_until_it_is_opened(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.append(answer(2, "", STREAMING))
    transcript.stream("Let me see. ", thinking=True)
    transcript.stream("<b>So.</b>", thinking=True)
    QGuiApplication.processEvents()
    thinking = only(Thinking, transcript)
    head = only(QToolButton, thinking, "fold")
    assert head.text() == "Thinking…"
    assert not only(RichText, thinking).isVisible()

    click(qtbot, head)
    assert only(RichText, thinking).isVisible()
    assert words(thinking) == "Let me see. <b>So.</b>"
    transcript.stream("Answer", thinking=False)
    assert head.text() == "Thought for 1 s"

    transcript.finish(answer(2, "Answer", reasoning="Let me see. <b>So.</b>"))
    assert len(transcript.findChildren(Thinking)) == 1


def test_kept_thinking_can_be_opened_too(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "Yes.", reasoning="Hm.")])
    thinking = only(Thinking, transcript)

    head = only(QToolButton, thinking, "fold")
    click(qtbot, head)

    assert words(thinking) == "Hm."


def test_what_goes_on_is_said_until_words_come(transcript: Transcript) -> None:
    transcript.append(answer(2, "", STREAMING))
    activity = only(Activity, transcript)
    assert activity.isVisible()

    transcript.set_activity("reading 3,200 of 9,800 tokens")
    assert "reading 3,200 of 9,800 tokens" in words(transcript)
    transcript.set_activity(None)
    assert activity.isVisible()
    transcript.stream("A", thinking=False)
    assert not activity.isVisible()

    transcript.finish(answer(2, "A"))
    transcript.set_activity("late")
    assert "late" not in words(transcript)


def test_guesses_that_helped_are_part_of_the_figures(transcript: Transcript) -> None:
    helped = replace(USAGE, drafted_tokens=1052, accepted_tokens=38)
    tried = replace(USAGE, drafted_tokens=4)
    transcript.show_chat(
        [question(1), answer(2, "a", usage=helped), question(3), answer(4, "b", usage=tried)]
    )
    first, second = answers(transcript)

    assert "412 tokens · 38 of 1,052 guesses right" in words(first)
    assert "guess" not in words(second)
    (line,) = [each for each in first.findChildren(ElidedLabel) if "guesses" in each.text()]
    assert "The answer is the same" in line.toolTip().replace("\N{NO-BREAK SPACE}", " ")
    (line,) = [each for each in second.findChildren(ElidedLabel) if "tokens" in each.text()]
    meaning = line.toolTip().replace("\N{NO-BREAK SPACE}", " ")
    assert "The first word came after 0.4 s." in meaning
    assert "guess" not in meaning


def test_figures_give_way_where_there_is_no_room(transcript: Transcript) -> None:
    usage = replace(USAGE, completion_tokens=91_412, drafted_tokens=91_052, accepted_tokens=80_038)
    transcript.show_chat([question(1), answer(2, "a", usage=usage)])
    transcript.resize(360, 500)
    QGuiApplication.processEvents()
    (one,) = answers(transcript)
    (line,) = [each for each in one.findChildren(ElidedLabel) if "tokens" in each.text()]

    assert one.geometry().right() < transcript.viewport().width()
    assert line.text().endswith("…")
    assert "80,038 of 91,052 guesses right" in line.toolTip().replace("\N{NO-BREAK SPACE}", " ")

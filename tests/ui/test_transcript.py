"""The chat as it is read and as it grows."""

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QTranslator, QUrl, Signal, Slot
from PySide6.QtGui import QColor, QDesktopServices, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.errors import OutOfMemory
from desktop.domain.history import MessageState
from desktop.domain.settings import Theme
from desktop.domain.text import Text
from desktop.services.notes import note_of
from desktop.ui.activity import Activity
from desktop.ui.answer_view import AnswerView
from desktop.ui.buttons import IconButton
from desktop.ui.code_block import CodeBlock
from desktop.ui.error_card import ErrorCard
from desktop.ui.example_card import ExampleCard
from desktop.ui.jump_button import JumpButton
from desktop.ui.labels import PlainLabel
from desktop.ui.link_popover import LinkPopover
from desktop.ui.message_body import MessageBody
from desktop.ui.question_view import QuestionView
from desktop.ui.rich_text import RichText
from desktop.ui.theme import apply_theme
from desktop.ui.thinking import Thinking
from desktop.ui.tokens import DARK, LIGHT
from desktop.ui.transcript import Transcript
from tests.ui.messages import answer, conversation, question

STREAMING = MessageState.STREAMING


@pytest.fixture
def transcript(qtbot: QtBot, qapp: QApplication) -> Iterator[Transcript]:
    apply_theme(qapp, Theme.LIGHT)
    one = Transcript()
    qtbot.addWidget(one)
    one.resize(800, 600)
    one.show()
    qtbot.waitExposed(one)
    yield one
    qapp.setStyleSheet("")


def words(widget: QWidget) -> str:
    """Return everything that can be read in `widget`."""
    QGuiApplication.processEvents()
    texts = [part.toPlainText() for part in widget.findChildren(RichText) if not part.isHidden()]
    labels = [part.text() for part in widget.findChildren(QLabel) if not part.isHidden()]
    return "\n".join(texts + labels)


def answers(transcript: Transcript) -> list[AnswerView]:
    """Return the answers that are built, from top to bottom."""
    QGuiApplication.processEvents()
    built = [view for view in transcript.findChildren(AnswerView) if not view.isHidden()]
    return sorted(built, key=lambda view: view.y())


def button(widget: QWidget, name: str) -> QWidget:
    """Return the only button called `name` that can be used."""
    QGuiApplication.processEvents()
    (found,) = [
        one
        for kind in (IconButton, QPushButton)
        for one in widget.findChildren(kind)
        if name in {one.accessibleName(), one.text()} and not one.isHidden()
    ]
    return found


def click(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def at_end(transcript: Transcript) -> bool:
    bar = transcript.verticalScrollBar()
    return bar.maximum() > 0 and bar.value() == bar.maximum()


def test_a_question_is_shown_letter_by_letter(transcript: Transcript) -> None:
    text = "**not bold**\n<b>nor this</b>\n  1. x"
    transcript.show_chat([question(1, text)])

    (view,) = transcript.findChildren(QuestionView)
    assert words(view).splitlines() == text.splitlines()


def test_a_question_is_a_bubble_no_wider_than_it_needs(transcript: Transcript) -> None:
    transcript.show_chat([question(1, "Hi"), question(2, "word " * 300)])
    QGuiApplication.processEvents()

    short, long = sorted(transcript.findChildren(QuestionView), key=lambda view: view.y())
    assert short.findChild(RichText).width() < 40
    assert 500 < long.findChild(RichText).width() <= 0.8 * long.width()


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
    (body,) = transcript.findChildren(MessageBody)
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


def test_growing_code_shows_all_of_it_in_colours(qtbot: QtBot, transcript: Transcript) -> None:
    source = "```py\n" + 'def f():\n    """你好 🙂"""\n    return 1\n' * 20
    transcript.append(answer(2, "", STREAMING))
    for at in range(0, len(source), 9):
        transcript.stream(source[at : at + 9], thinking=False)
        QGuiApplication.processEvents()
    qtbot.waitUntil(lambda: words(transcript).count("return 1") == 20)
    transcript.finish(answer(2, source))

    (block,) = transcript.findChildren(CodeBlock)
    assert block.text.toPlainText() == source.removeprefix("```py\n").removesuffix("\n")
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
    (block,) = transcript.findChildren(CodeBlock)
    shown = block.text.toPlainText()
    assert QGuiApplication.clipboard().text() == shown == "int\ta;\n\n  /*‹U+202E›*/"


def test_actions_are_there_unseen_and_seen_under_the_pointer(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.show_chat([question(1), answer(2, "Because.")])
    QGuiApplication.processEvents()
    copy = button(transcript, "Copy answer")
    ground = copy.grab().toImage()
    assert ground.allGray() or len({ground.pixel(x, x) for x in range(ground.width())}) == 1

    (view,) = answers(transcript)
    qtbot.mouseMove(view, QPoint(30, 5))
    QGuiApplication.processEvents()
    seen = copy.grab().toImage()
    assert seen != ground

    assert copy.isVisible()
    assert copy.focusPolicy() == Qt.FocusPolicy.TabFocus


def test_only_the_newest_answer_can_be_given_again(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat(conversation(2))

    with qtbot.waitSignal(transcript.regenerate_requested):
        click(qtbot, button(transcript, "Answer again"))

    transcript.append(question(5))
    assert not [
        one
        for one in transcript.findChildren(IconButton)
        if one.accessibleName() == "Answer again" and not one.isHidden()
    ]


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
        (MessageState.STOPPED, "You stopped this answer."),
        (MessageState.LENGTH, "The answer reached the limit of its length."),
        (MessageState.INTERRUPTED, "This answer was interrupted"),
        (MessageState.FAILED, "This answer failed"),
    ],
)
def test_each_end_has_its_words_without_a_note_too(
    transcript: Transcript, state: MessageState, title: str
) -> None:
    transcript.show_chat([question(1), answer(2, "x", state, note="{damaged")])

    (card,) = transcript.findChildren(ErrorCard)
    assert title in words(card)
    can_retry = any(not one.isHidden() for one in card.findChildren(QPushButton))
    assert can_retry == (state in {MessageState.FAILED, MessageState.INTERRUPTED})


def test_a_complete_answer_has_no_card(transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "x")])

    assert transcript.findChildren(ErrorCard) == []


def test_the_end_is_followed_only_while_the_reader_is_there(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.show_chat(conversation(10))
    qtbot.waitUntil(lambda: at_end(transcript))
    transcript.append(answer(99, "", STREAMING))
    transcript.stream("word " * 500, thinking=False)
    qtbot.waitUntil(lambda: "word word" in words(transcript) and at_end(transcript))

    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 400)
    place = bar.value()
    before = bar.maximum()
    transcript.stream("more " * 500, thinking=False)
    qtbot.waitUntil(lambda: bar.maximum() > before)
    assert bar.value() == place
    jump = transcript.findChild(JumpButton)
    assert jump.isVisible()

    click(qtbot, jump)
    assert at_end(transcript)
    assert not jump.isVisible()
    before = bar.maximum()
    transcript.stream("and more " * 500, thinking=False)
    qtbot.waitUntil(lambda: bar.maximum() > before and at_end(transcript))


def test_a_small_turn_of_the_wheel_is_enough_to_stop_following(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.show_chat(conversation(10))
    qtbot.waitUntil(lambda: at_end(transcript))
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 5)
    place = bar.value()

    transcript.append(answer(20, "x"))  # An answer that is shown already: nothing happens.
    transcript.resize(800, 560)
    QGuiApplication.processEvents()

    assert bar.value() == place


def test_asking_goes_to_the_end(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat(conversation(10))
    qtbot.waitUntil(lambda: at_end(transcript))
    transcript.verticalScrollBar().setValue(0)

    transcript.append(question(99, "And now?"))

    qtbot.waitUntil(lambda: at_end(transcript))


def test_a_long_chat_builds_its_end_and_the_rest_when_the_reader_comes_near(
    qtbot: QtBot, transcript: Transcript
) -> None:
    messages = conversation(150)
    transcript.show_chat(messages)
    qtbot.waitUntil(lambda: at_end(transcript))
    built = len(answers(transcript))
    assert 4 <= built <= 30
    assert "Answer 300" in words(transcript)

    bar = transcript.verticalScrollBar()
    while len(answers(transcript)) < 150:
        before = len(answers(transcript))
        bar.setValue(bar.maximum())
        bar.setValue(0)
        assert len(answers(transcript)) > before
    assert "Question 1" in words(transcript).splitlines()


def test_what_the_reader_sees_stays_where_it_is_when_earlier_messages_are_built(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.show_chat(conversation(150))
    qtbot.waitUntil(lambda: at_end(transcript))
    seen = answers(transcript)[0]
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 1)
    place = seen.mapTo(transcript, QPoint(0, 0)).y() + bar.value() - 100
    before = bar.maximum()

    bar.setValue(100)
    qtbot.waitUntil(lambda: bar.maximum() > before)

    def moved() -> int:
        return abs(seen.mapTo(transcript, QPoint(0, 0)).y() - place)

    qtbot.waitUntil(lambda: bar.value() > 100 and moved() <= 2)


def test_thinking_is_closed_until_it_is_opened(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.append(answer(2, "", STREAMING))
    transcript.stream("Let me see. ", thinking=True)
    transcript.stream("<b>So.</b>", thinking=True)
    QGuiApplication.processEvents()
    (thinking,) = transcript.findChildren(Thinking)
    head = thinking.findChild(QWidget, "fold")
    assert head is not None
    assert head.property("text") == "Thinking…"
    assert not thinking.findChild(RichText).isVisible()

    click(qtbot, head)
    assert thinking.findChild(RichText).isVisible()
    assert words(thinking) == "Let me see. <b>So.</b>"
    transcript.stream("Answer", thinking=False)
    assert head.property("text") == "Thought for 1 s"

    transcript.finish(answer(2, "Answer", reasoning="Let me see. <b>So.</b>"))
    assert len(transcript.findChildren(Thinking)) == 1


def test_kept_thinking_can_be_opened_too(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat([question(1), answer(2, "Yes.", reasoning="Hm.")])
    (thinking,) = transcript.findChildren(Thinking)

    head = thinking.findChild(QWidget, "fold")
    assert head is not None
    click(qtbot, head)

    assert words(thinking) == "Hm."


def test_what_goes_on_is_said_until_words_come(transcript: Transcript) -> None:
    transcript.append(answer(2, "", STREAMING))
    (activity,) = transcript.findChildren(Activity)
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


def test_an_empty_chat_offers_questions(qtbot: QtBot, transcript: Transcript) -> None:
    empty = transcript.empty_state
    assert empty.isVisible()
    empty.show_model("Lapis guide", is_guide=True)
    cards = transcript.findChildren(ExampleCard)
    assert "Runs on this computer. Nothing is sent." in words(empty)

    with qtbot.waitSignal(transcript.example_chosen) as chosen:
        click(qtbot, cards[0])
    assert chosen.args == ["How do I change the hotkey?"]

    empty.show_model("Gemma 2 9B", is_guide=False)
    with qtbot.waitSignal(transcript.example_chosen) as chosen:
        click(qtbot, cards[0])
    assert chosen.args != ["How do I change the hotkey?"]
    assert "Gemma 2 9B" in words(empty)

    transcript.show_chat([question(1)])
    assert not empty.isVisible()
    transcript.show_chat([])
    assert empty.isVisible()


class Browser(QObject):
    """Stands where the system's browser would."""

    came = Signal(QUrl)

    @Slot(QUrl)
    def take(self, address: QUrl) -> None:
        self.came.emit(address)


@pytest.fixture
def browser() -> Iterator[Browser]:
    one = Browser()
    QDesktopServices.setUrlHandler("https", one, "take")
    yield one
    QDesktopServices.unsetUrlHandler("https")


def test_a_link_opens_only_after_its_destination_was_shown(
    qtbot: QtBot, transcript: Transcript, browser: Browser
) -> None:
    transcript.show_chat([question(1), answer(2, "[click me](https://例子.com/%E2%80%AEx?a=b)")])
    QGuiApplication.processEvents()
    (body,) = transcript.findChildren(MessageBody)
    text = body.findChild(RichText)
    popover = transcript.findChild(LinkPopover)
    assert not popover.isVisible()

    with qtbot.assertNotEmitted(browser.came):
        qtbot.mouseMove(text.viewport(), QPoint(20, 12))
        qtbot.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 12))
    assert popover.isVisible()
    shown = [label.text().replace("\u200b", "") for label in popover.findChildren(PlainLabel)]
    assert "xn--fsqu00a.com" in shown
    assert "https://xn--fsqu00a.com/%E2%80%AEx?a=b" in shown

    with qtbot.waitSignal(browser.came) as came:
        click(qtbot, button(popover, "Open"))
    assert came.args is not None
    assert came.args[0].toEncoded().data() == b"https://xn--fsqu00a.com/%E2%80%AEx?a=b"
    assert not popover.isVisible()


def test_escape_closes_the_question_about_a_link(
    qtbot: QtBot, transcript: Transcript, browser: Browser
) -> None:
    transcript.show_chat([question(1), answer(2, "[click me](https://example.org)")])
    popover = transcript.findChild(LinkPopover)
    popover.ask("https://example.org", QPoint(50, 50))
    assert popover.isVisible()

    with qtbot.assertNotEmitted(browser.came):
        qtbot.keyClick(popover, Qt.Key.Key_Escape)

    assert not popover.isVisible()


def test_a_hostile_address_is_not_even_asked_about(transcript: Transcript) -> None:
    popover = transcript.findChild(LinkPopover)

    popover.ask("file:///etc/passwd", QPoint(50, 50))

    assert not popover.isVisible()


def test_another_theme_reaches_words_that_are_shown(
    transcript: Transcript, qapp: QApplication
) -> None:
    source = "A [link](https://a.b) and `code`\n\n```py\nx = 1\n```\n\n|a|\n|-|\n|b|"
    transcript.show_chat([question(1), answer(2, source, reasoning="Hm.")])

    def colours() -> set[str]:
        found = set()
        for text in transcript.findChildren(RichText):
            block = text.document().begin()
            while block.isValid():
                for form in block.textFormats():
                    found.add(form.format.foreground().color().name().upper())
                block = block.next()
        return found - {"#000000"}

    assert LIGHT.text in colours()
    assert LIGHT.accent in colours()
    apply_theme(qapp, Theme.DARK)

    assert DARK.text in colours()
    assert not {LIGHT.text, LIGHT.accent, LIGHT.syntax.number} & colours()


class Shouting(QTranslator):
    """Another language."""

    def isEmpty(self) -> bool:
        return False

    def translate(
        self, _context: str, source: str, _disambiguation: str | None = None, _n: int = -1
    ) -> str:
        return re.sub(r"\{\w+\}|[^{]+", lambda found: _louder(found.group()), source)


def _louder(piece: str) -> str:
    return piece if piece.startswith("{") else piece.upper()


def test_another_language_reaches_words_that_are_shown(
    transcript: Transcript, qapp: QApplication
) -> None:
    transcript.show_chat(
        [question(1), answer(2, "x\n\n```\ny\n```", MessageState.FAILED, reasoning="Hm.")]
    )
    language = Shouting()

    qapp.installTranslator(language)
    QGuiApplication.processEvents()
    try:
        shown = words(transcript)
        assert "31 TOKENS/S · 0.4 S · 412 TOKENS" in shown
        assert "THIS ANSWER FAILED" in shown
        assert "CODE" in shown
        assert button(transcript, "TRY AGAIN")
        assert button(transcript, "COPY ANSWER")
        head = transcript.findChild(QWidget, "fold")
        assert head is not None
        assert head.property("text") == "THOUGHTS"
        assert "RUNS ON THIS COMPUTER. NOTHING IS SENT." in [
            label.text() for label in transcript.empty_state.findChildren(QLabel)
        ]
    finally:
        qapp.removeTranslator(language)

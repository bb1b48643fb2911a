"""The chat as it is read: places, actions, themes, languages."""

import re

from PySide6.QtCore import QPoint, Qt, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from desktop.domain.history import MessageState
from desktop.domain.settings import Theme
from desktop.ui.buttons import IconButton
from desktop.ui.example_card import ExampleCard
from desktop.ui.jump_button import JumpButton
from desktop.ui.question_view import QuestionView
from desktop.ui.rich_text import RichText
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import DARK, LIGHT
from desktop.ui.transcript import Transcript
from tests.ui.messages import answer, conversation, question
from tests.ui.transcripts import STREAMING, answers, at_end, button, click, only, rest_at_end, words


def test_a_question_is_shown_letter_by_letter(transcript: Transcript) -> None:
    text = "**not bold**\n<b>nor this</b>\n  1. x"
    transcript.show_chat([question(1, text)])

    view = only(QuestionView, transcript)
    assert words(view).splitlines() == text.splitlines()


def test_a_question_is_a_bubble_no_wider_than_it_needs(transcript: Transcript) -> None:
    transcript.show_chat([question(1, "Hi"), question(2, "word " * 300)])
    QGuiApplication.processEvents()

    short, long = sorted(transcript.findChildren(QuestionView), key=lambda view: view.y())
    assert only(RichText, short).width() < 40
    assert 500 < only(RichText, long).width() <= 0.8 * long.width()


def test_actions_are_there_unseen_and_seen_under_the_pointer(
    qtbot: QtBot, transcript: Transcript
) -> None:
    qtbot.mouseMove(transcript.viewport(), QPoint(2, 590))
    transcript.show_chat([question(1), answer(2, "Because.")])
    copy = button(transcript, "Copy answer")

    def has_picture() -> bool:
        image = copy.grab().toImage()
        return len({image.pixel(at, at) for at in range(image.width())}) > 1

    qtbot.waitUntil(lambda: not has_picture())
    (view,) = answers(transcript)
    qtbot.mouseMove(view, QPoint(30, 5))
    qtbot.waitUntil(has_picture)

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


def test_the_end_is_followed_only_while_the_reader_is_there(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.show_chat(conversation(10))
    rest_at_end(qtbot, transcript)
    transcript.append(answer(99, "", STREAMING))
    transcript.stream("word " * 500, thinking=False)
    qtbot.waitUntil(lambda: "word word" in words(transcript) and at_end(transcript))

    bar = transcript.verticalScrollBar()
    growing = answers(transcript)[-1]
    bar.setValue(bar.maximum() - 400)
    place = growing.mapTo(transcript, QPoint(0, 0)).y()
    before = growing.height()
    transcript.stream("more " * 500, thinking=False)
    qtbot.waitUntil(lambda: growing.height() > before)
    QGuiApplication.processEvents()
    assert growing.mapTo(transcript, QPoint(0, 0)).y() == place
    jump = only(JumpButton, transcript)
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
    rest_at_end(qtbot, transcript)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 5)
    place = bar.value()

    transcript.append(answer(20, "x"))  # An answer that is shown already: nothing happens.
    transcript.resize(800, 560)
    QGuiApplication.processEvents()

    assert bar.value() == place


def test_asking_goes_to_the_end(qtbot: QtBot, transcript: Transcript) -> None:
    transcript.show_chat(conversation(10))
    rest_at_end(qtbot, transcript)
    transcript.verticalScrollBar().setValue(0)

    transcript.append(question(99, "And now?"))

    qtbot.waitUntil(lambda: at_end(transcript))


def test_a_long_chat_builds_its_end_and_the_rest_when_the_reader_comes_near(
    qtbot: QtBot, transcript: Transcript
) -> None:
    messages = conversation(60)
    transcript.show_chat(messages)
    rest_at_end(qtbot, transcript)
    built = len(answers(transcript))
    assert 4 <= built <= 30
    assert "Answer 120" in words(transcript)

    bar = transcript.verticalScrollBar()
    while "Question 1" not in words(transcript).splitlines():
        before = len(transcript.findChildren(QuestionView))
        bar.setValue(bar.maximum())
        bar.setValue(0)
        assert len(transcript.findChildren(QuestionView)) > before
    assert len(answers(transcript)) == 60


def test_what_the_reader_sees_stays_where_it_is_when_earlier_messages_are_built(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.show_chat(conversation(150))
    rest_at_end(qtbot, transcript)
    bar = transcript.verticalScrollBar()
    seen = answers(transcript)[0]
    built = len(answers(transcript))
    place = seen.mapTo(transcript, QPoint(0, 0)).y() + bar.value() - 100

    bar.setValue(100)
    assert seen.mapTo(transcript, QPoint(0, 0)).y() == place
    assert bar.value() > 100
    assert len(answers(transcript)) > built
    assert seen.mapTo(transcript, QPoint(0, 0)).y() == place


def test_an_empty_chat_offers_questions(qtbot: QtBot, transcript: Transcript) -> None:
    empty = transcript.empty_state
    assert empty.isVisible()
    empty.show_model("Lapis guide", is_guide=True)
    cards = transcript.findChildren(ExampleCard)
    assert "Runs on this computer. Nothing is sent." in words(empty)

    with qtbot.waitSignal(transcript.example_chosen) as chosen:
        click(qtbot, cards[0])
    assert chosen.args == ["Where do I get a model?"]

    empty.show_model("Gemma 2 9B", is_guide=False)
    with qtbot.waitSignal(transcript.example_chosen) as chosen:
        click(qtbot, cards[0])
    assert chosen.args != ["Where do I get a model?"]
    assert "Gemma 2 9B" in words(empty)

    transcript.show_chat([question(1)])
    assert not empty.isVisible()
    transcript.show_chat([])
    assert empty.isVisible()


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
        button(transcript, "TRY AGAIN")
        button(transcript, "COPY ANSWER")
        head = only(QToolButton, transcript, "fold")
        assert head.text() == "THOUGHTS"
        assert "RUNS ON THIS COMPUTER. NOTHING IS SENT." in [
            label.text() for label in transcript.empty_state.findChildren(QLabel)
        ]
    finally:
        qapp.removeTranslator(language)

"""The chat as it is read: places, actions, themes, languages."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.errors import StorageError
from desktop.domain.history import MemoryStart, MessageRef, MessageState, StoredMessage
from desktop.domain.settings import Accent, LookSettings, Theme
from desktop.domain.text import Text
from desktop.ui.example_card import ExampleCard
from desktop.ui.jump_button import JumpButton
from desktop.ui.memory_line import MemoryLine
from desktop.ui.message_editor import MessageEditor
from desktop.ui.question_view import QuestionView
from desktop.ui.rich_text import RichText
from desktop.ui.row_frame import RowFrame
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import DARK, LIGHT, tokens_of
from desktop.ui.transcript import Transcript
from tests.ui.messages import answer, conversation, question
from tests.ui.transcripts import (
    STREAMING,
    answers,
    at_end,
    button,
    click,
    only,
    rest,
    rest_at_end,
    show_chat,
    stream,
    words,
)


def test_a_question_is_shown_letter_by_letter(transcript: Transcript) -> None:
    text = "**not bold**\n<b>nor this</b>\n  1. x"
    show_chat(transcript, [question(1, text)])

    view = only(QuestionView, transcript)
    assert words(view).splitlines() == text.splitlines()


def test_a_question_is_a_bubble_no_wider_than_it_needs(transcript: Transcript) -> None:
    show_chat(transcript, [question(1, "Hi"), question(2, "word " * 300)])
    QGuiApplication.processEvents()

    short, long = sorted(
        transcript.findChildren(QuestionView),
        key=lambda view: view.mapTo(transcript, QPoint(0, 0)).y(),
    )
    assert only(RichText, short).width() < 40
    assert 500 < only(RichText, long).width() <= 0.8 * long.width()


def test_actions_are_there_unseen_and_seen_under_the_pointer(
    qtbot: QtBot, transcript: Transcript
) -> None:
    qtbot.mouseMove(transcript.viewport(), QPoint(2, 590))
    show_chat(transcript, [question(1), answer(2, "Because.")])
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


def test_what_is_asked_for_at_a_message_is_passed_on_with_its_id(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(2))

    first, second = answers(transcript)
    with qtbot.waitSignal(transcript.regenerate_requested) as asked:
        click(qtbot, button(first, "Answer again"))
    assert asked.args == [2]
    with qtbot.waitSignal(transcript.branch_requested) as asked:
        second.branch_requested.emit(second.message.id)
    assert asked.args == [4]


def test_the_end_is_followed_only_while_the_reader_is_there(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(10))
    rest_at_end(qtbot, transcript)
    transcript.append(answer(99, "", STREAMING))
    stream(transcript, "word " * 500, thinking=False)
    qtbot.waitUntil(lambda: "word word" in words(transcript) and at_end(transcript))

    bar = transcript.verticalScrollBar()
    growing = answers(transcript)[-1]
    bar.setValue(bar.maximum() - 400)
    place = growing.mapTo(transcript, QPoint(0, 0)).y()
    before = growing.height()
    stream(transcript, "more " * 500, thinking=False)
    qtbot.waitUntil(lambda: growing.height() > before)
    QGuiApplication.processEvents()
    assert growing.mapTo(transcript, QPoint(0, 0)).y() == place
    jump = only(JumpButton, transcript)
    assert jump.isVisible()

    click(qtbot, jump)
    assert at_end(transcript)
    assert not jump.isVisible()
    before = bar.maximum()
    stream(transcript, "and more " * 500, thinking=False)
    qtbot.waitUntil(lambda: bar.maximum() > before and at_end(transcript))


def test_a_small_turn_of_the_wheel_is_enough_to_stop_following(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(10))
    rest_at_end(qtbot, transcript)
    rest(qtbot, transcript)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 5)
    place = bar.value()

    transcript.append(answer(20, "x"))  # An answer that is shown already: nothing happens.
    transcript.resize(800, 560)
    QGuiApplication.processEvents()

    assert bar.value() == place


def test_asking_goes_to_the_end(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, conversation(10))
    rest_at_end(qtbot, transcript)
    transcript.verticalScrollBar().setValue(0)

    transcript.append(question(99, "And now?"))

    qtbot.waitUntil(lambda: at_end(transcript))


def test_of_a_long_chat_only_what_is_near_the_reader_is_built(
    qtbot: QtBot, transcript: Transcript
) -> None:
    read: list[int] = []
    known = {one.id: one for one in conversation(5_000)}

    def load(ids: Sequence[int]) -> list[StoredMessage]:
        read.extend(ids)
        return [known[one] for one in ids]

    transcript.show_chat([MessageRef(one.id, one.role) for one in known.values()], load)
    rest(qtbot, transcript)
    assert at_end(transcript)
    assert "Answer 10000" in words(transcript)
    assert 4 <= len(answers(transcript)) <= 30
    assert len(read) < 100

    for place in (0, 0.25, 0.5, 0.75):
        bar = transcript.verticalScrollBar()
        bar.setValue(round(bar.maximum() * place))
        rest(qtbot, transcript)
        assert 4 <= len(answers(transcript)) <= 30
        assert len(transcript.frames_built()) <= 40
    transcript.scroll_to(0)
    rest(qtbot, transcript)

    assert "Question 1" in words(transcript).splitlines()
    assert len(read) == len(set(read)) < 400


def test_what_the_reader_sees_stays_where_it_is_when_heights_above_are_corrected(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(150))
    rest(qtbot, transcript)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    rest(qtbot, transcript)

    for _ in range(60):
        seen = next(
            frame for frame in transcript.frames if frame.mapTo(transcript, QPoint(0, 0)).y() >= 0
        )
        place = seen.mapTo(transcript, QPoint(0, 0)).y()
        before = bar.value()
        bar.setValue(before - 90)
        assert seen.mapTo(transcript, QPoint(0, 0)).y() == place + 90
        QGuiApplication.processEvents()
        if not seen.isHidden():
            assert seen.mapTo(transcript, QPoint(0, 0)).y() == place + 90


def test_the_beginning_stays_in_sight_when_the_first_row_turns_out_higher(
    qtbot: QtBot, transcript: Transcript
) -> None:
    first = replace(conversation(1)[0], content="many lines\n" * 12)
    long = replace(conversation(1)[1], content="a paragraph\n\n" * 200)
    show_chat(transcript, [first, long])
    rest(qtbot, transcript)
    assert not transcript.rows.is_known(0)
    transcript.scroll_to(0)
    rest(qtbot, transcript)
    assert transcript.place == 0


def test_an_answer_stands_closer_to_its_question_than_a_line_of_buttons_and_a_gap(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(2))
    rest(qtbot, transcript)
    asked, answered = transcript.frames[:2]
    bubble = next(each for each in asked.findChildren(QFrame) if each.property("panel") == "bubble")
    end = bubble.mapTo(transcript, bubble.rect().bottomLeft()).y()
    begins = answered.view.mapTo(transcript, QPoint(0, 0)).y()
    assert 24 <= begins - end <= 40


def test_a_change_that_is_not_finished_is_there_again_after_a_look_at_another_chat(
    qtbot: QtBot, transcript: Transcript
) -> None:
    chat = conversation(2)
    show_chat(transcript, chat)
    transcript.edit(chat[2].id)
    only(MessageEditor, transcript).field.setPlainText("Half of a better question")
    show_chat(transcript, [question(90), answer(91, "Elsewhere")])
    assert not [each for each in transcript.findChildren(MessageEditor) if each.isVisible()]
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    transcript.setFocus()
    show_chat(transcript, chat)
    rest(qtbot, transcript)
    editor = only(MessageEditor, transcript)
    assert editor.text == "Half of a better question"
    assert not editor.isAncestorOf(QApplication.focusWidget() or transcript)
    editor.cancel()
    show_chat(transcript, [])
    show_chat(transcript, chat)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not transcript.findChildren(MessageEditor)


def test_another_branch_keeps_the_place_of_the_reader(qtbot: QtBot, transcript: Transcript) -> None:
    messages = conversation(20)
    known = {one.id: one for one in messages} | {500: answer(500, "Another", parent=39)}
    refs = [MessageRef(one.id, one.role) for one in messages]
    transcript.show_chat(refs, lambda ids: [known[one] for one in ids])
    rest(qtbot, transcript)
    transcript.jump_to(5)
    rest(qtbot, transcript)
    kept = transcript.frame_of(5)
    assert kept is not None
    place = kept.mapTo(transcript, QPoint(0, 0)).y()

    other = [*refs[:5], MessageRef(500, Role.ASSISTANT, 2, 2)]
    transcript.show_chat(other, lambda ids: [known[one] for one in ids], stay=True)
    rest(qtbot, transcript)

    assert transcript.frame_of(5) is kept
    assert "Another" in words(transcript)
    assert kept.mapTo(transcript, QPoint(0, 0)).y() >= place
    assert transcript.frame_of(6) is None


def test_the_answer_being_written_lives_on_however_far_away_the_reader_is(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(100))
    transcript.append(answer(999, "", STREAMING))
    rest(qtbot, transcript)
    frame = transcript.frame_of(999)

    transcript.scroll_to(0)
    rest(qtbot, transcript)
    stream(transcript, "Here it is. " * 100, thinking=False)
    rest(qtbot, transcript)
    assert transcript.place == 0
    assert transcript.frame_of(999) is frame
    transcript.jump_to_end()
    rest(qtbot, transcript)

    assert at_end(transcript)
    assert "Here it is. Here it is." in words(transcript)


def test_what_is_added_to_an_answer_has_its_room_before_anything_is_painted(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(10))
    transcript.append(answer(99, "", STREAMING))
    rest_at_end(qtbot, transcript)
    before = transcript.place

    stream(transcript, "One line.\n\nAnother one.\n\n```\na\nb\nc\n", thinking=False)

    growing = answers(transcript)[-1]
    text = growing.findChildren(RichText)[-1]
    assert text.document().toPlainText() == "a\nb\nc"
    assert text.mapTo(growing, QPoint(0, text.height())).y() <= growing.height()
    assert transcript.place > before
    assert at_end(transcript)


def test_an_answer_that_began_before_the_transcript_was_seen_is_whole(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.hide()
    show_chat(transcript, [question(1)])
    transcript.append(answer(2, "", STREAMING))
    stream(transcript, "Not ", thinking=False)
    stream(transcript, "lost.", thinking=False)
    transcript.show()
    rest(qtbot, transcript)

    qtbot.waitUntil(lambda: "Not lost." in words(transcript))


def test_messages_that_cannot_be_read_are_told_of_and_leave_no_hole(
    qtbot: QtBot, transcript: Transcript
) -> None:
    told: list[object] = []
    transcript.reading_failed.connect(told.append)

    def load(_ids: Sequence[int]) -> list[StoredMessage]:
        raise StorageError(Text("The disk is gone"), Text("Plug it in."))

    transcript.show_chat([MessageRef(one, Role.USER) for one in range(1, 60)], load)
    rest(qtbot, transcript)

    assert 1 <= len(told) <= 60
    assert answers(transcript) == []


def test_zoom_makes_the_text_larger_and_keeps_the_place(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(30))
    rest(qtbot, transcript)
    transcript.jump_to(20)
    rest(qtbot, transcript)
    (text,) = answers(transcript)[0].texts()
    before = text.height()

    with qtbot.waitSignal(transcript.zoom_changed) as changed:
        transcript.zoom(1)
    assert changed.args == [110]
    for _ in range(10):
        transcript.zoom(1)
    rest(qtbot, transcript)

    assert transcript.zoom_percent == 200
    frame = transcript.frame_of(20)
    assert frame is not None
    larger = answers(transcript)[0].texts()[0]
    assert larger.document().defaultFont().pixelSize() == 28
    assert larger.height() > 2 * before
    assert -50 <= frame.mapTo(transcript, QPoint(0, 0)).y() <= 100
    transcript.zoom(0)
    assert transcript.zoom_percent == 100
    for _ in range(10):
        transcript.zoom(-1)
    assert transcript.zoom_percent == 70


def test_a_line_shows_where_the_memory_of_the_model_begins(
    qtbot: QtBot, transcript: Transcript
) -> None:
    messages = conversation(3)
    messages[2] = replace(messages[2], memory=MemoryStart("They spoke of *trains*.", True))
    show_chat(transcript, messages)
    rest(qtbot, transcript)

    line = only(MemoryLine, transcript)
    assert "The model remembers from here on" in words(line)
    assert "the first question and a summary" in words(line)
    assert "They spoke" not in words(line)
    frame = transcript.frame_of(3)
    assert frame is not None
    assert line.mapTo(frame, QPoint(0, 0)).y() < frame.view.y()
    click(qtbot, button(line, "Show the summary"))
    assert "They spoke of *trains*." in words(line)
    rest(qtbot, transcript)
    assert frame.view.y() >= line.geometry().bottom()


def test_keys_scroll_and_go_from_message_to_message(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, conversation(30))
    rest(qtbot, transcript)
    transcript.activateWindow()
    transcript.setFocus()
    qtbot.waitUntil(transcript.hasFocus)

    qtbot.keyClick(transcript, Qt.Key.Key_Home)
    rest(qtbot, transcript)
    assert transcript.place == 0
    qtbot.keyClick(transcript, Qt.Key.Key_Down)
    assert transcript.place == 40
    qtbot.keyClick(transcript, Qt.Key.Key_PageDown)
    assert transcript.place > 400
    qtbot.keyClick(transcript, Qt.Key.Key_End)
    rest(qtbot, transcript)
    assert at_end(transcript)
    assert transcript.follows

    qtbot.keyClick(transcript, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    newest = transcript.frame_of(60)
    assert newest is not None
    assert newest.hasFocus()
    assert newest.accessibleName() == "Answer"
    for number in range(59, 40, -1):
        qtbot.keyClick(transcript, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        frame = transcript.frame_of(number)
        assert frame is not None
        assert frame.hasFocus()
        assert frame.mapTo(transcript, QPoint(0, 0)).y() >= 0


def test_tab_goes_through_the_actions_of_all_messages_in_order(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(12))
    rest(qtbot, transcript)
    transcript.activateWindow()
    transcript.scroll_to(0)
    rest(qtbot, transcript)
    transcript.setFocus()
    qtbot.waitUntil(transcript.hasFocus)

    visited: list[int] = []
    for _ in range(400):
        now = QApplication.focusWidget()
        assert now is not None
        qtbot.keyClick(now, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        frame = now
        while frame is not None and not isinstance(frame, RowFrame):
            frame = frame.parentWidget()
        if frame is None:
            break
        if not visited or visited[-1] != frame.message:
            visited.append(frame.message)
    assert visited == sorted(visited)
    assert visited[0] == 1
    assert visited[-1] == 24


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

    show_chat(transcript, [question(1)])
    assert not empty.isVisible()
    show_chat(transcript, [])
    assert empty.isVisible()


def test_an_empty_chat_names_the_key_that_asks_if_one_works(transcript: Transcript) -> None:
    def said() -> list[str]:
        labels = transcript.empty_state.findChildren(QLabel)
        return [one.text() for one in labels if one.isVisible() and "any program" in one.text()]

    assert said() == []
    transcript.empty_state.show_key("Ctrl+Alt+Space")
    assert said() == ["Ctrl+Alt+Space asks from any program"]
    transcript.empty_state.show_key("")
    assert said() == []


def test_another_theme_reaches_words_that_are_shown(
    transcript: Transcript, qtbot: QtBot, qapp: QApplication
) -> None:
    source = "A [link](https://a.b) and `code`\n\n```py\nx = 1\n```\n\n|a|\n|-|\n|b|"
    show_chat(transcript, [question(1), answer(2, source, reasoning="Hm.")])

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

    old = {LIGHT.text, LIGHT.accent, LIGHT.syntax.number}
    qtbot.waitUntil(lambda: not old & colours())
    assert DARK.text in colours()


@pytest.mark.parametrize(
    ("theme", "look"),
    [
        (Theme.DARK, LookSettings()),
        (Theme.LIGHT, LookSettings(accent=Accent.VIOLET)),
        (Theme.LIGHT, LookSettings(font_size=20)),
    ],
    ids=["theme", "accent", "size"],
)
def test_a_change_of_look_writes_what_is_in_sight_once_and_the_rest_in_its_turn(
    transcript: Transcript, qtbot: QtBot, qapp: QApplication, theme: Theme, look: LookSettings
) -> None:
    show_chat(transcript, conversation(60))
    rest(qtbot, transcript)
    written: Counter[RichText] = Counter()
    for text in transcript.canvas.findChildren(RichText):
        text.restyled.connect(partial(written.update, [text]))
    built = transcript.frames_built()
    seen = [one for one in built if transcript.is_in_sight(one.message)]
    assert 0 < len(seen) < len(built)

    apply_theme(qapp, theme, look)
    in_sight = {text for frame in seen for text in frame.findChildren(RichText)}
    assert written == Counter(in_sight)

    rest(qtbot, transcript)
    assert len(written) > len(in_sight)
    assert set(written.values()) == {1}
    assert {text.theme for text in written} == {tokens_of(qapp.palette())}


def test_a_chat_that_is_not_on_show_is_written_anew_only_when_it_is(
    transcript: Transcript, qtbot: QtBot, qapp: QApplication
) -> None:
    show_chat(transcript, [question(1), answer(2, "Some words.")])
    rest(qtbot, transcript)
    written: list[RichText] = []
    texts = transcript.canvas.findChildren(RichText)
    for text in texts:
        text.restyled.connect(partial(written.append, text))
    transcript.hide()

    apply_theme(qapp, Theme.DARK)
    apply_theme(qapp, Theme.LIGHT, LookSettings(font_size=20))
    apply_theme(qapp, Theme.DARK, LookSettings(font_size=20))
    assert written == []

    transcript.show()
    rest(qtbot, transcript)
    assert sorted(written, key=id) == sorted(texts, key=id)
    assert {text.theme for text in texts} == {DARK}


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
    show_chat(
        transcript,
        [question(1), answer(2, "x\n\n```\ny\n```", MessageState.FAILED, reasoning="Hm.")],
    )
    language = Shouting()

    qapp.installTranslator(language)
    QGuiApplication.processEvents()
    try:
        shown = words(transcript)
        assert "412 TOKENS" in shown
        assert "THIS ANSWER FAILED" in shown
        assert "CODE" in shown
        button(transcript, "TRY AGAIN")
        button(transcript, "COPY ANSWER")
        head = only(QToolButton, transcript, "fold")
        assert head.text() == "THOUGHTS"
        assert "RUNS ON THIS COMPUTER. NOTHING IS SENT." in [
            label.accessibleName() for label in transcript.empty_state.findChildren(QLabel)
        ]
    finally:
        qapp.removeTranslator(language)


def test_the_empty_chat_has_the_ground_of_the_window(
    qtbot: QtBot, qapp: QApplication, transcript: Transcript
) -> None:
    apply_theme(qapp, Theme.DARK)
    qapp.processEvents()

    ground = transcript.grab().toImage().pixelColor(4, 4).name()
    assert ground.upper() == DARK.canvas


def test_the_chat_has_the_ground_of_what_it_lies_on(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, conversation(10))
    rest(qtbot, transcript)
    assert transcript.grab().toImage().pixelColor(4, 4).name().upper() == LIGHT.canvas

    transcript.is_on_card = True
    assert transcript.grab().toImage().pixelColor(4, 4).name().upper() == LIGHT.surface

"""Finding words in the chat on show: counting, going round, lights."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.domain.history import StoredMessage
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import LIGHT
from desktop.ui.transcript import Transcript
from desktop.ui.transcript_selection import texts_of
from tests.ui.messages import answer, conversation, question
from tests.ui.transcripts import STREAMING, rest, show_chat, stream


def find(qtbot: QtBot, transcript: Transcript, words: str) -> None:
    """Type `words` into the field and wait until all is read."""
    transcript.activateWindow()
    transcript.open_find()
    transcript.find_bar.field.setText(words)
    qtbot.waitUntil(lambda: said(transcript) != "" and "…" not in said(transcript))
    rest(qtbot, transcript)


def said(transcript: Transcript) -> str:
    return "".join(label.text() for label in transcript.find_bar.findChildren(QLabel))


def lit(transcript: Transcript, message: int) -> list[tuple[str, bool]]:
    """Return what is lit up in a message, and whether it is the current place."""
    frame = transcript.frame_of(message)
    if frame is None:
        return []
    marks = [one for text in texts_of(frame) for one in text.extraSelections()]
    return [
        (
            one.cursor.selectedText(),
            one.format.background().color().name().upper() == LIGHT.hit_now,
        )
        for one in marks
    ]


def current(transcript: Transcript) -> int | None:
    """Return the message that the current place is in."""
    for frame in transcript.frames_built():
        if any(is_current for _, is_current in lit(transcript, frame.message)):
            return frame.message
    return None


def long_chat() -> list[StoredMessage]:
    messages = conversation(200)
    messages[20] = question(21, "Kyoto in spring?")
    messages[201] = answer(202, "KYO" + "TO and **kyo**to.\n\n```\nkyoto()\n```")
    messages[399] = answer(400, "聊天 about kyoto")
    return messages


def test_all_places_are_counted_and_visited_round_and_round(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, long_chat())
    rest(qtbot, transcript)
    transcript.scroll_to(0)
    rest(qtbot, transcript)

    find(qtbot, transcript, "kyoto")

    assert said(transcript) == "1 of 5"
    assert lit(transcript, 21) == [("Kyoto", True)]
    field = transcript.find_bar.field
    seen = []
    for _ in range(5):
        qtbot.keyClick(field, Qt.Key.Key_Return)
        rest(qtbot, transcript)
        seen.append((said(transcript), current(transcript)))
    assert seen == [
        ("2 of 5", 202),
        ("3 of 5", 202),
        ("4 of 5", 202),
        ("5 of 5", 400),
        ("1 of 5", 21),
    ]
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert said(transcript) == "5 of 5"
    qtbot.keyClick(transcript, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert said(transcript) == "4 of 5"
    qtbot.keyClick(transcript, Qt.Key.Key_F3)
    assert said(transcript) == "5 of 5"


def test_an_answer_that_grows_is_counted_as_it_grows(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, [question(1, "Kyoto in spring?")])
    transcript.append(answer(2, "", STREAMING))
    find(qtbot, transcript, "kyoto")
    assert said(transcript) == "1 of 1"

    stream(transcript, "Kyoto in April.\n\nOr Kyoto in May.\n\n", thinking=False)

    qtbot.waitUntil(lambda: len(lit(transcript, 2)) == 2)
    assert said(transcript) == "1 of 3"


def test_a_count_of_many_digits_is_seen_as_a_whole(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, [question(1, "Kyoto in spring?")])
    find(qtbot, transcript, "kyoto")
    bar = transcript.find_bar
    (count,) = (label for label in bar.findChildren(QLabel) if label.text() == "1 of 1")

    bar.show_count(12_345, 1_234_567, sure=False)
    QApplication.processEvents()

    assert count.text() == "12,345 of 1,234,567…"
    assert count.width() >= count.fontMetrics().horizontalAdvance(count.text())
    assert bar.geometry().right() < transcript.width()

    transcript.resize(400, transcript.height())
    bar.show_count(1_234_567, 12_345_678, sure=False)
    QApplication.processEvents()

    assert count.width() >= count.fontMetrics().horizontalAdvance(count.text())
    assert bar.geometry().right() < transcript.width()


def test_the_place_found_is_in_sight(qtbot: QtBot, transcript: Transcript) -> None:
    messages = conversation(60)
    messages[41] = answer(42, "filler words here\n\n" * 200 + "needle" + "\n\nfiller" * 200)
    show_chat(transcript, messages)
    rest(qtbot, transcript)

    find(qtbot, transcript, "Needle")

    frame = transcript.frame_of(42)
    assert frame is not None
    (text,) = [one for one in texts_of(frame) if one.extraSelections()]
    (mark,) = text.extraSelections()
    spot = text.viewport().mapTo(transcript, text.cursorRect(mark.cursor).center())
    assert 0 < spot.y() < transcript.height()


def test_chinese_is_found_and_what_is_nowhere_is_said_to_be(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, long_chat())
    rest(qtbot, transcript)

    find(qtbot, transcript, "聊天")
    assert said(transcript) == "1 of 1"
    assert current(transcript) == 400
    transcript.find_bar.field.setText("nowhere at all")
    qtbot.waitUntil(lambda: said(transcript) == "Not found")
    transcript.find_bar.field.clear()
    qtbot.waitUntil(lambda: said(transcript) == "")


def test_esc_puts_the_lights_out_and_gives_the_focus_back(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, long_chat())
    rest(qtbot, transcript)
    transcript.activateWindow()
    transcript.setFocus()
    qtbot.waitUntil(transcript.hasFocus)
    find(qtbot, transcript, "kyoto")
    assert QApplication.focusWidget() is transcript.find_bar.field

    qtbot.keyClick(transcript.find_bar.field, Qt.Key.Key_Escape)

    assert not transcript.find_bar.isVisible()
    assert transcript.hasFocus()
    assert not any(text.extraSelections() for text in transcript.findChildren(RichText))


def test_what_is_selected_is_searched_for(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, [question(1, "Kyoto"), answer(2, "In Kyoto it rains.")])
    rest(qtbot, transcript)
    frame = transcript.frame_of(1)
    assert frame is not None
    (text,) = texts_of(frame)
    qtbot.mouseDClick(text.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(10, 10))

    transcript.open_find()

    assert transcript.find_bar.field.text() == "Kyoto"
    qtbot.waitUntil(lambda: "of 2" in said(transcript))


def test_a_message_is_shown_with_the_words_that_led_to_it(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, long_chat())
    rest(qtbot, transcript)

    transcript.show_message(202, "to kyoto")
    rest(qtbot, transcript)

    frame = transcript.frame_of(202)
    assert frame is not None
    assert ("KYOTO", True) in lit(transcript, 202)
    assert -frame.height() < frame.mapTo(transcript, QPoint(0, 0)).y() < transcript.height()
    assert not transcript.find_bar.isVisible()
    transcript.show_message(21)
    rest(qtbot, transcript)
    frame = transcript.frame_of(21)
    assert frame is not None
    assert 0 <= frame.mapTo(transcript, QPoint(0, 0)).y() < transcript.height()


def test_words_in_the_folded_part_of_a_long_question_are_found_and_shown(
    qtbot: QtBot, transcript: Transcript
) -> None:
    messages = conversation(20)
    messages[20] = question(21, "a line\n" * 40 + "needle\n" + "a line\n" * 40)
    show_chat(transcript, messages)
    rest(qtbot, transcript)

    find(qtbot, transcript, "needle")

    assert lit(transcript, 21) == [("needle", True)]
    frame = transcript.frame_of(21)
    assert frame is not None
    (text,) = texts_of(frame)
    (mark,) = text.extraSelections()
    spot = text.viewport().mapTo(transcript, text.cursorRect(mark.cursor).center())
    assert 0 < spot.y() < transcript.height()


def test_the_search_closes_though_what_had_the_focus_before_is_gone(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(200))
    transcript.activateWindow()
    frame = transcript.frame_of(400)
    assert frame is not None
    frame.setFocus()
    find(qtbot, transcript, "Question 3")
    with qtbot.waitSignal(frame.destroyed):
        transcript.scroll_to(0)
        rest(qtbot, transcript)

    QTest.keyClick(transcript.find_bar.field, Qt.Key.Key_Escape)

    assert transcript.find_bar.isHidden()
    assert transcript.hasFocus()
    assert not any(lit(transcript, one.message) for one in transcript.frames_built())


def test_words_that_a_search_lit_up_go_out_with_it(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, long_chat())
    rest(qtbot, transcript)
    transcript.show_message(202, "to kyoto")
    rest(qtbot, transcript)
    assert lit(transcript, 202)

    transcript.unlight()
    assert not lit(transcript, 202)


def test_words_of_the_find_bar_stay_lit_while_it_is_open(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, long_chat())
    rest(qtbot, transcript)
    transcript.open_find()
    qtbot.keyClicks(transcript.find_bar.field, "kyoto")
    qtbot.waitUntil(lambda: "of 5" in said(transcript))

    transcript.unlight()
    assert transcript.find_bar.isVisible()
    assert "of 5" in said(transcript)

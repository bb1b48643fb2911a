"""Compact shows more on a screen: rows, lines and messages are closer together, and back again."""

from dataclasses import replace

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.ui.rich_text import RichText
from desktop.ui.transcript import Transcript
from tests.ui.desk import Desk
from tests.ui.messages import answer, question
from tests.ui.transcripts import rest, show_chat

_TEXT = "One line.\n\n- first\n- second\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"


def _heights(transcript: Transcript) -> list[int]:
    QApplication.processEvents()
    return [frame.height() for frame in transcript.frames]


def _gap(transcript: Transcript) -> int:
    """Return how many pixels are between the first answer and the next question."""
    first, second = (frame.view for frame in transcript.frames[1:3])
    top = second.mapTo(transcript, QPoint()).y()
    return top - first.mapTo(transcript, QPoint(0, first.height())).y()


def _lines(transcript: Transcript) -> set[float]:
    """Return the heights of lines of running text, in sizes of its type."""
    return {
        round(block.blockFormat().lineHeight() / text.font().pixelSize(), 1)
        for text in transcript.canvas.findChildren(RichText)
        for block in [text.document().firstBlock()]
        if block.text()
    }


def test_lines_and_messages_come_closer_together_and_apart_again(
    transcript: Transcript, qtbot: QtBot
) -> None:
    show_chat(transcript, [question(1), answer(2, _TEXT), question(3), answer(4, _TEXT)])
    rest(qtbot, transcript)
    before, gap = _heights(transcript), _gap(transcript)
    assert _lines(transcript) == {1.6}

    transcript.set_compact(compact=True)
    rest(qtbot, transcript)
    assert _lines(transcript) == {1.4}
    assert all(now < was for now, was in zip(_heights(transcript), before, strict=True))
    assert _gap(transcript) == gap // 3

    transcript.set_compact(compact=False)
    rest(qtbot, transcript)
    assert _heights(transcript) == before
    assert _gap(transcript) == gap


def test_a_chat_that_is_shown_later_is_compact_too(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.set_compact(compact=True)
    show_chat(transcript, [question(1), answer(2, _TEXT)])
    rest(qtbot, transcript)

    assert _lines(transcript) == {1.4}


def test_rows_of_the_sidebar_are_lower(desk: Desk) -> None:
    for number in range(3):
        desk.store.create(f"Chat {number}")
    desk.controller.list.refresh()
    rows = desk.window.sidebar.list
    before = rows.visualRect(rows.model().index(1, 0)).height()

    desk.window.set_compact(compact=True)
    QApplication.processEvents()
    assert rows.visualRect(rows.model().index(1, 0)).height() < before

    desk.window.set_compact(compact=False)
    QApplication.processEvents()
    assert rows.visualRect(rows.model().index(1, 0)).height() == before


def test_the_reader_stays_at_the_same_words(transcript: Transcript, qtbot: QtBot) -> None:
    chat = [
        each
        for number in range(1, 41, 2)
        for each in (question(number), replace(answer(number + 1, _TEXT), role=Role.ASSISTANT))
    ]
    show_chat(transcript, chat)
    transcript.jump_to(11)
    rest(qtbot, transcript)

    transcript.set_compact(compact=True)
    rest(qtbot, transcript)
    assert transcript.is_in_sight(11)

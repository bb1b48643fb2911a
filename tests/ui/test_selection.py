"""Selecting across messages with mouse and keys, and what of it is copied."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.history import MessageRef
from desktop.ui.rich_text import RichText
from desktop.ui.selection import Place, Selection
from desktop.ui.transcript import Transcript
from desktop.ui.transcript_selection import texts_of
from tests.ui.messages import answer, conversation, question
from tests.ui.transcripts import STREAMING, rest, show_chat, stream

LEFT = Qt.MouseButton.LeftButton
RICH = """Plain **bold** and `code`, a [link](https://a.example/b).

- one
- two

```py
x = 1
```

| a | b |
|---|---|
| c | d |"""


@pytest.fixture
def chat(qtbot: QtBot, transcript: Transcript) -> Transcript:
    """Return a transcript with two questions and two answers, from its beginning."""
    show_chat(
        transcript,
        [
            question(1, "First question"),
            answer(2, RICH),
            question(3, "Second *question*"),
            answer(4, "The last words."),
        ],
    )
    rest(qtbot, transcript)
    transcript.activateWindow()
    transcript.scroll_to(0)
    rest(qtbot, transcript)
    return transcript


def texts(transcript: Transcript, message: int) -> list[RichText]:
    frame = transcript.frame_of(message)
    assert frame is not None
    return texts_of(frame)


def point(text: RichText, at: int) -> QPoint:
    """Return where the character `at` begins, within the text's viewport."""
    cursor = QTextCursor(text.document())
    cursor.setPosition(at)
    return text.cursorRect(cursor).center()


def drag(begin: tuple[RichText, int], end: tuple[RichText, int]) -> None:
    source = begin[0].viewport()
    QTest.mousePress(source, LEFT, pos=point(*begin))
    target = source.mapFromGlobal(end[0].viewport().mapToGlobal(point(*end)))
    QTest.mouseMove(source, target)
    QTest.mouseRelease(source, LEFT, pos=target)


def copied(transcript: Transcript, *, markdown: bool = False) -> str:
    transcript.selection.copy(markdown=markdown)
    return QGuiApplication.clipboard().text()


def looks_selected(text: RichText) -> str:
    marks = [one.cursor.selectedText() for one in text.extraSelections()]
    return "".join(marks)


def test_a_drag_from_one_message_to_another_selects_what_lies_between(chat: Transcript) -> None:
    drag((texts(chat, 1)[0], 6), (texts(chat, 3)[0], 6))

    assert looks_selected(texts(chat, 1)[0]) == "question"
    assert looks_selected(texts(chat, 3)[0]) == "Second"
    assert looks_selected(texts(chat, 4)[0]) == ""
    assert copied(chat).startswith("question\n\nPlain bold and code, a link.")
    assert copied(chat).endswith("\n\nSecond")
    for seen in ("• one\n• two", "x = 1", "a\tb\nc\td"):
        assert seen in copied(chat)
    assert copied(chat, markdown=True) == f"question\n\n{RICH}\n\nSecond"


def test_a_drag_upwards_selects_the_same(chat: Transcript) -> None:
    drag((texts(chat, 3)[0], 6), (texts(chat, 1)[0], 6))

    assert copied(chat, markdown=True) == f"question\n\n{RICH}\n\nSecond"


def test_a_part_of_code_is_copied_as_code_of_its_language(
    qtbot: QtBot, transcript: Transcript
) -> None:
    code = "````md\n```\nx\n```\nend\n````"
    show_chat(transcript, [question(1), answer(2, f"Look:\n\n{code}")])
    rest(qtbot, transcript)
    run, block = texts(transcript, 2)
    drag((run, 0), (block, 12))

    assert copied(transcript, markdown=True) == "Look:\n\n````md\n```\nx\n```\nen\n````"


def test_a_part_of_an_answer_is_copied_with_its_marks_or_without(chat: Transcript) -> None:
    run = texts(chat, 2)[0]
    drag((run, 0), (run, 15))

    assert copied(chat) == "Plain bold and "
    assert copied(chat, markdown=True) == "Plain **bold** and "


def test_shift_and_click_move_the_end_of_the_selection(qtbot: QtBot, chat: Transcript) -> None:
    first, last = texts(chat, 1)[0], texts(chat, 4)[0]
    qtbot.mouseClick(first.viewport(), LEFT, pos=point(first, 6))
    qtbot.mouseClick(last.viewport(), LEFT, Qt.KeyboardModifier.ShiftModifier, pos=point(last, 8))

    assert copied(chat).startswith("question\n\n")
    assert copied(chat).endswith("The last")


def test_a_double_click_selects_a_word(qtbot: QtBot, chat: Transcript) -> None:
    last = texts(chat, 4)[0]
    qtbot.mouseClick(last.viewport(), LEFT, pos=point(last, 6))
    qtbot.mouseDClick(last.viewport(), LEFT, pos=point(last, 6))

    assert looks_selected(last) == "last"
    assert copied(chat) == "last"


def test_the_keys_select_and_copy_the_whole_chat_built_or_not(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(100))
    rest(qtbot, transcript)
    transcript.activateWindow()
    transcript.setFocus()
    qtbot.keyClick(transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QGuiApplication.clipboard().setText("")
    qtbot.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    qtbot.waitUntil(lambda: bool(QGuiApplication.clipboard().text()))
    whole = QGuiApplication.clipboard().text()
    for number in range(1, 200, 2):
        assert f"Question {number}\n" in whole
        assert f"Answer {number + 1}\n" in whole
    assert len(transcript.frames_built()) < 60
    transcript.scroll_to(0)
    rest(qtbot, transcript)
    assert looks_selected(texts(transcript, 1)[0]) == "Question 1"


def test_a_selection_outlives_what_is_built(qtbot: QtBot, transcript: Transcript) -> None:
    show_chat(transcript, conversation(100))
    rest(qtbot, transcript)
    last = texts(transcript, 200)[0]
    drag((last, 0), (last, 6))
    chosen = transcript.selection.value
    transcript.scroll_to(0)
    rest(qtbot, transcript)
    assert transcript.frame_of(200) is None

    assert transcript.selection.value == chosen
    assert copied(transcript) == "Answer"
    transcript.jump_to_end()
    rest(qtbot, transcript)
    assert looks_selected(texts(transcript, 200)[0]) == "Answer"


def test_dragging_beyond_the_edge_scrolls_and_selects_on(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(40))
    rest(qtbot, transcript)
    last = texts(transcript, 80)[0]
    source = last.viewport()
    QTest.mousePress(source, LEFT, pos=point(last, 3))
    above = source.mapFromGlobal(transcript.mapToGlobal(QPoint(200, -150)))
    QTest.mouseMove(source, above)

    before = transcript.place
    qtbot.waitUntil(lambda: transcript.place < before - 900)
    QTest.mouseRelease(source, LEFT, pos=above)
    chosen = transcript.selection.value

    assert chosen is not None
    assert chosen.begin.message == 80
    assert chosen.end.message < 78


def test_selected_words_stay_selected_while_the_answer_grows(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, [question(1)])
    transcript.append(answer(2, "", STREAMING))
    stream(transcript, "First words, and then ", thinking=False)
    qtbot.waitUntil(lambda: bool(texts(transcript, 2)))
    drag((texts(transcript, 2)[0], 6), (texts(transcript, 2)[0], 11))
    for _ in range(40):
        stream(transcript, "more **and** more.\n\n- a\n- b\n\n```\nx\n```\n\n", thinking=False)
        QGuiApplication.processEvents()
    assert copied(transcript) == "words"

    kept = "First words, and then " + "more **and** more.\n\n- a\n- b\n\n```\nx\n```\n\n" * 40
    transcript.finish(answer(2, kept))
    rest(qtbot, transcript)

    assert copied(transcript) == "words"
    assert looks_selected(texts(transcript, 2)[0]) == "words"


def test_a_click_on_a_link_means_it_and_a_drag_over_it_does_not(
    qtbot: QtBot, chat: Transcript
) -> None:
    run = texts(chat, 2)[0]
    at = run.document().toPlainText().index("link") + 2
    with qtbot.waitSignal(chat.selection.link_meant) as meant:
        qtbot.mouseClick(run.viewport(), LEFT, pos=point(run, at))
    assert meant.args[0] == "https://a.example/b"
    assert isinstance(meant.args[1], QPointF)

    with qtbot.assertNotEmitted(chat.selection.link_meant):
        drag((run, at), (run, 0))


def test_the_menu_offers_to_copy_and_knows_links(qtbot: QtBot, chat: Transcript) -> None:
    run = texts(chat, 2)[0]
    at = run.document().toPlainText().index("link") + 2

    def offered(where: QPoint) -> dict[str, bool]:
        chat.selection.open_menu(where)
        menus = [one for one in chat.findChildren(QMenu) if one.isVisible()]
        found = {one.text(): one.isEnabled() for one in menus[-1].actions() if one.text()}
        menus[-1].close()
        return found

    link = run.viewport().mapToGlobal(point(run, at))
    assert offered(link) == {
        "Copy link": True,
        "Copy": False,
        "Copy as Markdown": False,
        "Select all": True,
    }
    chat.selection.select_all()
    assert offered(chat.mapToGlobal(QPoint(3, 3))) == {
        "Copy": True,
        "Copy as Markdown": True,
        "Select all": True,
    }


def test_a_press_elsewhere_and_another_chat_end_the_selection(
    qtbot: QtBot, chat: Transcript
) -> None:
    chat.selection.select_all()
    last = texts(chat, 4)[0]
    qtbot.mouseClick(last.viewport(), LEFT, pos=point(last, 2))
    assert chat.selection.value is None
    assert looks_selected(texts(chat, 1)[0]) == ""

    chat.selection.select_all()
    show_chat(chat, [question(1, "Other")])
    assert chat.selection.value is None
    assert Selection(Place(1, 0, 0), Place(1, 0, 0)).is_empty


def test_a_long_copy_is_of_the_chat_it_was_begun_in_though_another_one_is_shown_meanwhile(
    qtbot: QtBot, transcript: Transcript
) -> None:
    show_chat(transcript, conversation(200))
    QGuiApplication.clipboard().setText("before")
    transcript.selection.select_all()
    transcript.selection.copy()
    known = {one.id: one for one in [*conversation(200), question(9001, "Another chat")]}
    transcript.show_chat(
        [MessageRef(9001, Role.USER)], lambda ids: [known[one] for one in ids if one in known]
    )

    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() != "before")
    copied = QGuiApplication.clipboard().text().split("\n\n")
    assert copied[:2] == ["Question 1", "Answer 2"]
    assert {"Question 3", "Answer 200", "Question 399", "Answer 400"} <= set(copied)
    assert "Another chat" not in copied

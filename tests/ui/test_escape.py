"""Esc takes back the smallest thing that is open, and nothing beside it."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.call_list import CallItem, CallList
from desktop.ui.composer_calls import ComposerCalls
from desktop.ui.link_popover import LinkPopover
from desktop.ui.row_question import RowQuestion
from tests.ui.desk import Desk
from tests.ui.messages import answer, question
from tests.ui.transcripts import show_chat


def _press_escape() -> None:
    """Press it as a person does: whatever has the focus gets it, unless a shortcut takes it."""
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, Qt.Key.Key_Escape)


def test_the_find_bar_goes_by_esc_from_wherever_the_focus_is_in_it(desk: Desk) -> None:
    bar = desk.window.transcript.find_bar
    for name in ("field", "_close"):
        bar.open("word")
        getattr(bar, name).setFocus()
        _press_escape()
        assert bar.isHidden()


def test_the_question_about_a_link_goes_by_esc(desk: Desk) -> None:
    popover = desk.window.transcript.findChild(LinkPopover)
    assert isinstance(popover, LinkPopover)
    popover.ask("https://example.org", QPoint(50, 50))
    _press_escape()
    assert popover.isHidden()


def test_a_question_in_the_place_of_a_row_is_taken_back_and_the_page_stays(qtbot: QtBot) -> None:
    page, question = QWidget(), RowQuestion()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    column.addWidget(question)
    left, answers = list[bool](), list[bool]()
    QShortcut(QKeySequence(Qt.Key.Key_Escape), page, lambda: left.append(True))
    question.answered.connect(answers.append)
    question.say("Remove it?", "Keep", "Remove")
    assert {button.accessibleDescription() for button in question.findChildren(QPushButton)} == {
        "Remove it?"
    }
    with qtbot.waitActive(page):
        page.show()
    question.take_focus()

    _press_escape()

    assert (answers, left) == ([False], [])


def test_the_list_of_what_is_called_goes_by_esc_and_an_answer_is_not_stopped(desk: Desk) -> None:
    stopped = list[bool]()
    desk.window.shortcuts.stop.connect(lambda: stopped.append(True))
    field = desk.window.composer.field
    ComposerCalls(desk.window.composer, lambda _call: ([CallItem("tiny", "Tiny")], "Models"))
    field.setFocus()
    QTest.keyClicks(field, "@")
    (called,) = desk.window.findChildren(CallList)
    assert called.isVisible()

    _press_escape()

    assert called.isHidden()
    assert stopped == []
    _press_escape()
    assert stopped == [True]


def test_esc_lets_go_of_what_is_selected_and_stops_no_answer(desk: Desk) -> None:
    stopped = list[bool]()
    desk.window.shortcuts.stop.connect(lambda: stopped.append(True))
    transcript = desk.window.transcript
    show_chat(transcript, [question(1, "Why?"), answer(2, "Because.")])
    transcript.setFocus()
    transcript.selection.select_all()

    _press_escape()
    assert transcript.selection.value is None
    assert stopped == []

    _press_escape()
    assert stopped == [True]

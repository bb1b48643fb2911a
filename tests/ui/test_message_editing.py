"""Changing a question or an answer where it stands."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui.answer_view import AnswerView
from desktop.ui.message_actions import MessageActions
from desktop.ui.message_body import MessageBody
from desktop.ui.message_editor import MessageEditor
from desktop.ui.question_view import QuestionView
from desktop.ui.rich_text import RichText
from tests.ui.messages import answer, question
from tests.ui.transcripts import STREAMING, button, click, only
from tests.ui.views import Column


def _open(qtbot: QtBot, view: QuestionView | AnswerView) -> MessageEditor:
    name = "Edit question" if isinstance(view, QuestionView) else "Edit answer"
    click(qtbot, button(view, name))
    editor = only(MessageEditor, view)
    qtbot.waitUntil(editor.field.hasFocus)
    return editor


def test_a_question_becomes_a_field_and_is_sent_by_enter(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(5, "Why?"))
    editor = _open(qtbot, view)
    assert view.is_being_edited
    assert not only(MessageActions, view).isVisible()
    assert view.texts() == []

    qtbot.keyClicks(editor.field, " And how")
    qtbot.keyClick(editor.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(editor.field, "long?")
    with qtbot.waitSignal(view.edit_submitted) as sent:
        qtbot.keyClick(editor.field, Qt.Key.Key_Return)

    assert sent.args == [5, "Why? And how\nlong?", True]
    assert not view.is_being_edited
    assert only(RichText, view).toPlainText() == "Why?", (
        "what is shown is what is kept, until another is chosen"
    )


def test_a_question_is_sent_as_it_is_too(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(5, "Why?"))
    _open(qtbot, view)

    with qtbot.waitSignal(view.edit_submitted) as sent:
        click(qtbot, button(view, "Send"))
    assert sent.args == [5, "Why?", True]


def test_a_question_is_kept_without_an_answer(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(5, "Why?"))
    editor = _open(qtbot, view)
    editor.field.setPlainText("What?")

    with qtbot.waitSignal(view.edit_submitted) as sent:
        click(qtbot, button(view, "Save"))
    assert sent.args == [5, "What?", False]


def test_saving_what_did_not_change_makes_no_version(qtbot: QtBot, column: Column) -> None:
    view = column.answer(answer(6, "Because."))
    _open(qtbot, view)

    with qtbot.assertNotEmitted(view.edit_submitted):
        click(qtbot, button(view, "Save"))
    assert not view.is_being_edited


def test_nothing_empty_is_sent(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(5, "Why?"))
    editor = _open(qtbot, view)
    editor.field.setPlainText(" \n ")

    assert not button(view, "Send").isEnabled()
    assert not button(view, "Save").isEnabled()
    with qtbot.assertNotEmitted(view.edit_submitted):
        qtbot.keyClick(editor.field, Qt.Key.Key_Return)
    assert view.is_being_edited


def test_in_an_answer_enter_breaks_the_line_and_ctrl_enter_saves(
    qtbot: QtBot, column: Column
) -> None:
    view = column.answer(answer(6, "One **two**"))
    editor = _open(qtbot, view)
    assert editor.text == "One **two**", "it is edited as Markdown"
    assert not only(MessageBody, view).isVisible()
    assert not [one for one in ("Send",) if _is_offered(view, one)]

    qtbot.keyClick(editor.field, Qt.Key.Key_Return)
    qtbot.keyClicks(editor.field, "three")
    with qtbot.waitSignal(view.edit_submitted) as sent:
        qtbot.keyClick(editor.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent.args == [6, "One **two**\nthree", False]
    assert only(MessageBody, view).isVisible()


def _is_offered(view: AnswerView, name: str) -> bool:
    try:
        return button(view, name).isVisible()
    except ValueError:
        return False


@pytest.mark.parametrize("by_key", [True, False])
def test_what_was_cancelled_comes_back_when_it_is_edited_again(
    qtbot: QtBot, column: Column, *, by_key: bool
) -> None:
    view = column.question(question(5, "Why?"))
    editor = _open(qtbot, view)
    editor.field.setPlainText("Half of a better question")

    with qtbot.assertNotEmitted(view.edit_submitted):
        if by_key:
            qtbot.keyClick(editor.field, Qt.Key.Key_Escape)
        else:
            click(qtbot, button(view, "Cancel"))
    assert not view.is_being_edited
    assert [text.toPlainText() for text in view.texts()] == ["Why?"]

    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    editor = _open(qtbot, view)
    assert editor.text == "Half of a better question"
    editor.field.undo()
    assert editor.text == "Why?"


def test_an_input_method_settles_its_words_by_enter_and_sends_nothing(
    qtbot: QtBot, column: Column
) -> None:
    for view in (column.question(question(5, "")), column.answer(answer(6, "x"))):
        view.begin_edit()
        editor = only(MessageEditor, view)
        qtbot.waitUntil(editor.field.hasFocus)
        before = editor.text
        QGuiApplication.sendEvent(editor.field, QInputMethodEvent("nihao", []))

        with qtbot.assertNotEmitted(view.edit_submitted):
            qtbot.keyClick(editor.field, Qt.Key.Key_Return)
            qtbot.keyClick(editor.field, Qt.Key.Key_Escape)
        assert view.is_being_edited
        assert editor.text.replace("nihao", "") == before
        QGuiApplication.sendEvent(editor.field, QInputMethodEvent())


def test_the_field_grows_with_the_text_and_then_scrolls(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(5, "one"))
    editor = _open(qtbot, view)
    low = editor.height()

    editor.field.setPlainText("line\n" * 10)
    column.settle()
    middle = editor.height()
    assert middle > low + 100
    editor.field.setPlainText("line\n" * 300)
    column.settle()

    assert middle < editor.height() < 700


def test_a_long_paste_goes_into_the_field(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(5, "one"))
    editor = _open(qtbot, view)
    QGuiApplication.clipboard().setText("word " * 5_000)

    editor.field.paste()

    assert editor.text == "one" + "word " * 5_000


def test_an_answer_that_still_grows_is_not_edited(column: Column) -> None:
    view = column.answer(answer(6, "It", STREAMING))

    view.begin_edit()

    assert not view.is_being_edited

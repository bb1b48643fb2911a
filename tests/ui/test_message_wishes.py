"""What is asked for at a message of the transcript is done in the chat on show."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Finished, StopReason
from desktop.domain.history import MemoryStart, StoredMessage
from desktop.ui.answer_view import AnswerView
from desktop.ui.message_editor import MessageEditor
from desktop.ui.other_model import OtherModel
from tests.ui.desk import DONE, USAGE, Desk, say


def _answered(desk: Desk, qtbot: QtBot, end: Finished = DONE) -> tuple[int, StoredMessage]:
    """Return the open chat, and its last answer, which has just been given."""
    desk.ask("What is GGUF?")
    _end(desk, qtbot, "A file format.", end)
    chat = desk.controller.chat
    assert chat is not None
    return chat, desk.store.messages(chat)[-1]


def _end(desk: Desk, qtbot: QtBot, text: str, end: Finished = DONE) -> None:
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(len(desk.engine.requests), *say(text), end)


def _shown(desk: Desk) -> list[tuple[str, int, int]]:
    """Return what the transcript shows: texts, each with its place among its siblings."""
    transcript = desk.window.transcript
    refs = transcript.rows.refs
    messages = transcript.messages_of([ref.id for ref in refs])
    pairs = zip(refs, messages, strict=True)
    return [(message.content, ref.place, ref.siblings) for ref, message in pairs]


def test_another_answer_takes_the_place_of_the_first_which_can_be_had_back(
    desk: Desk, qtbot: QtBot
) -> None:
    _, answer = _answered(desk, qtbot)
    desk.window.transcript.regenerate_requested.emit(answer.id)
    _end(desk, qtbot, "A container.")
    assert _shown(desk) == [("What is GGUF?", 1, 1), ("A container.", 2, 2)]

    newest = desk.window.transcript.rows.refs[-1].id
    desk.window.transcript.sibling_requested.emit(newest, -1)
    assert _shown(desk) == [("What is GGUF?", 1, 1), ("A file format.", 1, 2)]


def test_what_has_to_wait_for_an_answer_is_told_until_the_answer_is_there(
    desk: Desk, qtbot: QtBot
) -> None:
    _, answer = _answered(desk, qtbot)
    transcript, toast = desk.window.transcript, desk.window.toast
    transcript.regenerate_requested.emit(answer.id)
    transcript.regenerate_requested.emit(answer.id)
    assert toast.accessibleName() == "An answer is being written here. Stop it first."
    assert not toast.isHidden()

    _end(desk, qtbot, "A container.")
    assert toast.isHidden()


def test_a_growing_answer_is_taken_up_where_it_is_when_its_branch_is_shown_again(
    desk: Desk, qtbot: QtBot
) -> None:
    chat, answer = _answered(desk, qtbot)
    transcript = desk.window.transcript
    transcript.regenerate_requested.emit(answer.id)
    growing = desk.chats.growing(chat)
    assert growing is not None
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(2, *say("A con"))
    transcript.sibling_requested.emit(growing, -1)
    assert _shown(desk)[-1] == ("A file format.", 1, 2)
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(2, *say("tain"))
    assert _shown(desk)[-1][0] == "A file format."

    transcript.sibling_requested.emit(answer.id, 1)
    assert _shown(desk)[-1] == ("A contain", 2, 2)
    _end(desk, qtbot, "er.")
    assert _shown(desk)[-1] == ("A container.", 2, 2)
    assert "A container." in desk.store.messages(chat)[-1].content


def test_an_edited_question_is_shown_with_its_new_answer(desk: Desk, qtbot: QtBot) -> None:
    chat, _ = _answered(desk, qtbot)
    question = desk.store.messages(chat)[0]
    desk.window.transcript.edit_submitted.emit(question.id, "What is ONNX?", True)
    _end(desk, qtbot, "Another one.")

    assert _shown(desk) == [("What is ONNX?", 2, 2), ("Another one.", 1, 1)]


def test_the_line_of_the_memory_comes_and_goes_while_the_chat_is_on_show(
    desk: Desk, qtbot: QtBot
) -> None:
    chat, _ = _answered(desk, qtbot)
    question = desk.store.messages(chat)[0]
    shown = desk.window.transcript
    for memory in (MemoryStart("They spoke of files."), None):
        desk.store.set_memory(question.id, memory)
        desk.chats.branch_changed.emit(chat)
        qtbot.waitUntil(lambda: shown.frame_of(question.id) is not None)
        frame = shown.frame_of(question.id)
        assert frame is not None
        assert (frame.above is not None) == (memory is not None)


def test_after_an_edit_the_keyboard_is_at_the_next_question(desk: Desk, qtbot: QtBot) -> None:
    chat, _ = _answered(desk, qtbot)
    transcript = desk.window.transcript
    question = desk.store.messages(chat)[0]
    transcript.edit(question.id)
    (editor,) = transcript.findChildren(MessageEditor)
    qtbot.waitUntil(editor.field.hasFocus)
    editor.cancel()
    frame = transcript.frame_of(question.id)
    assert frame is not None
    assert frame.hasFocus(), "left as it was, the keyboard stays at the message"

    transcript.edit(question.id)
    editor = next(each for each in transcript.findChildren(MessageEditor) if each.isVisible())
    qtbot.waitUntil(editor.field.hasFocus)
    qtbot.keyClick(editor.field, Qt.Key.Key_Return)

    assert desk.window.composer.field.hasFocus()


def test_an_answer_that_goes_on_is_shown_growing(desk: Desk, qtbot: QtBot) -> None:
    _, answer = _answered(desk, qtbot, Finished(StopReason.LENGTH, USAGE))
    desk.window.transcript.continue_requested.emit(answer.id)
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(2, *say(" It holds"))
    frame = desk.window.transcript.frame_of(answer.id)
    assert frame is not None
    assert isinstance(frame.view, AnswerView)
    assert frame.view.is_streaming()
    _end(desk, qtbot, " a model.")

    assert _shown(desk)[-1] == ("A file format. It holds a model.", 1, 1)


def test_a_branch_is_shown_as_the_chat_it_became(desk: Desk, qtbot: QtBot) -> None:
    chat, answer = _answered(desk, qtbot)
    desk.window.transcript.branch_requested.emit(answer.id)

    assert desk.controller.chat not in {None, chat}
    assert [text for text, _, _ in _shown(desk)] == ["What is GGUF?", "A file format."]
    assert "What is GGUF? (branch)" in desk.titles()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_another_model_is_chosen_from_a_menu_and_answers_once(desk: Desk, qtbot: QtBot) -> None:
    chat, answer = _answered(desk, qtbot)
    other = OtherModel(desk.controller.wishes, desk.models, desk.window)
    menus: list[QMenu] = []
    other.opened.connect(menus.append)
    desk.window.transcript.other_model_requested.emit(answer.id, QPoint(10, 10))
    (menu,) = menus
    (guide,) = menu.actions()
    guide.trigger()
    menu.close()
    _end(desk, qtbot, "Once more.")

    assert desk.store.messages(chat)[-1].model == "guide"
    assert _shown(desk)[-1] == ("Once more.", 2, 2)
    assert desk.store.settings(chat).model is None


def test_what_cannot_be_done_while_an_answer_is_written_is_said(desk: Desk, qtbot: QtBot) -> None:
    chat, answer = _answered(desk, qtbot)
    desk.ask("And SafeTensors?")
    before = desk.store.refs(chat)

    desk.window.transcript.regenerate_requested.emit(answer.id)

    toast = desk.window.toast
    assert toast.isVisibleTo(desk.window)
    assert "Stop it first" in toast.accessibleName()
    assert not toast.undo(), "there is nothing to undo"
    assert desk.store.refs(chat) == before

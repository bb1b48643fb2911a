"""While the disk takes nothing, or another program has the file: what is said, and not lost."""

from pytestqt.qtbot import QtBot

from desktop.ui.banner import Topic
from tests.ui.desk import DONE, Desk, disk_full, locked, say

_LONG = "word " * 5000


def _talk(desk: Desk, qtbot: QtBot, question: str) -> int:
    """Hold a short talk in a new chat and return the chat."""
    desk.controller.new_chat()
    desk.ask(question)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(len(desk.engine.requests), *say("Yes."), DONE)
    assert desk.controller.chat is not None
    return desk.controller.chat


def test_that_an_answer_is_not_saved_is_said_until_it_is_whatever_is_looked_at(
    desk: Desk, qtbot: QtBot
) -> None:
    other = _talk(desk, qtbot, "One?")
    desk.controller.new_chat()
    desk.ask("Two?")
    with disk_full(desk) as free:
        with qtbot.waitSignal(desk.chats.not_saved):
            desk.engine.tell(2, *say(_LONG), DONE)
        desk.controller.open_chat(other)
        assert desk.window.banner.topic is Topic.STORAGE

        with qtbot.waitSignal(desk.chats.saved_again, timeout=10_000):
            free()
    assert desk.window.banner.topic is None


def test_an_answer_that_needs_no_disk_does_not_say_that_another_one_is_saved(
    desk: Desk, qtbot: QtBot
) -> None:
    told: list[str] = []
    desk.chats.not_saved.connect(lambda _error: told.append("not saved"))
    desk.chats.saved_again.connect(lambda: told.append("saved again"))
    desk.ask("Kept?")
    desk.controller.begin_chat(temporary=True)
    desk.ask("Temporary?")
    with disk_full(desk) as free:
        with qtbot.waitSignal(desk.chats.not_saved):
            desk.engine.tell(1, *say(_LONG))
        for request in (2, 1):
            with qtbot.waitSignal(desk.chats.text_grew):
                desk.engine.tell(request, *say("a"))
        assert told == ["not saved"]

        with qtbot.waitSignal(desk.chats.saved_again, timeout=10_000):
            free()
    assert told == ["not saved", "saved again"]


def test_a_draft_that_cannot_be_kept_is_there_when_its_chat_is_opened_again(
    desk: Desk, qtbot: QtBot
) -> None:
    first = _talk(desk, qtbot, "One?")
    second = _talk(desk, qtbot, "Two?")
    typed = "typed " * 1500
    with disk_full(desk) as free:
        desk.window.composer.field.setPlainText(typed)
        desk.controller.open_chat(first)
        assert desk.window.banner.topic is Topic.STORAGE
        assert desk.window.composer.draft() == ""
        desk.controller.open_chat(second)
        assert desk.window.composer.draft() == typed
        desk.controller.open_chat(first)
        free()
    desk.controller.save_draft()

    assert desk.store.draft(second) == typed
    assert desk.window.banner.topic is None


def test_a_chat_just_begun_whose_draft_cannot_be_kept_stays(desk: Desk, qtbot: QtBot) -> None:
    first = _talk(desk, qtbot, "One?")
    desk.controller.begin_chat(folder=desk.store.add_folder("Work").id)
    begun = desk.controller.chat
    typed = "typed " * 1500
    with disk_full(desk):
        desk.window.composer.field.setPlainText(typed)
        desk.controller.open_chat(first)
    desk.controller.open_chat(begun)

    assert desk.controller.chat == begun
    assert begun in {chat.id for chat in desk.store.chats()}
    assert desk.window.composer.draft() == typed


def test_a_draft_typed_while_the_file_is_locked_is_kept_by_itself_afterwards(
    desk: Desk, qtbot: QtBot
) -> None:
    chat = _talk(desk, qtbot, "One?")
    with locked(desk):
        desk.window.composer.field.setPlainText("typed meanwhile")
        qtbot.waitUntil(lambda: desk.window.banner.topic is Topic.STORAGE, timeout=10_000)

    qtbot.waitUntil(lambda: desk.store.draft(chat) == "typed meanwhile", timeout=10_000)
    assert desk.window.banner.topic is None


def test_a_question_that_the_locked_file_refuses_stays_in_the_field(
    desk: Desk, qtbot: QtBot
) -> None:
    _talk(desk, qtbot, "One?")
    with locked(desk):
        desk.ask("Two?")
        assert desk.window.banner.topic is Topic.STORAGE
        assert desk.window.composer.draft() == "Two?"

    desk.window.composer.field.submitted.emit()
    assert desk.window.composer.draft() == ""
    assert len(desk.engine.requests) == 2


def test_an_undo_that_cannot_be_done_now_is_still_offered(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "One?")
    desk.controller.list.delete_open()
    assert desk.titles() == []
    with locked(desk):
        assert desk.window.toast.undo()
        assert desk.window.banner.topic is Topic.STORAGE
    assert desk.window.toast.undo()

    assert [each.id for each in desk.store.chats()] == [chat]

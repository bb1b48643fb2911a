"""Chats that are deleted while something still has to do with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import TextDelta
from desktop.ui.options import Options
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.window_wishes import WindowWishes
from tests.ui.desk import DONE, Desk, say
from tests.ui.talk import TINY, open_talk


@pytest.fixture
def popups(desk: Desk) -> Iterator[PopupController]:
    popup = Popup(translucent=True)
    yield PopupController(popup, desk.chats)
    popup.hide()
    popup.deleteLater()


def test_a_quick_question_begins_anew_where_its_chat_was_deleted_in_the_window(
    desk: Desk, popups: PopupController, qtbot: QtBot
) -> None:
    popups.ask("One?")
    first = popups.chat
    assert first is not None
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    desk.window.sidebar.delete_requested.emit(first)
    assert popups.chat is None

    popups.ask("Two?")
    assert popups.chat in {chat.id for chat in desk.store.chats()}
    desk.window.toast.undo()
    assert [message.content for message in desk.store.messages(first)] == ["One?", "Yes."]


def test_a_quick_question_stays_where_another_chat_is_deleted(
    desk: Desk, popups: PopupController, qtbot: QtBot
) -> None:
    desk.ask("In the window?")
    popups.ask("One?")
    first = popups.chat
    desk.window.sidebar.delete_requested.emit(desk.controller.chat)

    assert popups.chat == first
    assert first in desk.chats.running


def test_the_model_is_not_asked_for_the_title_of_a_deleted_chat(
    tmp_path: Path, qtbot: QtBot
) -> None:
    with open_talk(tmp_path, qtbot, TINY) as talk:
        chat = talk.chats.ask(None, "Why is the sky blue at noon?")
        talk.say(1, TextDelta("Light scatters"))
        with qtbot.waitSignal(talk.chats.answer_finished):
            talk.store.delete(chat)
            talk.chats.leave([chat])
        assert len(talk.engine.requests) == 1
        assert talk.engine.forgets == 1

        other = talk.chats.ask(None, "And the grass?")
        talk.answer(2)
        assert len(talk.engine.requests) == 3
        assert talk.store.chat(chat).deleted
        assert not talk.store.chat(other).deleted


def test_an_answer_goes_on_where_its_chat_could_not_be_deleted(desk: Desk) -> None:
    desk.ask("What is GGUF?")
    chat = desk.controller.chat
    assert chat is not None
    connection = desk.store._disk.connection
    connection.execute("PRAGMA query_only = ON")
    desk.window.sidebar.delete_requested.emit(chat)
    connection.execute("PRAGMA query_only = OFF")

    assert desk.chats.running == {chat}
    assert desk.engine.cancelled == []


def test_news_of_a_chat_that_was_deleted_since_brings_the_window_alone(desk: Desk) -> None:
    desk.ask("What is GGUF?")
    chat = desk.controller.chat
    assert chat is not None
    # Of rooms that a chat has nothing to do with.
    nothing: Any = None
    wishes = WindowWishes(
        desk.window, desk.controller, nothing, nothing, Options("show"), desk.window
    )
    desk.controller.new_chat()
    wishes.show_chat(chat)
    assert desk.controller.chat == chat

    desk.window.sidebar.delete_requested.emit(chat)
    wishes.show_chat(chat)
    assert desk.controller.chat is None
    assert desk.window.isVisible()

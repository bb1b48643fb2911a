"""Chats with a model of their own: answers wait visibly for it, and nobody's choice is changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import TextDelta
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.settings import ChatsSettings
from desktop.services.notes import read_note
from desktop.store.faults import Cause, explain
from tests.ui.desk import DONE
from tests.ui.talk import OTHER, TINY, Talk, open_talk

OWN = ChatSettings(model="other")


@pytest.fixture
def talk(tmp_path: Path, qtbot: QtBot) -> Iterator[Talk]:
    with open_talk(tmp_path, qtbot, TINY) as opened:
        silent = ChatsSettings(model_titles=False)
        opened.preferences.set(replace(opened.preferences.value, chats=silent))
        yield opened


def test_a_chat_is_answered_by_its_own_model_and_the_next_one_by_the_chosen_one(
    talk: Talk,
) -> None:
    chat = talk.chats.ask(None, "One?", settings=OWN)
    assert talk.engine.chosen == [OTHER]
    assert talk.last(chat).model == "other"
    talk.load(OTHER)
    talk.answer(1)

    plain = talk.chats.ask(None, "Two?")
    assert talk.engine.chosen == [OTHER, TINY]
    assert talk.last(plain).model == "tiny"
    assert talk.preferences.value.model == ""


def test_it_waits_visibly_for_another_answer_and_then_for_its_model(talk: Talk) -> None:
    first = talk.chats.ask(None, "One?")
    chat = talk.chats.ask(None, "Two?", settings=OWN)

    assert talk.engine.chosen == []
    assert talk.asked() == ["One?"]
    assert talk.chats.activity(chat) == "Waiting for another answer to end"
    assert talk.chats.running == {first, chat}
    talk.answer(1)

    assert talk.engine.chosen == [OTHER]
    assert talk.asked() == ["One?", "Two?"]
    assert talk.chats.activity(chat) == "Waiting for the model · Starting the engine"


def test_questions_are_answered_in_the_order_in_which_they_came(talk: Talk) -> None:
    talk.chats.ask(None, "One?")
    talk.chats.ask(None, "Two?", settings=OWN)
    late = talk.chats.ask(None, "Three?")
    assert talk.asked() == ["One?"]
    assert talk.chats.activity(late) == "Waiting for another answer to end"

    talk.answer(1)
    assert talk.asked() == ["One?", "Two?"]
    talk.load(OTHER)
    talk.answer(2)
    assert talk.asked() == ["One?", "Two?", "Three?"]
    assert talk.engine.chosen == [OTHER, TINY]


def test_one_that_waits_for_its_model_can_be_stopped(talk: Talk) -> None:
    talk.chats.ask(None, "One?")
    chat = talk.chats.ask(None, "Two?", settings=OWN)

    assert talk.chats.stop(chat)
    assert talk.last(chat).state is MessageState.STOPPED
    talk.answer(1)
    assert talk.engine.chosen == []


def test_an_answer_by_another_model_is_given_once(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    talk.answer(1, "By tiny.")
    assert talk.chats.answer_again(chat, talk.last(chat).id, "other")
    assert talk.engine.chosen == [OTHER]
    talk.load(OTHER)
    talk.answer(2, "By other.")

    assert (talk.last(chat).content, talk.last(chat).model) == ("By other.", "other")
    talk.chats.ask(chat, "Two?")
    assert talk.engine.chosen == [OTHER, TINY]


def test_a_model_that_is_not_there_is_told_where_the_answer_would_be(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?", settings=ChatSettings(model="lost"))

    answer = talk.last(chat)
    assert answer.state is MessageState.FAILED
    told = read_note(answer.note)
    assert told is not None
    assert str(told[0]) == "There is no model lost"
    assert talk.engine.requests == []
    assert not talk.chats.is_running(chat)


def test_a_chat_that_cannot_be_read_ends_its_answer_and_holds_up_no_other(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = talk.store.branch
    faults = iter([explain(Cause.DISK, Path("lapis.db"))])

    def fails_once(message: int) -> list[StoredMessage]:
        for fault in faults:
            raise fault
        return read(message)

    talk.chats.ask(None, "One?")
    failing = talk.chats.ask(None, "Two?", settings=OWN)
    waiting = talk.chats.ask(None, "Three?", settings=OWN)
    monkeypatch.setattr(talk.store, "branch", fails_once)
    talk.answer(1)

    assert talk.last(failing).state is MessageState.FAILED
    assert talk.asked() == ["One?", "Three?"]
    assert talk.chats.running == {waiting}


def test_a_context_of_its_own_is_loaded_for_the_chat_alone(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?", settings=ChatSettings(n_ctx=8192))
    assert talk.engine.chosen == [TINY]
    assert talk.engine.state.n_ctx == 8192
    talk.load(TINY, n_ctx=8192)
    talk.answer(1)
    talk.chats.ask(chat, "Two?")
    assert talk.engine.chosen == [TINY], "it is there already"
    talk.answer(2)

    talk.chats.ask(None, "Three?")
    assert talk.engine.chosen == [TINY, TINY]
    assert talk.engine.state.n_ctx is None


def test_a_model_chosen_meanwhile_does_not_answer_for_the_one_that_was_wanted(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?", settings=OWN)
    assert talk.asked() == ["One?"]

    talk.load(TINY)  # as if somebody had chosen it in the menu

    assert talk.engine.cancelled == [1]
    assert talk.engine.chosen == [OTHER, OTHER]
    talk.load(OTHER)
    talk.say(2, TextDelta("By other."), DONE)
    assert talk.last(chat).content == "By other."


def test_without_its_own_model_a_question_follows_the_choice(talk: Talk) -> None:
    talk.chats.ask(None, "One?")
    talk.models.general = OTHER
    talk.load(OTHER)

    assert talk.engine.cancelled == []
    assert talk.engine.chosen == []

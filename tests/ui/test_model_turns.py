"""Chats with a model of their own: answers wait visibly for it, and nobody's choice is changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Queued
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState, Phase
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.settings import ChatsSettings
from desktop.services.model_turns import Wanted
from desktop.services.notes import read_note
from desktop.store.faults import Cause, explain
from tests.ui.talk import OTHER, TINY, Talk, open_talk

OWN = ChatSettings(model="other")


@pytest.fixture
def talk(tmp_path: Path, qtbot: QtBot) -> Iterator[Talk]:
    with open_talk(tmp_path, qtbot, TINY) as opened:
        silent = ChatsSettings(model_titles=False)
        opened.preferences.set(replace(opened.preferences.value, chats=silent))
        yield opened


def _wanted(talk: Talk) -> list[Wanted | None]:
    return talk.engine.wanted


def test_a_chat_is_answered_by_its_own_model_and_the_next_one_by_the_chosen_one(
    talk: Talk,
) -> None:
    chat = talk.chats.ask(None, "One?", settings=OWN)
    plain = talk.chats.ask(None, "Two?")

    assert _wanted(talk) == [Wanted(OTHER), Wanted(TINY, is_usual=True)]
    assert talk.last(chat).model == "other"
    assert talk.last(plain).model == "tiny"
    assert talk.preferences.value.model == ""


def test_it_waits_visibly_for_another_answer_and_then_for_its_model(
    talk: Talk, qtbot: QtBot
) -> None:
    first = talk.chats.ask(None, "One?")
    chat = talk.chats.ask(None, "Two?", settings=OWN)
    talk.say(2, Queued(0))
    assert talk.chats.activity(chat) == "Waiting for another answer to end"
    assert talk.chats.running == {first, chat}
    # What becomes of other models is none of its business as long as it waits for them.
    talk.engine.become(EngineState(Phase.LOADING, TINY))
    qtbot.waitUntil(lambda: "model" in talk.chats.activity(first))
    assert talk.chats.activity(chat) == "Waiting for another answer to end"

    talk.answer(1)
    talk.say(2, Queued(1))
    talk.engine.become(EngineState(Phase.LOADING, OTHER))

    words = "Waiting for the model · Starting the engine"
    qtbot.waitUntil(lambda: talk.chats.activity(chat) == words)


def test_one_that_waits_for_its_model_can_be_stopped(talk: Talk, qtbot: QtBot) -> None:
    talk.chats.ask(None, "One?")
    chat = talk.chats.ask(None, "Two?", settings=OWN)
    talk.say(2, Queued(0))

    assert talk.chats.stop(chat)
    qtbot.waitUntil(lambda: not talk.chats.is_running(chat))
    assert talk.engine.cancelled == [2]
    assert talk.last(chat).state is MessageState.STOPPED


def test_an_answer_by_another_model_is_given_once(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    talk.answer(1, "By tiny.")
    assert talk.chats.answer_again(chat, talk.last(chat).id, "other")
    talk.answer(2, "By other.")
    assert (talk.last(chat).content, talk.last(chat).model) == ("By other.", "other")

    talk.chats.ask(chat, "Two?")

    usual = Wanted(TINY, is_usual=True)
    assert _wanted(talk) == [usual, Wanted(OTHER), usual]


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

    monkeypatch.setattr(talk.store, "branch", fails_once)
    failing = talk.chats.ask(None, "One?")
    running = talk.chats.ask(None, "Two?")

    assert talk.last(failing).state is MessageState.FAILED
    assert talk.asked() == ["Two?"]
    assert talk.chats.running == {running}


def test_a_context_of_its_own_is_wanted_for_the_chat_alone(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?", settings=ChatSettings(n_ctx=8192))
    talk.answer(1)
    talk.chats.ask(chat, "Two?")
    talk.chats.ask(None, "Three?")

    own = Wanted(TINY, 8192)
    assert _wanted(talk) == [own, own, Wanted(TINY, is_usual=True)]

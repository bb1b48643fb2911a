"""Chats named by the model: once, cheaply, never before an answer, never over a person's name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Finished, Role, StopReason, TextDelta
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import TitleSource
from desktop.domain.settings import ChatsSettings
from tests.ui.desk import DIED, DONE, USAGE
from tests.ui.talk import GUIDE, OTHER, TINY, Talk, open_talk


@pytest.fixture
def talk(tmp_path: Path, qtbot: QtBot) -> Iterator[Talk]:
    with open_talk(tmp_path, qtbot, TINY) as opened:
        yield opened


def _exchange(talk: Talk, **how: object) -> int:
    chat = talk.chats.ask(None, "Why is the sky blue at noon?", **how)  # type: ignore[arg-type]
    talk.answer(len(talk.engine.requests), "Light scatters.")
    return chat


def test_the_model_names_a_chat_after_its_first_exchange(talk: Talk, qtbot: QtBot) -> None:
    chat = _exchange(talk)
    wish = talk.engine.requests[1]
    assert [message.role for message in wish.messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert wish.messages[:2][1].content == "Light scatters."
    assert (wish.sampling.temperature, wish.sampling.max_tokens) == (0.0, 24)
    assert (wish.thinking, wish.keep_state) == (False, False)
    assert talk.chats.running == frozenset()

    with qtbot.waitSignal(talk.chats.chats_changed):
        talk.engine.tell(2, TextDelta('Title: "The Blue'), TextDelta(' Sky".'), DONE)

    assert talk.store.chat(chat).title == "The Blue Sky"
    assert talk.store.chat(chat).titled_by is TitleSource.MODEL
    talk.chats.ask(chat, "And at dusk?")
    talk.answer(3)
    assert len(talk.engine.requests) == 3


@pytest.mark.parametrize(
    "said", [TextDelta("Sure! Here is a title for you"), TextDelta("<|im_end|>"), TextDelta("")]
)
def test_nonsense_is_no_title(said: TextDelta, talk: Talk) -> None:
    chat = _exchange(talk)
    talk.say(2, said, DONE)

    assert talk.store.chat(chat).title == "Why is the sky blue at noon?"


def test_what_was_cut_off_is_no_title(talk: Talk) -> None:
    chat = _exchange(talk)
    talk.say(2, TextDelta("The reasons why"), Finished(StopReason.LENGTH, USAGE))

    assert talk.store.chat(chat).titled_by is TitleSource.QUESTION


def test_a_persons_name_stays(talk: Talk) -> None:
    chat = _exchange(talk)
    talk.store.rename(chat, "Mine")
    talk.say(2, TextDelta("The Blue Sky"), DONE)
    assert talk.store.chat(chat).title == "Mine"

    named = talk.store.create("Mine too").id
    talk.store.rename(named, "Mine too")
    talk.chats.ask(named, "One?")
    talk.answer(3)
    assert len(talk.engine.requests) == 3


def test_temporary_chats_are_not_named(talk: Talk) -> None:
    _exchange(talk, temporary=True)
    assert len(talk.engine.requests) == 1


def test_it_can_be_switched_off(talk: Talk) -> None:
    off = replace(talk.preferences.value, chats=ChatsSettings(model_titles=False))
    talk.preferences.set(off)
    _exchange(talk)
    assert len(talk.engine.requests) == 1


def test_the_guide_names_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    with open_talk(tmp_path, qtbot, GUIDE) as talk:
        _exchange(talk)
        assert len(talk.engine.requests) == 1


def test_an_answer_that_failed_names_nothing(talk: Talk) -> None:
    talk.chats.ask(None, "One?")
    talk.say(1, DIED)
    assert len(talk.engine.requests) == 1


def test_no_name_is_asked_for_while_another_answer_runs(talk: Talk) -> None:
    first = talk.chats.ask(None, "One?")
    talk.chats.ask(None, "Two?")
    talk.answer(1, "First.")
    assert talk.asked() == ["One?", "Two?"]

    talk.answer(2, "Second.")
    assert len(talk.engine.requests) == 3
    talk.answer(3, "About Two")
    talk.answer(4, "About One")
    assert talk.store.chat(first).title == "About One"


def test_a_question_ends_the_naming_which_is_tried_again_later(talk: Talk) -> None:
    chat = _exchange(talk)
    other = talk.chats.ask(None, "Two?")
    assert talk.engine.cancelled == [2]
    talk.answer(3, "Second.")

    assert len(talk.engine.requests) == 4
    talk.answer(4, "About Two")
    talk.answer(5, "The Blue Sky")
    assert talk.store.chat(other).title == "About Two"
    assert talk.store.chat(chat).title == "The Blue Sky"


def test_no_model_is_loaded_for_a_name(talk: Talk) -> None:
    talk.chats.ask(None, "One?", settings=ChatSettings(model="other"))
    talk.chats.ask(None, "Two?")
    talk.load(OTHER)
    talk.answer(1, "First.")
    talk.load(TINY)
    talk.answer(2, "Second.")
    talk.answer(3, "About Two")

    asked = [wanted.model for wanted in talk.engine.wanted if wanted is not None]
    assert asked == [OTHER, TINY, TINY], "the chat whose model is not there stays without a name"

"""Answers on their way: asked, grown, stopped, failed, saved; whatever chat is being looked at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import (
    ChatRequest,
    Event,
    Notice,
    PromptProgress,
    Queued,
    ReasoningDelta,
    Role,
    Sampling,
    TextDelta,
)
from desktop.domain.errors import StorageError
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.shelf import ModelDefaults
from desktop.domain.text import Text
from desktop.services.model_turns import Wanted
from desktop.ui.banner import Topic
from desktop.ui.chat_controller import ChatController
from tests.ui.desk import DIED, DONE, Desk, become, disk_full, ready, say

_TINY = InstalledModel("tiny", "Tiny", Path("/m/tiny.gguf"), 1_000_000)


def _answer(desk: Desk, chat: int) -> StoredMessage:
    """Return the last answer of a chat as it is on the disk."""
    return desk.store.messages(chat)[-1]


def _ask(desk: Desk, text: str = "What is GGUF?") -> int:
    desk.ask(text)
    assert desk.controller.chat is not None
    return desk.controller.chat


def _finish(desk: Desk, qtbot: QtBot, request: int, *events: Event) -> None:
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(request, *events)


def test_a_question_is_on_the_disk_before_the_engine_hears_of_it(desk: Desk) -> None:
    heard: list[int] = []
    ask = desk.engine.ask

    def watching(
        request: ChatRequest, listener: Callable[[Event], None], wanted: Wanted | None
    ) -> int:
        (summary,) = desk.store.chats()
        heard.append(len(desk.store.messages(summary.id)))
        return ask(request, listener, wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.engine, "ask", watching)
        _ask(desk)

    assert heard == [2], "the question, and a place for its answer"


def test_a_model_is_asked_as_it_was_set_for_it_alone(desk: Desk, qtbot: QtBot) -> None:
    general = replace(desk.preferences.value, system_prompt="Be kind.")
    desk.preferences.set(general)
    own = ModelDefaults("You are a pirate.", Sampling(temperature=0.2), template="phi")
    desk.own.set(_TINY, own)
    for model in (_TINY, replace(_TINY, path=Path("/m/other.gguf"))):
        become(desk, qtbot, ready(model))
        desk.controller.new_chat()
        _ask(desk)

    first, second = desk.engine.requests
    assert (first.messages[0].content, first.sampling) == (own.system_prompt, own.sampling)
    assert first.builtin_template == "phi"
    assert (second.messages[0].content, second.sampling) == ("Be kind.", general.sampling)
    assert second.builtin_template == ""


def test_what_was_set_elsewhere_is_known_with_the_next_question(desk: Desk, qtbot: QtBot) -> None:
    become(desk, qtbot, ready(_TINY))
    assert desk.chats.own_template == "tiny"
    desk.notes.set_defaults(_TINY, ModelDefaults(template="auto"))
    _ask(desk)

    assert desk.engine.requests[0].builtin_template == "auto"
    assert desk.chats.own_template == ""


def test_an_answer_grows_and_is_saved_with_its_counts(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    _finish(desk, qtbot, 1, *say("A file ", "format."), DONE)

    answer = _answer(desk, chat)
    assert answer.content == "A file format."
    assert answer.state is MessageState.COMPLETE
    assert answer.model == "guide"
    assert answer.usage == DONE.usage
    assert not desk.chats.is_running(chat)


def test_thinking_is_kept_apart_from_the_answer(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    _finish(desk, qtbot, 1, ReasoningDelta("Hm. "), ReasoningDelta("So."), *say("Yes."), DONE)

    answer = _answer(desk, chat)
    assert (answer.reasoning, answer.content) == ("Hm. So.", "Yes.")


def test_the_next_question_takes_the_talk_along(desk: Desk, qtbot: QtBot) -> None:
    _ask(desk, "One?")
    _finish(desk, qtbot, 1, *say("First."), DONE)
    _ask(desk, "Two?")

    messages = desk.engine.requests[1].messages
    assert [(each.role, each.content) for each in messages] == [
        (Role.USER, "One?"),
        (Role.ASSISTANT, "First."),
        (Role.USER, "Two?"),
    ]


def test_the_guide_takes_its_likeliest_words(desk: Desk) -> None:
    _ask(desk)

    assert desk.engine.requests[0].sampling.temperature == 0


def test_stopping_keeps_what_was_written(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(1, *say("Once upon"))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.window.composer.stop_requested.emit()

    assert desk.engine.cancelled == [1]
    answer = _answer(desk, chat)
    assert (answer.content, answer.state) == ("Once upon", MessageState.STOPPED)


def test_a_dead_engine_costs_neither_text_nor_the_next_question(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    _finish(desk, qtbot, 1, *say("Half an ans"), DIED)
    answer = _answer(desk, chat)
    assert (answer.content, answer.state) == ("Half an ans", MessageState.INTERRUPTED)
    assert "The engine stopped" in answer.note

    desk.window.transcript.retry_requested.emit(_answer(desk, chat).id)
    _finish(desk, qtbot, 2, *say("A whole answer."), DONE)

    assert _answer(desk, chat).content == "A whole answer."
    assert len(desk.store.messages(chat)) == 2, "it stands beside the first, not below"


def test_answering_again_asks_the_same_question(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    _finish(desk, qtbot, 1, *say("First."), DONE)
    desk.window.transcript.regenerate_requested.emit(_answer(desk, chat).id)
    assert desk.engine.requests[1].messages == desk.engine.requests[0].messages
    _finish(desk, qtbot, 2, *say("Second."), DONE)

    assert [each.content for each in desk.store.messages(chat)] == ["What is GGUF?", "Second."]


def test_one_chat_answers_one_question_at_a_time(desk: Desk) -> None:
    chat = _ask(desk)
    desk.window.transcript.regenerate_requested.emit(_answer(desk, chat).id)
    desk.window.composer.field.setPlainText("Another?")
    desk.window.composer.field.submitted.emit()

    assert len(desk.engine.requests) == 1
    assert desk.window.composer.draft() == "Another?"


def test_two_chats_answer_side_by_side_and_nothing_is_mixed(desk: Desk, qtbot: QtBot) -> None:
    first = _ask(desk, "One?")
    desk.controller.new_chat()
    second = _ask(desk, "Two?")
    desk.engine.tell(1, *say("for one "))
    desk.engine.tell(2, *say("for two "))
    desk.engine.tell(1, *say("again"), DONE)
    _finish(desk, qtbot, 2, DONE)
    qtbot.waitUntil(lambda: not desk.chats.is_running(first))

    assert _answer(desk, first).content == "for one again"
    assert _answer(desk, second).content == "for two "


def test_an_answer_goes_on_in_its_own_chat_and_is_seen_growing_on_return(
    desk: Desk, qtbot: QtBot
) -> None:
    chat = _ask(desk)
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(1, *say("One "))
    desk.controller.new_chat()
    assert not desk.chats.is_running(desk.controller.chat)
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(1, *say("two "))

    assert desk.chats.messages(chat)[-1].content == "One two "
    desk.controller.open_chat(chat)
    assert desk.chats.is_running(desk.controller.chat)
    _finish(desk, qtbot, 1, *say("three"), DONE)
    assert _answer(desk, chat).content == "One two three"


def test_text_is_saved_within_a_second_even_if_the_model_pauses(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    desk.engine.tell(1, *say("Then it thinks for long"))
    qtbot.waitUntil(lambda: _answer(desk, chat).content == "Then it thinks for long")

    assert desk.chats.is_running(chat)


def test_what_goes_on_before_the_answer_is_said(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    said: list[str] = []
    desk.chats.activity_changed.connect(lambda _chat, words: said.append(words))
    desk.engine.tell(1, Queued(3), Queued(1), PromptProgress(3200, 9800), TextDelta("A"))
    qtbot.waitUntil(lambda: said[-1:] == [""])

    assert said == [
        "Waiting: number 3 in line",
        "Waiting: next in line",
        "Reading 3,200 of 9,800 tokens",
        "",
    ]
    assert desk.chats.activity(chat) == ""


def test_that_a_server_is_asked_again_is_said_until_it_answers(desk: Desk, qtbot: QtBot) -> None:
    _ask(desk)
    said: list[str] = []
    lasting: list[Text] = []
    desk.chats.activity_changed.connect(lambda _chat, words: said.append(words))
    desk.chats.notice_came.connect(lasting.append)
    busy, changed = Text("The server is busy"), Text("Something was left out")
    desk.engine.tell(1, Notice(busy, passes=True), TextDelta("A"), Notice(changed))
    qtbot.waitUntil(lambda: bool(lasting))

    assert said == ["The server is busy", ""]
    assert lasting == [changed]


def test_a_question_that_cannot_be_saved_is_not_asked_and_stays_in_the_field(
    desk: Desk, qtbot: QtBot
) -> None:
    question = "long " * 3000
    with disk_full(desk):
        desk.ask(question)

    assert desk.engine.requests == []
    assert desk.store.chats() == []
    assert desk.window.composer.question().text == question.strip()
    assert desk.window.banner.topic is Topic.STORAGE

    desk.window.composer.field.submitted.emit()
    assert len(desk.engine.requests) == 1
    assert desk.window.banner.topic is None
    assert desk.window.composer.question().text == ""


def test_an_answer_that_cannot_be_saved_is_saved_when_there_is_room_again(
    desk: Desk, qtbot: QtBot
) -> None:
    chat = _ask(desk)
    text = "word " * 5000
    with disk_full(desk) as free:
        with qtbot.waitSignal(desk.chats.not_saved):
            desk.engine.tell(1, *say(text), DONE)
        assert desk.window.banner.topic is Topic.STORAGE
        assert desk.chats.messages(chat)[-1].content == text, "it is still on the screen"
        with qtbot.waitSignal(desk.chats.saved_again, timeout=10_000):
            free()

    answer = _answer(desk, chat)
    assert (answer.content, answer.state) == (text, MessageState.COMPLETE)
    assert desk.window.banner.topic is None


def test_ending_saves_the_running_answer_as_stopped(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(1, *say("Not yet saved"))
    desk.chats.close()
    desk.chats.close()

    answer = _answer(desk, chat)
    assert (answer.content, answer.state) == ("Not yet saved", MessageState.STOPPED)


def test_news_of_an_ended_request_is_ignored(desk: Desk, qtbot: QtBot) -> None:
    chat = _ask(desk)
    _finish(desk, qtbot, 1, *say("Done."), DONE)
    desk.bridge.event_arrived.emit(1, TextDelta(" late"))

    assert _answer(desk, chat).content == "Done."


def test_a_chat_that_is_gone_is_said_and_not_a_crash(desk: Desk) -> None:
    with pytest.raises(StorageError):
        desk.chats.ask(9999, "Anybody there?")


def test_what_is_asked_before_there_is_an_engine_is_asked_of_the_chosen_model(
    desk: Desk,
) -> None:
    early = ChatController(desk.store, desk.preferences, desk.own, desk.bridge)
    early.ask(None, "Already?")
    assert desk.engine.requests == []
    early.attach(desk.engine)

    (request,) = desk.engine.requests
    assert request.messages[-1].content == "Already?"
    assert request.sampling.temperature == 0, "the guide is the chosen model"
    early.close()

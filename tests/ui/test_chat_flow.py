"""A conversation's flow: answered again, edited, gone on with, branched off; nothing is lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import (
    Finished,
    Message,
    ReasoningDelta,
    Role,
    StopReason,
    TextDelta,
    ToolCall,
    ToolCalled,
)
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import StillAnswering, StorageError
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from tests.ui.desk import DIED, DONE, USAGE
from tests.ui.talk import Talk, open_talk

CUT = Finished(StopReason.LENGTH, USAGE)


@pytest.fixture
def talk(tmp_path: Path, qtbot: QtBot) -> Iterator[Talk]:
    with open_talk(tmp_path, qtbot) as opened:
        yield opened


def _two_turns(talk: Talk) -> tuple[int, list[int]]:
    """Return a chat with two questions and their answers, and the ids of all four."""
    chat = talk.chats.ask(None, "One?")
    talk.answer(1, "First.")
    talk.chats.ask(chat, "Two?")
    talk.answer(2, "Second.")
    return chat, [ref.id for ref in talk.chats.refs(chat)]


def test_attachments_are_kept_with_the_question_and_sent_before_it(talk: Talk) -> None:
    file = Attachment(AttachmentKind.FILE, "plan.md", "# Plan")
    chat = talk.chats.ask(None, "Is it good?", (file,))

    assert talk.store.messages(chat)[0].attachments == (file,)
    assert talk.store.messages(chat)[0].content == "Is it good?"
    sent = talk.engine.requests[0].messages[-1].content
    assert sent == 'File "plan.md":\n```md\n# Plan\n```\n\nIs it good?'
    assert talk.store.chat(chat).title == "Is it good?"


def test_an_earlier_answer_is_given_again_beside_the_first_one(talk: Talk) -> None:
    chat, ids = _two_turns(talk)

    assert talk.chats.answer_again(chat, ids[1])
    talk.answer(3, "Otherwise.")

    assert talk.texts(chat) == ["One?", "Otherwise."]
    assert [message.content for message in talk.engine.requests[2].messages] == ["One?"]
    siblings = talk.store.siblings(ids[1])
    assert len(siblings) == 2
    talk.chats.choose_sibling(chat, ids[1])
    assert talk.texts(chat) == ["One?", "First.", "Two?", "Second."]


def test_siblings_are_stepped_through_and_no_further(talk: Talk) -> None:
    chat, ids = _two_turns(talk)
    talk.chats.answer_again(chat, ids[3])
    talk.answer(3, "Third.")
    newest = talk.last(chat).id

    talk.chats.step_sibling(chat, newest, 1)
    assert talk.texts(chat)[-1] == "Third."
    talk.chats.step_sibling(chat, newest, -1)
    assert talk.texts(chat)[-1] == "Second."
    talk.chats.step_sibling(chat, ids[3], -1)
    assert talk.texts(chat)[-1] == "Second."


def test_an_edited_question_is_another_branch_and_is_answered(talk: Talk, qtbot: QtBot) -> None:
    file = Attachment(AttachmentKind.PASTE, "", "words")
    chat = talk.chats.ask(None, "One?", (file,))
    talk.answer(1, "First.")
    question = talk.store.messages(chat)[0]

    with qtbot.waitSignal(talk.chats.branch_changed):
        assert talk.chats.edit(chat, question.id, "One, better?", ask=True)
    talk.answer(2, "Better.")

    assert talk.texts(chat) == ["One, better?", "Better."]
    assert talk.store.messages(chat)[0].attachments == (file,)
    talk.chats.choose_sibling(chat, question.id)
    assert talk.texts(chat) == ["One?", "First."]


def test_an_edited_question_waits_where_no_answer_is_wanted(talk: Talk) -> None:
    chat, ids = _two_turns(talk)

    assert talk.chats.edit(chat, ids[2], "Two, later?", ask=False)

    assert talk.texts(chat) == ["One?", "First.", "Two, later?"]
    assert len(talk.engine.requests) == 2
    assert talk.chats.answer_again(chat, talk.last(chat).id)
    assert [m.content for m in talk.engine.requests[2].messages][-1] == "Two, later?"


def test_an_edited_answer_is_a_persons_and_the_talk_goes_on_from_it(talk: Talk) -> None:
    chat, ids = _two_turns(talk)

    assert talk.chats.edit(chat, ids[1], "My own words.")

    edited = talk.last(chat)
    assert (edited.content, edited.edited, edited.state) == (
        "My own words.",
        True,
        MessageState.COMPLETE,
    )
    assert len(talk.engine.requests) == 2
    talk.chats.ask(chat, "And then?")
    assert talk.engine.requests[2].messages == (
        Message(Role.USER, "One?"),
        Message(Role.ASSISTANT, "My own words."),
        Message(Role.USER, "And then?"),
    )


@pytest.mark.parametrize("end", [CUT, Finished(StopReason.STOPPED, USAGE), DIED])
def test_an_answer_that_did_not_end_goes_on_in_the_same_place(end: Finished, talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    talk.say(1, TextDelta("It is a "), end)
    answer = talk.last(chat)

    assert talk.chats.continue_answer(chat, answer.id)
    assert talk.last(chat).state is MessageState.STREAMING
    request = talk.engine.requests[1]
    assert request.continue_answer
    assert request.messages[-1] == Message(Role.ASSISTANT, "It is a ")
    talk.answer(2, "long story.")

    after = talk.last(chat)
    assert (after.id, after.content) == (answer.id, "It is a long story.")
    assert (after.state, after.note) == (MessageState.COMPLETE, "")
    assert talk.store.siblings(answer.id) == [answer.id]


def test_an_answer_that_went_on_has_one_account(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    first = replace(USAGE, completion_tokens=101, decode_tps=10.0)
    talk.say(1, TextDelta("It is a "), Finished(StopReason.LENGTH, first))
    talk.chats.continue_answer(chat, talk.last(chat).id)
    rest = replace(USAGE, prompt_tokens=111, completion_tokens=51, decode_tps=5.0, ttft_ms=9.0)
    talk.say(2, TextDelta("story."), Finished(StopReason.STOP, rest))

    usage = talk.last(chat).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (10, 152)
    assert usage.ttft_ms == USAGE.ttft_ms
    assert usage.decode_tps == pytest.approx(7.5)


def test_thinking_that_was_stopped_goes_on_as_thinking(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    talk.say(1, ReasoningDelta("Let me "), Finished(StopReason.STOPPED, USAGE))
    talk.chats.continue_answer(chat, talk.last(chat).id)

    assert talk.engine.requests[1].messages[-1] == Message(Role.ASSISTANT, "", "Let me ")
    talk.say(2, ReasoningDelta("see."), TextDelta("Yes."), DONE)
    assert (talk.last(chat).reasoning, talk.last(chat).content) == ("Let me see.", "Yes.")


def test_nothing_goes_on_where_there_is_nothing_to_go_on_with(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    talk.say(1, DIED)
    failed = talk.last(chat)

    assert not talk.chats.continue_answer(chat, failed.id)
    assert not talk.chats.continue_answer(chat, failed.parent or 0)
    assert not talk.chats.continue_answer(chat, 9999)
    assert len(talk.engine.requests) == 1


def test_an_answer_that_calls_tools_keeps_its_calls(talk: Talk) -> None:
    chat = talk.chats.ask(None, "Rain?")
    call = ToolCall("1", "weather", "{}")
    talk.say(1, ToolCalled(call), Finished(StopReason.TOOL_CALLS, USAGE))

    assert talk.last(chat).tool_calls == (call,)
    assert talk.last(chat).state is MessageState.TOOL_CALLS
    assert not talk.chats.continue_answer(chat, talk.last(chat).id)


def test_a_failed_answer_is_tried_again_in_its_place(talk: Talk) -> None:
    chat = talk.chats.ask(None, "One?")
    talk.say(1, DIED)
    failed = talk.last(chat)

    assert talk.chats.try_again(chat, failed.id)
    talk.answer(2, "Now.")

    assert (talk.last(chat).id, talk.last(chat).content, talk.last(chat).note) == (
        failed.id,
        "Now.",
        "",
    )


def test_while_an_answer_runs_branches_are_looked_at_and_it_goes_on(talk: Talk) -> None:
    chat, ids = _two_turns(talk)
    talk.chats.answer_again(chat, ids[3])
    growing = talk.chats.growing(chat)
    assert growing is not None
    talk.say(3, TextDelta("Another "))

    talk.chats.choose_sibling(chat, ids[3])
    assert talk.texts(chat)[-1] == "Second."
    talk.say(3, TextDelta("one."))
    (live,) = talk.chats.messages_of([growing])
    assert (live.content, live.state) == ("Another one.", MessageState.STREAMING)
    talk.say(3, DONE)

    (kept,) = talk.store.messages_of([growing])
    assert (kept.content, kept.state) == ("Another one.", MessageState.COMPLETE)
    assert talk.texts(chat)[-1] == "Second."


def test_what_would_disturb_an_answer_is_refused_while_it_runs(talk: Talk) -> None:
    chat, ids = _two_turns(talk)
    talk.chats.answer_again(chat, ids[3])
    growing = talk.chats.growing(chat)
    assert growing is not None

    with pytest.raises(StillAnswering):
        talk.chats.ask(chat, "Three?")
    assert not talk.chats.answer_again(chat, ids[1])
    assert not talk.chats.continue_answer(chat, ids[3])
    assert not talk.chats.edit(chat, ids[0], "?")
    assert not talk.chats.try_again(chat, ids[3])
    assert talk.chats.branch_off(chat, growing) is None
    assert len(talk.engine.requests) == 3
    assert talk.chats.branch_off(chat, ids[1]) is not None


def test_a_branch_becomes_a_chat_of_its_own_with_the_same_settings(talk: Talk) -> None:
    own = ChatSettings(system_prompt="Rhyme.")
    chat = talk.chats.ask(None, "One?", settings=own)
    talk.answer(1, "First.")
    talk.chats.ask(chat, "Two?")
    talk.answer(2, "Second.")
    ids = [ref.id for ref in talk.chats.refs(chat)]

    made = talk.chats.branch_off(chat, ids[1])

    assert made is not None
    assert talk.texts(made) == ["One?", "First."]
    assert talk.store.settings(made) == own
    assert talk.texts(chat) == ["One?", "First.", "Two?", "Second."]
    talk.chats.ask(made, "Three?")
    assert talk.engine.requests[2].messages[0] == Message(Role.SYSTEM, "Rhyme.")


def test_what_a_chat_sets_holds_in_it_alone(talk: Talk) -> None:
    own = ChatSettings(system_prompt="Rhyme.", thinking=False)
    talk.chats.ask(None, "One?", settings=own)
    talk.chats.ask(None, "Two?")

    first, second = talk.engine.requests
    assert (first.messages[0].content, first.thinking) == ("Rhyme.", False)
    assert first.keep_state
    assert (second.messages[0].content, second.thinking) == ("Two?", None)


def test_a_temporary_chat_is_asked_and_answered_and_never_on_the_disk(
    talk: Talk, tmp_path: Path
) -> None:
    chat = talk.chats.ask(None, "A secret xyzzy?", temporary=True)
    talk.answer(1, "Plugh.")

    assert talk.texts(chat) == ["A secret xyzzy?", "Plugh."]
    assert not talk.engine.requests[0].keep_state
    talk.chats.edit(chat, talk.chats.refs(chat)[0].id, "A secret xyzzy 2?")
    talk.answer(2, "Plugh.")
    assert all(b"xyzzy" not in path.read_bytes() for path in tmp_path.glob("lapis.db*"))


def test_a_chat_that_is_gone_is_told(talk: Talk) -> None:
    with pytest.raises(StorageError):
        talk.chats.ask(9999, "Anybody?")
    assert not talk.chats.answer_again(9999, 9999)

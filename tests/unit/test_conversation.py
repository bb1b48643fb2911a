"""A question and its answer are safe at every moment, and the model is asked a sound conversation."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.chat import (
    Failed,
    Finished,
    Message,
    Notice,
    PromptProgress,
    Queued,
    ReasoningDelta,
    Role,
    Sampling,
    StopReason,
    TextDelta,
    Usage,
)
from desktop.domain.errors import (
    ContextOverflow,
    EngineDied,
    ModelNotServed,
    NotForChats,
    StorageError,
    TemplateError,
    TooLarge,
)
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.services.conversation import Conversations
from desktop.services.exchange import Exchange
from desktop.services.notes import (
    is_template_fault,
    is_too_large,
    is_too_long,
    needs_other_model,
    note_of,
    read_note,
    shorter_context,
)
from desktop.services.titles import title_of
from desktop.store.chats import ChatStore

USAGE = Usage(10, 0, 5, 100.0, 50.0, 10.0, drafted_tokens=4, accepted_tokens=3)
DONE = Finished(StopReason.STOP, USAGE)
DIED = EngineDied(
    Text("The engine ended while {what}", {"what": "answering"}),
    Text("Ask again, {n} times", {"n": 2}),
)


class Clock:
    """Seconds of a stopwatch that a test moves."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


class World:
    """A store, a clock and what is on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.store = ChatStore.open(path, patience=0.0)
        self.talks = Conversations(self.store, self.clock)
        self.chat = self.store.create().id

    def begin(self, text: str = "Why is the sky blue?") -> Exchange:
        return self.talks.begin(self.chat, text, "guide")

    def say(self, question: str, *events: object) -> Exchange:
        """Ask, and let the answer be `events`."""
        exchange = self.begin(question)
        for event in events:
            exchange.handle(event)  # type: ignore[arg-type]
        return exchange

    def on_disk(self) -> list[tuple[str, str, str]]:
        """Return what a restart after a crash would find: role, state, content."""
        with closing(sqlite3.connect(self.path)) as other:
            return other.execute("SELECT role, state, content FROM messages ORDER BY id").fetchall()

    def turns(self, exchange: Exchange, settings: Settings | None = None) -> list[tuple[str, str]]:
        request = self.talks.request(exchange, settings or Settings())
        return [(message.role.value, message.content) for message in request.messages]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "lapis.db")
    yield world
    world.store.close()


def test_the_question_is_on_disk_before_anything_else_happens(world: World) -> None:
    exchange = world.begin()

    assert world.on_disk() == [
        ("user", "complete", "Why is the sky blue?"),
        ("assistant", "streaming", ""),
    ]
    assert exchange.question is not None
    assert (exchange.chat, exchange.question.content) == (world.chat, "Why is the sky blue?")
    assert exchange.answer.model == "guide"
    assert not exchange.finished


def test_a_question_that_cannot_be_saved_leaves_nothing_behind(world: World) -> None:
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError):
            world.begin()
        other.execute("ROLLBACK")

    assert world.on_disk() == []
    assert world.store.chat(world.chat).title == ""
    world.begin()
    assert len(world.on_disk()) == 2


def test_question_and_place_for_the_answer_are_saved_together_or_not_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = world.store.add

    def no_room_for_the_answer(*where: Any, **how: Any) -> StoredMessage:
        if Role.ASSISTANT in where:
            raise StorageError(Text("The disk is full"), Text("Free some space"))
        return add(*where, **how)

    monkeypatch.setattr(world.store, "add", no_room_for_the_answer)
    with pytest.raises(StorageError, match="full"):
        world.begin()

    assert world.on_disk() == []
    assert world.store.chat(world.chat).title == ""


def test_the_first_question_names_the_chat_and_later_ones_do_not(world: World) -> None:
    world.say("First question", TextDelta("a"), DONE)
    assert world.store.chat(world.chat).title == "First question"

    world.say("Second question", TextDelta("a"), DONE)
    assert world.store.chat(world.chat).title == "First question"

    world.store.rename(world.chat, "Mine")
    world.begin("Third")
    assert world.store.chat(world.chat).title == "Mine"


def test_the_growing_answer_is_saved_every_half_second_and_no_more_often(world: World) -> None:
    exchange = world.begin()
    saved = []
    for number in range(20):
        exchange.handle(TextDelta(str(number % 10)))
        saved.append(len(world.on_disk()[1][2]))
        world.clock.now += 0.125

    assert saved == [0, 0, 0, 0, 5, 5, 5, 5, 9, 9, 9, 9, 13, 13, 13, 13, 17, 17, 17, 17]
    assert exchange.text == "01234567890123456789"


def test_flush_saves_the_last_pieces_at_once_and_then_nothing_more(world: World) -> None:
    exchange = world.begin()
    exchange.handle(TextDelta("so far"))
    assert world.on_disk()[1] == ("assistant", "streaming", "")

    exchange.flush()
    assert world.on_disk()[1] == ("assistant", "streaming", "so far")

    journal = Path(f"{world.path}-wal").read_bytes()
    exchange.flush()
    assert Path(f"{world.path}-wal").read_bytes() == journal


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (StopReason.STOP, MessageState.COMPLETE),
        (StopReason.TOOL_CALLS, MessageState.TOOL_CALLS),
        (StopReason.LENGTH, MessageState.LENGTH),
        (StopReason.STOPPED, MessageState.STOPPED),
    ],
)
def test_the_end_is_saved_at_once_with_its_reason_and_counts(
    reason: StopReason, state: MessageState, world: World
) -> None:
    exchange = world.say(
        "?", Queued(1), PromptProgress(1, 2), ReasoningDelta("hm"), TextDelta("Light"),
        TextDelta(" scatters."), Finished(reason, USAGE),
    )  # fmt: skip

    kept = world.store.messages(world.chat)[-1]
    assert kept == exchange.answer
    assert (kept.content, kept.reasoning, kept.state) == ("Light scatters.", "hm", state)
    assert (kept.usage, kept.note) == (USAGE, "")
    assert exchange.finished


@pytest.mark.parametrize(
    ("came", "state"),
    [
        ((TextDelta("Light scat"),), MessageState.INTERRUPTED),
        ((), MessageState.FAILED),
        ((TextDelta(" \n"),), MessageState.FAILED),
        ((ReasoningDelta("hm"),), MessageState.FAILED),
    ],
)
def test_a_failure_keeps_what_came_and_says_in_any_language_what_happened(
    came: tuple[TextDelta], state: MessageState, world: World
) -> None:
    exchange = world.say("?", *came, Failed(DIED))

    kept = world.store.messages(world.chat)[-1]
    assert kept == exchange.answer
    assert kept.state is state
    assert kept.content == exchange.text
    assert read_note(kept.note) == (DIED.title, DIED.hint)


def test_how_long_the_model_thought_is_measured_and_kept(world: World) -> None:
    exchange = world.begin()
    world.clock.now += 3
    exchange.handle(ReasoningDelta("Hm. "))
    assert exchange.thinking_seconds == 0.0
    world.clock.now += 1.5
    exchange.handle(ReasoningDelta("So."))
    assert world.store.messages(world.chat)[-1].thinking_seconds == 1.5
    world.clock.now += 0.5
    exchange.handle(TextDelta("Yes."))
    world.clock.now += 60
    exchange.handle(ReasoningDelta("Wait. "))
    world.clock.now += 1
    exchange.handle(TextDelta(" Still yes."))
    exchange.handle(DONE)

    assert world.store.messages(world.chat)[-1].thinking_seconds == 3.0


def test_thinking_that_was_stopped_is_measured_and_goes_on(world: World) -> None:
    exchange = world.begin()
    exchange.handle(ReasoningDelta("Hm"))
    world.clock.now += 2
    exchange.handle(Finished(StopReason.STOPPED, USAGE))
    again = world.talks.resume(exchange.answer.id)
    assert again is not None
    assert again.thinking_seconds == 2.0, "the pause does not count"
    world.clock.now += 60
    again.handle(ReasoningDelta("m."))
    world.clock.now += 1
    again.handle(TextDelta("Yes."))
    again.handle(DONE)

    assert world.store.messages(world.chat)[-1].thinking_seconds == 3.0


def test_a_model_that_does_not_think_has_thought_for_no_time(world: World) -> None:
    world.say("?", TextDelta("Yes."), DONE)
    assert world.store.messages(world.chat)[-1].thinking_seconds is None


def test_an_answer_that_goes_on_is_whole_on_the_disk_all_the_time(world: World) -> None:
    first = world.say("?", TextDelta("one "), Finished(StopReason.LENGTH, USAGE))
    again = world.talks.resume(first.answer.id)
    assert again is not None
    assert world.on_disk()[1] == ("assistant", "streaming", "one ")
    world.clock.now += 1
    again.handle(TextDelta("two"))
    assert world.on_disk()[1] == ("assistant", "streaming", "one two")
    again.handle(Failed(DIED))
    assert world.on_disk()[1] == ("assistant", "interrupted", "one two")


def test_what_cannot_be_gone_on_with_is_left_as_it_is(world: World) -> None:
    exchange = world.say("?", Failed(DIED))
    assert world.talks.resume(exchange.answer.id) is None
    assert exchange.question is not None
    assert world.talks.resume(exchange.question.id) is None
    assert world.on_disk()[1] == ("assistant", "failed", "")


def test_an_answer_that_cannot_be_saved_as_growing_does_not_go_on(world: World) -> None:
    first = world.say("?", TextDelta("one "), Finished(StopReason.LENGTH, USAGE))
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError):
            world.talks.resume(first.answer.id)
        other.execute("ROLLBACK")
    assert world.on_disk()[1] == ("assistant", "length", "one ")


def test_a_failed_answer_by_another_model_is_answered_beside_it(world: World) -> None:
    failed = world.say("?", Failed(DIED)).answer.id

    again = world.talks.restart(failed, "guide")
    assert again is not None
    assert again.answer.id == failed
    again.handle(Failed(DIED))
    other = world.talks.restart(failed, "another")
    assert other is not None
    assert other.answer.id != failed
    assert world.store.siblings(failed) == [failed, other.answer.id]


def test_events_after_the_end_change_nothing(world: World) -> None:
    exchange = world.say("?", TextDelta("a"), DONE, TextDelta("b"), Failed(DIED))

    exchange.flush()

    assert exchange.text == "a"
    assert world.on_disk()[1] == ("assistant", "complete", "a")


def test_a_notice_is_not_part_of_the_answer(world: World) -> None:
    exchange = world.say("?", Notice(Text("Fewer layers")), TextDelta("a"), DONE)

    assert exchange.text == "a"


def test_text_that_cannot_be_saved_stays_and_is_saved_when_it_can_be(world: World) -> None:
    exchange = world.begin()
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        world.clock.now += 1
        exchange.handle(TextDelta("one "))
        assert exchange.save_error is not None
        assert "Another program" in str(exchange.save_error.title)
        exchange.handle(TextDelta("two "))
        other.execute("ROLLBACK")
    assert exchange.text == "one two "

    exchange.handle(TextDelta("three"))
    assert exchange.save_error is not None, "not tried again before half a second is over"
    world.clock.now += 1
    exchange.handle(TextDelta(" four"))

    assert exchange.save_error is None
    assert world.on_disk()[1] == ("assistant", "streaming", "one two three four")


def test_an_end_that_cannot_be_saved_is_saved_by_the_next_flush(world: World) -> None:
    exchange = world.begin()
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        exchange.handle(TextDelta("whole"))
        exchange.handle(DONE)
        assert exchange.finished
        assert exchange.answer.state is MessageState.COMPLETE
        exchange.flush()
        assert exchange.save_error is not None
        other.execute("ROLLBACK")

    exchange.flush()

    assert exchange.save_error is None
    assert world.on_disk()[1] == ("assistant", "complete", "whole")


def test_a_request_is_the_system_prompt_the_branch_and_the_question(world: World) -> None:
    world.say("one", TextDelta("first"), DONE)
    world.say("two", TextDelta("second"), Finished(StopReason.STOPPED, USAGE))
    exchange = world.begin("three")
    sampling = Sampling(temperature=0.1)

    request = world.talks.request(
        exchange, Settings(system_prompt=" Be brief.\n", sampling=sampling)
    )

    assert request.sampling == sampling
    assert request.messages == (
        Message(Role.SYSTEM, "Be brief."),
        Message(Role.USER, "one"),
        Message(Role.ASSISTANT, "first"),
        Message(Role.USER, "two"),
        Message(Role.ASSISTANT, "second"),
        Message(Role.USER, "three"),
    )


def test_without_a_system_prompt_there_is_no_system_message(world: World) -> None:
    assert world.turns(world.begin("hi"), Settings(system_prompt="  ")) == [("user", "hi")]


@pytest.mark.parametrize(
    "ending",
    [
        (Failed(ContextOverflow(Text("Too long"), Text("Shorten"))),),
        (Finished(StopReason.STOPPED, USAGE),),
        (TextDelta(" \n "), DONE),
        (ReasoningDelta("only thoughts"), DONE),
        (),
    ],
)
def test_a_question_without_an_answer_is_left_out_so_that_speakers_alternate(
    ending: tuple[object, ...], world: World
) -> None:
    world.say("one", TextDelta("first"), DONE)
    world.say("unanswered", *ending)
    world.say("unanswered too", *ending)

    assert world.turns(world.begin("three")) == [
        ("user", "one"),
        ("assistant", "first"),
        ("user", "three"),
    ]


def test_an_interrupted_answer_counts_as_far_as_it_came(world: World) -> None:
    world.say("one", TextDelta("half an ans"), Failed(DIED))

    assert world.turns(world.begin("two")) == [
        ("user", "one"),
        ("assistant", "half an ans"),
        ("user", "two"),
    ]


def test_another_answer_to_the_last_question_does_not_see_the_first_one(world: World) -> None:
    world.say("one", TextDelta("first"), DONE)
    world.say("two", TextDelta("unloved"), DONE)

    exchange = world.talks.answer_again(world.store.tip(world.chat) or 0, "other model")

    assert exchange is not None
    assert world.turns(exchange) == [("user", "one"), ("assistant", "first"), ("user", "two")]
    exchange.handle(TextDelta("better"))
    exchange.handle(DONE)
    active = [message.content for message in world.store.messages(world.chat)]
    assert active == ["one", "first", "two", "better"]
    assert exchange.answer.model == "other model"
    assert ("assistant", "complete", "unloved") in world.on_disk()


def test_an_empty_chat_has_nothing_to_answer_again(world: World) -> None:
    assert world.talks.answer_again(1, "guide") is None


def test_a_request_of_an_exchange_stays_the_same_when_the_chat_goes_on(world: World) -> None:
    first = world.say("one", TextDelta("a"), DONE)
    world.say("two", TextDelta("b"), DONE)

    assert world.turns(first) == [("user", "one")]


def test_an_answer_in_pieces_is_joined_in_time_that_grows_with_its_length(world: World) -> None:
    exchange = world.begin()
    for _ in range(50_000):
        exchange.handle(TextDelta("piece "))
    exchange.handle(DONE)

    assert len(world.store.messages(world.chat)[-1].content) == 300_000


@pytest.mark.parametrize("note", ["", "{", "[]", "null", '{"title": 1}', '{"title": {}}', "\ud800"])
def test_a_note_that_is_none_is_no_note(note: str) -> None:
    assert read_note(note) is None


def test_a_note_tells_what_ended_an_answer_where_that_has_a_remedy_of_its_own() -> None:
    words = Text("Too long"), Text("Shorten it.")

    assert is_too_long(note_of(ContextOverflow(*words)))
    assert not is_too_long(note_of(EngineDied(*words)))
    earlier = '{"title": {"message": "Too long"}, "hint": {"message": "Shorten it."}}'
    assert not is_too_long(earlier)
    assert needs_other_model(note_of(ContextOverflow(*words)))
    assert needs_other_model(note_of(NotForChats(*words)))
    assert needs_other_model(note_of(ModelNotServed(*words)))
    assert not needs_other_model(note_of(EngineDied(*words)))
    assert needs_other_model(note_of(TooLarge(*words)))
    assert is_too_large(note_of(TooLarge(*words)))
    assert shorter_context(note_of(TooLarge(*words))) == 0
    assert shorter_context(note_of(TooLarge(*words, 4096))) == 4096
    assert shorter_context(note_of(EngineDied(*words))) == 0
    assert is_template_fault(note_of(TemplateError(*words)))
    assert not is_template_fault(note_of(ContextOverflow(*words)))
    assert not is_template_fault(earlier)
    assert read_note(earlier) == words


def test_a_note_keeps_messages_and_values_apart() -> None:
    error = StorageError(
        Text("{size} GB in {path}", {"size": 1.5, "path": "/home/\udcff"}), Text("Plain")
    )

    note = json.loads(note_of(error))

    assert note["title"] == {
        "message": "{size} GB in {path}",
        "values": {"size": 1.5, "path": "/home/\ufffd"},
    }
    assert note["hint"]["message"] == "Plain"


def test_a_note_keeps_the_names_of_a_list_one_by_one() -> None:
    title = Text("It has: {names}.", {"names": ("a.gguf", "\udcff.gguf")})

    kept = read_note(note_of(StorageError(title, Text("Plain"))))

    assert kept is not None
    assert kept[0] == Text(title.message, {"names": ("a.gguf", "\ufffd.gguf")})


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("How do I change the hotkey?", "How do I change the hotkey?"),
        (" \n  one   line\twith  tabs \n\nand another", "one line with tabs"),
        (
            "Explain the difference between a process and a thread in an operating system",
            "Explain the difference between a process and a thread in an operating system",
        ),
        ("word " * 24, "word " * 23 + "word"),
        ("words " * 30, ("words " * 20).rstrip() + "…"),
        ("a" * 120, "a" * 120),
        ("a" * 121, "a" * 119 + "…"),
        ("字" * 121, "字" * 119 + "…"),
        ("# Heading\n\nText", "Heading"),
        ("```\nprint(1)\n```", "print(1)"),
        ("", ""),
        (" \n\t", ""),
        ("---", "---"),
        ("safe\u202egnp.exe\u202c\x1b[31m", "safegnp.exe[31m"),
        ("\ud800", ""),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_a_title_is_the_first_line_cut_at_a_word(text: str, title: str) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize("unit", ["word ", "字", "e\u0301", "👩‍👩‍👧", "字word", "\u0301", "，"])
def test_a_title_is_short_whatever_the_text(unit: str) -> None:
    title = title_of(unit * 10_000)

    assert len(title) <= 120
    assert not title.removesuffix("…").endswith(("\u200d", " "))

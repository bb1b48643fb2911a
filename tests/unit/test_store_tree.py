"""A chat is a tree of messages: nothing in it is ever replaced by another answer or question."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.history import (
    Attachment,
    AttachmentKind,
    MemoryStart,
    MessageRef,
    MessageState,
)
from desktop.store.chats import ChatStore
from desktop.store.tree import _TREE
from tests.unit.store_room import contents, opened, raw, talk

ATTACHMENTS = (
    Attachment(AttachmentKind.FILE, "notes.md", "# 笔记\n\nin lines"),
    Attachment(AttachmentKind.PASTE, "", "x" * 5000),
    Attachment(AttachmentKind.SELECTION, "", "\x00 and 😀"),
)
CALLS = (ToolCall("1", "look_up", '{"word": "é"}'), ToolCall("2", "add", "{}"))
USAGE = Usage(12, 3, 40, 210.5, 81.0, 9.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    with opened(path) as store:
        yield store


def test_refs_are_the_active_branch_with_the_place_of_each_among_its_siblings(
    store: ChatStore,
) -> None:
    chat = store.create().id
    asked, first, after = talk(store, chat, "q", "first", "and then?")
    second = store.add(chat, asked, Role.ASSISTANT, "second").id
    third = store.add(chat, asked, Role.ASSISTANT, "third").id
    edited = store.add(chat, None, Role.USER, "q, better put").id

    assert store.refs(chat) == [MessageRef(edited, Role.USER, 2, 2)]
    store.choose(first)
    assert store.refs(chat) == [
        MessageRef(asked, Role.USER, 1, 2),
        MessageRef(first, Role.ASSISTANT, 1, 3),
        MessageRef(after, Role.USER, 1, 1),
    ]
    assert store.siblings(second) == store.siblings(first) == [first, second, third]
    assert store.siblings(edited) == [asked, edited]
    assert (store.siblings(99), store.refs(99)) == ([], [])


def test_choosing_goes_to_the_newest_message_below_and_keeps_the_order_of_chats(
    store: ChatStore,
) -> None:
    chat, other = store.create("chat").id, store.create("other").id
    asked, answer, left = talk(store, chat, "q", "a", "left")
    right = store.add(chat, answer, Role.USER, "right").id
    below_left = store.add(chat, left, Role.ASSISTANT, "below left").id
    second = store.add(chat, asked, Role.ASSISTANT, "another answer").id
    talk(store, other, "used last")

    store.choose(asked)
    assert store.tip(chat) == second
    store.choose(answer)
    assert contents(store, chat) == ["q", "a", "left", "below left"]
    store.choose(right)
    assert contents(store, chat) == ["q", "a", "right"]
    store.choose(below_left)
    assert store.tip(chat) == below_left
    assert [each.id for each in store.chats()] == [other, chat]


def test_trees_of_two_chats_do_not_mix(store: ChatStore) -> None:
    one, two = store.create().id, store.create().id
    for number in range(3):
        talk(store, one, f"one {number}")
        talk(store, two, f"two {number}")

    first = store.messages(one)[0].id
    assert [each.siblings for each in store.refs(one)] == [1, 1, 1]
    assert store.siblings(first) == [first]
    store.choose(first)
    assert contents(store, one) == ["one 0", "one 1", "one 2"]


def test_messages_are_given_in_the_order_asked_and_those_gone_are_left_out(
    store: ChatStore,
) -> None:
    chat = store.create().id
    a, b, c = talk(store, chat, "a", "b", "c")

    assert [each.content for each in store.messages_of([c, 99, a, c, b])] == ["c", "a", "c", "b"]
    assert store.messages_of([]) == []


def test_what_goes_with_a_message_comes_back_unchanged(path: Path) -> None:
    with opened(path) as store:
        chat = store.create().id
        asked = store.add(chat, None, Role.USER, "?", attachments=ATTACHMENTS)
        answer = store.add(
            chat, asked.id, Role.ASSISTANT, "", state=MessageState.STREAMING, edited=True
        )
        assert (asked.attachments, answer.edited) == (ATTACHMENTS, True)
        store.update(
            answer.id,
            content="a",
            reasoning="r",
            state=MessageState.TOOL_CALLS,
            usage=USAGE,
            thinking_seconds=2.5,
            tool_calls=CALLS,
        )
        store.set_memory(answer.id, MemoryStart("What was said: nothing.", keeps_first=False))

    with opened(path) as store:
        question, kept = store.messages(chat)
        assert question.attachments == ATTACHMENTS
        assert (kept.tool_calls, kept.thinking_seconds, kept.edited) == (CALLS, 2.5, True)
        assert kept.memory == MemoryStart("What was said: nothing.", keeps_first=False)
        store.set_memory(answer.id, None)
        assert store.messages(chat)[-1].memory is None


@pytest.mark.parametrize("damaged", ["{", "[3]", '[{"kind": "song", "name": "", "text": ""}]', "7"])
def test_what_cannot_be_read_beside_a_message_does_not_hide_it(path: Path, damaged: str) -> None:
    with opened(path) as store:
        chat = store.create().id
        store.add(chat, None, Role.USER, "still here", attachments=ATTACHMENTS)
    raw(
        path,
        "UPDATE messages SET attachments = ?1, tool_calls = ?1, memory = ?1, usage = ?1,"
        " thinking_seconds = 'long', edited = 'x'",
        damaged,
    )

    with opened(path) as store:
        (message,) = store.messages(chat)
        assert message.content == "still here"
        assert (message.attachments, message.tool_calls, message.memory) == ((), (), None)
        assert (message.usage, message.thinking_seconds) == (None, None)
        assert [each.id for each in store.refs(chat)] == [message.id]


def test_a_branch_becomes_a_chat_of_its_own_and_the_first_stays_as_it_was(
    store: ChatStore,
) -> None:
    folder = store.add_folder("Work").id
    chat = store.create("first", folder=folder, icon="pen").id
    asked = store.add(chat, None, Role.USER, "q", attachments=ATTACHMENTS)
    first = store.add(chat, asked.id, Role.ASSISTANT, "first", model="m").id
    store.update(
        first,
        content="first",
        reasoning="r",
        state=MessageState.LENGTH,
        usage=USAGE,
        note='{"a":1}',
    )
    store.set_memory(first, MemoryStart("so far"))
    store.add(chat, first, Role.USER, "not copied")
    store.add(chat, asked.id, Role.ASSISTANT, "another branch")
    before = store.messages(chat)

    copy = store.copy_branch(first, "first (2)")

    assert (copy.title, copy.folder, copy.icon) == ("first (2)", folder, "pen")
    assert copy.titled_by is store.chat(chat).titled_by
    assert store.settings(copy.id) == store.settings(chat)
    assert [each.id for each in store.chats()] == [copy.id, chat]
    question, answer = store.messages(copy.id)
    assert (question.content, question.attachments) == ("q", ATTACHMENTS)
    assert answer.parent == question.id
    assert (answer.state, answer.usage, answer.note) == (MessageState.LENGTH, USAGE, '{"a":1}')
    assert (answer.model, answer.reasoning, answer.memory) == ("m", "r", MemoryStart("so far"))
    assert store.messages(chat) == before
    store.add(copy.id, answer.id, Role.USER, "goes on")
    assert store.messages(chat) == before


def test_an_answer_still_being_written_is_copied_as_an_interrupted_one(store: ChatStore) -> None:
    chat = store.create().id
    streaming = store.add(chat, None, Role.ASSISTANT, "half", state=MessageState.STREAMING).id

    copy = store.copy_branch(streaming, "copy").id

    assert store.messages(copy)[0].state is MessageState.INTERRUPTED
    assert store.messages(chat)[0].state is MessageState.STREAMING


def test_refs_of_a_long_chat_are_read_without_its_texts(store: ChatStore) -> None:
    chat = store.create().id
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    with store.transaction():
        for _ in range(200):
            talk(store, chat, "a question " * 30, "an answer " * 600)
    pages = store._disk.connection
    plan = pages.execute(f"EXPLAIN QUERY PLAN {_TREE}", (chat,))
    assert "COVERING INDEX messages_tree" in str(plan.fetchall())

    pages.set_progress_handler(step, 1)
    found = store.refs(chat)
    pages.set_progress_handler(None, 0)

    assert [each.id for each in found] == list(range(1, 401))
    assert steps[0] < 400 * 16


def test_a_tree_damaged_into_a_ring_is_still_walked_to_an_end(path: Path) -> None:
    with opened(path) as store:
        chat = store.create().id
        first, _, last = talk(store, chat, "a", "b", "c")
    raw(path, "UPDATE messages SET parent = ? WHERE id = ?", last, first)

    with opened(path) as store:
        assert [each.id for each in store.refs(chat)] == [first, first + 1, last]
        store.choose(first)
        assert store.tip(chat) == last


def test_times_come_from_the_clock_and_order_does_not(path: Path) -> None:
    with opened(path) as store:
        before = time.time()
        chat = store.create().id
        (only,) = talk(store, chat, "now")
        assert before <= store.messages_of([only])[0].created <= time.time()

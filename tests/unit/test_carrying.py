"""Whole chats out of the database and into it: nothing of them is lost, none comes twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role, Sampling, ToolCall, Usage
from desktop.domain.chat_settings import ChatSettings, Overflow
from desktop.domain.errors import StorageError
from desktop.domain.history import (
    Attachment,
    AttachmentKind,
    MemoryStart,
    MessageState,
    TitleSource,
)
from desktop.store import carrying
from desktop.store.chats import ChatStore
from tests.unit.store_room import Clock, contents, opened, raw, talk

USAGE = Usage(10, 2, 30, 120.5, 900.0, 31.25, 4, 3)
TREE = CarriedChat(
    title="Trip to Kyoto 京都",
    messages=(
        CarriedMessage(
            "1",
            None,
            Role.USER,
            "Where to?\n\n```\nx\n```",
            created=1_600_000_001.5,
            attachments=(
                Attachment(AttachmentKind.FILE, "a.txt", "text"),
                Attachment(AttachmentKind.PASTE, "", "pasted"),
            ),
        ),
        CarriedMessage(
            "2",
            "1",
            Role.ASSISTANT,
            "There.",
            reasoning="Hm.",
            state=MessageState.LENGTH,
            model="Gemma",
            usage=USAGE,
            created=1_600_000_002.25,
            thinking_seconds=1.5,
        ),
        CarriedMessage(
            "3",
            "1",
            Role.ASSISTANT,
            "Here.",
            state=MessageState.TOOL_CALLS,
            created=1_600_000_003.0,
            tool_calls=(ToolCall("c", "look", '{"a": 1}'),),
            edited=True,
            memory=MemoryStart("so far", keeps_first=False),
        ),
        CarriedMessage("4", "2", Role.USER, "And then?", created=1_600_000_004.0),
    ),
    tip="4",
    created=1_600_000_000.125,
    updated=1_600_000_004.75,
    folder="Travel",
    pinned=True,
    archived=True,
    icon="heart",
    titled_by=TitleSource.MODEL,
    settings=ChatSettings(
        model="gemma",
        system_prompt="Be brief.",
        sampling=Sampling(temperature=0.25, stop=("x",)),
        n_ctx=4096,
        thinking=False,
        overflow=Overflow.DROP,
        persona="poet",
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    with opened(path, Clock()) as store:
        yield store


def line(count: int, text: str = "said") -> CarriedChat:
    messages = tuple(
        CarriedMessage(
            str(place),
            str(place - 1) if place > 1 else None,
            Role.USER if place % 2 else Role.ASSISTANT,
            f"{text} {place}",
            created=1_600_000_000.0 + place,
        )
        for place in range(1, count + 1)
    )
    return CarriedChat("long", messages, str(count), 1_600_000_000.0, 1_600_009_000.0)


def test_what_comes_in_goes_out_as_it_was(store: ChatStore) -> None:
    taken = store.take_in(TREE)

    assert taken is not None
    assert store.carried(taken.id) == TREE
    assert contents(store, taken.id) == ["Where to?\n\n```\nx\n```", "There.", "And then?"]
    assert [folder.name for folder in store.folders()] == ["Travel"]


def test_it_can_be_read_beside_the_window(store: ChatStore, path: Path) -> None:
    taken = store.take_in(TREE)
    other = store.create("mine")

    assert taken is not None
    with carrying.reading(path) as reader:
        assert [chat.id for chat in reader.chats()] == [other.id, taken.id]
        assert reader.carried(taken.id) == TREE


def test_keys_are_names_within_the_chat_alone(store: ChatStore) -> None:
    messages = (
        replace(TREE.messages[0], key="node-a"),
        replace(TREE.messages[1], key="node-b", parent="node-a"),
    )
    first = store.take_in(CarriedChat("one", messages, "node-b"), "1")
    second = store.take_in(CarriedChat("two", messages, "node-b"), "2")

    assert first is not None
    assert second is not None
    assert [each.key for each in store.carried(second.id).messages] == ["1", "2"]
    assert store.carried(second.id).tip == "2"


def test_a_chat_with_a_known_fingerprint_is_left_out(store: ChatStore) -> None:
    taken = store.take_in(line(2), "mark")

    assert taken is not None
    assert store.take_in(line(4), "mark") is None
    assert store.take_in(line(4), "other") is not None
    store.delete(taken.id)
    again = store.take_in(line(2), "mark")
    assert again is not None
    assert store.take_in(line(4), "mark") is None


def test_an_own_chat_that_comes_back_is_known(store: ChatStore) -> None:
    chat = store.create("mine").id
    talk(store, chat, "a question", "an answer")
    copy = store.carried(chat)

    assert store.take_in(copy) is None
    talk(store, chat, "one more")
    assert store.take_in(copy) is not None


def test_a_folder_of_that_name_is_used(store: ChatStore) -> None:
    folder = store.add_folder("Travel")

    taken = store.take_in(TREE)

    assert taken is not None
    assert taken.folder == folder.id
    assert store.folders() == [folder]


def test_it_takes_its_place_by_the_time_it_was_used(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as store:
        clock.now = 1000.0
        old = talk(store, store.create("old").id, "x")
        clock.now = 3000.0
        new = talk(store, store.create("new").id, "x")
        assert old
        assert new
        store.take_in(CarriedChat("between", (), updated=2000.0, created=2000.0))
        store.take_in(CarriedChat("first", (), updated=500.0, created=500.0))
        store.take_in(CarriedChat("last", (), updated=4000.0, created=4000.0))

        titles = [chat.title for chat in store.chats()]

    assert titles == ["last", "new", "between", "old", "first"]
    assert raw(path, "SELECT count(DISTINCT position) FROM chats") == [(5,)]


def test_times_that_nobody_knows_are_made_up_for(store: ChatStore) -> None:
    messages = (CarriedMessage("a", None, Role.USER, "x", created=float("nan")),)

    taken = store.take_in(CarriedChat("t", messages, "a", created=float("inf"), updated=-4.0))

    assert taken is not None
    assert taken.created == taken.updated == Clock().now
    assert store.carried(taken.id).messages[0].created == Clock().now


def test_what_hangs_on_nothing_is_a_beginning(store: ChatStore) -> None:
    messages = (
        CarriedMessage("a", "a", Role.USER, "x\ud800"),
        CarriedMessage("b", "nobody", Role.USER, "y"),
    )

    taken = store.take_in(CarriedChat("t", messages, "no such tip"))

    assert taken is not None
    assert [each.parent for each in store.carried(taken.id).messages] == [None, None]
    assert contents(store, taken.id) == ["y"]


def test_a_long_chat_appears_when_all_of_it_is_there(store: ChatStore, path: Path) -> None:
    steps = store.taking_in(line(carrying.PORTION_MESSAGES * 2 + 1), "mark")

    next(steps)
    assert store.chats() == []
    next(steps)
    assert store.chats() == []
    assert raw(path, "SELECT count(*) FROM messages") == [(2 * carrying.PORTION_MESSAGES,)]
    with pytest.raises(StopIteration) as end:
        next(steps)

    assert store.chats() == [end.value.value]
    assert len(store.refs(store.chats()[0].id)) == 2 * carrying.PORTION_MESSAGES + 1
    assert store.take_in(line(3), "mark") is None


def test_what_is_left_of_half_a_chat_goes_as_deleted_ones_do(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as store:
        next(store.taking_in(line(carrying.PORTION_MESSAGES + 1)))
    with opened(path, clock) as store:
        assert store.chats() == []
    clock.now += 31 * 86400.0
    with opened(path, clock):
        assert raw(path, "SELECT count(*) FROM messages") == [(0,)]


def test_taking_in_is_one_commit(store: ChatStore, path: Path) -> None:
    def give_up() -> None:
        with store.transaction():
            assert store.take_in(TREE) is not None
            raise KeyError

    with pytest.raises(KeyError):
        give_up()

    assert raw(path, "SELECT count(*) FROM chats") == [(0,)]
    assert store.folders() == []


def test_its_words_are_found(store: ChatStore) -> None:
    taken = store.take_in(TREE)

    assert taken is not None
    assert [hit.chat for hit in store.search("Where to")] == [taken.id]


def test_temporary_chats_go_out_too(store: ChatStore, path: Path) -> None:
    chat = store.create("secret", temporary=True).id
    talk(store, chat, "a", "b")

    found = store.carried(chat)

    assert [each.content for each in found.messages] == ["a", "b"]
    assert found.tip == "2"
    assert raw(path, "SELECT count(*) FROM chats") == [(0,)]


def test_a_chat_that_is_gone_is_told(store: ChatStore) -> None:
    with pytest.raises(StorageError):
        store.carried(77)

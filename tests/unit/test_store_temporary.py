"""A temporary chat works like any other, and nothing of it is ever on the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, AttachmentKind, MemoryStart, MessageState
from desktop.store.chats import ChatStore
from desktop.store.temporary import FIRST, is_temporary
from tests.harness.waiting import wait_for
from tests.unit.store_room import contents, opened, raw, talk

CANARY = "canary-7f3a91-secret"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    with opened(path) as store:
        yield store


def test_everything_works_on_it(store: ChatStore) -> None:
    settings = ChatSettings(system_prompt="be brief")
    chat = store.create("a", temporary=True, settings=settings, icon="pen").id
    assert is_temporary(chat)
    assert chat >= FIRST
    asked = store.add(
        chat, None, Role.USER, "hidden?", attachments=[Attachment(AttachmentKind.FILE, "n", "t")]
    ).id
    first = store.add(chat, asked, Role.ASSISTANT, "", state=MessageState.STREAMING).id
    store.update(first, content="first", reasoning="", state=MessageState.COMPLETE)
    second = store.add(chat, asked, Role.ASSISTANT, "second").id
    store.choose(first)
    store.set_memory(first, MemoryStart("so far"))
    store.rename(chat, "b")
    store.set_pinned(chat, True)
    store.set_settings(chat, settings)
    store.save_draft(chat, "typed")
    copy = store.copy_branch(first, "copy")

    assert is_temporary(first)
    assert contents(store, chat) == ["hidden?", "first"]
    assert [(each.place, each.siblings) for each in store.refs(chat)] == [(1, 1), (1, 2)]
    assert store.siblings(second) == [first, second]
    assert store.messages(chat)[-1].memory == MemoryStart("so far")
    assert (store.chat(chat).title, store.chat(chat).temporary) == ("b", True)
    assert (store.settings(chat), store.draft(chat)) == (settings, "typed")
    assert (copy.temporary, contents(store, copy.id)) == (True, ["hidden?", "first"])
    assert [hit.message for hit in store.search("hidden")] == [store.messages(copy.id)[0].id, asked]
    store.delete(chat)
    store.restore(chat)
    assert [each.id for each in store.chats()] == [chat, copy.id]


def test_it_stands_above_the_others_of_its_kind_and_is_in_no_folder(store: ChatStore) -> None:
    folder = store.add_folder("Work").id
    pinned = store.create("pinned").id
    store.set_pinned(pinned, True)
    kept = store.create("kept").id
    chat = store.create("passing", temporary=True, folder=folder).id
    talk(store, kept, "used last")

    assert [each.id for each in store.chats()] == [pinned, chat, kept]
    store.move(chat, folder, kept)
    assert store.chat(chat).folder is None
    store.move(kept, folder, chat)
    assert store.chat(kept).folder == folder


def test_messages_of_both_kinds_are_given_in_the_order_asked(store: ChatStore) -> None:
    kept, passing = store.create().id, store.create(temporary=True).id
    (a,), (b,) = talk(store, kept, "a"), talk(store, passing, "b")

    assert [each.content for each in store.messages_of([b, a, b])] == ["b", "a", "b"]


def test_nothing_of_it_reaches_the_disk_and_it_ends_with_the_program(path: Path) -> None:
    with opened(path) as store:
        kept = store.create("control").id
        talk(store, kept, "control-20c5 on the disk")
        chat = store.create(f"{CANARY} title", temporary=True).id
        for _ in range(20):
            talk(store, chat, f"{CANARY} question " * 50, f"{CANARY} answer " * 500)
        store.save_draft(chat, f"{CANARY} draft")
        store.set_settings(chat, ChatSettings(system_prompt=f"{CANARY} prompt"))
        assert len(store.search(f"{CANARY} question")) == 20
        assert not any(CANARY in text for text in store.draft_history())
        during = b"".join(file.read_bytes() for file in path.parent.iterdir())
    after = b"".join(file.read_bytes() for file in path.parent.iterdir())

    assert b"control-20c5" in during, "the search for the canary finds what is there"
    assert CANARY.encode() not in during + after
    with opened(path) as store:
        assert [each.id for each in store.chats()] == [kept]
        assert store.messages(chat) == []


def test_one_that_is_gone_says_so(store: ChatStore) -> None:
    with pytest.raises(StorageError, match="no longer exists"):
        store.add(FIRST + 5, None, Role.USER, "x")


def test_it_can_be_talked_in_where_nothing_can_be_saved(path: Path) -> None:
    with opened(path) as store:
        store.create("on the disk")
    with opened(path) as store:
        # As after a start from a write-protected disk.
        store._disk.read_only = True
        chat = store.create("in memory", temporary=True).id
        with store.transaction():
            talk(store, chat, "asked", "answered")
        assert contents(store, chat) == ["asked", "answered"]
        with pytest.raises(StorageError, match="not saved"):
            store.create("on the disk")


def test_a_transaction_holds_together_in_memory_too(store: ChatStore) -> None:
    chat = store.create("before", temporary=True).id

    def write_and_fail() -> None:
        with store.transaction():
            store.rename(chat, "after")
            talk(store, chat, "lost")
            store.rename(99, "there is no such chat")

    with pytest.raises(StorageError, match="no longer exists"):
        write_and_fail()

    assert (store.chat(chat).title, contents(store, chat)) == ("before", [])


def test_long_texts_and_long_copies_are_found_in_it_too(store: ChatStore) -> None:
    chat = store.create("a", temporary=True).id
    talk(store, chat, "maples " * 2000, *["turning"] * 30)
    store.copy_branch(store.tip(chat) or 0, "copy")

    wait_for(lambda: len(store.search("maples")) == 2, 20, "both long texts")
    wait_for(lambda: len(store.search("turning", limit=99)) == 60, 20, "all that was copied")


@pytest.mark.parametrize("where", ["counter", "row"])
def test_no_damage_makes_what_is_kept_look_temporary(path: Path, where: str) -> None:
    with opened(path) as store:
        chat = store.create("kept").id
        talk(store, chat, "asked", "answered")
    if where == "row":
        raw(
            path,
            "INSERT INTO messages (id, chat, role, state, model, note, created, content, reasoning)"
            " SELECT ?, chat, role, state, model, note, created, content, reasoning"
            " FROM messages WHERE id = 1",
            FIRST + 7,
        )
    raw(path, "UPDATE sqlite_sequence SET seq = ?", FIRST + 7)
    Path(f"{path}-check").touch()

    with opened(path) as store:
        assert store.notice is not None
        assert contents(store, chat) == ["asked", "answered"]
        again = store.create("new").id
        assert not is_temporary(again)
        assert not any(map(is_temporary, talk(store, again, "asked")))

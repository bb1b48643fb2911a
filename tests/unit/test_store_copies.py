"""A copy a day, a way back to each, and a thread that nobody has to wait for."""

import errno
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import ChatsRestored, StorageError
from desktop.services import chat_copies
from desktop.services.chat_copies import ChatCopies
from desktop.store.chats import ChatStore
from desktop.store.connection import connect
from desktop.store.copies import KEPT_DAYS, copies, keep_daily
from desktop.store.indexing import index_missing
from desktop.store.migrations import keep_copy
from desktop.store.restoring import is_ordered, restore, take_back
from tests.harness.waiting import wait_for
from tests.unit.store_room import DAY, Clock, contents, opened, raw, talk

NOON = 1_700_049_600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    with opened(path) as store:
        yield store


def names(path: Path) -> list[str]:
    return sorted(file.name for file in (path.parent / "copies").glob("*"))


def test_a_copy_is_made_once_a_day_beside_whoever_writes(path: Path, store: ChatStore) -> None:
    chat = store.create("Kyoto").id
    talk(store, chat, "maples")

    made = keep_daily(path, now=NOON)
    with store.transaction():
        talk(store, chat, "not in the copy")
        assert keep_daily(path, now=NOON + 3600) is None
        next_day = keep_daily(path, now=NOON + DAY)

    assert made is not None
    assert next_day is not None
    with opened(made) as copy:
        assert contents(copy, chat) == ["maples"]
    assert contents(store, chat) == ["maples", "not in the copy"]
    if sys.platform != "win32":
        assert made.stat().st_mode & 0o777 == 0o600


def test_the_newest_seven_are_kept_and_others_are_left_alone(path: Path, store: ChatStore) -> None:
    talk(store, store.create().id, "x")
    before_a_change = keep_copy(path)
    (path.parent / "copies" / "lapis-daily-notes.txt").write_text("mine")

    for day in range(KEPT_DAYS + 3):
        keep_daily(path, now=NOON + day * DAY)

    days = [
        time.strftime("lapis-daily-%Y-%m-%d.db", time.localtime(NOON + day * DAY))
        for day in range(3, KEPT_DAYS + 3)
    ]
    assert names(path) == sorted([*days, before_a_change.name, "lapis-daily-notes.txt"])


def test_a_copy_says_when_it_was_made_and_how_many_chats_it_holds(
    path: Path, store: ChatStore
) -> None:
    for title in ("a", "b", "deleted"):
        talk(store, store.create(title).id, title)
    store.delete(3)
    made = keep_daily(path, now=time.time())
    (path.parent / "copies" / "lapis-daily-2020-01-01.db").write_bytes(b"no database " * 99)

    (copy,) = copies(path)

    assert (copy.path, copy.chats) == (made, 2)
    assert abs(copy.made - time.time()) < 60
    assert made is not None
    assert [file for file in names(path) if file.startswith(made.name)] == [made.name]


def test_no_copy_is_made_of_nothing_so_that_it_pushes_out_none(
    path: Path, store: ChatStore
) -> None:
    store.create("never talked in")

    assert keep_daily(path, now=NOON) is None
    assert names(path) == []


def test_no_copy_is_made_on_a_disk_nearly_full(
    path: Path, store: ChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(store, store.create().id, "x")
    usage = shutil.disk_usage(path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000_000))

    assert keep_daily(path, now=NOON) is None
    assert not (path.parent / "copies").exists()


def test_a_copy_given_up_leaves_nothing(path: Path, store: ChatStore) -> None:
    with store.transaction():
        chat = store.create().id
        for number in range(300):
            talk(store, chat, f"{number} " + "words " * 500)
    stop = Event()
    stop.set()

    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        keep_daily(path, now=NOON, stop=stop)

    assert names(path) == []
    assert keep_daily(path, now=NOON) is not None


def test_a_copy_does_without_the_index_and_searching_in_it_works_again(
    path: Path, store: ChatStore
) -> None:
    with store.transaction():
        chat = store.create().id
        for number in range(200):
            talk(store, chat, f"maples {number} and many other words " * 10)
    index_missing(path, Event())
    raw(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    made = keep_daily(path, now=NOON)

    assert made is not None
    assert made.stat().st_size < path.stat().st_size * 0.7
    with opened(made) as copy:
        index_missing(made, Event())
        assert len(copy.search("maples", limit=500)) == 200


def test_restoring_takes_effect_at_the_next_start_and_keeps_what_was_there(path: Path) -> None:
    with opened(path) as store:
        folder = store.add_folder("Work").id
        chat = store.create("then", folder=folder, settings=ChatSettings(n_ctx=4096)).id
        talk(store, chat, "as it was")
        made = keep_daily(path, now=NOON)
        assert made is not None
        talk(store, chat, "written later")
        store.create("made later")
        restore(path, made)
        assert is_ordered(path)
        assert contents(store, chat) == ["as it was", "written later"], "until then as it is"

    with opened(path) as store:
        assert contents(store, chat) == ["as it was"]
        assert (store.chat(chat).folder, store.settings(chat).n_ctx) == (folder, 4096)
        assert len(store.chats()) == 1
        assert store.notice is not None
        assert isinstance(store.notice, ChatsRestored), "no fault, and not to be shown as one"
        assert "lapis.db.before-restoring-1" in str(store.notice.hint)
        index_missing(path, Event())
        assert len(store.search("was")) == 1
    with opened(path) as store:
        assert store.notice is None, "told once"
        assert not is_ordered(path)
    with opened(path.with_name("lapis.db.before-restoring-1")) as before:
        assert contents(before, chat) == ["as it was", "written later"]
    assert made.exists(), "it can be restored again"


def test_what_was_in_the_journal_is_kept_with_the_file_put_aside(path: Path) -> None:
    with opened(path) as store:
        talk(store, store.create().id, "old")
        made = keep_daily(path, now=NOON)
        assert made is not None
    with closing(connect(path)) as writer:
        writer.execute("UPDATE messages SET content = 'only in the journal'")
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", f"{path}.killed{suffix}")
    for suffix in ("", "-wal"):
        Path(f"{path}.killed{suffix}").replace(f"{path}{suffix}")
    restore(path, made)

    with opened(path) as store:
        assert contents(store, 1) == ["old"]
    aside = path.with_name("lapis.db.before-restoring-1")
    assert raw(aside, "SELECT content FROM messages") == [("only in the journal",)]


def test_a_restore_cut_short_is_carried_out_by_the_next_start(path: Path) -> None:
    with opened(path) as store:
        talk(store, store.create("then").id, "as it was")
        made = keep_daily(path, now=NOON)
        assert made is not None
        store.create("made later")
    restore(path, made)
    # Between the file of now being put aside and the copy taking its place.
    path.rename(path.with_name("lapis.db.before-restoring-1"))

    with opened(path) as store:
        assert [chat.title for chat in store.chats()] == ["then"]


def test_an_order_can_be_taken_back(path: Path) -> None:
    with opened(path) as store:
        talk(store, store.create("then").id, "x")
        made = keep_daily(path, now=NOON)
        assert made is not None
        store.create("now")
        restore(path, made)
        take_back(path)
        take_back(path)

    with opened(path) as store:
        assert len(store.chats()) == 2
        assert store.notice is None


def test_a_damaged_copy_is_refused_when_chosen_and_at_the_start(path: Path) -> None:
    with opened(path) as store:
        talk(store, store.create("now").id, "x" * 50_000)
        made = keep_daily(path, now=NOON)
    assert made is not None
    restore(path, made)
    content = bytearray(made.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    made.write_bytes(content)

    with pytest.raises(StorageError, match="cannot be read"):
        restore(path, made)
    with opened(path) as store:
        assert [chat.title for chat in store.chats()] == ["now"]
        assert store.notice is not None
        assert "cannot be read" in str(store.notice.title)
    with opened(path) as store:
        assert store.notice is None
    assert not list(path.parent.glob("*before-restoring*"))


def test_a_copy_from_before_a_change_is_brought_to_todays_shape(path: Path) -> None:
    with opened(path) as store:
        talk(store, store.create("then").id, "x")
    made = keep_copy(path)
    with opened(path) as store:
        store.create("now")
    restore(path, made)

    with opened(path) as store:
        assert [chat.title for chat in store.chats()] == ["then"]


def test_the_thread_indexes_and_copies_soon_and_ends_when_asked(
    path: Path, store: ChatStore
) -> None:
    talk(store, store.create().id, "maples " * 2000)
    assert store.search("maples") == []

    keeper = ChatCopies(path, now=Clock(), first=0.0)
    try:
        wait_for(lambda: len(copies(path)) == 1, 20, "a copy")
        assert len(store.search("maples")) == 1
    finally:
        assert keeper.close()
    assert keeper.close()


def test_the_first_chat_of_all_is_copied_within_a_minute_not_an_hour(
    path: Path, store: ChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_copies, "_MINUTE_SECONDS", 0.01)
    looks: list[float] = []

    def wanted() -> bool:
        looks.append(time.monotonic())
        return True

    keeper = ChatCopies(path, copies_wanted=wanted, now=Clock(), first=0.0)
    try:
        wait_for(lambda: len(looks) > 1, 20, "a second look at what holds no chat")
        talk(store, store.create().id, "maples")
        wait_for(lambda: len(copies(path)) == 1, 20, "a copy")
    finally:
        assert keeper.close()


def test_closing_at_once_waits_for_nothing(path: Path, store: ChatStore) -> None:
    talk(store, store.create().id, "x")

    keeper = ChatCopies(path)

    assert keeper.close(timeout=5.0)
    assert not (path.parent / "copies").exists()


def test_trouble_in_the_thread_is_logged_and_never_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = ChatCopies(tmp_path / "nowhere" / "lapis.db", first=0.0)
    try:
        wait_for(lambda: len(caplog.records) == 2, 20, "two warnings")
    finally:
        assert keeper.close()
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_a_lost_database_is_shown_from_the_newest_daily_copy(path: Path) -> None:
    with opened(path) as store:
        chat = store.create("Kyoto").id
        talk(store, chat, "maples")
        assert keep_daily(path, now=NOON) is not None
        store.add(chat, 1, Role.USER, "after the copy")
    path.write_bytes(b"not a database any more " * 1000)

    with opened(path) as store:
        assert contents(store, chat) == ["maples"]
        assert store.notice is not None
        assert "newest copy" in str(store.notice.title)


def test_what_a_kill_left_of_a_copy_goes_with_the_next_one(path: Path, store: ChatStore) -> None:
    talk(store, store.create().id, "x")
    (path.parent / "copies").mkdir()
    for end in ("-new", "-new-journal"):
        (path.parent / "copies" / f"lapis-daily-2023-11-01.db{end}").write_bytes(b"half")

    made = keep_daily(path, now=NOON)

    assert made is not None
    assert names(path) == [made.name]


def test_a_clock_that_went_wrong_does_not_cost_the_copies_of_today(
    path: Path, store: ChatStore
) -> None:
    talk(store, store.create().id, "x")
    for day in range(KEPT_DAYS):
        keep_daily(path, now=NOON + (5000 + day) * DAY)

    made = keep_daily(path, now=NOON)

    assert made is not None
    assert made.exists()
    assert len(names(path)) == KEPT_DAYS


def test_a_disk_that_fills_while_restoring_is_not_left_full(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(path) as store:
        talk(store, store.create("Kyoto").id, "maples")
        made = keep_daily(path, now=NOON)
    assert made is not None
    restore(path, made)

    def fill(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(shutil, "copyfile", fill)
    with opened(path) as store:
        assert store.notice is not None
        assert [chat.title for chat in store.chats()] == ["Kyoto"]
    assert not list(path.parent.glob("*-new*"))

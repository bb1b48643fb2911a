"""Another program keeps the chats file locked: how long that holds a window up, and how often."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desktop.domain.errors import StorageError
from desktop.domain.history import MessageState
from desktop.services.exchange import Exchange
from desktop.services.kept_drafts import KeptDrafts
from desktop.store import chats, session
from desktop.store.chats import ChatStore
from tests.unit.store_room import opened, talk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def _milliseconds(store: ChatStore) -> int:
    """Return how long the store would wait for a lock now."""
    ((found,),) = store._disk.connection.execute("PRAGMA busy_timeout").fetchall()
    return int(found)


def test_saves_beside_a_lock_hold_a_window_up_once_and_hardly_again(path: Path) -> None:
    with opened(path) as store:
        chat = store.create("Tea").id
        talk(store, chat, "One?", "Yes.")
        answer = store.messages(chat)[-1]
        growing = Exchange(store, time.monotonic, None, answer)
        drafts = KeptDrafts(store)
        with locked(path):
            for number in range(10):
                with pytest.raises(StorageError, match="Another program is using"):
                    drafts.keep(chat, f"typed {number}")
                growing.save()
                assert growing.save_error is not None
                # The first one waited, and no other does.
                assert _milliseconds(store) <= 50

        drafts.try_again()
        growing.save()
        assert store.draft(chat) == "typed 9"
        assert growing.save_error is None
        assert store.messages(chat)[-1].state is MessageState.COMPLETE


def test_what_a_person_does_waits_for_a_lock_that_is_over_soon(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(path) as store:
        assert _milliseconds(store) == 1000 * chats.WINDOW_PATIENCE_SECONDS
    # So long that the other one is done on a machine that is busy, too.
    monkeypatch.setattr(chats, "WINDOW_PATIENCE_SECONDS", 60.0)
    store = ChatStore.open(path, patience=60.0)
    with closing(store):
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with closing(other):
            other.execute("BEGIN EXCLUSIVE")
            soon = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
            soon.start()
            store.create("Tea")
            soon.join()
        assert [each.title for each in store.chats()] == ["Tea"]


def test_a_lock_of_later_is_waited_for_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path) as store:
        with locked(path), pytest.raises(StorageError):
            store.create("Tea")
        assert _milliseconds(store) <= 50
        monkeypatch.setattr(session, "_SAME_LOCK_SECONDS", 0.0)
        store.create("Coffee")
        assert _milliseconds(store) == 1000 * chats.WINDOW_PATIENCE_SECONDS


def test_in_the_end_a_lock_is_waited_for_as_at_the_start(path: Path) -> None:
    with opened(path) as store:
        with locked(path), pytest.raises(StorageError):
            store.create("Tea")
        store.wait_longer()
        assert _milliseconds(store) == 5000

"""The index of words is a convenience: whatever happens to it, messages are kept and found again."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from desktop.domain.chat import Role
from desktop.domain.errors import StorageError
from desktop.domain.history import MessageState
from desktop.store import index
from desktop.store.chats import ChatStore
from desktop.store.connection import connect, roll_back
from desktop.store.indexing import index_missing
from desktop.store.words import tokens
from tests.unit.store_room import opened, raw, talk

WORDS = ("maples", "turning", "november", "天气", "kyoto")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


def fill(path: Path, chats: int = 20, messages: int = 20) -> None:
    chance = random.Random(3)
    with opened(path) as store, store.transaction():
        for number in range(chats):
            chat = store.create(f"chat {number}", folder=None).id
            for _ in range(messages):
                talk(store, chat, " ".join(chance.choices(WORDS, k=40)) + f" unique{number}")
    index_missing(path, Event())


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO texts (texts) VALUES ('integrity-check')")


def found(store: ChatStore, words: str) -> int:
    return len(store.search(words, limit=1000))


def test_what_misses_in_the_index_is_put_into_it(path: Path) -> None:
    fill(path)
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")
        index.begin_anew(connection)
        connection.execute("COMMIT")

    with opened(path) as store:
        assert found(store, "maples") == 0
        index_missing(path, Event())
        assert found(store, "maples") == 400
        assert raw(path, "SELECT count(*) FROM unindexed") == [(0,)]
    assert_sound(path)


def test_the_newest_come_first_and_it_stops_when_asked(path: Path) -> None:
    fill(path)
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")
        index.begin_anew(connection)
        connection.execute("COMMIT")
    stop = Event()
    stop.set()

    index_missing(path, stop)

    left = [number for (number,) in raw(path, "SELECT message FROM unindexed ORDER BY message")]
    assert 0 < len(left) < 400
    assert left == list(range(1, len(left) + 1))


def test_an_answer_being_written_waits_until_it_is_complete(path: Path) -> None:
    with opened(path) as store:
        chat = store.create().id
        answer = store.add(chat, None, Role.ASSISTANT, "half", state=MessageState.STREAMING).id
        index_missing(path, Event())
        assert store.search("half") == []
        store.update(answer, content="half done", reasoning="", state=MessageState.COMPLETE)
        assert found(store, "half") == 1
    assert_sound(path)


def test_a_long_text_is_left_to_somebody_who_does_not_keep_a_window_waiting(path: Path) -> None:
    with opened(path) as store:
        chat = store.create().id
        (long,) = talk(store, chat, "maples " * 2000)
        assert store.search("maples") == []
        index_missing(path, Event())
        assert found(store, "maples") == 1

        store.update(long, content="short now", reasoning="", state=MessageState.COMPLETE)
        assert store.search("maples") == []
        assert found(store, "short") == 1
    assert_sound(path)


def test_an_index_made_by_other_rules_is_made_anew(path: Path) -> None:
    fill(path)
    raw(path, "UPDATE meta SET value = 'of another Unicode' WHERE key = 'index'")

    with opened(path) as store:
        assert raw(path, "SELECT count(*) FROM unindexed") == [(400,)]
        index_missing(path, Event())
        assert found(store, "unique7") == 20
    with opened(path):
        assert raw(path, "SELECT count(*) FROM unindexed") == [(0,)], "once is enough"


def test_nobody_is_kept_from_writing_while_words_are_taken_from_a_text(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ChatStore.open(path, patience=0.0)
    chat = store.create().id
    (long,) = talk(store, chat, "maples " * 2000)
    calls = iter(range(99))

    def words(text: str) -> str:
        if next(calls) == 0:
            store.update(long, content="short now", reasoning="", state=MessageState.COMPLETE)
        return tokens(text)

    monkeypatch.setattr(index, "tokens", words)
    with closing(store):
        index_missing(path, Event())

        assert store.messages(chat)[0].content == "short now"
        assert store.search("maples") == []
        assert found(store, "short") == 1
    assert_sound(path)


def test_a_text_that_cannot_be_taken_out_of_the_index_is_not_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ChatStore.open(path, patience=0.0)
    (message,) = talk(store, store.create().id, "maples")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def give_way(connection: sqlite3.Connection) -> None:
        roll_back(connection)
        roll_back(other)

    monkeypatch.setattr(index, "roll_back", give_way)
    with closing(other), closing(store):
        with pytest.raises(StorageError, match="Another program"):
            store.update(message, content="other", reasoning="", state=MessageState.COMPLETE)
        assert found(store, "maples") == 1
        store.update(message, content="other", reasoning="", state=MessageState.COMPLETE)
        assert store.search("maples") == []
        assert found(store, "other") == 1
    assert_sound(path)


def test_a_damage_met_when_all_is_open_waits_for_the_next_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_: sqlite3.Connection) -> bool:
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
        raise error

    monkeypatch.setattr(index, "is_by_other_rules", damaged)
    with opened(path) as store:
        talk(store, store.create().id, "goes on")

    assert Path(f"{path}-check").exists()


def garble_rows(path: Path) -> None:
    """Leave the pages whole and what FTS5 keeps in them not."""
    raw(path, "UPDATE texts_data SET block = zeroblob(40) WHERE id > 10")


def garble_pages(path: Path) -> None:
    """Overwrite pages that only the index uses."""
    pages = [
        number
        for (number,) in raw_pages(path, "texts_data")
        if number != raw(path, "SELECT rootpage FROM sqlite_master WHERE name = 'texts_data'")[0][0]
    ]
    content = bytearray(path.read_bytes())
    for number in pages[2:]:
        at = (number - 1) * 4096
        content[at : at + 4096] = random.Random(number).randbytes(4096)
    path.write_bytes(content)


def raw_pages(path: Path, table: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT pageno FROM dbstat WHERE name = ? ORDER BY pageno", (table,)
        ).fetchall()


def test_a_search_in_a_garbled_index_begins_it_anew(path: Path) -> None:
    fill(path)
    garble_rows(path)

    with opened(path) as store:
        assert store.search("maples") == []
        index_missing(path, Event())
        assert found(store, "maples") == 400
        assert store.notice is None
    assert_sound(path)


def test_a_message_is_saved_whatever_the_index_is_like(path: Path) -> None:
    fill(path)
    garble_rows(path)
    raw(path, "DELETE FROM texts_data WHERE id <= 10")

    with opened(path) as store:
        chat = store.create("after").id
        (message,) = talk(store, chat, "said after the damage")
        store.update(message, content="said again", reasoning="", state=MessageState.COMPLETE)
        assert store.messages(chat)[0].content == "said again"
        index_missing(path, Event())
        assert found(store, "again") == 1
        assert found(store, "maples") == 400
    assert_sound(path)


def test_pages_of_the_index_that_are_damaged_cost_nothing_but_the_index(path: Path) -> None:
    fill(path)
    with opened(path) as store:
        folder = store.add_folder("Work").id
        store.move(1, folder, None)
        store.save("prompt", "p", "{}")
        before = [store.messages(chat.id) for chat in store.chats()]
    garble_pages(path)
    damaged = path.read_bytes()
    Path(f"{path}-check").touch()

    with opened(path) as store:
        assert store.notice is not None
        assert "search index" in str(store.notice.title)
        assert [store.messages(chat.id) for chat in store.chats()] == before
        assert store.chat(1).folder == folder
        assert store.saved("prompt") == [("p", "{}")]
        assert talk(store, store.create().id, "goes on") == [401], "numbers are not used again"
        index_missing(path, Event())
        assert found(store, "maples") == 400
    assert path.with_name("lapis.db.damaged-1").read_bytes() == damaged
    assert_sound(path)
    with opened(path) as store:
        assert store.notice is None, "told once"


def test_damaged_pages_of_the_index_do_not_keep_a_message_from_being_saved(path: Path) -> None:
    fill(path)
    garble_pages(path)

    with opened(path) as store:
        for number in range(40):
            talk(store, store.create().id, f"kept {number} " + " ".join(WORDS) * 20)

    with opened(path) as store:
        assert store.notice is not None, "the next start has looked through the file"
        assert len(store.chats()) == 60
        index_missing(path, Event())
        assert found(store, "kept") == 40
        assert found(store, "maples") >= 400
    assert_sound(path)


KILLED = """
import sys
from pathlib import Path
from desktop.domain.chat import Role
from desktop.domain.history import MessageState
from desktop.store.chats import ChatStore
store = ChatStore.open(Path(sys.argv[1]))
chat = store.create().id
number = 0
while True:
    number += 1
    answer = store.add(chat, store.tip(chat), Role.ASSISTANT, "", state=MessageState.STREAMING).id
    for length in (3, 30, 300):
        store.update(answer, content="word%d " % number * length, reasoning="",
                     state=MessageState.STREAMING)
    store.update(answer, content="word%d " % number * 400, reasoning="",
                 state=MessageState.COMPLETE)
    print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_after_kill_9_everything_acknowledged_is_found(path: Path) -> None:
    chance = random.Random(21)
    for _ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        last = 0
        for _ in range(chance.randint(1, 30)):
            last = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

        with opened(path) as store:
            index_missing(path, Event())
            assert raw(path, "SELECT count(*) FROM unindexed") == [(0,)]
            newest = store.chats()[0].id
            hits = {hit.chat for hit in store.search(f'"word{last}"')}
            assert newest in hits
        assert_sound(path)


@pytest.mark.parametrize("change", [garble_rows, garble_pages])
def test_the_damage_is_one_that_sqlite_sees(path: Path, change: Callable[[Path], None]) -> None:
    fill(path)
    change(path)

    with pytest.raises(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO texts (texts) VALUES ('integrity-check')")

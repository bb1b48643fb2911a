"""A file of any earlier version opens, and nothing that can happen meanwhile costs a chat."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from desktop.domain.chat import Role
from desktop.domain.errors import StorageError
from desktop.store.chats import ChatStore
from desktop.store.connection import connect
from desktop.store.migrations import MIGRATIONS, copies, create, migrate
from tests.harness.side_by_side import side_by_side
from tests.unit.oldest_chats import oldest


def add_stars(connection: sqlite3.Connection) -> None:
    """Stand for the next version's change."""
    connection.execute("ALTER TABLE chats ADD COLUMN stars INTEGER NOT NULL DEFAULT 0")


def fail_half_way(connection: sqlite3.Connection) -> None:
    """Change something, then break."""
    connection.execute("ALTER TABLE chats ADD COLUMN half INTEGER")
    connection.execute("UPDATE chats SET title = 'lost'")
    connection.execute("INSERT INTO nowhere VALUES (1)")


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(chats)")]


def titles(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT title FROM chats")]


def test_the_oldest_file_opens_and_is_whole(tmp_path: Path) -> None:
    store = ChatStore.open(oldest(tmp_path / "lapis.db"))
    try:
        assert [chat.title for chat in store.chats()] == ["Old chat"]
        assert [(m.role, m.content, m.state.value) for m in store.messages(1)] == [
            (Role.USER, "Hello?", "complete"),
            (Role.ASSISTANT, "Hel", "interrupted"),
        ]
        assert store.add(1, 2, Role.USER, "Still there?").id == 3
    finally:
        store.close()


def test_a_new_file_has_the_shape_of_the_oldest_one_migrated(tmp_path: Path) -> None:
    def shape(path: Path) -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            return {"".join(sql.split()).replace("IFNOTEXISTS", "") for (sql,) in rows}

    new, old = tmp_path / "new.db", oldest(tmp_path / "old.db")
    create(new)
    with closing(connect(old)) as connection:
        migrate(connection, old)

    assert shape(new) == shape(old)


def test_a_change_to_an_existing_file_is_made_after_a_copy(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")

    with closing(connect(path)) as connection:
        migrate(connection, path, (*MIGRATIONS, add_stars))

    assert "stars" in columns(path)
    (copy,) = copies(path)
    assert "stars" not in columns(copy)
    assert titles(copy) == titles(path) == ["Old chat"]
    if sys.platform != "win32":
        assert copy.stat().st_mode & 0o777 == 0o600


def test_the_copy_holds_what_was_still_in_the_journal(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")
    with closing(connect(path)) as writer, closing(connect(path)) as connection:
        writer.execute("UPDATE chats SET title = 'in the journal'")
        migrate(connection, path, (*MIGRATIONS, add_stars))

    assert titles(copies(path)[0]) == ["in the journal"]


def test_a_migrated_file_is_neither_copied_nor_changed_again(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")

    for _ in range(3):
        with closing(connect(path)) as connection:
            migrate(connection, path, (*MIGRATIONS, add_stars))

    assert len(copies(path)) == 1


def test_the_newest_three_copies_are_kept(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")
    steps = list(MIGRATIONS)
    for number in range(5):

        def step(connection: sqlite3.Connection, number: int = number) -> None:
            connection.execute("UPDATE chats SET title = ?", (f"after {number}",))

        step.__name__ = f"step_{number}"
        steps.append(step)
        with closing(connect(path)) as connection:
            migrate(connection, path, steps)

    assert [copy.name for copy in copies(path)] == [
        "lapis-0003.db",
        "lapis-0004.db",
        "lapis-0005.db",
    ]
    assert [titles(copy) for copy in copies(path)] == [["after 1"], ["after 2"], ["after 3"]]


def test_a_change_that_fails_leaves_the_file_as_it_was_beside_its_copy(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")

    with closing(connect(path)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, path, (*MIGRATIONS, add_stars, fail_half_way))
        assert not connection.in_transaction

    assert not {"stars", "half"} & set(columns(path))
    assert titles(path) == ["Old chat"]
    assert len(copies(path)) == 1


def test_several_processes_change_one_file_at_once_after_a_single_copy(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")
    beforehand = """
from contextlib import closing
from pathlib import Path
from desktop.store.connection import connect
from desktop.store.migrations import migrate
path = Path(sys.argv[1])
connection = connect(path)
"""
    work = """
with closing(connection):
    migrate(connection, path)
"""
    side_by_side(beforehand, work, 6, str(path))

    (copy,) = copies(path)
    assert titles(copy) == titles(path) == ["Old chat"]


def test_who_has_the_file_alone_on_a_full_disk_does_not_wait_for_itself(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")

    with closing(connect(path)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        with pytest.raises(OSError, match="too little room") as refused:
            migrate(connection, path)

    assert refused.value.errno == errno.ENOSPC
    assert not copies(path)
    assert titles(path) == ["Old chat"]


def test_a_file_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "lapis.db"
    create(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES ('from_the_future', 9.0)")
    before = path.read_bytes()

    with pytest.raises(StorageError, match="newer version") as caught:
        ChatStore.open(path)

    assert str(path) in str(caught.value.hint)
    assert path.read_bytes() == before
    assert not copies(path)
    assert not list(tmp_path.glob("*damaged*"))


KILLED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from desktop.store.connection import connect
from desktop.store.migrations import MIGRATIONS, migrate

def killed_in_it(connection):
    connection.execute("ALTER TABLE chats ADD COLUMN half INTEGER")
    connection.execute("UPDATE chats SET title = 'lost'")
    os.kill(os.getpid(), signal.SIGKILL)

path = Path(sys.argv[1])
with closing(connect(path)) as connection:
    migrate(connection, path, (*MIGRATIONS, killed_in_it))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_being_killed_in_the_middle_of_a_change_undoes_it(tmp_path: Path) -> None:
    path = oldest(tmp_path / "lapis.db")

    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=60)

    assert done.returncode == -signal.SIGKILL
    store = ChatStore.open(path)
    try:
        assert store.notice is None
        assert [chat.title for chat in store.chats()] == ["Old chat"]
    finally:
        store.close()
    assert "half" not in columns(path)
    assert titles(copies(path)[0]) == ["Old chat"]


def test_a_first_start_cut_short_is_begun_again_without_alarm(tmp_path: Path) -> None:
    path = tmp_path / "lapis.db"
    (tmp_path / "lapis.db-new").write_bytes(os.urandom(5000))

    store = ChatStore.open(path)
    try:
        assert store.notice is None
        assert store.chats() == []
    finally:
        store.close()
    assert [each.name for each in tmp_path.iterdir()] == ["lapis.db"]

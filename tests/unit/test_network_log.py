"""The list of connections: kept by several processes at once, over a `kill -9`, and small for years."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop.domain.errors import StorageError
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.services.network_log import NetworkLog
from desktop.store import network_log as store
from desktop.store.connection import APPLICATION_ID
from desktop.store.migrations import is_in_shape
from desktop.store.network_log import NETWORK_STEPS, NetworkLogFile
from tests.harness.side_by_side import side_by_side
from tests.harness.waiting import wait_for

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
HUB = Contact("huggingface.co", 0, Reason(Purpose.SEARCH))
IMPORTS = """
from pathlib import Path
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.store import network_log
from desktop.store.network_log import NetworkLogFile
# However slow the disk is.
network_log._PATIENCE_SECONDS = 60
"""
# Notes what it is told to, and waits to be killed; or notes much beside others.
CHILD = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.services.network_log import NetworkLog
log = NetworkLog(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    contact = Contact("huggingface.co", 0, Reason(Purpose.SEARCH))
    log.note(Entry(contact, {noon!r}, {noon!r}, times=1, received=10))
print("noted", flush=True)
if sys.argv[3] == "waits":
    time.sleep(60)
"""


def entry(contact: Contact = HUB, at: float = NOON, times: int = 1, received: int = 0) -> Entry:
    return Entry(contact, at, at, times=times, received=received)


@contextmanager
def child(path: Path, notes: int, then: str) -> Iterator[subprocess.Popen[str]]:
    script = CHILD.format(root=str(ROOT), noon=NOON)
    words = [sys.executable, "-c", script, str(path), str(notes), then]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        yield process


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM contacts").fetchall()


def test_what_is_noted_is_there_with_what_came_of_it(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.db")
    assert log.entries() == []
    assert not (tmp_path / "network.db").exists()

    log.note(entry())
    log.note(Entry(HUB, NOON, NOON, received=700, sent=3))
    log.note(replace(entry(at=NOON + 60), refused=1, times=0))
    log.note(replace(entry(at=NOON + 90), failed=1))

    assert log.entries() == [
        Entry(HUB, NOON, NOON + 90, times=2, failed=1, refused=1, sent=3, received=700)
    ]


def test_hosts_ports_purposes_files_proxies_and_days_have_lines_of_their_own(
    tmp_path: Path,
) -> None:
    log = NetworkLog(tmp_path / "network.db")
    contacts = [
        HUB,
        replace(HUB, port=8443),
        replace(HUB, host="hf-mirror.com"),
        replace(HUB, via="proxy.example"),
        replace(HUB, reason=Reason(Purpose.DOWNLOAD, "a.gguf")),
        replace(HUB, reason=Reason(Purpose.DOWNLOAD, "b.gguf")),
    ]
    for contact in contacts:
        log.note(entry(contact))
        log.note(entry(contact, at=NOON + 1))
    log.note(entry(at=NOON + 86_400))

    found = log.entries()
    assert [each.contact for each in found[:1]] == [HUB]
    assert len(found) == len(contacts) + 1
    assert {each.contact for each in found} == set(contacts)
    assert sorted(each.times for each in found) == [1, *[2] * len(contacts)]


def test_a_note_holds_nobody_up_while_the_file_is_locked_and_is_written_after(
    tmp_path: Path,
) -> None:
    path = tmp_path / "network.db"
    log = NetworkLog(path)
    log.note(entry())
    wait_for(lambda: len(log.entries()) == 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        spent = [_seconds(log) for _ in range(20)]
        other.execute("ROLLBACK")
    # Others may have the processor for a while: most of them tell.
    assert sorted(spent)[len(spent) // 2] < 0.02
    wait_for(lambda: log.entries()[0].times == 21)


def _seconds(log: NetworkLog) -> float:
    begun = time.perf_counter()
    log.note(entry())
    return time.perf_counter() - begun


def test_what_the_disk_refuses_costs_no_connection_and_comes_with_the_next_note(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "away"
    log = NetworkLog(folder / "network.db")
    for _ in range(5):
        log.note(entry())
    with pytest.raises(StorageError):
        log.restore([entry()])

    folder.mkdir()
    log.note(entry())
    wait_for(lambda: sum(each.times for each in log.entries()) == 6)


def test_several_processes_count_together(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with child(path, 50, "ends") as one, child(path, 50, "ends") as two:
        here = NetworkLog(path)
        for _ in range(50):
            here.note(entry(received=10))
        assert (one.wait(60), two.wait(60)) == (0, 0)

    (found,) = here.entries()
    assert (found.times, found.received) == (150, 1500)


def test_another_process_that_ends_takes_no_notes_of_one_with_several_lists(
    tmp_path: Path,
) -> None:
    path = tmp_path / "network.db"
    lists = [NetworkLogFile(path) for _ in range(2)]
    for each in lists:
        each.add([entry()])

    with child(path, 1, "ends") as other:
        assert other.wait(60) == 0
    for each in lists:
        each.add([entry()])

    with child(path, 1, "ends") as other:
        assert other.wait(60) == 0
    (found,) = NetworkLogFile(path).entries()
    assert found.times == 6


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_a_kill_takes_nothing_that_was_noted(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with child(path, 3, "waits") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "noted\n"
        reader = NetworkLog(path)
        wait_for(lambda: path.exists() and reader.entries() and reader.entries()[0].times == 3)
        os.kill(process.pid, signal.SIGKILL)

    (found,) = NetworkLog(path).entries()
    assert found.times == 3
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# Is killed the moment that its first note was taken.
KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.services.network_log import NetworkLog
log = NetworkLog(Path(sys.argv[1]), first_patience=60)
log.note(Entry(Contact("huggingface.co", 0, Reason(Purpose.SEARCH)), {noon!r}, {noon!r}, times=1))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_the_first_connection_of_a_process_is_not_made_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    for killed in range(3):
        script = KILLED.format(root=str(ROOT), noon=NOON)
        done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
        assert done.returncode == -signal.SIGKILL
        assert [each.times for each in NetworkLog(path).entries()] == [killed + 1]


def test_a_disk_that_refuses_holds_nobody_up(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "nowhere" / "network.db", first_patience=60)
    began = time.monotonic()

    for _ in range(5):
        log.note(entry())

    assert time.monotonic() - began < 30


def test_an_ordinary_end_waits_for_what_is_on_its_way(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with child(path, 200, "ends") as process:
        assert process.wait(60) == 0

    assert [each.times for each in NetworkLog(path).entries()] == [200]


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.db")

    def work() -> None:
        for _ in range(100):
            log.note(entry())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.times for each in log.entries()] == [800]


def test_the_list_is_cleared_and_brought_back_beside_what_came_since(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    log = NetworkLog(path)
    log.note(entry(received=5))
    log.note(entry(replace(HUB, host="hf-mirror.com")))

    cleared = log.clear()
    assert log.entries() == []
    assert b"hf-mirror" not in _bytes_beside(path)
    log.note(entry())
    log.restore(cleared)

    found = {each.contact.host: each for each in log.entries()}
    assert (found["huggingface.co"].times, found["huggingface.co"].received) == (2, 5)
    assert found["hf-mirror.com"].times == 1


def _bytes_beside(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_years_of_use_stay_small_and_old_days_become_months(tmp_path: Path) -> None:
    file = NetworkLogFile(tmp_path / "network.db", most_lines=300)
    first = datetime(2024, 1, 1, 12, tzinfo=UTC)
    download = Reason(Purpose.DOWNLOAD, "old.gguf")
    for day in range(400):
        at = (first + timedelta(days=day)).timestamp()
        file.add([entry(at=at), entry(replace(HUB, reason=download), at=at, received=7)])

    found = file.entries()
    assert len(found) <= 300
    assert sum(each.times for each in found) == 800
    assert sum(each.received for each in found) == 7 * 400
    assert (min(each.first for each in found), max(each.last for each in found)) == (
        first.timestamp(),
        (first + timedelta(days=399)).timestamp(),
    )
    named = [each for each in found if each.contact.reason.what]
    assert len(named) >= store.WHOLE_DAYS
    assert min(each.first for each in named) > first.timestamp()


def test_of_very_many_hosts_the_oldest_go(tmp_path: Path) -> None:
    file = NetworkLogFile(tmp_path / "network.db", most_lines=100)
    for number in range(250):
        file.add([entry(replace(HUB, host=f"host-{number}.example"), at=NOON + number)])

    found = file.entries()
    assert len(found) <= 100
    assert found[0].contact.host == "host-249.example"


def test_a_damaged_file_is_put_aside_and_a_new_list_begun(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    path.write_bytes(b"this is no database, and never was one" * 100)
    log = NetworkLog(path)

    log.note(entry())

    assert [each.times for each in log.entries()] == [1]
    assert (tmp_path / "network.db.damaged-1").exists()


def test_processes_that_find_one_file_damaged_put_it_aside_once_and_lose_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "network.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
        raw.execute("INSERT INTO migrations VALUES (?, 1.0)", (NETWORK_STEPS[0].__name__,))
        raw.execute("CREATE TABLE odd (x)")
        raw.commit()

    work = """
contact = Contact("huggingface.co", 0, Reason(Purpose.SEARCH))
NetworkLogFile(Path(sys.argv[1])).add([Entry(contact, 1.0, 1.0, times=1)])
"""
    side_by_side(IMPORTS, work, 6, str(path))

    (found,) = NetworkLogFile(path).entries()
    assert found.times == 6
    (aside,) = (each for each in tmp_path.iterdir() if "damaged" in each.name)
    with closing(sqlite3.connect(aside)) as raw:
        assert raw.execute("SELECT count(*) FROM odd").fetchone() == (0,)


def test_lines_that_lapis_has_not_written_are_left_out_and_new_purposes_are_told(
    tmp_path: Path,
) -> None:
    path = tmp_path / "network.db"
    log = NetworkLog(path)
    log.note(entry())
    log.entries()
    with closing(sqlite3.connect(path)) as connection:
        line = "('2026-11-20', {}, 0, 'teleport', '', '', {}, 1.0, 1, 0, 0, 0, 0)"
        for values in (("'far.example'", "1.0"), ("x'00ff'", "1.0"), ("'odd.example'", "'soon'")):
            connection.execute(f"INSERT INTO contacts VALUES {line.format(*values)}")  # noqa: S608 - our own
        connection.commit()

    found = {each.contact.host: each.contact.reason.purpose for each in log.entries()}
    assert found == {"huggingface.co": Purpose.SEARCH, "far.example": Purpose.OTHER}


def test_a_list_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    NetworkLog(path).restore([entry()])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES ('a_step_of_tomorrow', 1.0)")
        connection.commit()
    before = rows(path)

    log = NetworkLog(path)
    log.note(entry())
    with pytest.raises(StorageError, match="list of connections"):
        log.entries()
    assert rows(path) == before


@pytest.mark.parametrize("count", range(len(NETWORK_STEPS) + 1))
def test_every_shape_that_there_ever_was_is_brought_up_to_date(tmp_path: Path, count: int) -> None:
    path = tmp_path / "network.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if count:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(
                "CREATE TABLE migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)"
            )
        for step in NETWORK_STEPS[:count]:
            step(connection)
            connection.execute("INSERT INTO migrations VALUES (?, 1.0)", (step.__name__,))

    NetworkLog(path).restore([entry()])

    with closing(sqlite3.connect(path)) as connection:
        assert is_in_shape(connection, NETWORK_STEPS)
    assert len(rows(path)) == 1


def test_texts_that_no_database_takes_are_taken(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.db")
    log.note(entry(Contact("h" * 5000, 0, Reason(Purpose.DOWNLOAD, "half \ud83d of a pair"))))

    (found,) = log.entries()
    assert len(found.contact.host) == 255
    json.dumps(found.contact.reason.what).encode()

"""What is remembered of models survives threads, processes, crashes and damage."""

import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desktop.domain.chat import Sampling
from desktop.domain.errors import Defect, StorageError
from desktop.domain.shelf import HeaderFacts, ModelDefaults, Origin, Stamp
from desktop.store.connection import APPLICATION_ID, move_aside
from desktop.store.migrations import copies
from desktop.store.record_rows import ElsewhereRecord
from desktop.store.record_steps import RECORD_STEPS
from desktop.store.records import Records
from tests.harness.side_by_side import side_by_side

ODD = os.fsdecode(b"/models/caf\xe9/\xe6\xa8\xa1\xe5\x9e\x8b.gguf")
FACTS = HeaderFacts("gemma2", "Gemma 2", "Q4_K_M", 8192, 2_600_000_000, True, True)
STAMP = Stamp(123, 456)
IMPORTS = """
from pathlib import Path
from desktop.domain.shelf import ModelDefaults
from desktop.store.records import Records
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models.db"


@pytest.fixture
def records(path: Path) -> Iterator[Records]:
    opened = Records(path, now=lambda: 1000.0)
    yield opened
    opened.close()


def again(path: Path) -> Records:
    return Records(path, now=lambda: 2000.0)


def test_nothing_is_touched_before_something_is_asked(path: Path) -> None:
    Records(path).close()

    assert not path.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_the_file_is_for_this_account_only(path: Path, records: Records) -> None:
    records.files()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_facts_of_headers_are_kept_by_any_path(path: Path, records: Records) -> None:
    records.keep_facts({ODD: (STAMP, FACTS)}, 1)
    records.close()

    with closing(again(path)) as later:
        assert later.facts(1) == {ODD: (STAMP, FACTS)}
        assert later.facts(2) == {}


def test_what_is_known_of_a_file_is_gathered_from_several_sides(records: Records) -> None:
    records.set_source({"/m/a.gguf": "ab" * 32}, "hf", "owner/name", "c0ffee")
    records.set_checked("/m/a.gguf", STAMP, "ab" * 32, verified=True)
    records.set_measured("/m/a.gguf", 8192, 5_000_000_000)
    records.set_used("/m/a.gguf")

    kept = records.file("/m/a.gguf")

    assert kept.stamp == STAMP
    assert kept.content == "ab" * 32
    assert (kept.record.source, kept.record.repository) == ("hf", "owner/name")
    assert (kept.record.commit, kept.record.sha256) == ("c0ffee", "ab" * 32)
    assert (kept.record.verified_at, kept.record.used_at) == (1000.0, 1000.0)
    assert kept.record.measured_context == 8192
    assert kept.record.measured_memory == 5_000_000_000
    assert records.files() == {"/m/a.gguf": kept}


def test_a_new_source_forgets_what_was_checked(records: Records) -> None:
    records.set_checked("/m/a.gguf", STAMP, "ab" * 32, verified=True)
    records.set_source({"/m/a.gguf": "cd" * 32}, "hf", "owner/name", "c0ffee")

    kept = records.file("/m/a.gguf")

    assert (kept.content, kept.record.verified_at, kept.record.sha256) == ("", 0.0, "cd" * 32)


def test_defaults_come_back_whole_and_empty_ones_are_not_kept(path: Path, records: Records) -> None:
    wanted = ModelDefaults(
        "Be brief.\ud800 模型", Sampling(temperature=0.1, stop=("END",)), 4096, 12, "chatml"
    )
    records.set_defaults(ODD, wanted)

    kept = records.defaults(ODD)

    assert kept.system_prompt == "Be brief.\ufffd 模型"
    assert (kept.sampling, kept.n_ctx, kept.n_gpu_layers, kept.template) == (
        wanted.sampling,
        4096,
        12,
        "chatml",
    )
    records.set_defaults(ODD, ModelDefaults())
    assert records.defaults(ODD) == ModelDefaults()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM defaults").fetchone() == (0,)


def test_models_of_other_programs_are_kept_as_they_were_found_last(records: Records) -> None:
    assert records.looked_at() == 0.0
    found = [
        ElsewhereRecord("b", Origin.OLLAMA, (ODD, "/m/2"), 5, "/m/p", "ab" * 32, "r", "c", True),
        ElsewhereRecord("a", Origin.JAN, ("/m/a.gguf",), 7),
    ]
    records.set_elsewhere(found)
    assert records.elsewhere() == found
    assert records.looked_at() == 1000.0

    records.set_elsewhere([])
    assert records.elsewhere() == []


def test_a_moved_folder_takes_along_what_is_known(records: Records) -> None:
    records.keep_facts({"/old/a.gguf": (STAMP, FACTS), "/older/a.gguf": (STAMP, FACTS)}, 1)
    records.set_used("/old/deep/b.gguf")
    records.set_defaults("/old/a.gguf", ModelDefaults(n_ctx=1))

    records.moved("/old", "/new/place")

    assert set(records.facts(1)) == {"/new/place/a.gguf", "/older/a.gguf"}
    assert set(records.files()) == {"/new/place/deep/b.gguf"}
    assert records.defaults("/new/place/a.gguf") == ModelDefaults(n_ctx=1)


def test_a_forgotten_file_leaves_nothing_behind(path: Path, records: Records) -> None:
    records.keep_facts({"/m/a": (STAMP, FACTS), "/m/b": (STAMP, FACTS)}, 1)
    records.set_used("/m/a")
    records.set_defaults("/m/a", ModelDefaults(n_ctx=1))

    records.forget(["/m/a"])

    assert set(records.facts(1)) == {"/m/b"}
    assert (records.files(), records.defaults("/m/a")) == ({}, ModelDefaults())


def test_many_threads_write_side_by_side(records: Records) -> None:
    def write(number: int) -> None:
        for step in range(20):
            records.set_used(f"/m/{number}-{step}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(records.files()) == 120


def test_many_processes_begin_and_write_one_file(path: Path, records: Records) -> None:
    work = """
records = Records(Path(sys.argv[1]), patience=30)
for step in range(10):
    records.set_used(f"/m/{sys.argv[2]}-{step}")
records.close()
"""
    side_by_side(IMPORTS, work, 5, str(path))
    assert not copies(path), "one found what another had begun"

    assert len(records.files()) == 50
    assert records.notice is None


def test_processes_that_find_one_file_damaged_put_it_aside_once_and_lose_nothing(
    path: Path,
) -> None:
    work = """
records = Records(Path(sys.argv[1]), patience=30)
records.set_defaults(sys.argv[2], ModelDefaults(n_ctx=77))
print("told" if records.notice else "quiet", flush=True)
records.close()
"""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
        raw.execute("INSERT INTO migrations VALUES (?, 1.0)", (RECORD_STEPS[0].__name__,))
        raw.execute("CREATE TABLE odd (x)")
        raw.commit()

    told = side_by_side(IMPORTS, work, 6, str(path))

    assert sorted(told) == ["quiet"] * 5 + ["told"]
    with closing(again(path)) as records:
        for number in range(6):
            assert records.defaults(str(number)) == ModelDefaults(n_ctx=77)
        assert records.notice is None
    (aside,) = (each for each in path.parent.iterdir() if "damaged" in each.name)
    with closing(sqlite3.connect(aside)) as raw:
        assert raw.execute("SELECT count(*) FROM odd").fetchone() == (0,)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no file that is open")
def test_what_another_process_has_put_aside_is_not_written_to_any_more(
    path: Path, records: Records
) -> None:
    records.set_used("/m/before")
    move_aside(path)
    with closing(again(path)) as other:
        other.set_used("/m/other")

    records.set_used("/m/after")

    assert set(records.files()) == {"/m/other", "/m/after"}


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_file_is_put_aside_and_a_new_one_begun(content: bytes, path: Path) -> None:
    path.write_bytes(content)

    with closing(again(path)) as records:
        records.set_used("/m/a")
        assert set(records.files()) == {"/m/a"}
        assert records.notice is not None
        assert "damaged" in str(records.notice.title)

    assert path.with_name("models.db.damaged-1").read_bytes()[:100] == content[:100]


def test_damage_in_the_middle_of_a_run_costs_no_settings_of_models(
    path: Path, records: Records
) -> None:
    records.set_defaults("/m/a", ModelDefaults(n_ctx=77))
    records.keep_facts({f"/m/{n}": (STAMP, FACTS) for n in range(500)}, 1)
    records.close()
    with closing(sqlite3.connect(path)) as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'facts'").fetchone()
    with path.open("rb+") as stream:
        stream.seek((page - 1) * 4096)
        stream.write(b"\xff" * 4096)

    with closing(again(path)) as later:
        assert later.facts(1) == {}
        assert later.defaults("/m/a") == ModelDefaults(n_ctx=77)
        assert later.notice is not None


def test_a_value_that_makes_no_sense_hides_only_itself(path: Path, records: Records) -> None:
    records.keep_facts({"/m/a": (STAMP, FACTS), "/m/b": (STAMP, FACTS)}, 1)
    records.set_defaults("/m/a", ModelDefaults(n_ctx=1))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE facts SET facts = '{\"family\": 7}' WHERE path = ?", (b"/m/a",))
        raw.execute("UPDATE defaults SET value = 'nonsense'")
        raw.commit()

    assert set(records.facts(1)) == {"/m/b"}
    assert records.defaults("/m/a") == ModelDefaults()
    assert records.notice is None


def test_the_file_of_another_program_is_put_aside(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA application_id = 12345")
        raw.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()

    with closing(again(path)) as records:
        assert records.files() == {}

    assert path.with_name("models.db.damaged-1").read_bytes() == before


def test_a_newer_file_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
        raw.execute("INSERT INTO migrations VALUES ('of_the_future', 1.0)")
        raw.commit()
    before = path.read_bytes()

    with closing(again(path)) as records, pytest.raises(StorageError) as caught:
        records.files()

    assert "newer" in str(caught.value.title)
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_explained(tmp_path: Path) -> None:
    records = Records(tmp_path / "none" / "models.db")

    with pytest.raises(StorageError) as caught:
        records.set_used("/m/a")

    assert not isinstance(caught.value, Defect)
    assert str(tmp_path / "none" / "models.db") in str(caught.value.hint)


def test_a_lock_of_another_program_is_waited_for_and_then_explained(path: Path) -> None:
    with closing(Records(path)) as first:
        first.set_used("/m/a")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with closing(Records(path, patience=0.05)) as second:
                with pytest.raises(StorageError) as caught:
                    second.set_used("/m/b")
                assert set(second.files()) == {"/m/a"}

    assert "Another program" in str(caught.value.title)

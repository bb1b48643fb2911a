"""`lapis bench` as a person runs it, on a tiny model."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.backends import pack_folder
from desktop.base.paths import paths_under
from tests.conftest import RunLapis
from tests.harness.engine_packs import listed
from tests.harness.leftovers import Marker
from tests.harness.models import Models
from tests.harness.program import Program
from tests.harness.waiting import wait_for

StartBench = Callable[[], Program]


@pytest.fixture
def start(lapis_home: Path, tmp_path: Path, marker: Marker, models: Models) -> Iterator[StartBench]:
    """Return a function that starts `lapis bench`, with a temporary folder of its own."""
    programs: list[Program] = []
    (tmp_path / "temporary").mkdir()

    def begin() -> Program:
        program = Program(
            ["--data-dir", str(lapis_home), "bench", "--model", str(models.llama)],
            tmp_path / f"run-{len(programs)}",
            {**os.environ, **marker.environment, "TMPDIR": str(tmp_path / "temporary")},
        )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        program.end()


def test_a_benchmark_tells_everything_and_leaves_nothing(
    lapis: RunLapis, lapis_home: Path, models: Models
) -> None:
    done = lapis("bench", "--model", str(models.llama), "--quick", "--json")
    assert done.stderr == ""
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["complete"] is True
    assert told["model"]["architecture"] == "llama"
    names = {each["name"] for each in told["results"] + told["skipped"]}
    assert {"prefill", "decode", "depth", "two_at_once", "short_beside", "stop"} <= names
    paths = paths_under(lapis_home)
    assert sorted(path.name for path in paths.cache.iterdir()) == ["engine"]
    assert not paths.states.exists()
    assert not list(paths.data.rglob("*.kv"))


def test_a_model_that_is_not_there_is_said_in_words(lapis: RunLapis) -> None:
    done = lapis("bench", "--model", "nosuch")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("There is no model named nosuch\n")


def test_what_a_killed_benchmark_leaves_is_cleared_away_by_whoever_comes_next(
    lapis: RunLapis, lapis_home: Path, tmp_path: Path, models: Models, start: StartBench
) -> None:
    work = paths_under(lapis_home).engine

    def killed() -> set[Path]:
        program = start()
        # Both sides have their folders: the engine, and llama-cpp-python.
        wait_for(lambda: len(list(work.glob(f"*-{program.pid}-*/engine/*"))) == 2, 30)
        program.kill()
        return set(work.glob(f"*-{program.pid}-*"))

    first = killed()
    assert first
    second = killed()
    assert second == set(work.iterdir())

    assert lapis("ask", "-m", str(models.llama), "--max-tokens", "2", "Talk").returncode == 0
    assert list(work.iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_benchmark_measures_with_the_pack_of_the_engine_that_chats_have(
    lapis_home: Path, tmp_path: Path, start: StartBench
) -> None:
    name, content = "libggml-cuda.so", b"no library"
    pack = tmp_path / "pack"
    pack.mkdir(mode=0o700)
    (pack / name).write_bytes(content)
    pack_folder.write_record(pack, listed(b"", {name: content}))
    pack_folder.use(paths_under(lapis_home).engine, pack)

    told = start().engine().environ()

    assert told[pack_folder.FOLDER_VARIABLE] == str(pack)
    assert told[pack_folder.FILES_VARIABLE] == name

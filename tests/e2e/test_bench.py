"""`lapis bench` as a person runs it, on a tiny model."""

import json
from pathlib import Path

from desktop.base.paths import paths_under
from tests.conftest import RunLapis
from tests.harness.models import Models


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

"""`kill -9` at any moment of a download costs a few bytes at most, and never a wrong one.

Real processes are killed, at random moments and at chosen ones. The next start finds a whole model,
or a part that goes on.
"""

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from desktop.domain.download import DownloadPhase
from desktop.domain.settings import LibrarySettings
from desktop.hub.fetch_values import Limits
from desktop.services.downloads import Downloads
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.waiting import wait_for

ROOT = Path(__file__).parents[2]
REPOSITORY = "owner/tiny-GGUF"
SIZE = 6_000_011
FILE = gguf_file("tiny-Q4_K_M.gguf", SIZE, seed=17)
KILLS = 30

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")

# Downloads what it is told to, and dies by its own hand where it is told to.
CHILD = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from desktop.domain.download import DownloadOrder
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.hub import fetch, part_file
from desktop.hub.fetch_values import Limits
from desktop.hub.part_file import PartFile
from desktop.services.downloads import Downloads

home, told = Path(sys.argv[1]), json.loads(sys.argv[2])

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def dies_before(owner, name):
    setattr(owner, name, die)

def dies_after(owner, name, when=lambda *_: True):
    original = getattr(owner, name)
    def inner(*arguments, **named):
        result = original(*arguments, **named)
        if when(*arguments):
            die()
        return result
    setattr(owner, name, inner)

match told["kill"]:
    case "after the last byte":
        dies_after(PartFile, "add", lambda part, _: part.is_complete)
    case "before the hash":
        dies_before(fetch._Fetch, "_verify")
    case "after the hash":
        dies_before(PartFile, "finish")
    case "between flush and rename":
        original = Path.replace
        def replace(path, target):
            if path.suffix == ".part":
                die()
            return original(path, target)
        Path.replace = replace
    case "after the rename":
        dies_after(Path, "replace", lambda path, _: path.suffix == ".part")
    case "before the sidecar goes":
        dies_before(part_file, "remove_leftovers")
    case "after everything, before the queue knows":
        dies_after(PartFile, "finish")
    case "before the sidecar is replaced":
        done = part_file.write_sidecar
        def write(target, sidecar):
            if sidecar.hashed > told["size"] // 2:
                die()
            done(target, sidecar)
        part_file.write_sidecar = write
    case "while the sidecar is replaced":
        original = Path.replace
        seen = []
        def replace(path, target):
            if str(target).endswith(".part.json"):
                seen.append(path)
                if len(seen) == 3:
                    die()
            return original(path, target)
        Path.replace = replace
    case "after the sidecar, before the first byte":
        dies_after(PartFile, "create")

files = (RemoteFile(told["path"], told["size"], told["sha256"], told["url"]),)
source = Source(SourceKind.MIRROR, told["endpoint"])
order = DownloadOrder("key", "Tiny", source, told["repository"], "0" * 40, "owner", files)
limits = Limits(pause=0.002, longest_pause=0.02, report=0.0, keep=told["keep"], reserve=0)
settings = LibrarySettings()
downloads = Downloads(
    lambda: home / "models", home / "queue", lambda: settings, str, {{}}, limits=limits
)
downloads.watch(lambda seen: print("at", *[each.done for each in seen], flush=True))
downloads.add(order)
done = downloads.wait("key", 60)
print("phase", done.phase.value, done.error, flush=True)
downloads.close(5)
"""


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(REPOSITORY, (FILE,))]) as server:
        yield server


def child(
    hub: HubServer, home: Path, kill: str = "", keep: float = 0.02
) -> "subprocess.Popen[str]":
    told = {
        "kill": kill,
        "keep": keep,
        "size": SIZE,
        "path": FILE.path,
        "sha256": FILE.sha256,
        "url": hub.url(REPOSITORY, FILE.path),
        "endpoint": hub.endpoint,
        "repository": REPOSITORY,
    }
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(root=str(ROOT)), str(home), json.dumps(told)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def part_length(home: Path) -> int:
    part = home / "models/owner" / f"{FILE.path}.part"
    return part.stat().st_size if part.exists() else 0


def has_reached(home: Path, length: int) -> bool:
    return part_length(home) >= length


def assert_next_start_completes(hub: HubServer, home: Path) -> list[str]:
    """Start anew in this process, let it go on, and return the ranges that were asked for."""
    before = len(hub.ranges)
    settings = LibrarySettings()
    limits = Limits(pause=0.002, reserve=0)
    downloads = Downloads(
        lambda: home / "models", home / "queue", lambda: settings, str, {}, limits=limits
    )
    try:
        assert [each.phase for each in downloads.downloads] == [DownloadPhase.PAUSED]
        downloads.resume_interrupted()
        done = downloads.wait("key", 60)
        assert done is not None
        assert (done.phase, done.error, done.notice) == (DownloadPhase.DONE, None, None)
        assert len(downloads.downloads) == 1
    finally:
        assert downloads.close(5)
    folder = home / "models/owner"
    assert [path.name for path in folder.iterdir()] == [FILE.path]
    digest = hashlib.sha256((folder / FILE.path).read_bytes()).hexdigest()
    assert digest == FILE.sha256
    assert list((home / "queue").iterdir()) == []
    return hub.ranges[before:]


def test_thirty_kills_in_one_download_and_the_hash_is_the_same(
    hub: HubServer, tmp_path: Path
) -> None:
    seed = 9017
    print("seed", seed)
    rng = random.Random(seed)
    hub.faults.bytes_per_second = 2_000_000
    for number in range(KILLS):
        have, requests = part_length(tmp_path), len(hub.ranges)
        mark = have + rng.randrange(1, SIZE // KILLS // 2)
        with child(hub, tmp_path) as process:
            wait_for(partial(has_reached, tmp_path, mark), 60)
            process.kill()
        assert process.returncode == -9
        assert hub.ranges[requests:] == [f"bytes={have}-" if number else ""]
        assert not list(tmp_path.rglob("*.gguf"))
    have = part_length(tmp_path)
    hub.faults.clear()
    assert assert_next_start_completes(hub, tmp_path) == [f"bytes={have}-"]


@pytest.mark.parametrize(
    ("kill", "fetches_again"),
    [
        ("after the last byte", False),
        ("before the hash", False),
        ("after the hash", False),
        ("between flush and rename", False),
        ("after the rename", False),
        ("before the sidecar goes", False),
        ("after everything, before the queue knows", False),
        ("before the sidecar is replaced", True),
        ("while the sidecar is replaced", True),
        ("after the sidecar, before the first byte", True),
    ],
)
def test_a_kill_at_a_chosen_moment(
    hub: HubServer, tmp_path: Path, kill: str, fetches_again: bool
) -> None:
    hub.faults.bytes_per_second = 20_000_000
    with child(hub, tmp_path, kill) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == -9, said
    assert "phase" not in said
    hub.faults.clear()
    have = part_length(tmp_path)
    asked = assert_next_start_completes(hub, tmp_path)
    if fetches_again:
        assert asked == [f"bytes={have}-" if have else ""]
    else:
        assert asked == [], "the bytes were there"


def test_a_killed_order_can_be_cancelled_with_all_that_it_left(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.faults.bytes_per_second = 4_000_000
    with child(hub, tmp_path) as process:
        wait_for(partial(has_reached, tmp_path, 500_000), 60)
        process.kill()
    left = {path.name for path in (tmp_path / "models/owner").iterdir()}
    assert f"{FILE.path}.lock" in left
    settings = LibrarySettings()
    downloads = Downloads(
        lambda: tmp_path / "models", tmp_path / "queue", lambda: settings, str, {}
    )
    try:
        downloads.cancel("key")
        assert downloads.downloads == ()
    finally:
        assert downloads.close(5)
    assert list((tmp_path / "models").iterdir()) == []
    assert list((tmp_path / "queue").iterdir()) == []

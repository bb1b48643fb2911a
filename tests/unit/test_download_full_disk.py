"""A disk that gets full pauses a download, costs no byte, and says how much is missing.

On a real file system of a few megabytes, in a namespace of its own.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer

ROOT = Path(__file__).parents[2]
REPOSITORY = "owner/tiny-GGUF"
FILE = gguf_file("tiny-Q4_K_M.gguf", 3_000_017, seed=5)
OTHER = gguf_file("other-Q4_K_M.gguf", 500_000, seed=6)

START = """
import hashlib, json, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from desktop.domain.download import DownloadOrder
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.hub.fetch_values import Limits, free_bytes
from desktop.services.downloads import Downloads
folder, told = Path(sys.argv[1]), json.loads(sys.argv[2])
filler = folder / "filler"

def order(file):
    files = (RemoteFile(**file),)
    source = Source(SourceKind.MIRROR, told["endpoint"])
    return DownloadOrder(file["path"], "Tiny", source, told["repository"], "0" * 40, "m", files)

def opened(**limits):
    settings = LibrarySettings()
    given = Limits(pause=0.002, report=0.0, keep=0.05, **({{"reserve": 0}} | limits))
    home = folder
    return Downloads(lambda: home, Path(told["state"]), lambda: settings, str, {{}}, limits=given)

def shown(seen):
    error = seen.error
    return {{
        "phase": seen.phase.value, "done": seen.done, "title": str(error or ""),
        "missing": getattr(error, "missing", 0),
    }}

def names():
    return sorted(path.name for path in (folder / "m").iterdir()) if (folder / "m").exists() else []

def whole(file):
    content = (folder / "m" / file["path"]).read_bytes()
    return hashlib.sha256(content).hexdigest() == file["sha256"]
"""


@pytest.fixture
def hub() -> Iterator[HubServer]:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    tried = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"],
        capture_output=True,
        timeout=20,
        check=False,
    )
    if tried.returncode:
        pytest.skip("user namespaces are not allowed here")
    with HubServer([HubRepository(REPOSITORY, (FILE, OTHER))]) as server:
        yield server


def small_disk(hub: HubServer, code: str) -> list[Any]:
    """Run `code` with `folder` on a file system of 4 MB; return the JSON it prints."""
    files = {
        name: {
            "path": file.path,
            "size": file.size,
            "sha256": file.sha256,
            "url": hub.url(REPOSITORY, file.path),
        }
        for name, file in (("file", FILE), ("other", OTHER))
    }
    with tempfile.TemporaryDirectory() as home:
        told = {
            "endpoint": hub.endpoint,
            "repository": REPOSITORY,
            "state": f"{home}/state",
            **files,
        }
        script, folder = Path(home) / "script.py", Path(home) / "disk"
        script.write_text(START.format(root=str(ROOT)) + code)
        folder.mkdir()
        done = subprocess.run(
            [
                *("unshare", "-Urm", "sh", "-c"),
                f'mount -t tmpfs -o size=4m none {folder} && exec "$0" "$@"',
                *(sys.executable, script, folder, json.dumps(told)),
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    result: list[Any] = json.loads(done.stdout)
    return result


def test_too_little_room_is_said_before_the_first_byte(hub: HubServer) -> None:
    result = small_disk(
        hub,
        """
filler.write_bytes(bytes(2_000_000))
downloads = opened(reserve=1_000_000)
key = downloads.add(order(told["file"]))
refused = shown(downloads.wait(key, 60))
free, left = free_bytes(folder), names()
filler.unlink()
downloads.resume(key)
done = shown(downloads.wait(key, 60))
downloads.close(5)
print(json.dumps([refused, free, left, done, names(), whole(told["file"])]))
""",
    )
    refused, free, left, done, names, whole = result
    assert refused["phase"] == "paused"
    assert refused["missing"] == FILE.size + 1_000_000 - free
    assert "not enough room" in refused["title"]
    assert left == []
    assert done == {"phase": "done", "done": FILE.size, "title": "", "missing": 0}
    assert (names, whole) == ([FILE.path], True)
    assert hub.ranges == [""]


def test_room_that_vanishes_in_the_middle_pauses_and_costs_no_byte(hub: HubServer) -> None:
    hub.faults.bytes_per_second = 4_000_000
    result = small_disk(
        hub,
        """
downloads = opened()
key = downloads.add(order(told["file"]))
def fill(seen):
    if seen and seen[0].done > 300_000 and not filler.exists():
        with filler.open("wb") as stream:
            try:
                while True:
                    stream.write(bytes(65536))
                    stream.flush()
            except OSError:
                pass
end = downloads.watch(fill)
full = shown(downloads.wait(key, 60))
end()
left, here = names(), full["done"]
filler.unlink()
# Others are not dropped with it.
other = downloads.add(order(told["other"]))
second = shown(downloads.wait(other, 60))
downloads.resume(key)
done = shown(downloads.wait(key, 60))
downloads.close(5)
print(json.dumps([full, left, second, done, whole(told["file"]), whole(told["other"])]))
""",
    )
    full, left, second, done, *wholes = result
    assert full["phase"] == "paused"
    assert full["missing"] >= FILE.size - full["done"] - 65536
    assert 300_000 < full["done"] < FILE.size
    assert left == [f"{FILE.path}.part", f"{FILE.path}.part.json"]
    assert (second["phase"], done["phase"], wholes) == ("done", "done", [True, True])
    assert f"bytes={full['done']}-" in hub.ranges

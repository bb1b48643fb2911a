"""How fast a download is beside curl: the same server, the same file, the hash included.

The server is a process of its own on loopback; the file goes to a folder in memory where there is
one, so that no disk is measured. The two take turns; the ratio is taken round by round.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.hub.client import Client, open_client
from desktop.hub.fetch import fetch
from desktop.hub.fetch_values import Errand, Limits
from desktop.hub.network import Network
from tests.bench.measure import Figure

_REPOSITORY = "owner/big-GGUF"
_NAME = "big-Q4_K_M.gguf"
_BYTES = 2 * 10**9
_ROUNDS = 7
_LEAST = 0.9
_MEMORY = Path("/dev/shm")  # noqa: S108 - the measured file must not wait for a disk

_SERVER = f"""
import sys
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
file = gguf_file({_NAME!r}, {_BYTES})
with HubServer([HubRepository({_REPOSITORY!r}, (file,))]) as hub:
    print(hub.endpoint, hub.url({_REPOSITORY!r}, file.path), file.sha256, flush=True)
    sys.stdin.read()
"""


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes the file where there is no folder in memory."""
    if shutil.which("curl") is None:
        print("  curl is not installed: nothing to compare with")
        return []
    curls: list[float] = []
    ours: list[float] = []
    with (
        _server() as (endpoint, url, sha256),
        open_client(Network()) as client,
        tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else folder) as place,
    ):
        source = Source(SourceKind.MIRROR, endpoint)
        errand = Errand(
            source, _REPOSITORY, "", RemoteFile(_NAME, _BYTES, sha256, url), Path(place)
        )
        for _ in range(_ROUNDS + 1):
            curls.append(_curl(url, Path(place) / "curl"))
            ours.append(_fetch(errand, client))
    # The first round is thrown away.
    rounds = [(curl, own) for curl, own in zip(curls, ours, strict=True)][1:]
    speed = _BYTES / 10**6
    return [
        Figure("download: curl", "MB/s", tuple(speed / curl for curl, _ in rounds)),
        Figure("download: Lapis, hash included", "MB/s", tuple(speed / own for _, own in rounds)),
        Figure(
            "download: Lapis ÷ curl",
            "×",
            tuple(curl / own for curl, own in rounds),
            _LEAST,
            at_least=True,
        ),
    ]


def _curl(url: str, target: Path) -> float:
    started = time.perf_counter()
    subprocess.run(["curl", "-sSfL", "-o", target, url], check=True, stdin=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds


def _fetch(errand: Errand, client: Client) -> float:
    started = time.perf_counter()
    done = fetch(errand, client, lambda _: None, threading.Event(), Limits())
    seconds = time.perf_counter() - started
    done.path.unlink()
    return seconds


@contextmanager
def _server() -> Iterator[tuple[str, str, str]]:
    """Yield (address, address of the file, its hash) of a hub in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes to the server")
        endpoint, url, sha256 = process.stdout.readline().split()
        yield endpoint, url, sha256
        process.stdin.close()

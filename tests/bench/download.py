"""How fast a download is beside curl: the same server, the same file, the hash included.

The server is a process of its own on loopback; the file goes to a folder in memory where there is
one, so that no disk is measured. The sides take turns; ratios are taken round by round. A processor
without instructions for SHA-256 counts slower than a loopback sends: what it can at most is shown,
and curl is asked for the same, the hash, by a pipe.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.hub.client import Client, open_client
from desktop.hub.fetch import fetch
from desktop.hub.fetch_values import Errand, Limits
from desktop.hub.network import Network
from desktop.hub.running_hash import new_hash
from tests.bench.measure import Figure

_REPOSITORY = "owner/big-GGUF"
_NAME = "big-Q4_K_M.gguf"
_BYTES = 5 * 10**8
_ROUNDS = 5
_GIGABIT = 10**9 // 8
_LEAST = 0.9
_MEMORY = Path("/dev/shm")  # noqa: S108 - the measured file must not wait for a disk

_SERVER = f"""
import sys
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
file = gguf_file({_NAME!r}, {_BYTES})
with HubServer([HubRepository({_REPOSITORY!r}, (file,))]) as hub:
    print(hub.endpoint, hub.url({_REPOSITORY!r}, file.path), file.sha256, flush=True)
    for line in sys.stdin:
        hub.faults.bytes_per_second = int(line)
        print("set", flush=True)
"""


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes the file where there is no folder in memory."""
    if shutil.which("curl") is None:
        print("  curl is not installed: nothing to compare with")
        return []
    with (
        _server() as server,
        open_client(Network()) as client,
        tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else folder) as place,
    ):
        errand = Errand(
            Source(SourceKind.MIRROR, server.endpoint),
            _REPOSITORY,
            "",
            RemoteFile(_NAME, _BYTES, server.sha256, server.url),
            Path(place),
        )
        sides: tuple[Callable[[], float], ...] = (
            partial(_curl, server.url, Path(place) / "curl"),
            partial(_curl_and_hash, server.url, Path(place) / "curl"),
            partial(_fetch, errand, client),
            _hash,
        )
        bare, hashed, own, alone = _rounds(sides)
        server.limit(_GIGABIT)
        slow, slow_own = _rounds((sides[0], sides[2]))
    # Only where the hash could keep up does the bare curl say anything about Lapis.
    counts_fast = statistics.median(alone) * 1.1 < statistics.median(bare)
    return [
        _speed("download: curl", bare),
        _speed("download: curl and sha256sum", hashed),
        _speed("download: the hash alone", alone),
        _speed("download: Lapis, hash included", own),
        _ratio("download: Lapis ÷ curl and sha256sum", hashed, own, _LEAST),
        _ratio("download: Lapis ÷ curl", bare, own, _LEAST if counts_fast else None),
        _ratio("download: Lapis ÷ curl at 1 Gbit/s", slow, slow_own, _LEAST),
    ]


def _rounds(sides: Sequence[Callable[[], float]]) -> list[tuple[float, ...]]:
    """Return the seconds of each side; the first round is thrown away."""
    rounds = [[side() for side in sides] for _ in range(_ROUNDS + 1)]
    return list(zip(*rounds[1:], strict=True))


def _speed(name: str, seconds: Sequence[float]) -> Figure:
    return Figure(name, "MB/s", tuple(_BYTES / 10**6 / each for each in seconds))


def _ratio(name: str, theirs: Sequence[float], own: Sequence[float], limit: float | None) -> Figure:
    values = tuple(their / our for their, our in zip(theirs, own, strict=True))
    return Figure(name, "×", values, limit, at_least=True)


def _curl(url: str, target: Path) -> float:
    started = time.perf_counter()
    subprocess.run(["curl", "-sSfL", "-o", target, url], check=True, stdin=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds


def _curl_and_hash(url: str, target: Path) -> float:
    line = 'curl -sSfL "$0" | tee "$1" | sha256sum'
    started = time.perf_counter()
    subprocess.run(["sh", "-c", line, url, target], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds


def _fetch(errand: Errand, client: Client) -> float:
    started = time.perf_counter()
    done = fetch(errand, client, lambda _: None, threading.Event(), Limits())
    seconds = time.perf_counter() - started
    done.path.unlink()
    return seconds


def _hash() -> float:
    block, digest = bytes(1 << 20), new_hash()
    started = time.perf_counter()
    while digest.length < _BYTES:
        digest.update(block)
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class _Server:
    """A hub in a process of its own."""

    process: "subprocess.Popen[str]"
    endpoint: str
    url: str
    sha256: str

    def limit(self, bytes_per_second: int) -> None:
        """Send no faster than that."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("no pipes to the server")
        stdin.write(f"{bytes_per_second}\n")
        stdin.flush()
        stdout.readline()


@contextmanager
def _server() -> Iterator[_Server]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes to the server")
        endpoint, url, sha256 = process.stdout.readline().split()
        yield _Server(process, endpoint, url, sha256)
        process.stdin.close()

"""One file from a fake hub over real sockets, with everything that a network does to it.

The rows are those of the project's list of download faults: what a server does wrong, what must be
seen, and what must never happen. Assertions look at the server's log, not only at the result.
"""

import errno
import gc
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.download import DownloadPhase
from desktop.domain.errors import (
    AccessDenied,
    AlreadyDownloading,
    BadReference,
    DamagedDownload,
    DownloadError,
    GatedModel,
    LapisError,
    NetworkError,
    NoRoom,
    NotTrusted,
    OddAnswer,
    RemoteFileNotFound,
    StorageError,
    TooManyRequests,
    Unreachable,
)
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.hub import part_file
from desktop.hub.beside import part_path, sidecar_path
from desktop.hub.client import Client, open_client
from desktop.hub.fetch import fetch
from desktop.hub.fetch_values import Errand, Fetched, Limits, Progress, Stopped
from desktop.hub.network import Network
from desktop.hub.sidecar import read_sidecar
from desktop.hub.target_lock import locked
from tests.harness.hub.faults import Cut, rate_limited, refusal, web_page
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer

REPOSITORY = "owner/tiny-GGUF"
NAME = "tiny-Q4_K_M.gguf"
SIZE = 3_000_017
FILE = gguf_file(NAME, SIZE)
ROOM = 10**12
# Everything in fractions of a second; the proportions are the real ones.
QUICK = Limits(
    silence=20.0,
    quiet=10.0,
    pause=0.002,
    longest_pause=0.02,
    report=0.0,
    keep=0.0,
    reserve=0,
    free=lambda _: ROOM,
)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(REPOSITORY, (FILE,))]) as server:
        yield server


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with open_client(Network()) as opened:
        yield opened


def errand(
    hub: HubServer, folder: Path, file: HubFile = FILE, repository: str = REPOSITORY
) -> Errand:
    source = Source(SourceKind.MIRROR, hub.endpoint)
    wanted = RemoteFile(file.path, file.size, file.sha256, hub.url(repository, file.path))
    return Errand(source, repository, "0" * 40, wanted, folder)


@dataclass
class Run:
    """A fetch in the thread of the test, everything it said, and a hand on its stop."""

    client: Client
    limits: Limits = QUICK
    said: list[Progress] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    stop_when: Callable[[Progress], bool] = lambda _: False

    def __call__(self, wanted: Errand) -> Fetched:
        self.stop.clear()
        return fetch(wanted, self.client, self._hear, self.stop, self.limits)

    def _hear(self, progress: Progress) -> None:
        self.said.append(progress)
        if self.stop_when(progress):
            self.stop.set()

    @property
    def phases(self) -> list[DownloadPhase]:
        return list(dict.fromkeys(progress.phase for progress in self.said))

    @property
    def notices(self) -> list[str]:
        return list(dict.fromkeys(str(each.notice) for each in self.said if each.notice))

    def assert_went_forward(self) -> None:
        """Progress goes back only together with a new notice."""
        for before, after in zip(self.said, self.said[1:], strict=False):
            assert after.done >= before.done or after.notice is not None


def self_signed(folder: Path) -> Path:
    """Return a new certificate for this computer, with its key, that nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path),
        ],
        check=True,
        capture_output=True,
    )
    content = subprocess.run(
        ["openssl", "x509", "-in", path], check=True, capture_output=True
    ).stdout
    assert b"BEGIN CERTIFICATE" in content
    return path


@pytest.fixture
def run(client: Client) -> Run:
    return Run(client)


def paused(run: Run, wanted: Errand, at_least: int) -> int:
    """Download until `at_least` bytes are there, stop, and return how many there are."""
    run.stop_when = lambda progress: (
        progress.phase is DownloadPhase.DOWNLOADING and progress.done >= at_least
    )
    with pytest.raises(Stopped):
        run(wanted)
    run.stop_when = lambda _: False
    run.said.clear()
    return part_path(wanted.folder / NAME).stat().st_size


def assert_whole(folder: Path, file: HubFile = FILE) -> None:
    assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256
    assert [path.name for path in folder.iterdir()] == [file.path]


def assert_nothing(folder: Path) -> None:
    assert not folder.exists()


# --- the ten cases ----------------------------------------------------------------------------


def test_a_file_arrives_whole_and_leaves_nothing_beside_it(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    done = run(errand(hub, folder))
    assert done == Fetched(folder / NAME, SIZE, FILE.sha256, was_there=False)
    assert_whole(folder)
    assert [(each.side, each.method) for each in hub.log] == [("hub", "HEAD"), ("cdn", "GET")]
    assert run.phases == [
        DownloadPhase.RESOLVING,
        DownloadPhase.DOWNLOADING,
        DownloadPhase.VERIFYING,
    ]
    run.assert_went_forward()
    assert run.notices == []


def test_a_paused_download_goes_on_at_its_very_byte(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.bytes_per_second = 20_000_000
    have = paused(run, errand(hub, tmp_path), SIZE // 3)
    assert SIZE // 3 <= have < SIZE
    assert not (tmp_path / NAME).exists()
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", f"bytes={have}-"]
    assert run.said[0].done == have
    run.assert_went_forward()
    assert_whole(tmp_path)


def test_a_dropped_connection_is_continued(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.cut(after=1_000_000)
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-"]
    run.assert_went_forward()
    assert_whole(tmp_path)


def test_an_expired_address_is_asked_for_again(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.cut(after=1_000_000, how=Cut.EXPIRE)
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-", "bytes=1000000-"]
    assert [each.side for each in hub.log] == ["hub", "cdn", "cdn", "hub", "cdn"]
    assert_whole(tmp_path)


@pytest.mark.parametrize("times", [1, 3, 7])
def test_addresses_may_expire_again_and_again(
    hub: HubServer, run: Run, tmp_path: Path, times: int
) -> None:
    hub.faults.expired(times)
    run(errand(hub, tmp_path))
    assert len(hub.ranges) == times + 1
    assert_whole(tmp_path)


def test_addresses_that_always_expire_are_not_asked_for_without_end(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.expired(-1)
    with pytest.raises(AccessDenied):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.ranges) == QUICK.retries + 1
    assert_nothing(tmp_path / "models")


@pytest.mark.parametrize("offset", [100, SIZE // 2, SIZE - 1])
def test_one_wrong_byte_never_gets_the_name_of_the_model(
    hub: HubServer, run: Run, tmp_path: Path, offset: int
) -> None:
    hub.faults.flip(offset)
    with pytest.raises(DamagedDownload):
        run(errand(hub, tmp_path))
    assert hub.ranges == ["", ""], "one restart, no more"
    assert {path.name for path in tmp_path.iterdir()} == {".quarantine"}
    note = tmp_path / ".quarantine" / f"{NAME}.txt"
    assert FILE.sha256 in note.read_text()
    assert run.notices == ["Wrong bytes arrived, so the file is downloaded once more"]
    run.assert_went_forward()


def test_wrong_bytes_once_are_fetched_again_and_the_wrong_ones_go(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.flip(SIZE // 2, times=1)
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", ""]
    assert_whole(tmp_path)


@pytest.mark.parametrize("header", ["RateLimit", "Retry-After"])
def test_a_server_that_asks_to_wait_is_left_alone_that_long(
    hub: HubServer, run: Run, tmp_path: Path, header: str
) -> None:
    hub.faults.hub_answers(rate_limited(0, header), times=2)
    begun = time.monotonic()
    run(errand(hub, tmp_path))
    waits = [each.wait_seconds for each in run.said if each.phase is DownloadPhase.WAITING]
    assert waits == ([1.0, 1.0] if header == "RateLimit" else [0.0, 0.0])
    assert time.monotonic() - begun >= sum(waits)
    assert_whole(tmp_path)


def test_a_wait_can_be_stopped(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.hub_answers(rate_limited(600))
    run.stop_when = lambda progress: progress.phase is DownloadPhase.WAITING
    with pytest.raises(Stopped):
        run(errand(hub, tmp_path / "models"))
    assert run.said[-1].wait_seconds == 601
    assert_nothing(tmp_path / "models")


def test_a_server_without_ranges_is_begun_anew_and_it_is_said(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.cut(after=1_000_000)
    hub.faults.ignore_range = True
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-"]
    assert run.notices == ["The server cannot go on in the middle, so the download starts anew"]
    run.assert_went_forward()
    assert_whole(tmp_path)


def test_a_server_without_ranges_that_always_breaks_off_is_left_in_the_end(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.cut(after=1_000_000, times=-1)
    hub.faults.ignore_range = True
    with pytest.raises(DownloadError):
        run(errand(hub, tmp_path))
    assert len(hub.ranges) == QUICK.restarts + 2


@pytest.mark.parametrize("token", ["", "hf_other"])
def test_a_gated_model_is_refused_before_anything_is_written(
    run: Run, tmp_path: Path, token: str
) -> None:
    with HubServer([HubRepository(REPOSITORY, (FILE,), gate="manual")]) as hub:
        with pytest.raises(GatedModel) as refused:
            run(errand(hub, tmp_path / "models"))
        assert REPOSITORY in refused.value.page
        assert hub.ranges == []
    assert_nothing(tmp_path / "models")


def test_too_little_room_is_said_before_the_first_byte(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    run.limits = replace(QUICK, reserve=512 * 10**6, free=lambda _: 400 * 10**6)
    with pytest.raises(NoRoom) as refused:
        run(errand(hub, tmp_path / "models"))
    assert refused.value.missing == 112 * 10**6 + SIZE
    assert "116 MB" in str(refused.value.title)
    assert hub.ranges == []
    assert_nothing(tmp_path / "models")


def test_what_is_there_needs_no_room_again(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.cut(after=2_000_000, times=-1)
    run.limits = replace(QUICK, retries=0)
    with pytest.raises(Unreachable):
        run(errand(hub, tmp_path))
    hub.faults.clear()
    have = part_path(tmp_path / NAME).stat().st_size
    run.limits = replace(QUICK, free=lambda _: SIZE - have)
    run(errand(hub, tmp_path))
    assert_whole(tmp_path)


# --- the cases beyond the ten -------------------------------------------------------------------


def broken_off(hub: HubServer, run: Run, folder: Path, after: int = 1_000_000) -> None:
    """Leave a part of `after` bytes."""
    before, run.limits = run.limits, replace(run.limits, retries=0)
    hub.faults.cut(after)
    with pytest.raises(Unreachable):
        run(errand(hub, folder))
    run.limits = before
    run.said.clear()
    assert part_path(folder / NAME).stat().st_size == after


def test_an_update_between_pause_and_resume_discards_the_old_part(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    broken_off(hub, run, tmp_path)
    newer = gguf_file(NAME, SIZE + 5, seed=7)
    hub.replace(HubRepository(REPOSITORY, (newer,), commit="f" * 40))
    done = run(errand(hub, tmp_path))
    assert (done.size, done.sha256) == (newer.size, newer.sha256)
    assert hub.ranges == ["", ""]
    assert run.notices == ["The file was changed at its source, so it is downloaded from the start"]
    run.assert_went_forward()
    assert_whole(tmp_path, newer)


def test_an_update_known_from_a_new_listing_discards_the_old_part_too(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    broken_off(hub, run, tmp_path)
    newer = gguf_file(NAME, SIZE, seed=7)
    hub.replace(HubRepository(REPOSITORY, (newer,), commit="f" * 40))
    run(errand(hub, tmp_path, newer))
    assert hub.ranges == ["", ""]
    assert len(run.notices) == 1
    assert_whole(tmp_path, newer)


def test_the_live_listing_counts_more_than_what_was_known_before(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    wanted = errand(hub, tmp_path)
    wrong = replace(wanted, file=replace(wanted.file, sha256="a" * 64, size=12345))
    assert run(wrong).sha256 == FILE.sha256
    assert_whole(tmp_path)


def test_a_source_that_stands_in_must_have_the_known_hash(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    wanted = errand(hub, tmp_path / "models")
    other = replace(wanted, file=replace(wanted.file, sha256="a" * 64), is_live=False)
    with pytest.raises(DownloadError):
        run(other)
    assert hub.ranges == []
    assert_nothing(tmp_path / "models")


def test_a_mirror_that_tells_neither_hash_nor_commit_is_checked_by_the_listing(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.omit_commit = hub.faults.omit_linked = True
    hub.faults.flip(SIZE // 2, times=1)
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", ""]
    assert_whole(tmp_path)


def test_a_second_lapis_does_not_touch_the_same_target(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    with locked(tmp_path / NAME), pytest.raises(AlreadyDownloading):
        run(errand(hub, tmp_path))
    assert hub.log == []
    run(errand(hub, tmp_path))
    assert_whole(tmp_path)


@pytest.mark.parametrize("after", [-1, 0, 1_000_000])
def test_a_stall_ends_in_a_new_connection(
    hub: HubServer, run: Run, tmp_path: Path, after: int
) -> None:
    hub.faults.cut(after, how=Cut.STALL)
    run.limits = replace(QUICK, silence=0.5, quiet=0.1)
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", f"bytes={after}-" if after > 0 else ""]
    assert DownloadPhase.STALLED in run.phases
    run.assert_went_forward()
    assert_whole(tmp_path)


def test_a_server_that_stalls_for_ever_is_left_and_the_part_kept(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    hub.faults.cut(1_000_000)
    hub.faults.cut(0, times=-1, how=Cut.STALL)
    run.limits = replace(QUICK, silence=0.5, quiet=0.1)
    with pytest.raises(Unreachable):
        run(errand(hub, tmp_path))
    assert len(hub.ranges) == 1 + QUICK.retries
    assert part_path(tmp_path / NAME).stat().st_size == 1_000_000


def test_a_stalled_download_is_stopped_at_once(hub: HubServer, run: Run, tmp_path: Path) -> None:
    for after in (-1, 1_000_000):
        hub.faults.cut(after, how=Cut.STALL)
        run.limits = replace(QUICK, silence=1000, quiet=0.05)
        run.stop_when = lambda progress: progress.phase is DownloadPhase.STALLED
        with pytest.raises(Stopped):
            run(errand(hub, tmp_path))
    assert part_path(tmp_path / NAME).stat().st_size == 1_000_000


def test_a_trickle_is_no_stall(hub: HubServer, run: Run, tmp_path: Path) -> None:
    small = gguf_file("small.gguf", 200, seed=3)
    small = replace(small, head=small.head[:100], sha256="")
    hub.replace(HubRepository(REPOSITORY, (small,)))
    hub.faults.bytes_per_second = 100
    run.limits = replace(QUICK, silence=1.0)
    run(errand(hub, tmp_path, small))
    assert hub.ranges == [""]
    assert_whole(tmp_path, small)


@pytest.mark.parametrize("side", ["hub", "cdn"])
def test_a_login_page_is_never_taken_for_a_file(
    hub: HubServer, run: Run, tmp_path: Path, side: str
) -> None:
    answers = hub.faults.hub_answers if side == "hub" else hub.faults.cdn_answers
    answers(web_page(), times=-1)
    with pytest.raises(OddAnswer):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.ranges) <= 1
    assert_nothing(tmp_path / "models")


def test_a_page_that_calls_itself_a_file_is_found_out_by_its_first_bytes(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    pointer = HubFile(NAME, 2_000_000, head=b"version https://git-lfs.github.com/spec/v1\n")
    hub.replace(HubRepository(REPOSITORY, (pointer,)))
    with pytest.raises(DownloadError, match="not a model file"):
        run(errand(hub, tmp_path / "models", pointer))
    assert len(hub.ranges) == 1
    assert_nothing(tmp_path / "models")


def test_what_is_no_model_by_its_name_needs_no_magic(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    text = HubFile("README.md", 2_000, head=b"# Read me")
    hub.replace(HubRepository(REPOSITORY, (text,)))
    run(errand(hub, tmp_path, text))
    assert_whole(tmp_path, text)


def test_a_small_file_that_the_hub_hands_out_itself(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    small = replace(gguf_file("small.gguf", 150_000), lfs=False)
    hub.replace(HubRepository(REPOSITORY, (small,)))
    wanted = errand(hub, tmp_path, small)
    for sha256 in (small.sha256, ""):
        run(replace(wanted, file=replace(wanted.file, sha256=sha256)))
        assert_whole(tmp_path, small)
        (tmp_path / small.path).unlink()


@pytest.mark.parametrize(
    "said",
    [
        *("bytes 0-{end}/{total}", "bytes {start}-{end}/999", "nonsense", "bytes */{total}"),
        "bytes 1000001-{end}/{total}",
    ],
)
def test_a_wrong_content_range_is_never_added(
    hub: HubServer, run: Run, tmp_path: Path, said: str
) -> None:
    broken_off(hub, run, tmp_path)
    hub.faults.content_range = said
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-", ""]
    assert len(run.notices) == 1
    run.assert_went_forward()
    assert_whole(tmp_path)


def test_an_unknown_total_in_a_content_range_is_right(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    broken_off(hub, run, tmp_path)
    hub.faults.content_range = "bytes {start}-{end}/*"
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-"]
    assert_whole(tmp_path)


def test_a_refused_range_begins_anew(hub: HubServer, run: Run, tmp_path: Path) -> None:
    broken_off(hub, run, tmp_path)
    hub.faults.status_416 = True
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-", ""]
    assert_whole(tmp_path)


def test_a_compressed_body_is_refused(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.gzip = True
    with pytest.raises(DownloadError):
        run(errand(hub, tmp_path / "models"))
    assert {each.headers["accept-encoding"] for each in hub.log} == {"identity"}
    assert_nothing(tmp_path / "models")


@pytest.mark.parametrize("breaks", [False, True])
def test_a_body_of_unknown_length_is_read_to_its_end(
    hub: HubServer, run: Run, tmp_path: Path, breaks: bool
) -> None:
    hub.faults.no_length = True
    if breaks:
        hub.faults.cut(after=1_000_000)
    run(errand(hub, tmp_path))
    assert hub.ranges == (["", "bytes=1000000-"] if breaks else [""])
    assert_whole(tmp_path)


@pytest.mark.parametrize("announced", [True, False])
def test_more_bytes_than_announced_are_not_a_file(
    hub: HubServer, run: Run, tmp_path: Path, announced: bool
) -> None:
    hub.faults.extra = 10
    hub.faults.no_length = not announced
    with pytest.raises(DownloadError):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.ranges) <= QUICK.restarts + 1
    assert_nothing(tmp_path / "models")


def test_a_body_that_is_always_too_short_ends(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.truncate = 100
    with pytest.raises(NetworkError):
        run(errand(hub, tmp_path))
    assert part_path(tmp_path / NAME).stat().st_size == SIZE - 100
    hub.faults.truncate = 0
    run(errand(hub, tmp_path))
    assert hub.ranges[-1] == f"bytes={SIZE - 100}-"
    assert_whole(tmp_path)


@pytest.mark.parametrize("how", [Cut.CLOSE, Cut.RESET])
def test_twenty_drops_in_one_file_cost_no_byte(
    hub: HubServer, run: Run, tmp_path: Path, how: Cut
) -> None:
    hub.faults.cut(after=140_001, times=20, how=how)
    run(errand(hub, tmp_path))
    assert len(hub.ranges) == 21
    run.assert_went_forward()
    asked = [int(each.removeprefix("bytes=").rstrip("-") or 0) for each in hub.ranges]
    assert asked == sorted(asked)
    if how is Cut.CLOSE:
        assert asked == [140_001 * n for n in range(21)]
    assert_whole(tmp_path)


def test_drops_without_a_byte_are_counted_in_a_row(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    for _ in range(3):
        hub.faults.cut(after=0, times=QUICK.retries - 1)
        hub.faults.cut(after=1000)
    run(errand(hub, tmp_path))
    assert_whole(tmp_path)


def test_an_end_to_waiting_as_told(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.hub_answers(rate_limited(0, "Retry-After"), times=-1)
    with pytest.raises(TooManyRequests):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.log) == QUICK.waits + 1
    assert_nothing(tmp_path / "models")


def test_a_wait_of_hours_is_said_and_not_waited(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.hub_answers(rate_limited(86_400, "Retry-After"))
    with pytest.raises(TooManyRequests):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.log) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_with_a_problem_is_asked_a_few_times(
    hub: HubServer, run: Run, tmp_path: Path, status: int
) -> None:
    hub.faults.cdn_answers(refusal(status), times=2)
    hub.faults.hub_answers(refusal(status), times=2)
    run(errand(hub, tmp_path))
    assert_whole(tmp_path)
    (tmp_path / NAME).unlink()
    hub.faults.hub_answers(refusal(status), times=-1)
    before = len(hub.log)
    with pytest.raises(NetworkError):
        run(errand(hub, tmp_path))
    assert len(hub.log) == before + QUICK.retries + 1


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "RepoNotFound", NetworkError),
        (404, "EntryNotFound", RemoteFileNotFound),
        (404, "RevisionNotFound", RemoteFileNotFound),
        (410, "", RemoteFileNotFound),
        (403, "", AccessDenied),
        (418, "", OddAnswer),
    ],
)
def test_what_the_hub_refuses_is_asked_once(
    hub: HubServer, run: Run, tmp_path: Path, status: int, code: str, error: type[LapisError]
) -> None:
    hub.faults.hub_answers(refusal(status, code, "no"), times=-1)
    with pytest.raises(error):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.log) == 1
    assert_nothing(tmp_path / "models")


def test_a_renamed_repository_is_followed(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.renamed = {"old/name": REPOSITORY}
    run(errand(hub, tmp_path, repository="old/name"))
    assert [each.side for each in hub.log] == ["hub", "hub", "cdn"]
    assert_whole(tmp_path)


def test_redirects_without_end_have_one(hub: HubServer, run: Run, tmp_path: Path) -> None:
    hub.faults.endless_redirects = True
    with pytest.raises(OddAnswer):
        run(errand(hub, tmp_path / "models"))
    assert len(hub.log) <= 7
    assert_nothing(tmp_path / "models")


@pytest.mark.parametrize(
    "place", ["http://192.0.2.1/file", "ftp://127.0.0.1/file", "file:///etc/passwd", "//192.0.2.1/"]
)
def test_a_redirect_to_somewhere_unsafe_is_not_followed(
    hub: HubServer, run: Run, tmp_path: Path, place: str
) -> None:
    hub.faults.redirect = place
    with pytest.raises(OddAnswer):
        run(errand(hub, tmp_path / "models"))
    assert hub.ranges == []
    assert_nothing(tmp_path / "models")


def test_the_token_is_for_the_hub_alone(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.replace(HubRepository(REPOSITORY, (FILE,), gate="manual", accepted=frozenset({"hf_mine"})))
    # The hub of the test is not the one that tokens are for: for once it is.
    monkeypatch.setattr(
        "desktop.hub.client.may_carry_token", lambda url: url.startswith(hub.endpoint)
    )
    hub.faults.cut(after=1_000_000, how=Cut.EXPIRE)
    with open_client(Network(token=lambda: "hf_mine")) as client:
        Run(client)(errand(hub, tmp_path))
    assert [(each.side, each.token) for each in hub.log] == [
        *(("hub", "hf_mine"), ("cdn", ""), ("cdn", ""), ("hub", "hf_mine"), ("cdn", "")),
    ]
    assert not [each for each in hub.log if each.side == "cdn" and each.authorization]
    assert_whole(tmp_path)


def test_a_mirror_never_sees_the_token(hub: HubServer, tmp_path: Path) -> None:
    with open_client(Network(token=lambda: "hf_mine")) as client:
        Run(client)(errand(hub, tmp_path))
    assert not [each for each in hub.log if each.authorization]


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "foreign", "newer", "longer"])
def test_a_part_without_a_good_sidecar_is_not_trusted(
    hub: HubServer, run: Run, tmp_path: Path, damage: str
) -> None:
    broken_off(hub, run, tmp_path)
    sidecar, part = sidecar_path(tmp_path / NAME), part_path(tmp_path / NAME)
    match damage:
        case "missing":
            sidecar.unlink()
        case "empty":
            sidecar.write_bytes(b"")
        case "cut":
            sidecar.write_bytes(sidecar.read_bytes()[:50])
        case "foreign":
            sidecar.write_bytes(sidecar.read_bytes().replace(FILE.sha256.encode(), b"b" * 64))
        case "newer":
            sidecar.write_bytes(sidecar.read_bytes().replace(b'"schema":1', b'"schema":2'))
        case _:
            part.write_bytes(bytes(SIZE + 1))
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", ""]
    assert len(run.notices) == 1
    assert_whole(tmp_path)


def test_a_part_that_is_complete_is_only_checked(hub: HubServer, run: Run, tmp_path: Path) -> None:
    broken_off(hub, run, tmp_path)
    part_path(tmp_path / NAME).write_bytes(FILE.content)
    asked = len(hub.log)
    run(errand(hub, tmp_path))
    assert len(hub.log) == asked
    assert run.phases == [DownloadPhase.VERIFYING]
    assert_whole(tmp_path)


def test_a_wrong_state_of_the_hash_costs_a_reading_and_no_download(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    broken_off(hub, run, tmp_path)
    known = read_sidecar(tmp_path / NAME)
    assert known is not None
    wrong = ("0" if known.state[0] != "0" else "1") + known.state[1:]
    sidecar = sidecar_path(tmp_path / NAME)
    sidecar.write_bytes(sidecar.read_bytes().replace(known.state.encode(), wrong.encode()))
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-"]
    assert run.notices == []
    assert_whole(tmp_path)


def test_wrong_bytes_in_the_part_are_found_in_the_end(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    broken_off(hub, run, tmp_path)
    sidecar = sidecar_path(tmp_path / NAME)
    known = read_sidecar(tmp_path / NAME)
    assert known is not None
    # No state is kept, so that the bytes are read again.
    sidecar.write_bytes(sidecar.read_bytes().replace(known.state.encode(), b""))
    with part_path(tmp_path / NAME).open("r+b") as stream:
        stream.seek(500_000)
        stream.write(b"wrong")
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-", ""]
    assert_whole(tmp_path)


def test_a_file_that_is_there_already_is_adopted(hub: HubServer, run: Run, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(FILE.content)
    assert run(errand(hub, tmp_path)).was_there
    assert hub.log == []
    assert_whole(tmp_path)


def test_another_file_of_the_same_name_stays_until_the_new_one_is_complete(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(bytes(SIZE))
    hub.faults.bytes_per_second = 20_000_000
    paused(run, errand(hub, tmp_path), SIZE // 3)
    assert (tmp_path / NAME).read_bytes() == bytes(SIZE)
    run(errand(hub, tmp_path))
    run.assert_went_forward()
    assert_whole(tmp_path)


@pytest.mark.parametrize("path", ["../up.gguf", "/etc/up.gguf", "a/../../up.gguf", "C:\\up.gguf"])
def test_a_hostile_name_never_leaves_the_folder(
    hub: HubServer, run: Run, tmp_path: Path, path: str
) -> None:
    wanted = errand(hub, tmp_path / "models")
    with pytest.raises(BadReference):
        run(replace(wanted, file=replace(wanted.file, path=path)))
    assert list(tmp_path.iterdir()) == []


def test_folders_in_the_repository_are_none_here(hub: HubServer, run: Run, tmp_path: Path) -> None:
    inside = replace(FILE, path=f"Q4_K_M/{NAME}")
    hub.replace(HubRepository(REPOSITORY, (inside,)))
    run(errand(hub, tmp_path, inside))
    assert_whole(tmp_path)


# --- who cannot be reached ------------------------------------------------------------------------


def test_a_certificate_nobody_knows_is_not_trusted(run: Run, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with HubServer([HubRepository(REPOSITORY, (FILE,))], str(certificate)) as hub:
        with pytest.raises(NotTrusted):
            run(errand(hub, tmp_path / "models"))
        assert hub.log == []
        # With that authority in the settings it is.
        with open_client(Network(certificates=str(certificate))) as client:
            Run(client)(errand(hub, tmp_path / "models"))
    assert_whole(tmp_path / "models")


def test_nobody_at_the_address(run: Run, tmp_path: Path) -> None:
    with HubServer([HubRepository(REPOSITORY, (FILE,))]) as hub:
        wanted = errand(hub, tmp_path / "models")
    with pytest.raises(Unreachable):
        run(wanted)
    assert_nothing(tmp_path / "models")


def test_a_connection_after_the_end_is_closed_and_forgotten(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting, go_on = threading.Event(), threading.Event()
    connect = socket.create_connection

    def slowly(*address: Any, **more: Any) -> socket.socket:
        connecting.set()
        assert go_on.wait(60)
        return connect(*address, **more)

    monkeypatch.setattr(socket, "create_connection", slowly)
    before = set(threading.enumerate())
    with open_client(Network()) as client:
        run = Run(client, limits=replace(QUICK, quiet=0.0))
        run.stop_when = lambda _: connecting.is_set()
        with pytest.raises(Stopped):
            run(errand(hub, tmp_path))
    left = [thread for thread in set(threading.enumerate()) - before if "line" in thread.name]
    assert left, "somebody still waits for the hub"
    go_on.set()
    for thread in left:
        thread.join()
    # A socket that nobody closed is a warning, and so an error.
    gc.collect()
    assert len(hub.log) <= 1


# --- the disk ---------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_is_said(hub: HubServer, run: Run, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises(StorageError):
        run(errand(hub, tmp_path / "models"))


def test_a_part_that_cannot_be_read_again_just_now_is_kept(
    hub: HubServer, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(hub, run, tmp_path)
    known = read_sidecar(tmp_path / NAME)
    assert known is not None
    # No state is kept, so that the bytes have to be read again.
    sidecar = sidecar_path(tmp_path / NAME)
    sidecar.write_bytes(sidecar.read_bytes().replace(known.state.encode(), b""))

    class Away(FileIO):
        def readinto(self, _buffer: object) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as away:
        away.setattr(part_file, "FileIO", Away)
        with pytest.raises(StorageError):
            run(errand(hub, tmp_path))

    assert part_path(tmp_path / NAME).stat().st_size == 1_000_000
    run(errand(hub, tmp_path))
    assert hub.ranges == ["", "bytes=1000000-"]
    assert_whole(tmp_path)

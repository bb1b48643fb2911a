"""A part file claims no byte that is not there, and is believed only where it can be."""

import errno
import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from desktop.domain.errors import AlreadyDownloading
from desktop.domain.repository import Source, SourceKind
from desktop.hub import part_file
from desktop.hub.beside import part_path, sidecar_path
from desktop.hub.part_file import PartFile, remove_leftovers
from desktop.hub.sidecar import Identity, Sidecar, read_sidecar, write_sidecar
from desktop.hub.target_lock import locked

CONTENT = b"GGUF" + bytes(range(256)) * 400
MIRROR = Source(SourceKind.MIRROR, "http://127.0.0.1:1")
IDENTITY = Identity(
    MIRROR, "owner/name", "0" * 40, "a.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "a.gguf"


def nothing() -> None:
    """Be asked meanwhile."""


def filled(target: Path, count: int, kept: int) -> None:
    """Leave a part of `count` bytes of which the sidecar claims `kept`."""
    with PartFile.create(target, IDENTITY) as part:
        part.add(CONTENT[:kept])
        part.keep()
        part.add(CONTENT[kept:count])


def reopened(target: Path, identity: Identity = IDENTITY) -> PartFile:
    part = PartFile.reopen(target, identity)
    assert part is not None
    return part


def test_a_whole_life(target: Path) -> None:
    with PartFile.create(target, IDENTITY) as part:
        assert read_sidecar(target) == Sidecar(IDENTITY)
        part.add(CONTENT[:70_000])
        part.add(b"")
        part.keep()
    with reopened(target) as part:
        # The state of the hash was kept: nothing is read.
        assert part.length == part.on_disk == 70_000
        part.catch_up(nothing)
        part.add(CONTENT[70_000:])
        assert part.is_complete
        assert part.hexdigest == IDENTITY.sha256
        assert part.beginning(4) == b"GGUF"
        assert not target.exists()
        part.finish()
        assert part.is_closed
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_the_bytes_are_on_the_disk_before_the_sidecar_claims_them(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: did.append("flush"))

    def claim(_: Path, sidecar: Sidecar) -> None:
        did.append(f"claim {sidecar.hashed}")

    monkeypatch.setattr(part_file, "write_sidecar", claim)
    with PartFile.create(target, IDENTITY) as part:
        part.add(CONTENT[:100])
        part.keep()
        part.keep()
    assert did == ["claim 0", "flush", "claim 100"]


def test_bytes_after_the_last_claim_are_read_and_kept(target: Path) -> None:
    filled(target, 90_000, kept=70_000)
    with reopened(target) as part:
        assert part.length == 70_000
        part.catch_up(nothing)
        assert part.length == 90_000
        part.add(CONTENT[90_000:])
        assert part.hexdigest == IDENTITY.sha256


def test_bytes_that_a_crash_of_the_computer_may_have_garbled_are_dropped(target: Path) -> None:
    filled(target, 90_000, kept=70_000)
    before_start = psutil.boot_time() - 1000
    os.utime(part_path(target), (before_start, before_start))
    with reopened(target) as part:
        part.catch_up(nothing)
        assert part.length == part.on_disk == 70_000
        part.add(CONTENT[70_000:])
        assert part.hexdigest == IDENTITY.sha256


def test_without_a_state_everything_is_read(target: Path) -> None:
    filled(target, 70_000, kept=70_000)
    write_sidecar(target, Sidecar(IDENTITY, 70_000))
    with reopened(target) as part:
        assert part.length == 0
        part.catch_up(nothing)
        assert part.length == 70_000


@pytest.mark.parametrize("state", ["zz", "00", "00" * 400])
def test_a_state_that_cannot_be_is_not_used(target: Path, state: str) -> None:
    filled(target, 70_000, kept=70_000)
    write_sidecar(target, Sidecar(IDENTITY, 70_000, state))
    with reopened(target) as part:
        part.catch_up(nothing)
        part.add(CONTENT[70_000:])
        assert part.hexdigest == IDENTITY.sha256


def test_a_claim_to_more_than_is_there_is_not_believed(target: Path) -> None:
    filled(target, 70_000, kept=70_000)
    os.truncate(part_path(target), 50_000)
    with reopened(target) as part:
        part.catch_up(nothing)
        assert part.length == 50_000
        part.add(CONTENT[50_000:])
        assert part.hexdigest == IDENTITY.sha256


def test_what_was_believed_can_be_read_after_all(target: Path) -> None:
    filled(target, 70_000, kept=70_000)
    with part_path(target).open("r+b") as stream:
        stream.write(b"spoilt")
    with reopened(target) as part:
        part.add(CONTENT[70_000:])
        assert part.hexdigest == IDENTITY.sha256
        assert part.hash_again(nothing)
        assert part.hexdigest != IDENTITY.sha256
        assert not part.hash_again(nothing)


@pytest.mark.parametrize(
    "other",
    [
        replace(IDENTITY, sha256="a" * 64),
        replace(IDENTITY, size=len(CONTENT) + 1),
        replace(IDENTITY, sha256="", commit="1" * 40),
    ],
)
def test_a_part_of_another_file_is_not_reopened(target: Path, other: Identity) -> None:
    filled(target, 70_000, kept=70_000)
    assert PartFile.reopen(target, other) is None


def test_the_same_hash_from_elsewhere_is_the_same_file(target: Path) -> None:
    filled(target, 70_000, kept=70_000)
    twin = replace(
        IDENTITY, source=Source(SourceKind.MODELSCOPE, "http://127.0.0.1:2"), commit="", path="b"
    )
    reopened(target, twin).__exit__()


def test_a_hash_that_was_unknown_before_is_no_other_file(target: Path) -> None:
    with PartFile.create(target, replace(IDENTITY, sha256="")) as part:
        part.add(CONTENT[:100])
        part.keep()
    reopened(target).__exit__()


def test_a_part_longer_than_the_file_is_not_reopened(target: Path) -> None:
    filled(target, 70_000, kept=70_000)
    part_path(target).write_bytes(bytes(len(CONTENT) + 1))
    assert PartFile.reopen(target, IDENTITY) is None


def test_nothing_is_nothing(target: Path) -> None:
    assert PartFile.reopen(target, IDENTITY) is None
    assert not PartFile.remains(target)
    write_sidecar(target, Sidecar(IDENTITY))
    assert PartFile.reopen(target, IDENTITY) is None
    assert PartFile.remains(target)
    remove_leftovers(target)
    assert not PartFile.remains(target)


def test_starting_over_forgets_the_old_bytes_before_it_claims_another_file(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def claim(where: Path, sidecar: Sidecar) -> None:
        lengths.append(part_path(where).stat().st_size)
        write_sidecar(where, sidecar)

    other = replace(IDENTITY, sha256="a" * 64)
    with PartFile.create(target, IDENTITY) as part:
        part.add(CONTENT[:70_000])
        part.keep()
        monkeypatch.setattr(part_file, "write_sidecar", claim)
        part.start_over(other)
        assert lengths == [0]
        assert (part.length, part.on_disk, part.identity) == (0, 0, other)
        part.add(CONTENT)
        assert part.hexdigest == IDENTITY.sha256
    assert read_sidecar(target) == Sidecar(other)


def test_quarantine_has_the_bytes_and_the_reason(target: Path) -> None:
    with PartFile.create(target, IDENTITY) as part:
        part.add(CONTENT)
        part.quarantine("wrong")
    aside = target.parent / ".quarantine"
    assert (aside / "a.gguf.damaged").read_bytes() == CONTENT
    assert (aside / "a.gguf.txt").read_text() == "wrong\n"
    assert not PartFile.remains(target)
    remove_leftovers(target)
    assert list(target.parent.iterdir()) == []


def test_discarding_leaves_nothing(target: Path) -> None:
    with PartFile.create(target, IDENTITY) as part:
        part.add(CONTENT)
        part.discard()
    assert list(target.parent.iterdir()) == []


def test_no_address_and_no_token_is_in_a_sidecar(target: Path) -> None:
    filled(target, 100, kept=100)
    text = sidecar_path(target).read_text()
    assert {"size", "sha256", "commit", "path", "repository", "source"} <= set(text.split('"'))
    assert "X-Amz" not in text
    assert "url" not in text


# --- the lock -----------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from desktop.hub.target_lock import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_another_process_cannot_have_the_lock_until_its_holder_is_gone(target: Path) -> None:
    for kill in (False, True):
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "locked\n"
            with pytest.raises(AlreadyDownloading), locked(target):
                pass
            if kill:
                holder.kill()
        with locked(target):
            pass
        assert list(target.parent.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there the lock's file goes after the lock")
def test_a_lock_whose_file_cannot_be_removed_is_free_again(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, *, missing_ok: bool) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with pytest.raises(OSError, match="ead-only"), locked(target):
        monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.undo()
    with locked(target):
        pass


def test_only_one_of_many_threads_has_the_lock(target: Path) -> None:
    inside, most, had = 0, 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most, had
        for _ in range(200):
            try:
                with locked(target):
                    with guard:
                        inside += 1
                        most, had = max(most, inside), had + 1
                    with guard:
                        inside -= 1
            except AlreadyDownloading:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert had > 0
    assert list(target.parent.iterdir()) == []

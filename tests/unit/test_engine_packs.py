"""Engine packs fetched, unpacked, put to use, switched off and removed."""

import stat
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.backends import pack_folder
from desktop.base import file_lock
from desktop.base.files import replaced
from desktop.domain.download import Download, DownloadPhase
from desktop.domain.engine_pack import PackState, PackView
from desktop.domain.errors import AlreadyDownloading, BadReference, DownloadError, NoRoom, Offline
from desktop.domain.text import Text
from desktop.hub import target_lock
from desktop.hub.target_lock import locked
from desktop.services.engine_packs import OLD_ENGINE, EnginePacks
from tests.harness.engine_packs import (
    ARCHIVE,
    FILES,
    MODULE,
    QUICK,
    REPOSITORY,
    Room,
    archive_of,
    given_out,
    listed,
    pack_file,
)
from tests.harness.hub.repositories import HubRepository
from tests.harness.hub.server import HubServer
from tests.harness.waiting import wait_for

BROKEN = Text("It does not work")
ARCHIVED = archive_of()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.fixture
def hub(room: Room) -> Iterator[HubServer]:
    with given_out(room, ARCHIVED) as server:
        yield server


def state(packs: EnginePacks) -> PackView:
    view = packs.view()
    assert view is not None
    return view


def settled(packs: EnginePacks, wanted: PackState) -> PackView:
    wait_for(lambda: state(packs).state is wanted, what=lambda: str(state(packs)))
    return state(packs)


def failed(packs: EnginePacks) -> Download:
    def look() -> Download | None:
        download = packs.downloads.find("cuda-12")
        rests = download is not None and download.phase is DownloadPhase.FAILED
        return download if rests else None

    found = wait_for(look, what="the download to fail")
    assert found is not None
    return found


def bring(packs: EnginePacks, archive: Path, cancel: threading.Event | None = None) -> bool:
    return packs.bring(archive, lambda _count: None, cancel or threading.Event())


def put_archive(room: Room, content: bytes = ARCHIVED) -> Path:
    """Return an archive on a stick, which is listed."""
    room.packs = [listed(content)]
    stick = room.folder.parent / "stick.tar.xz"
    stick.write_bytes(content)
    return stick


def test_a_pack_is_fetched_unpacked_and_handed_over(room: Room, hub: HubServer) -> None:
    packs = room.open()
    assert state(packs).state is PackState.OFFERED

    packs.get(room.packs[0])

    assert settled(packs, PackState.IN_USE).reason is None
    assert {path.name for path in room.place.iterdir()} == {*FILES, pack_folder.RECORD}
    assert stat.S_IMODE(room.place.stat().st_mode) == 0o700
    _, told = pack_folder.handed_over(room.work)
    assert told == {
        "LAPIS_ENGINE_PACK": str(room.place),
        "LAPIS_ENGINE_PACK_FILES": "/".join(FILES),
    }
    wait_for(lambda: not (room.folder / "incoming").exists(), what="the archive to go")
    assert room.changes == 1
    assert not any(request.token for request in hub.log)


def test_what_breaks_off_goes_on_where_it_stopped(room: Room, hub: HubServer) -> None:
    hub.faults.cut(after=len(ARCHIVED) // 2, times=2)
    packs = room.open()
    packs.get(room.packs[0])

    settled(packs, PackState.IN_USE)
    assert any(asked.startswith("bytes=") for asked in hub.ranges)


@pytest.mark.parametrize("tells", [True, False], ids=["says so", "lies"])
def test_another_file_at_the_address_is_never_taken(
    room: Room, hub: HubServer, *, tells: bool
) -> None:
    other = bytearray(ARCHIVED)
    other[len(other) // 2] ^= 1
    told = "" if tells else room.packs[0].sha256
    hub.replace(HubRepository(REPOSITORY, (pack_file(bytes(other), told),)))
    packs = room.open()
    packs.get(room.packs[0])

    assert isinstance(failed(packs).error, DownloadError)
    assert not room.place.exists()


def test_a_file_of_another_size_is_refused_before_a_byte(room: Room, hub: HubServer) -> None:
    hub.replace(HubRepository(REPOSITORY, (pack_file(ARCHIVED + b"more"),)))
    packs = room.open()
    packs.get(room.packs[0])

    assert isinstance(failed(packs).error, DownloadError)
    assert hub.ranges == []


def test_offline_asks_nobody(room: Room) -> None:
    room.packs, room.offline = [listed(ARCHIVED)], True
    packs = room.open()
    packs.get(room.packs[0])

    assert isinstance(failed(packs).error, Offline)


def test_a_paused_one_is_still_there_after_a_restart(room: Room, hub: HubServer) -> None:
    hub.faults.cut(after=len(ARCHIVED) // 2, times=100)
    slow = replace(QUICK, retries=100, pause=5.0)
    packs = room.open(slow)
    packs.get(room.packs[0])
    wait_for(lambda: (seen := packs.downloads.find("cuda-12")) and seen.done > 0, what="some bytes")
    packs.close()
    hub.faults.clear()

    again = room.open()
    assert state(again).state is PackState.COMING
    again.settle(resume=True)
    settled(again, PackState.IN_USE)


def test_too_little_room_is_said_and_the_archive_is_not_fetched_again(
    room: Room, hub: HubServer
) -> None:
    # The archive finds room, what is in it does not.
    free = [len(ARCHIVED) + QUICK.reserve]
    packs = room.open(replace(QUICK, free=lambda _folder: free[0]))
    packs.get(room.packs[0])

    assert isinstance(settled(packs, PackState.FAILED).error, NoRoom)
    assert (room.folder / "incoming" / ARCHIVE).exists()
    packs.downloads.wait("cuda-12", 10)
    asked = len(hub.ranges)
    free[0] = 10**12
    packs.get(room.packs[0])
    settled(packs, PackState.IN_USE)
    assert len(hub.ranges) == asked


def test_an_archive_with_other_content_is_not_kept(room: Room, hub: HubServer) -> None:
    wrong = {**FILES, MODULE: b"other." * 5000}
    room.packs = [listed(ARCHIVED, wrong, url=hub.url(REPOSITORY, ARCHIVE))]
    packs = room.open()
    packs.get(room.packs[0])

    assert isinstance(settled(packs, PackState.FAILED).error, DownloadError)
    assert not room.place.exists()
    wait_for(lambda: not (room.folder / "incoming").exists(), what="the archive to go")


def test_a_pack_from_a_file_is_told_by_its_hash(room: Room) -> None:
    stick, packs = put_archive(room), room.open()

    assert bring(packs, stick)
    assert state(packs).state is PackState.IN_USE
    assert room.is_handed_over
    assert stick.exists()


def test_any_other_file_is_refused(room: Room) -> None:
    stick, packs = put_archive(room), room.open()
    content = bytearray(ARCHIVED)
    content[-1] ^= 1
    stick.write_bytes(content)

    with pytest.raises(BadReference, match="none of the packs"):
        bring(packs, stick)
    stick.write_bytes(b"")
    with pytest.raises(BadReference, match="none of the packs"):
        bring(packs, stick)
    assert not room.place.exists()


def test_bringing_one_can_be_stopped(room: Room) -> None:
    stick, packs, stop = put_archive(room), room.open(), threading.Event()
    stop.set()

    assert not bring(packs, stick, stop)
    assert not room.place.exists()


def test_one_that_fails_its_trial_is_switched_off_with_the_reason(room: Room) -> None:
    stick, packs = put_archive(room), room.open()
    room.reason = BROKEN
    bring(packs, stick)

    view = state(packs)
    assert (view.state, view.reason) == (PackState.OFF, BROKEN)
    assert not room.is_handed_over
    assert packs.switch_on(room.packs[0]) == BROKEN
    room.reason = None
    assert packs.switch_on(room.packs[0]) is None
    assert state(packs).state is PackState.IN_USE
    assert room.is_handed_over


def test_changed_files_are_never_handed_over(room: Room) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    module = room.place / MODULE
    module.chmod(0o600)
    module.write_bytes(b"malice" * 5000)

    assert not room.is_handed_over
    view = state(packs)
    assert (view.state, view.reason) == (PackState.OFF, pack_folder.CHANGED)
    assert packs.switch_on(room.packs[0]) == pack_folder.CHANGED


def _add(place: Path) -> None:
    (place / "libggml-evil.so").write_bytes(b"evil")


def _lead_away(place: Path) -> None:
    twin = place.parent / "twin"
    twin.write_bytes(FILES[MODULE])
    (place / MODULE).unlink()
    (place / MODULE).symlink_to(twin)


def _lose(place: Path) -> None:
    (place / MODULE).unlink()


@pytest.mark.parametrize("harm", [_add, _lead_away, _lose])
def test_nor_are_others_beside_or_instead_of_them(room: Room, harm: Callable[[Path], None]) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    harm(room.place)

    assert not room.is_handed_over


def test_files_that_were_only_touched_are_the_right_ones(room: Room) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    (room.place / MODULE).touch()

    assert room.is_handed_over
    assert room.is_handed_over


def test_a_record_that_another_process_is_writing_switches_no_pack_off(room: Room) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    with replaced(room.place / pack_folder.RECORD) as stream:
        stream.write((room.place / pack_folder.RECORD).read_bytes())

        assert room.is_handed_over

    assert state(packs).state is PackState.IN_USE


def test_a_pack_that_another_process_puts_there_just_now_is_not_cleared_away(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs = room.open()
    stick = put_archive(room)
    room.place.mkdir(parents=True)
    take = file_lock.take

    def beaten(path: Path, patience: float = 0.0) -> int:
        # Between looking and locking.
        monkeypatch.setattr(target_lock, "take", take)
        bring(packs, stick)
        return take(path, patience)

    monkeypatch.setattr(target_lock, "take", beaten)
    room.open().settle()

    assert room.is_handed_over


def test_a_pack_of_another_engine_is_not_handed_over_and_goes_at_the_next_start(
    room: Room,
) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    old = room.place
    record = old / pack_folder.RECORD
    record.write_text(record.read_text().replace(room.packs[0].engine, "0.0.1"))
    assert not room.is_handed_over

    packs.settle()

    assert not old.exists()
    view = state(packs)
    assert (view.state, view.reason) == (PackState.OFFERED, OLD_ENGINE)


def test_a_pack_goes_with_everything(room: Room) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    room.reason = BROKEN
    packs.switch_on(room.packs[0])

    packs.remove(room.packs[0])

    assert list(room.folder.iterdir()) == []
    assert pack_folder.in_use(room.work) is None
    assert state(packs).state is PackState.OFFERED


def test_two_lapis_are_never_at_one_pack(room: Room) -> None:
    packs = room.open()
    stick = put_archive(room)
    room.folder.mkdir()
    with locked(room.place):
        with pytest.raises(AlreadyDownloading):
            bring(packs, stick)
        with pytest.raises(AlreadyDownloading):
            packs.remove(room.packs[0])
    bring(packs, stick)
    assert room.is_handed_over


def test_a_cache_that_was_emptied_costs_no_pack(room: Room) -> None:
    packs = room.open()
    bring(packs, put_archive(room))
    for path in room.work.iterdir():
        path.unlink()
    assert not room.is_handed_over

    room.open().settle()
    assert room.is_handed_over


@pytest.mark.skipif(sys.platform == "win32", reason="folders and files as on POSIX")
def test_strange_folders_are_left_alone(room: Room) -> None:
    mine = room.folder / "My own things"
    mine.mkdir(parents=True)
    (mine / "notes.txt").write_text("mine")
    room.open().settle()

    assert (mine / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_as_long_as_the_file_that_it_leads_to_is_no_file(room: Room) -> None:
    twin = room.folder.parent / "twin"
    content = b"x" * len(str(twin))
    archive = archive_of({MODULE: content})
    packs, stick = room.open(), put_archive(room, archive)
    room.packs = [listed(archive, {MODULE: content})]
    assert bring(packs, stick)
    twin.write_bytes(content)
    (room.place / MODULE).unlink()
    (room.place / MODULE).symlink_to(twin)

    assert not room.is_handed_over

"""The queue: who is fetched when, what people see of it, and what is left after an end.

Real sockets, real files; the fake hub is the only stand-in.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.errors import BadReference, DamagedDownload, GatedModel, NoRoom, ServerFault
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.hub.fetch_values import Limits
from desktop.models.library import Library
from desktop.services.downloads import Downloads
from tests.harness.hub.faults import Cut, refusal
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.waiting import wait_for

REPOSITORY = "owner/tiny-GGUF"
SIZE = 1_500_007
FILES = tuple(gguf_file(f"tiny-{label}.gguf", SIZE, seed) for seed, label in enumerate("abcdef"))
PARTS = tuple(gguf_file(f"big-{n:05d}-of-00003.gguf", SIZE + n, 10 + n) for n in (1, 2, 3))
PROJECTOR = gguf_file("mmproj-big-F16.gguf", 300_001, 20)
QUICK = Limits(
    silence=20.0,
    quiet=10.0,
    pause=0.002,
    longest_pause=0.02,
    report=0.0,
    keep=0.05,
    reserve=0,
    free=lambda _: 10**12,
)
SLOW = 3_000_000


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(REPOSITORY, (*FILES, *PARTS, PROJECTOR))]) as server:
        yield server


def order(hub: HubServer, *files: HubFile, folder: str = "owner", key: str = "") -> DownloadOrder:
    wanted = tuple(
        RemoteFile(file.path, file.size, file.sha256, hub.url(REPOSITORY, file.path))
        for file in files
    )
    key = key or "+".join(file.path for file in files)
    source = Source(SourceKind.MIRROR, hub.endpoint)
    return DownloadOrder(key, files[0].path, source, REPOSITORY, "0" * 40, folder, wanted)


@contextmanager
def queue(home: Path, **more: Any) -> Iterator[Downloads]:
    settings = more.pop("settings", LibrarySettings())
    opened = Downloads(
        lambda: home / "models",
        home / "downloads",
        lambda: settings,
        str,
        {},
        **({"limits": QUICK} | more),
    )
    try:
        yield opened
    finally:
        assert opened.close(5)


def phases(downloads: Downloads) -> list[DownloadPhase]:
    return [each.phase for each in downloads.downloads]


def finished(downloads: Downloads, key: str) -> Download:
    done = downloads.wait(key, 60)
    assert done is not None
    assert done.phase is DownloadPhase.DONE, (done, done.error)
    return done


def running(downloads: Downloads, key: str, at_least: int = 1) -> Download:
    """Wait until some bytes of an order are there."""

    def there() -> Download | None:
        seen = downloads.find(key)
        assert seen is not None
        assert seen.error is None
        is_there = seen.phase is DownloadPhase.DOWNLOADING and seen.done >= at_least
        return seen if is_there else None

    seen = wait_for(there, 30)
    assert seen is not None
    return seen


def assert_whole(folder: Path, *files: HubFile) -> None:
    for file in files:
        content = (folder / file.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256, file.path
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.path for file in files)


def kept(home: Path) -> list[Path]:
    return sorted((home / "downloads").glob("*.json"))


# --- one after another ------------------------------------------------------------------------


def test_an_order_is_fetched_and_then_over(hub: HubServer, tmp_path: Path) -> None:
    told: list[tuple[str, tuple[Path, ...]]] = []
    with queue(tmp_path, finished=lambda done, paths: told.append((done.key, paths))) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        done = finished(downloads, key)
        assert (done.done, done.total, done.is_active) == (SIZE, SIZE, False)
        assert_whole(tmp_path / "models/owner", FILES[0])
        assert told == [(key, (tmp_path / "models/owner" / FILES[0].path,))]
        assert kept(tmp_path) == []
        downloads.clear_done()
        assert downloads.downloads == ()


def test_two_run_at_a_time_and_the_rest_waits_in_line(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        keys = [downloads.add(order(hub, file)) for file in FILES[:4]]
        running(downloads, keys[0])
        running(downloads, keys[1])
        assert phases(downloads)[2:] == [DownloadPhase.QUEUED] * 2
        assert [each.is_active for each in downloads.downloads] == [True, True, False, False]
        hub.faults.bytes_per_second = 0
        for key in keys:
            finished(downloads, key)
        asked = [each.path.rsplit("/", 1)[-1] for each in hub.log if each.side == "hub"]
        assert set(asked[:2]) == {FILES[0].path, FILES[1].path}
    assert_whole(tmp_path / "models/owner", *FILES[:4])


def test_more_may_run_at_a_time_if_the_settings_say_so(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path, settings=LibrarySettings(downloads_at_once=3)) as downloads:
        keys = [downloads.add(order(hub, file)) for file in FILES[:4]]
        for key in keys[:3]:
            running(downloads, key)
        assert phases(downloads)[3] is DownloadPhase.QUEUED


def test_a_place_more_is_taken_while_another_runs(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    places = 1

    def settings() -> LibrarySettings:
        return LibrarySettings(downloads_at_once=places)

    downloads = Downloads(lambda: tmp_path, None, settings, str, {}, limits=QUICK)
    try:
        keys = [downloads.add(order(hub, file)) for file in FILES[:3]]
        running(downloads, keys[0])
        assert phases(downloads)[1] is DownloadPhase.QUEUED
        places = 2
        downloads.fill_places()
        running(downloads, keys[1])
        assert phases(downloads)[2] is DownloadPhase.QUEUED
    finally:
        assert downloads.close(5)


def test_who_waits_can_be_moved_to_the_front(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path, settings=LibrarySettings(downloads_at_once=1)) as downloads:
        keys = [downloads.add(order(hub, file)) for file in FILES[:4]]
        running(downloads, keys[0])
        downloads.move(keys[3], 1)
        downloads.move("nobody", 0)
        assert [each.order.key for each in downloads.downloads] == [
            *(keys[0], keys[3], keys[1], keys[2])
        ]
        hub.faults.bytes_per_second = 0
        for key in keys:
            finished(downloads, key)
        asked = [each.path.rsplit("/", 1)[-1] for each in hub.log if each.side == "hub"]
        assert asked == [FILES[n].path for n in (0, 3, 1, 2)]


def test_the_same_order_twice_is_one(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        running(downloads, key)
        assert downloads.add(order(hub, FILES[0])) == key
        assert len(downloads.downloads) == 1
        hub.faults.bytes_per_second = 0
        finished(downloads, key)
        # Once more: it is there already, and looked at, not fetched.
        before = len(hub.log)
        downloads.add(order(hub, FILES[0]))
        finished(downloads, key)
        assert len(hub.log) == before


@pytest.mark.parametrize("folder", ["..", "../up", "/up", "a/../../up", "C:", "", ".", "con"])
def test_a_folder_that_leads_out_is_refused(hub: HubServer, tmp_path: Path, folder: str) -> None:
    with queue(tmp_path) as downloads, pytest.raises(BadReference):
        downloads.add(order(hub, FILES[0], folder=folder))
    assert list(tmp_path.iterdir()) == []
    assert hub.log == []


@pytest.mark.parametrize("path", ["../up.gguf", "/up.gguf", "a\\b.gguf", "nul.gguf", ".gguf", ""])
def test_a_file_name_that_leads_out_is_refused(hub: HubServer, tmp_path: Path, path: str) -> None:
    hostile = replace(order(hub, FILES[0]).files[0], path=path)
    with queue(tmp_path) as downloads, pytest.raises(BadReference):
        downloads.add(replace(order(hub, FILES[0]), files=(hostile,)))
    assert list(tmp_path.iterdir()) == []


def test_two_files_of_one_name_are_refused(hub: HubServer, tmp_path: Path) -> None:
    first = order(hub, FILES[0]).files[0]
    twin = replace(first, path=f"other/{first.path.upper()}")
    with queue(tmp_path) as downloads, pytest.raises(BadReference):
        downloads.add(replace(order(hub, FILES[0]), files=(first, twin)))


# --- pause, resume, cancel ----------------------------------------------------------------------


def test_pause_and_resume_cost_no_byte(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        running(downloads, key, SIZE // 4)
        downloads.pause(key)
        assert phases(downloads) == [DownloadPhase.PAUSED]
        stopped = downloads.wait(key, 10)
        assert stopped is not None
        assert SIZE // 4 <= stopped.done < SIZE
        assert (stopped.speed, stopped.seconds_left) == (0, None)
        downloads.resume(key)
        finished(downloads, key)
    assert hub.ranges == ["", f"bytes={stopped.done}-"]
    assert_whole(tmp_path / "models/owner", FILES[0])


def test_pause_and_resume_in_one_breath_go_on(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        running(downloads, key)
        for _ in range(5):
            downloads.pause(key)
            downloads.resume(key)
        hub.faults.bytes_per_second = 0
        finished(downloads, key)
    assert_whole(tmp_path / "models/owner", FILES[0])


@pytest.mark.parametrize("leave", [Downloads.pause, Downloads.cancel])
def test_an_order_given_while_it_is_being_left_goes_on(
    hub: HubServer, tmp_path: Path, leave: Callable[[Downloads, str], None]
) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        running(downloads, key)
        leave(downloads, key)
        assert downloads.add(order(hub, FILES[0])) == key
        hub.faults.bytes_per_second = 0
        finished(downloads, key)
    assert_whole(tmp_path / "models/owner", FILES[0])


def test_a_pause_makes_room_for_the_next(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path, settings=LibrarySettings(downloads_at_once=1)) as downloads:
        first, second = (downloads.add(order(hub, file)) for file in FILES[:2])
        running(downloads, first)
        downloads.pause(first)
        running(downloads, second)
        downloads.pause(second)
        downloads.wait(second, 10)
        assert phases(downloads) == [DownloadPhase.PAUSED] * 2


def test_a_cancelled_order_leaves_nothing(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, *PARTS))
        running(downloads, key, PARTS[1].size + 100_000)
        assert (tmp_path / "models/owner" / PARTS[1].path).exists()
        downloads.cancel(key)
        assert downloads.wait(key, 10) is None
        assert downloads.downloads == ()
        assert list((tmp_path / "models").iterdir()) == []
        assert kept(tmp_path) == []
        downloads.cancel(key)


def test_a_cancelled_pause_leaves_nothing_and_spares_what_was_there(
    hub: HubServer, tmp_path: Path
) -> None:
    folder = tmp_path / "models/owner"
    folder.mkdir(parents=True)
    (folder / PARTS[1].path).write_bytes(PARTS[1].content)
    (folder / "mine.txt").write_text("mine")
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, *PARTS))
        running(downloads, key, PARTS[1].size + 100_000)
        downloads.pause(key)
        downloads.wait(key, 10)
        downloads.cancel(key)
        assert downloads.downloads == ()
    assert sorted(path.name for path in folder.iterdir()) == [PARTS[1].path, "mine.txt"]


def test_cancelling_what_is_done_keeps_the_files(hub: HubServer, tmp_path: Path) -> None:
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        finished(downloads, key)
        downloads.cancel(key)
        assert downloads.downloads == ()
    assert_whole(tmp_path / "models/owner", FILES[0])


def test_one_who_waits_can_be_paused_and_cancelled(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path, settings=LibrarySettings(downloads_at_once=1)) as downloads:
        keys = [downloads.add(order(hub, file)) for file in FILES[:3]]
        downloads.pause(keys[1])
        downloads.cancel(keys[2])
        hub.faults.bytes_per_second = 0
        finished(downloads, keys[0])
        assert phases(downloads) == [DownloadPhase.DONE, DownloadPhase.PAUSED]


# --- over an end of Lapis -----------------------------------------------------------------------


def test_what_was_not_done_comes_back_as_paused(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path, settings=LibrarySettings(downloads_at_once=1)) as downloads:
        keys = [downloads.add(order(hub, file)) for file in FILES[:4]]
        running(downloads, keys[0], SIZE // 4)
        downloads.pause(keys[1])
    hub.faults.clear()
    asked = len(hub.log)

    with queue(tmp_path) as downloads:
        assert [each.order.key for each in downloads.downloads] == keys
        assert phases(downloads) == [DownloadPhase.PAUSED] * 4
        have = downloads.downloads[0].done
        assert SIZE // 4 <= have < SIZE
        assert len(hub.log) == asked

        downloads.resume_interrupted()
        for key in (keys[0], keys[2], keys[3]):
            finished(downloads, key)
        assert phases(downloads)[1] is DownloadPhase.PAUSED
    assert f"bytes={have}-" in hub.ranges
    # What was paused by hand stays so.
    with queue(tmp_path) as downloads:
        downloads.resume_interrupted()
        assert phases(downloads) == [DownloadPhase.PAUSED]


def test_who_came_later_stays_later_when_others_have_left_the_queue(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.faults.bytes_per_second = SLOW
    files = [replace(FILES[0], path=f"m{number}.gguf") for number in range(12)]
    with queue(tmp_path, settings=LibrarySettings(downloads_at_once=1)) as downloads:
        keys = [downloads.add(order(hub, file)) for file in files[:6]]
        for key in keys[:3]:
            downloads.cancel(key)
        keys += [downloads.add(order(hub, file)) for file in files[6:]]

    with queue(tmp_path) as downloads:
        assert [each.order.key for each in downloads.downloads] == keys[3:]


def test_a_damaged_queue_is_ignored(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        for file in FILES[:3]:
            downloads.add(order(hub, file))
    first, second, third = kept(tmp_path)
    first.write_bytes(first.read_bytes()[:100])
    hostile = json.loads(second.read_text())
    hostile["order"]["files"][0]["path"] = "../../up.gguf"
    second.write_text(json.dumps(hostile))
    (tmp_path / "downloads" / "notes.json").write_text("[]")
    (tmp_path / "downloads" / "more.json").mkdir()
    with queue(tmp_path) as downloads:
        left = [each.order.key for each in downloads.downloads]
        assert left == [json.loads(third.read_text())["order"]["key"]]


def test_a_queue_that_cannot_be_kept_still_works(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("a file in the way")
    with queue(tmp_path) as downloads:
        finished(downloads, downloads.add(order(hub, FILES[0])))


def test_no_token_is_kept_on_the_disk(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW
    settings = LibrarySettings()
    secret = "hf_" + "Secret" * 5
    downloads = Downloads(
        lambda: tmp_path, tmp_path, lambda: settings, lambda: secret, {}, limits=QUICK
    )
    try:
        running(downloads, downloads.add(order(hub, FILES[0])), SIZE // 4)
    finally:
        assert downloads.close(5)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not [path for path in files if secret.encode() in path.read_bytes()]
    assert not [each for each in hub.log if each.authorization]


# --- several files ------------------------------------------------------------------------------


def library(home: Path) -> list[str]:
    return [each.name for each in Library(home / "models", home / "guide.gguf").models()][1:]


def test_a_split_model_is_visible_only_when_it_is_all_there(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = SLOW * 2
    total = sum(part.size for part in PARTS) + PROJECTOR.size
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, *PARTS, PROJECTOR))
        seen = []
        while (now := downloads.find(key)) and now.phase is not DownloadPhase.DONE:
            assert now.error is None
            seen.append(now.done)
            listed = library(tmp_path)
            still = downloads.find(key)
            assert not listed or (still is not None and still.done == total)
        assert seen == sorted(seen)
        assert now is not None
        assert (now.done, now.total) == (total, total)
    assert_whole(tmp_path / "models/owner", *PARTS, PROJECTOR)
    assert library(tmp_path) == ["big"]


def test_a_split_model_whose_second_part_fails_keeps_its_progress(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.faults.bytes_per_second = SLOW
    broken = replace(order(hub, *PARTS).files[0], url=hub.url(REPOSITORY, "gone.gguf"))
    whole = order(hub, *PARTS)
    with queue(tmp_path) as downloads:
        key = downloads.add(replace(whole, files=(broken, *whole.files[1:])))
        failed = downloads.wait(key, 30)
        assert failed is not None
        assert failed.phase is DownloadPhase.FAILED
        assert failed.done == PARTS[1].size + PARTS[2].size
        assert library(tmp_path) == []
        asked = len(hub.ranges)
        # A new look at the repository has the right address.
        downloads.add(whole)
        finished(downloads, key)
        assert len(hub.ranges) == asked + 1
    assert library(tmp_path) == ["big"]


def test_room_is_checked_for_all_files_together(hub: HubServer, tmp_path: Path) -> None:
    total = sum(part.size for part in PARTS)
    limits = replace(QUICK, free=lambda _: total - 1)
    with queue(tmp_path, limits=limits) as downloads:
        key = downloads.add(order(hub, *PARTS))
        stopped = downloads.wait(key, 30)
        assert stopped is not None
        assert stopped.phase is DownloadPhase.PAUSED
        assert isinstance(stopped.error, NoRoom)
        assert stopped.error.missing == 1
        assert hub.ranges == []


# --- other sources ------------------------------------------------------------------------------


def twin_of(hub: HubServer, *files: HubFile) -> Callable[[DownloadOrder], Sequence[DownloadOrder]]:
    return lambda wanted: [replace(order(hub, *files), key=wanted.key)]


def test_another_source_with_the_same_bytes_goes_on_where_the_first_failed(
    hub: HubServer, tmp_path: Path
) -> None:
    with HubServer([HubRepository(REPOSITORY, FILES)]) as other:
        # Half of it comes from the first source, and then nothing any more.
        hub.faults.cut(after=500_000)
        hub.faults.cut(after=0, times=-1)
        with queue(tmp_path, stand_ins=twin_of(other, FILES[0])) as downloads:
            done = finished(downloads, downloads.add(order(hub, FILES[0])))
            assert done.order.source.base == hub.endpoint
        assert other.ranges == ["bytes=500000-"]
    assert_whole(tmp_path / "models/owner", FILES[0])


def test_wrong_bytes_of_one_source_are_replaced_by_right_ones_of_another(
    hub: HubServer, tmp_path: Path
) -> None:
    with HubServer([HubRepository(REPOSITORY, FILES)]) as other:
        hub.faults.flip(1_000_000)
        with queue(tmp_path, stand_ins=twin_of(other, FILES[0])) as downloads:
            finished(downloads, downloads.add(order(hub, FILES[0])))
        assert (len(hub.ranges), len(other.ranges)) == (2, 1)
    assert_whole(tmp_path / "models/owner", FILES[0])


def test_a_source_with_other_bytes_is_no_help(hub: HubServer, tmp_path: Path) -> None:
    impostor = gguf_file(FILES[0].path, SIZE, seed=99)
    lying = replace(FILES[0], seed=99)
    for files in ((impostor,), (lying,)):
        with HubServer([HubRepository(REPOSITORY, files)]) as other:
            hub.faults.hub_answers(refusal(503), times=-1)
            stand_ins = twin_of(other, replace(files[0], sha256=FILES[0].sha256))
            with queue(tmp_path, stand_ins=stand_ins) as downloads:
                key = downloads.add(order(hub, FILES[0]))
                failed = downloads.wait(key, 30)
                assert failed is not None
                assert isinstance(failed.error, ServerFault)
                downloads.cancel(key)
    assert not list(tmp_path.rglob("*.gguf"))


def test_terms_are_not_got_round_by_another_source(tmp_path: Path) -> None:
    with (
        HubServer([HubRepository(REPOSITORY, FILES, gate="auto")]) as hub,
        HubServer([HubRepository(REPOSITORY, FILES)]) as other,
        queue(tmp_path, stand_ins=twin_of(other, FILES[0])) as downloads,
    ):
        failed = downloads.wait(downloads.add(order(hub, FILES[0])), 30)
        assert failed is not None
        assert isinstance(failed.error, GatedModel)
        assert other.log == []


def test_wrong_bytes_everywhere_fail_and_can_be_tried_again(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.flip(1_000_000)
    with queue(tmp_path) as downloads:
        key = downloads.add(order(hub, FILES[0]))
        failed = downloads.wait(key, 30)
        assert failed is not None
        assert failed.phase is DownloadPhase.FAILED
        assert isinstance(failed.error, DamagedDownload)
        assert library(tmp_path) == []
        hub.faults.clear()
        downloads.resume(key)
        finished(downloads, key)
    assert_whole(tmp_path / "models/owner", FILES[0])


# --- what is told -------------------------------------------------------------------------------


def fail(_: tuple[Download, ...]) -> None:
    raise RuntimeError


def test_watchers_hear_of_everything_but_not_too_often(hub: HubServer, tmp_path: Path) -> None:
    seen: list[tuple[Download, ...]] = []
    gone: list[tuple[Download, ...]] = []
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        downloads.watch(seen.append)
        downloads.watch(fail)
        end = downloads.watch(gone.append)
        wait_for(lambda: gone)
        end()
        end()
        count = len(gone)
        key = downloads.add(order(hub, FILES[0]))
        finished(downloads, key)
        wait_for(lambda: seen[-1] and seen[-1][0].phase is DownloadPhase.DONE)
    told = [each[0] for each in seen if each]
    assert {DownloadPhase.DOWNLOADING, DownloadPhase.DONE} <= {each.phase for each in told}
    done = [each.done for each in told]
    assert done == sorted(done)
    assert any(0 < each.done < SIZE and each.speed > 0 and each.seconds_left for each in told)
    # Half a second of downloading: far fewer than the blocks that came.
    assert len(seen) < 30
    assert len(gone) == count


def test_a_change_of_the_repository_is_told_and_the_new_size_counts(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.faults.cut(after=400_000, how=Cut.EXPIRE)
    newer = gguf_file(FILES[0].path, SIZE + 1000, seed=50)
    with queue(tmp_path) as downloads:
        hub.faults.bytes_per_second = SLOW
        key = downloads.add(order(hub, FILES[0]))
        running(downloads, key, 100_000)
        hub.replace(HubRepository(REPOSITORY, (newer,)))
        done = finished(downloads, key)
        assert done.total == SIZE + 1000
        assert "changed at its source" in str(done.notice)
    assert_whole(tmp_path / "models/owner", newer)


# --- a computer at its limit ------------------------------------------------------------------


@contextmanager
def no_thread(name: str) -> Iterator[None]:
    """Let the system refuse threads of that name, as it does at its limit of tasks."""
    start = threading.Thread.start

    def refusing(thread: threading.Thread) -> None:
        if thread.name == name:
            message = "can't start new thread"
            raise RuntimeError(message)
        start(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refusing)
        yield


def test_an_order_that_gets_no_thread_has_failed_and_can_go_on_later(
    hub: HubServer, tmp_path: Path
) -> None:
    with queue(tmp_path) as downloads:
        with no_thread("download"):
            keys = [downloads.add(order(hub, file)) for file in FILES[:2]]
            for key in keys:
                refused = downloads.wait(key, 20)
                assert refused is not None
                assert refused.phase is DownloadPhase.FAILED
                assert "too much is running" in str(refused.error).casefold()

        for key in keys:
            downloads.resume(key)
            finished(downloads, key)
    assert_whole(tmp_path / "models" / "owner", *FILES[:2])


def test_a_queue_that_gets_no_thread_to_be_kept_by_is_kept_later(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.faults.bytes_per_second = SLOW
    with queue(tmp_path) as downloads:
        with no_thread("download-book"):
            key = downloads.add(order(hub, FILES[0]))
            running(downloads, key)
            downloads.pause(key)
            paused = downloads.wait(key, 20)
            assert paused is not None
            assert paused.phase is DownloadPhase.PAUSED
            assert not kept(tmp_path)

        downloads.wait(key, 20)
        assert len(kept(tmp_path)) == 1


def test_who_gets_no_thread_to_watch_with_can_watch_later(hub: HubServer, tmp_path: Path) -> None:
    seen: list[tuple[Download, ...]] = []
    with queue(tmp_path) as downloads:
        with no_thread("download-news"), pytest.raises(RuntimeError):
            downloads.watch(seen.append)
        downloads.watch(seen.append)
        wait_for(lambda: seen)
        assert seen[0] == ()

"""The queue under everything at once: pauses at random, frozen processes, servers that never end.

Real sockets, real files, real processes; the fake hub is the only stand-in.
"""

import hashlib
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from desktop.domain.download import DownloadOrder, DownloadPhase
from desktop.domain.errors import AccessDenied, AlreadyDownloading, StorageError, Unreachable
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.hub.client import Answer as Listing
from desktop.hub.client import Client, open_client
from desktop.hub.fetch_values import Limits
from desktop.hub.hugging_face import repository
from desktop.hub.network import Network, shown_address
from desktop.services.downloads import Downloads
from tests.harness.http_listener import Answer
from tests.harness.hub.faults import Cut, rate_limited
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.stand_in import RawStandIn
from tests.harness.waiting import wait_for
from tests.unit.test_download_kills import FILE as KILLED_FILE
from tests.unit.test_download_kills import child, part_length

REPOSITORY = "owner/tiny-GGUF"
FILES = tuple(
    gguf_file(f"tiny-{label}.gguf", 1_500_007, seed) for seed, label in enumerate("abcde")
)
QUICK = Limits(
    silence=20.0,
    quiet=10.0,
    pause=0.002,
    longest_pause=0.02,
    report=0.0,
    keep=0.02,
    reserve=0,
    free=lambda _: 10**12,
)
ROUNDS = 300


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(REPOSITORY, (*FILES, KILLED_FILE))]) as server:
        yield server


def order(hub: HubServer, file: HubFile, url: str = "") -> DownloadOrder:
    wanted = RemoteFile(file.path, file.size, file.sha256, url or hub.url(REPOSITORY, file.path))
    source = Source(SourceKind.MIRROR, hub.endpoint)
    folder = file.path.removesuffix(".gguf")
    return DownloadOrder(file.path, file.path, source, REPOSITORY, "0" * 40, folder, (wanted,))


@contextmanager
def queue(home: Path, **more: Any) -> Iterator[Downloads]:
    settings = more.pop("settings", LibrarySettings(downloads_at_once=5))
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


def our_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("download")]


def connections() -> int:
    return len(psutil.Process().net_connections())


def assert_whole(home: Path, file: HubFile) -> None:
    folder = home / "models" / file.path.removesuffix(".gguf")
    assert [each.name for each in folder.iterdir()] == [file.path]
    assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256


# --- everything at once -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_five_downloads_paused_and_resumed_at_random_end_right_and_leave_nothing(
    hub: HubServer, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    wait_for(lambda: not our_threads())
    before = connections()
    hub.faults.bytes_per_second = 2_000_000
    orders = [order(hub, file) for file in FILES]
    with queue(tmp_path) as downloads:
        for each in orders:
            downloads.add(each)
        for _ in range(ROUNDS):
            key = dice.choice(orders).key
            match dice.randrange(10):
                case 0 | 1 | 2:
                    downloads.pause(key)
                case 3 | 4 | 5:
                    downloads.resume(key)
                case 6:
                    downloads.move(key, dice.randrange(5))
                case 7:
                    hub.faults.cut(dice.randrange(200_000), how=dice.choice(list(Cut)[:3]))
                case 8:
                    downloads.cancel(key)
                case _:
                    downloads.add(next(each for each in orders if each.key == key))
            time.sleep(dice.random() * 0.01)
        hub.faults.bytes_per_second = 0
        for each in orders:
            # A cancelled one may be in the act of being removed.
            wait_for(partial(_asked_again, downloads, each), 60)
            downloads.resume(each.key)
        for each in orders:
            seen = downloads.wait(each.key, 60)
            assert seen is not None
            assert (seen.phase, seen.error) == (DownloadPhase.DONE, None)
    for file in FILES:
        assert_whole(tmp_path, file)
    assert list((tmp_path / "downloads").iterdir()) == []
    wait_for(lambda: not our_threads(), what=lambda: str(our_threads()))
    wait_for(lambda: connections() <= before, what=lambda: f"{connections()}, {before} before")


def _asked_again(downloads: Downloads, wanted: DownloadOrder) -> bool:
    return downloads.wait(downloads.add(wanted), 60) is not None


def test_thousands_of_orders_hold_nobody_up(hub: HubServer, tmp_path: Path) -> None:
    """Orders are kept behind people's backs: the disk is flushed in no thread of theirs."""
    flushed: list[str] = []
    original = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(threading.current_thread().name)
        original(descriptor)

    files = [replace(FILES[0], path=f"m{number:04d}.gguf") for number in range(1500)]
    hub.faults.hub_answers(rate_limited(600), -1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with queue(tmp_path, settings=LibrarySettings(downloads_at_once=1)) as downloads:
            for file in files:
                downloads.add(order(hub, file))
            downloads.move(files[-1].path, 0)
            for file in files[::2]:
                downloads.cancel(file.path)
            assert len(downloads.downloads) == 750
            assert downloads.downloads[0].order.key == files[-1].path
            wait_for(lambda: len(list((tmp_path / "downloads").glob("*.json"))) == 750, 60)
    assert set(flushed) == {"download-book"}
    with queue(tmp_path) as downloads:
        keys = [each.order.key for each in downloads.downloads]
        assert keys == [files[-1].path, *(file.path for file in files[1:-1:2])]


# --- processes that are frozen, and two of them -----------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_a_process_that_was_frozen_goes_on_by_itself(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = 3_000_000
    with child(hub, tmp_path) as process:
        for part in (1, 2, 3):
            wait_for(partial(_has, tmp_path, part * 1_000_000), 30)
            process.send_signal(signal.SIGSTOP)
            frozen = psutil.Process(process.pid)
            wait_for(partial(_is_frozen, frozen))
            # Meanwhile the addresses grow old, as in a night.
            hub.expire()
            before = part_length(tmp_path)
            process.send_signal(signal.SIGCONT)
            wait_for(partial(_is_past, tmp_path, before), 30)
        hub.faults.bytes_per_second = 0
        said, _ = process.communicate(timeout=60)
    assert "phase done None" in said
    folder = tmp_path / "models/owner"
    digest = hashlib.sha256((folder / KILLED_FILE.path).read_bytes()).hexdigest()
    assert digest == KILLED_FILE.sha256


def _has(home: Path, length: int) -> bool:
    return part_length(home) >= length or _is_done(home)


def _is_frozen(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def _is_past(home: Path, length: int) -> bool:
    return part_length(home) > length or _is_done(home)


def _is_done(home: Path) -> bool:
    return (home / "models/owner" / KILLED_FILE.path).exists()


def test_window_and_command_line_do_not_fetch_one_file_twice(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.faults.bytes_per_second = 2_000_000
    with child(hub, tmp_path) as process:
        wait_for(partial(_has, tmp_path, 100_000), 30)
        wanted = RemoteFile(
            KILLED_FILE.path,
            KILLED_FILE.size,
            KILLED_FILE.sha256,
            hub.url(REPOSITORY, KILLED_FILE.path),
        )
        source = Source(SourceKind.MIRROR, hub.endpoint)
        same = DownloadOrder("key", "Tiny", source, REPOSITORY, "0" * 40, "owner", (wanted,))
        with another_lapis(tmp_path) as downloads:
            downloads.add(same)
            seen = downloads.wait("key", 30)
            assert seen is not None
            assert isinstance(seen.error, AlreadyDownloading)
            # To cancel it here takes nothing from there.
            downloads.cancel("key")
        hub.faults.bytes_per_second = 0
        said, _ = process.communicate(timeout=60)
    assert "phase done None" in said
    assert len([each for each in hub.log if each.side == "cdn"]) == 1


@contextmanager
def another_lapis(home: Path) -> Iterator[Downloads]:
    """Open a queue without a book over the same models folder."""
    settings = LibrarySettings()
    opened = Downloads(lambda: home / "models", None, lambda: settings, str, {}, limits=QUICK)
    try:
        yield opened
    finally:
        assert opened.close(5)


# --- networks ---------------------------------------------------------------------------------


def failed(downloads: Downloads, wanted: DownloadOrder) -> Exception:
    downloads.add(wanted)
    seen = downloads.wait(wanted.key, 60)
    assert seen is not None
    assert seen.phase is DownloadPhase.FAILED
    assert seen.error is not None
    return seen.error


FAR = "http://hub.invalid:8765"


def test_a_proxy_that_wants_a_password_is_said_and_no_password_is_shown(
    hub: HubServer, tmp_path: Path
) -> None:
    wanted = order(hub, FILES[0], f"{FAR}/{REPOSITORY}/resolve/main/{FILES[0].path}")
    with RecordingProxy(password="me:right") as proxy:
        address = proxy.address.replace("://", "://me:wr0ng@")
        settings = LibrarySettings(proxy=address)
        with queue(tmp_path, settings=settings) as downloads:
            error = failed(downloads, wanted)
        assert isinstance(error, AccessDenied)
        assert proxy.log
        assert "wr0ng" not in f"{error} {error!r} {vars(error)}"
    assert not (tmp_path / "models" / wanted.folder).exists()
    for path in (tmp_path / "downloads").iterdir():
        assert b"wr0ng" not in path.read_bytes()


def test_a_name_that_nobody_knows_is_said(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    wanted = order(hub, FILES[0], f"{FAR}/{REPOSITORY}/resolve/main/{FILES[0].path}")
    with queue(tmp_path) as downloads:
        error = failed(downloads, wanted)
    assert isinstance(error, Unreachable)
    assert "hub.invalid" in str(error)


@pytest.mark.parametrize("host", ["x" * 70, "a..b", "xn--\u00e4"])
def test_a_name_that_cannot_be_is_said(hub: HubServer, tmp_path: Path, host: str) -> None:
    wanted = order(hub, FILES[0], f"http://{host}.invalid/{REPOSITORY}/resolve/main/x.gguf")
    with queue(tmp_path) as downloads:
        assert isinstance(failed(downloads, wanted), (Unreachable, AccessDenied, StorageError)) or (
            type(downloads.downloads[0].error).__name__ == "OddAnswer"
        )


@pytest.mark.parametrize("place", ["http://[evil", "//[", "http://evil:99999999/x", "http://e\\v/"])
def test_a_redirect_to_no_address_is_said(hub: HubServer, tmp_path: Path, place: str) -> None:
    hub.faults.hub_answers(Answer(302, b"", {"Location": place}), -1)
    with queue(tmp_path) as downloads:
        error = failed(downloads, order(hub, FILES[0]))
    assert type(error).__name__ == "OddAnswer"


@pytest.mark.parametrize(
    "address",
    [
        "http://me:secret@proxy:99999",
        "me:secret@proxy:99999",
        "http://me:se/secret@proxy",
        "http://me:p@secret@pro xy",
        "me:sec ret/secret@proxy",
    ],
)
def test_an_address_with_a_mistake_is_shown_without_its_password(address: str) -> None:
    shown = shown_address(address)
    assert "ret" not in shown
    assert shown.endswith(address.rpartition("@")[2])


@pytest.mark.parametrize("name", ["owner/name", "hf.co/owner/name:Q4_K_M", "owner/name@main"])
def test_a_name_without_a_password_is_shown_whole(name: str) -> None:
    assert shown_address(name) == name


def test_no_description_of_a_network_has_a_password_or_token() -> None:
    network = Network("http://me:secret@proxy:80", "", {"HF_TOKEN": "hf_secret"}, lambda: "secret")
    with open_client(network) as client:
        assert "secret" not in f"{network!r} {network} {client!r}"


def test_a_next_page_is_asked_for_at_the_source_itself() -> None:
    asked: list[str] = []

    def ask(url: str) -> Listing:
        asked.append(url)
        if len(asked) == 1:
            return Listing({"id": REPOSITORY, "sha": "0" * 40}, "")
        return Listing([], "" if len(asked) > 2 else "x:.evil.example/steal")

    repository(ask, Source(SourceKind.MIRROR, "https://hub.example"), REPOSITORY)
    assert [urlsplit(url).hostname for url in asked] == ["hub.example"] * 3


# --- servers that never end -------------------------------------------------------------------


class Dripping(RawStandIn):
    """A server that sends `head` at once, then a byte now and then for ever; without one, nothing."""

    def __init__(self, head: bytes) -> None:
        super().__init__("dripping")
        self._head = head

    def talk(self, connection: socket.socket) -> None:
        try:
            connection.recv(65536)
            connection.sendall(self._head)
            while not self.closing.wait(0.02):
                connection.sendall(b"x" if self._head else b"")
        except OSError:
            return


ENDLESS = {
    "the head of the answer": b"HTTP/1.1 200 OK\r\nX-Endless: ",
    "a redirect's body": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 9999999\r\n\r\n",
    "a body": b"HTTP/1.1 200 OK\r\nContent-Length: 1500007\r\n\r\nGGUF",
    "nothing": b"",
}


@pytest.mark.parametrize("head", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("act", ["pause", "cancel", "close"])
def test_a_server_without_an_end_holds_up_no_pause_and_no_quit(
    hub: HubServer, tmp_path: Path, head: bytes, act: str
) -> None:
    with Dripping(head) as server:
        wanted = order(hub, FILES[0], f"{server.address}/models/{REPOSITORY}/resolve/m/x.gguf")
        with queue(tmp_path) as downloads:
            downloads.add(wanted)
            wait_for(lambda: our_threads().count("download-line") == 1)
            match act:
                case "pause":
                    downloads.pause(wanted.key)
                    seen = downloads.wait(wanted.key, 10)
                    assert seen is not None
                    assert seen.phase is DownloadPhase.PAUSED
                    wait_for(lambda: "download" not in our_threads())
                case "cancel":
                    downloads.cancel(wanted.key)
                    assert downloads.wait(wanted.key, 10) is None
                case _:
                    assert downloads.close(2)
        # What waits for the network in a thread of its own ends with the connection.
        wait_for(lambda: not our_threads(), what=lambda: str(our_threads()))


@pytest.mark.parametrize("head", ENDLESS.values(), ids=ENDLESS)
def test_a_listing_without_an_end_has_one(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.hub.client.LISTING_SECONDS", 0.5)
    with Dripping(head) as server, open_client(Network()) as client, pytest.raises(Unreachable):
        client.get_json(f"{server.address}/api/models")
    wait_for(lambda: not our_threads(), what=lambda: str(our_threads()))


def test_a_listing_that_drips_holds_no_thread_once_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("desktop.hub.client.LISTING_SECONDS", 0.5)
    with Dripping(ENDLESS["a body"]) as server, open_client(Network()) as client:
        with pytest.raises(Unreachable):
            client.get_json(f"{server.address}/api/models")
        wait_for(lambda: "download-line" not in our_threads(), what=lambda: str(our_threads()))


def test_a_listing_ends_when_its_client_is_closed() -> None:
    ended: list[Exception] = []

    def ask(client: Client, address: str) -> None:
        try:
            client.get_json(address)
        except Unreachable as error:
            ended.append(error)

    with Dripping(b"HTTP/1.1 200 OK\r\nX-Endless: ") as server:
        client = open_client(Network())
        thread = threading.Thread(target=ask, args=(client, server.address))
        thread.start()
        wait_for(lambda: "download-line" in our_threads())
        client.close()
        thread.join(10)
        assert not thread.is_alive()
        assert ended


@pytest.mark.parametrize("act", ["pause", "cancel", "close"])
def test_looking_for_another_source_holds_up_no_pause_and_no_quit(
    hub: HubServer, tmp_path: Path, act: str
) -> None:
    asked, free = threading.Event(), threading.Event()

    def others(_: DownloadOrder) -> tuple[DownloadOrder, ...]:
        asked.set()
        free.wait(30)
        return ()

    hub.faults.hub_answers(Answer(404), -1)
    wanted = order(hub, FILES[0])
    try:
        with queue(tmp_path, stand_ins=others) as downloads:
            downloads.add(wanted)
            assert asked.wait(10)
            if act == "close":
                assert downloads.close(2)
                return
            {"pause": downloads.pause, "cancel": downloads.cancel}[act](wanted.key)
            wait_for(lambda: "download" not in our_threads())
    finally:
        free.set()


# --- a disk that is pulled out ----------------------------------------------------------------


def test_a_models_folder_that_is_gone_is_not_made_anew(hub: HubServer, tmp_path: Path) -> None:
    there = [False]

    def check() -> None:
        if not there[0]:
            raise StorageError(Text("It is not there"), Text("Connect the disk."))

    with queue(tmp_path, check_folder=check) as downloads:
        assert isinstance(failed(downloads, order(hub, FILES[0])), StorageError)
        assert not (tmp_path / "models").exists()
        assert hub.log == []
        there[0] = True
        downloads.resume(FILES[0].path)
        seen = downloads.wait(FILES[0].path, 60)
        assert seen is not None
        assert seen.phase is DownloadPhase.DONE


def test_a_folder_that_goes_away_in_the_middle_is_said(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.bytes_per_second = 1_000_000
    wanted = order(hub, FILES[0])
    with queue(tmp_path) as downloads:
        downloads.add(wanted)

        def goes() -> bool:
            return any(each.done > 100_000 for each in downloads.downloads)

        wait_for(goes)
        (tmp_path / "models").rename(tmp_path / "away")
        seen = downloads.wait(wanted.key, 60)
        assert seen is not None
        assert isinstance(seen.error, StorageError)
        hub.faults.bytes_per_second = 0
        (tmp_path / "away").rename(tmp_path / "models")
        downloads.resume(wanted.key)
        seen = downloads.wait(wanted.key, 60)
        assert seen is not None
        assert (seen.phase, seen.notice) == (DownloadPhase.DONE, None)
    assert_whole(tmp_path, FILES[0])

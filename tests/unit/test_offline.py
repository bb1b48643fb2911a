"""The switch "offline": nothing is asked of another computer, whatever it is for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from desktop.domain.download import DownloadOrder, DownloadPhase
from desktop.domain.errors import Offline
from desktop.domain.repository import Reference, RemoteFile, Source, SourceKind
from desktop.domain.settings import LibrarySettings, Settings
from desktop.hub.client import open_client
from desktop.hub.network import Network, check_allowed
from desktop.services.downloads import Downloads
from desktop.services.model_manager import ModelManager
from desktop.services.sources import Sources
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer

FILE = gguf_file("small.gguf", 3_000_000)
NAME = "somebody/Small-GGUF"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(NAME, (FILE,))]) as server:
        yield server


def order_of(hub: HubServer, file: HubFile) -> DownloadOrder:
    wanted = RemoteFile(file.path, file.size, file.sha256, hub.url(NAME, file.path))
    source = Source(SourceKind.MIRROR, hub.endpoint)
    return DownloadOrder(file.path, file.path, source, NAME, "0" * 40, "somebody", (wanted,))


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold loopback for another computer, so that there is something that could be reached."""
    monkeypatch.setattr("desktop.hub.network.is_this_computer", lambda _host: False)
    monkeypatch.setattr("desktop.hub.client.may_follow", lambda _here, _target: True)


@pytest.mark.parametrize(
    "url",
    [
        *("https://huggingface.co/api/models", "http://192.168.0.7:11434", "https://[2001:db8::1]"),
        *("http://nas.lan", "https://localhost.example.com", "http://127.0.0.1.example.com"),
        *("http://169.254.169.254/", "not an address", ""),
    ],
)
def test_offline_no_other_computer_may_be_asked(url: str) -> None:
    with pytest.raises(Offline):
        check_allowed(Network(offline=lambda: True), url)
    check_allowed(Network(), url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://localhost:1", "https://[::1]/", "http://127.9.9.9"]
)
def test_this_computer_may_always_be_asked(url: str) -> None:
    check_allowed(Network(offline=lambda: True), url)


@pytest.mark.usefixtures("far")
def test_a_hub_is_not_asked_and_the_keyring_neither(hub: HubServer) -> None:
    def token() -> str:
        raise AssertionError("nobody is to be shown a token")

    with open_client(Network(token=token, offline=lambda: True)) as client:
        with pytest.raises(Offline):
            client.get_json(f"{hub.endpoint}/api/models")
        with pytest.raises(Offline):
            client.resolve(hub.url(NAME, FILE.path))
        with pytest.raises(Offline), client.stream(hub.url(NAME, FILE.path)):
            pass
    assert hub.log == []


@pytest.mark.usefixtures("far")
def test_a_file_on_its_way_stops_where_it_is(hub: HubServer) -> None:
    is_offline = False
    with open_client(Network(offline=lambda: is_offline)) as client:
        location = client.resolve(hub.url(NAME, FILE.path)).location
        with client.stream(location) as stream:
            blocks = stream.blocks()
            assert next(blocks)
            is_offline = True
            with pytest.raises(Offline):
                next(blocks)


@pytest.mark.usefixtures("far")
def test_searching_says_that_lapis_is_offline(hub: HubServer, tmp_path: Path) -> None:
    is_offline = True
    variables = {"HF_ENDPOINT": hub.endpoint}
    sources = Sources(LibrarySettings, str, tmp_path / "cache", variables, lambda: is_offline)
    try:
        with pytest.raises(Offline):
            sources.search("small")
        with pytest.raises(Offline):
            sources.repository(Reference(NAME))
        assert hub.log == []
        is_offline = False
        assert sources.search("small").hits
    finally:
        sources.close()


@pytest.mark.usefixtures("far")
def test_a_download_waits_for_the_switch(hub: HubServer, tmp_path: Path) -> None:
    is_offline = True
    downloads = Downloads(
        lambda: tmp_path / "models",
        None,
        LibrarySettings,
        str,
        {},
        offline=lambda: is_offline,
    )
    try:
        key = downloads.add(order_of(hub, FILE))
        stopped = downloads.wait(key, 30)
        assert stopped is not None
        assert stopped.phase is not DownloadPhase.DONE
        assert isinstance(stopped.error, Offline)
        assert hub.log == []
        is_offline = False
        downloads.resume(key)
        done = downloads.wait(key, 30)
        assert done is not None
        assert done.phase is DownloadPhase.DONE
    finally:
        assert downloads.close(5)


@pytest.mark.usefixtures("far")
def test_the_switch_of_the_settings_holds_for_all_that_gets_models(
    hub: HubServer, tmp_path: Path
) -> None:
    settings = Settings()
    settings = replace(settings, connections=replace(settings.connections, offline=True))
    manager = ModelManager(
        paths_under(tmp_path),
        lambda: settings,
        lambda _change: None,
        environment={"HF_ENDPOINT": hub.endpoint},
    )
    try:
        with pytest.raises(Offline):
            manager.sources.search("small")
        key = manager.downloads.add(order_of(hub, FILE))
        stopped = manager.downloads.wait(key, 30)
        assert stopped is not None
        assert isinstance(stopped.error, Offline)
        assert hub.log == []
    finally:
        manager.close()

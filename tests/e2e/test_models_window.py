"""A model fetched through the real window, by keyboard, from a hub where everything goes wrong."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import StartLapis
from tests.harness.hub.faults import rate_limited
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.screen import Screen
from tests.harness.waiting import wait_for

REPOSITORY = "somebody/tiny-GGUF"
_SIZE = 6_000_000


@pytest.fixture(scope="module")
def file() -> HubFile:
    return gguf_file("tiny-Q4_K_M.gguf", _SIZE)


@pytest.fixture
def hub(file: HubFile) -> Iterator[HubServer]:
    with HubServer([HubRepository(REPOSITORY, (file,))]) as hub:
        yield hub


def _whole(folder: Path, file: HubFile) -> bool:
    found = list((folder / "models").rglob("*.gguf"))
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in found] == [file.sha256]


def _part_size(folder: Path) -> int:
    """How much of a model has come so far, in bytes."""
    return sum(path.stat().st_size for path in (folder / "models").rglob("*.part"))


def _open_and_get(screen: Screen, hub: HubServer) -> None:
    """Open Models, paste the repository's name, and press Get on its page."""
    screen.window("Lapis").focus()
    screen.key("ctrl+shift+m")
    screen.window("Models – Lapis")
    screen.type(REPOSITORY)
    screen.window(f"{REPOSITORY} – Lapis")
    # From the way back to the button that stands out.
    screen.key("Tab", "space")
    wait_for(lambda: any(r.side == "cdn" for r in hub.log), 20, "the download")


def test_a_model_arrives_whole_whatever_the_hub_does(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, hub: HubServer, file: HubFile
) -> None:
    hub.faults.hub_answers(rate_limited(1))
    hub.faults.cut(after=400_000, times=6)
    hub.faults.expired()
    lapis = start_lapis("--show", environment={"HF_ENDPOINT": hub.endpoint})

    _open_and_get(screen, hub)

    wait_for(lambda: _whole(lapis_home, file), 60, "the whole model")
    assert lapis.running
    assert not list((lapis_home / "models").rglob("*.part"))


def test_a_killed_window_goes_on_where_it_was(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, hub: HubServer, file: HubFile
) -> None:
    hub.faults.bytes_per_second = 1_000_000
    environment = {"HF_ENDPOINT": hub.endpoint}
    first = start_lapis("--show", environment=environment)
    _open_and_get(screen, hub)
    wait_for(lambda: _part_size(lapis_home) > 1_000_000, 30, "a part of it")
    first.kill()
    hub.faults.bytes_per_second = 0

    start_lapis("--background", environment=environment)

    wait_for(lambda: _whole(lapis_home, file), 60, "the whole model")
    ranges = [request.range for request in hub.log if request.side == "cdn"]
    assert ranges[-1].startswith("bytes=")
    assert ranges[-1] != "bytes=0-"

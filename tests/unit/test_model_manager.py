"""Sources, downloads and shelf together: what one of them finds out, the others know."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.base.paths import Paths, paths_under
from desktop.domain.advice import Computer
from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.errors import DamagedDownload
from desktop.domain.repository import SourceKind
from desktop.domain.settings import EngineSettings, Settings
from desktop.services.getting import wanted
from desktop.services.model_manager import ModelManager
from tests.harness.hub.faults import refusal
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer

NAME = "owner/tiny-GGUF"
FILE = gguf_file("tiny-Q4_K_M.gguf", 700_001, 2)
OTHER = gguf_file("tiny-Q4_K_M.gguf", 700_001, 9)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([HubRepository(NAME, (FILE,))]) as server:
        yield server


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = paths_under(tmp_path / "lapis")
    made.create()
    return made


OpenManager = Callable[..., ModelManager]


@pytest.fixture
def open_manager(hub: HubServer, paths: Paths) -> Iterator[OpenManager]:
    """Return a function that makes a manager which asks `hub`, and `second` for ModelScope."""
    opened: list[ModelManager] = []

    def make(second: HubServer | None = None) -> ModelManager:
        variables = {
            "HF_ENDPOINT": hub.endpoint,
            "MODELSCOPE_ENDPOINT": (second or hub).modelscope,
        }
        kept = [Settings()]

        def change(made: Callable[[Settings], Settings]) -> None:
            kept[0] = made(kept[0])

        manager = ModelManager(paths, lambda: kept[0], change, environment=variables)
        opened.append(manager)
        return manager

    yield make
    for manager in opened:
        manager.close()


def order(manager: ModelManager, source: SourceKind | None = None) -> DownloadOrder:
    computer = Computer(total=16 * 10**9, available=16 * 10**9)
    text = f"{NAME}:Q4_K_M"
    return wanted(
        text, manager.sources, manager.catalogue, computer, EngineSettings(), source
    ).order


def fetched(manager: ModelManager, source: SourceKind | None = None) -> Download:
    state = manager.downloads.wait(manager.downloads.add(order(manager, source)), 60)
    assert state is not None
    return state


def test_what_was_downloaded_is_on_the_shelf_with_its_source_and_verified(
    open_manager: OpenManager,
) -> None:
    manager = open_manager()

    assert fetched(manager).phase is DownloadPhase.DONE

    entry = manager.shelf.find("tiny-Q4_K_M")
    record = entry.record
    assert (record.repository, record.sha256) == (NAME, FILE.sha256)
    assert record.commit == "0123456789abcdef0123456789abcdef01234567"
    assert record.verified_at > 0
    found = manager.shelf.verify(entry, lambda _done, _total: None, threading.Event())
    assert found is not None
    assert (found.by_hash, found.problem) == (True, None)


def test_modelscope_takes_over_when_the_first_source_dies_for_good(
    open_manager: OpenManager, hub: HubServer, paths: Paths
) -> None:
    manager = open_manager()
    hub.faults.hub_answers(refusal(403), times=1)

    assert fetched(manager).phase is DownloadPhase.DONE

    [path] = paths.models.rglob("*.gguf")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == FILE.sha256
    assert any(each.side == "modelscope" and FILE.path in str(each) for each in hub.log)


def test_another_file_of_the_same_name_never_stands_in(
    open_manager: OpenManager, hub: HubServer, paths: Paths
) -> None:
    with HubServer([HubRepository(NAME, (OTHER,))]) as second:
        manager = open_manager(second)
        hub.faults.hub_answers(refusal(403), times=-1)

        state = fetched(manager)

        assert state.phase is DownloadPhase.FAILED
        assert second.ranges == []
    assert list(paths.models.rglob("*.gguf")) == []


def test_a_source_that_failed_is_not_its_own_stand_in(
    open_manager: OpenManager, hub: HubServer
) -> None:
    hub.faults.flip(650_000)
    with HubServer([]) as second:
        state = fetched(open_manager(second))

    assert isinstance(state.error, DamagedDownload)
    # Once, and once more to be sure; the address of HF_ENDPOINT is the one that was asked.
    assert len(hub.ranges) == 2


def test_where_the_first_is_modelscope_the_hub_takes_over(
    open_manager: OpenManager, hub: HubServer
) -> None:
    manager = open_manager()
    wish = order(manager, SourceKind.MODELSCOPE)
    hub.faults.hub_answers(refusal(403), times=1)

    state = manager.downloads.wait(manager.downloads.add(wish), 60)

    assert state is not None
    assert state.phase is DownloadPhase.DONE
    assert any(each.side == "hub" and "/resolve/" in each.path for each in hub.log)


def test_nothing_is_connected_before_something_is_asked(
    open_manager: OpenManager, hub: HubServer
) -> None:
    manager = open_manager()
    assert [entry.model.name for entry in manager.shelf.entries()] == ["guide"]
    assert manager.catalogue.find("gemma-2-2b-it").id == "gemma-2-2b-it"
    assert manager.downloads.downloads == ()

    assert hub.log == []

"""What is heard of the queue: it tells from threads of its own, and merges what comes close together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.ui.downloads_controller import DownloadsController
from tests.ui.model_samples import download


@dataclass
class Queue:
    """A queue that tells what the test lets it tell."""

    downloads: tuple[Download, ...] = ()
    observers: list[Callable[[tuple[Download, ...]], None]] = field(default_factory=list)

    def watch(self, observer: Callable[[tuple[Download, ...]], None]) -> Callable[[], None]:
        self.observers.append(observer)
        return lambda: self.observers.remove(observer)

    def tell(self, *downloads: Download) -> None:
        self.downloads = downloads
        for observer in self.observers:
            observer(downloads)


@dataclass
class Place:
    """A controller, its queue, and what it said was finished."""

    queue: Queue
    controller: DownloadsController
    finished: list[DownloadOrder] = field(default_factory=list)


_DONE = download("owner/model", "model.gguf", DownloadPhase.DONE, 100)


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def at(*downloads: Download) -> Place:
        queue = Queue(downloads)
        place = Place(queue, DownloadsController(queue))  # type: ignore[arg-type]
        place.controller.finished.connect(place.finished.append)
        places.append(place)
        return place

    yield at
    for place in places:
        place.controller.close()
        assert not place.queue.observers


def _hear(place: Place, qtbot: QtBot, *downloads: Download) -> None:
    with qtbot.waitSignal(place.controller.changed):
        place.queue.tell(*downloads)


def test_what_is_done_is_told_once(make: Callable[..., Place], qtbot: QtBot) -> None:
    place = make()
    _hear(place, qtbot, replace(_DONE, phase=DownloadPhase.DOWNLOADING, done=1))
    assert place.finished == []
    _hear(place, qtbot, _DONE)
    _hear(place, qtbot, _DONE)

    assert place.finished == [_DONE.order]


def test_one_so_quick_that_its_end_is_the_first_news_of_it_is_told(
    make: Callable[..., Place], qtbot: QtBot
) -> None:
    place = make()
    _hear(place, qtbot, _DONE)

    assert place.finished == [_DONE.order]


def test_what_was_done_before_is_no_news(make: Callable[..., Place], qtbot: QtBot) -> None:
    place = make(_DONE)
    _hear(place, qtbot, _DONE)

    assert place.finished == []

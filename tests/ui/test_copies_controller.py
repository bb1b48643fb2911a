"""What a person orders of the copies is done, whatever else is asked about them meanwhile."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.store.chats import ChatStore
from desktop.store.copies import Copy, copies, keep_daily
from desktop.store.restoring import is_ordered, restore
from desktop.ui import copies_controller
from desktop.ui.banner import Banner
from desktop.ui.copies_controller import CopiesController
from desktop.ui.settings_copies import CopiesSection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    one = tmp_path / "chats.db"
    store = ChatStore.open(one)
    store.add(store.create("Kept").id, None, Role.USER, "a question")
    store.close()
    keep_daily(one, now=time.time())
    return one


@dataclass
class _SlowDisk:
    """Copies are read only once `goes_on` is set; `begun`: somebody waits for that."""

    begun: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def copies(self, path: Path) -> list[Copy]:
        self.begun.set()
        assert self.goes_on.wait(10)
        return copies(path)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[_SlowDisk]:
    disk = _SlowDisk()
    monkeypatch.setattr(copies_controller, "copies", disk.copies)
    yield disk
    disk.goes_on.set()


def _controller(path: Path, qtbot: QtBot) -> tuple[CopiesSection, CopiesController]:
    section, banner = CopiesSection(), Banner()
    qtbot.addWidget(section)
    qtbot.addWidget(banner)
    return section, CopiesController(section, path, banner)


def test_leaving_the_page_and_coming_back_takes_back_nothing_that_was_ordered(
    path: Path, slow: _SlowDisk, qtbot: QtBot
) -> None:
    section, controller = _controller(path, qtbot)
    section.copies_wanted.emit()
    assert slow.begun.wait(5)
    section.restore_requested.emit(copies(path)[0].path)
    section.copies_wanted.emit()
    slow.goes_on.set()

    qtbot.waitUntil(lambda: is_ordered(path))
    controller.close()


def test_quitting_at_once_does_not_restore_what_was_taken_back(
    path: Path, slow: _SlowDisk, qtbot: QtBot
) -> None:
    restore(path, copies(path)[0].path)
    section, controller = _controller(path, qtbot)
    section.copies_wanted.emit()
    assert slow.begun.wait(5)
    section.take_back_requested.emit()
    threading.Timer(0.05, slow.goes_on.set).start()
    controller.close()

    assert not is_ordered(path)

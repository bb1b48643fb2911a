"""The card of an engine pack: offered, fetched, in use, switched off, removed."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.backends import pack_folder
from desktop.domain.text import Text
from desktop.services.engine_packs import EnginePacks
from desktop.ui.engine_pack_card import EnginePackCard
from desktop.ui.engine_pack_controller import EnginePackController
from desktop.ui.errands import Errand, Errands
from desktop.ui.labels import PlainLabel
from desktop.ui.link_popover import LinkPopover
from desktop.ui.this_computer_tab import ThisComputerTab
from tests.harness.engine_packs import Room, archive_of, given_out
from tests.harness.hub.server import HubServer

ARCHIVED = archive_of()
BROKEN = Text("It does not work")


class Place:
    """The tab with its card, and packs behind it."""

    def __init__(
        self,
        tab: ThisComputerTab,
        packs: EnginePacks,
        room: Room,
        qtbot: QtBot,
        errands: Errands | None = None,
    ) -> None:
        self.tab = tab
        self.card: EnginePackCard = tab.pack
        self.packs = packs
        self.room = room
        self.errands = errands or Errands(tab)
        self.controller = EnginePackController(self.card, packs, self.errands)
        self._qtbot = qtbot

    def buttons(self) -> list[str]:
        found = self.card.findChildren(QPushButton)
        return [button.text() for button in found if button.isVisible() and button.text()]

    def press(self, words: str) -> None:
        """Press the button with these words, by the keyboard."""
        found = self.card.findChildren(QPushButton)
        button = next(one for one in found if one.isVisible() and one.text() == words)
        button.setFocus()
        self._qtbot.keyClick(button, Qt.Key.Key_Space)

    def said(self) -> str:
        labels = self.card.findChildren(PlainLabel)
        return " | ".join(label.text() for label in labels if label.isVisible() and label.text())

    def wait_for(self, *words: str) -> None:
        self._qtbot.waitUntil(
            lambda: self.card.isVisible() and all(each in self.said() for each in words),
            timeout=10_000,
        )


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.fixture
def hub(room: Room) -> Iterator[HubServer]:
    with given_out(room, ARCHIVED) as server:
        yield server


@pytest.fixture
def place(room: Room, hub: HubServer, qtbot: QtBot) -> Iterator[Place]:
    tab = ThisComputerTab()
    qtbot.addWidget(tab)
    made = Place(tab, room.open(), room, qtbot)
    tab.resize(832, 640)
    tab.show()
    yield made
    made.errands.close()


def test_without_a_pack_for_this_computer_nothing_is_shown(
    place: Place, room: Room, qtbot: QtBot
) -> None:
    place.wait_for("CUDA 12 for NVIDIA cards")
    room.packs = []
    tab = ThisComputerTab()
    qtbot.addWidget(tab)
    errands = Errands(tab)
    controller = EnginePackController(tab.pack, room.open(), errands)
    tab.show()
    qtbot.waitUntil(lambda: not controller._looking)
    assert tab.pack.isHidden()
    errands.close()


def test_it_is_offered_with_its_size_and_its_terms(place: Place, qtbot: QtBot) -> None:
    place.wait_for("CUDA 12 for NVIDIA cards", "NVIDIA's terms", "37 kB on the disk")
    assert place.buttons() == ["Read the terms", "Get", "Take it from a file…"]

    place.press("Read the terms")
    popover = place.tab.findChild(LinkPopover)
    assert popover is not None
    qtbot.waitUntil(popover.isVisible)


def test_got_by_the_keyboard_it_is_installed_and_the_cards_are_tried_again(
    place: Place, qtbot: QtBot
) -> None:
    place.wait_for("CUDA 12")
    with qtbot.waitSignal(place.controller.changed, timeout=10_000):
        place.press("Get")
    place.wait_for("installed", "from the next time they are loaded")
    assert place.buttons() == ["Read the terms", "Remove…"]
    assert place.card.accessibleName() == "CUDA 12 for NVIDIA cards, installed"
    assert place.room.is_handed_over


def test_removing_asks_first(place: Place) -> None:
    place.wait_for("CUDA 12")
    place.press("Get")
    place.wait_for("installed")
    place.press("Remove…")
    place.wait_for("must be downloaded again")
    place.press("Keep")
    assert place.room.is_handed_over

    place.press("Remove…")
    place.press("Remove")
    place.wait_for("to download")
    assert not place.room.place.exists()


def test_esc_takes_the_question_back_and_nothing_else(place: Place, qtbot: QtBot) -> None:
    left = list[bool]()
    QShortcut(QKeySequence(Qt.Key.Key_Escape), place.tab, lambda: left.append(True))
    place.wait_for("CUDA 12")
    place.press("Get")
    place.wait_for("installed")
    place.press("Remove…")
    place.wait_for("must be downloaded again")

    focused = QApplication.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, Qt.Key.Key_Escape)

    assert place.buttons() == ["Read the terms", "Remove…"]
    assert place.room.is_handed_over
    assert left == []


def test_while_it_is_removed_the_card_says_so_and_takes_no_second_wish(place: Place) -> None:
    place.wait_for("CUDA 12")
    place.press("Get")
    place.wait_for("installed")
    looked_at_anew = threading.Event()
    # Last of all the cards are looked at, which takes seconds.
    place.packs._changed = looked_at_anew.wait
    place.press("Remove…")
    place.press("Remove")
    try:
        place.wait_for("Removing it…")
        buttons = place.card.findChildren(QPushButton)
        shown = [one for one in buttons if one.isVisible() and one.text() == "Remove…"]
        assert not any(one.isEnabled() for one in shown)
    finally:
        looked_at_anew.set()
    place.wait_for("to download")
    assert "Removing it…" not in place.said()


def test_one_that_is_switched_off_says_why_and_comes_back_by_one_press(place: Place) -> None:
    place.room.reason = BROKEN
    place.wait_for("CUDA 12")
    place.press("Get")
    place.wait_for("switched off", "It does not work. Models go on with Vulkan or the processor.")
    assert place.buttons() == ["Read the terms", "Try it again", "Remove…"]

    place.room.reason = None
    place.press("Try it again")
    place.wait_for("installed")


def test_it_looks_again_before_the_thread_of_the_last_look_has_ended(
    room: Room, hub: HubServer, qtbot: QtBot
) -> None:
    class Never(threading.Event):
        def set(self) -> None:
            pass

    class NeverQuiteEnded(Errands):
        """What they find is told, and their threads are still on the way out."""

        def run(self, *order: Any, **how: Any) -> Errand:
            errand = super().run(*order, **how)
            errand.ended = Never()
            return errand

    tab = ThisComputerTab()
    qtbot.addWidget(tab)
    place = Place(tab, room.open(), room, qtbot, NeverQuiteEnded(tab))
    tab.show()
    place.wait_for("CUDA 12")
    place.press("Get")
    place.wait_for("installed")
    place.errands.close()


def test_one_that_the_engine_dies_of_is_seen_when_the_page_comes_on_show(place: Place) -> None:
    place.wait_for("CUDA 12")
    place.press("Get")
    place.wait_for("installed")
    place.tab.hide()
    pack_folder.switch_off(place.room.place, pack_folder.CRASHED)
    place.tab.show()
    place.wait_for("The engine ended while it was loading this pack.")


def test_a_download_can_be_paused_and_goes_on(place: Place, hub: HubServer, qtbot: QtBot) -> None:
    hub.faults.bytes_per_second = 100
    place.wait_for("CUDA 12")
    place.press("Get")
    qtbot.waitUntil(lambda: "Pause" in place.buttons())
    place.press("Pause")
    place.wait_for("Paused")
    assert place.buttons() == ["Read the terms", "Resume", "Stop"]
    hub.faults.bytes_per_second = 0
    place.press("Resume")
    place.wait_for("installed")


def test_what_is_no_pack_is_refused_at_the_card(place: Place, tmp_path: Path) -> None:
    place.wait_for("CUDA 12")
    wrong = tmp_path / "holiday.tar.xz"
    wrong.write_bytes(b"pictures")
    place.controller.bring(wrong)
    place.wait_for("holiday.tar.xz is none of the packs for this version of Lapis")

    right = tmp_path / "stick.tar.xz"
    right.write_bytes(ARCHIVED)
    place.controller.bring(right)
    place.wait_for("installed")

"""The list of every connection on the settings page: read, understood, copied, cleared, undone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.base.paths import paths_under
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.domain.settings import Settings
from desktop.services.network_log import NetworkLog
from desktop.services.network_words import host_lines
from desktop.ui.labels import PlainLabel
from desktop.ui.network_controller import NetworkController
from desktop.ui.network_row import NetworkRow
from desktop.ui.settings_connections import ConnectionsSection
from desktop.ui.settings_privacy import PrivacySection
from desktop.ui.window_pages import WindowPages
from tests.ui.desk import Desk
from tests.ui.marking import MARK, Marking, unmarked

NOW = datetime.now(tz=UTC).timestamp()
FILE = "gemma-2-2b-it-Q4_K_M.gguf"


def entry(host: str, purpose: Purpose, what: str = "", port: int = 0, **counts: int) -> Entry:
    return Entry(Contact(host, port, Reason(purpose, what)), NOW, NOW, **counts)


HUB = entry("huggingface.co", Purpose.SEARCH, times=13)
GOT = replace(
    entry("huggingface.co", Purpose.DOWNLOAD, FILE, times=1, received=1_708_582_752),
    first=NOW - 60,
    last=NOW - 60,
)
OLLAMA = entry("127.0.0.1", Purpose.MODELS, port=11434, times=2)


@dataclass
class _Place:
    section: PrivacySection
    log: NetworkLog

    def rows(self) -> list[str]:
        found = [each for each in self.section.findChildren(NetworkRow) if each.isVisible()]
        found.sort(key=lambda row: row.mapTo(self.section, row.rect().topLeft()).y())
        return [f"{row.accessibleName()}: {row.accessibleDescription()}" for row in found]

    def says(self) -> str:
        labels = [each for each in self.section.findChildren(PlainLabel) if each.isVisible()]
        return "\n".join(each.text() for each in labels)

    def press(self, qtbot: QtBot, words: str) -> None:
        buttons = self.section.findChildren(QPushButton)
        (button,) = [each for each in buttons if each.text() == words and each.isVisible()]
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[_Place]:
    section, log = PrivacySection(), NetworkLog(tmp_path / "network.db")
    qtbot.addWidget(section)
    section.resize(640, 700)
    controller = NetworkController(section, log)
    yield _Place(section, log)
    controller.close()


def test_an_empty_list_says_so_and_offers_nothing_to_clear(place: _Place, qtbot: QtBot) -> None:
    place.section.show()
    qtbot.waitUntil(lambda: "Lapis has opened no connection since this list began." in place.says())

    assert place.rows() == []
    assert not place.section._clear.isVisible()


def test_a_line_tells_who_how_often_when_and_what_for(place: _Place, qtbot: QtBot) -> None:
    for each in (HUB, GOT, OLLAMA):
        place.log.note(each)
    place.section.show()
    qtbot.waitUntil(lambda: len(place.rows()) == 2)

    far, near = place.rows()
    clock = datetime.fromtimestamp(NOW).astimezone()
    assert far in {
        f"huggingface.co, 14 times, last {day} {clock:%H:%M}: "
        f"searched for models, downloaded {FILE} (1.7 GB)"
        for day in ("today", "yesterday")
    }
    assert near.startswith("This computer, port 11434, 2 times")
    assert "Programs on this computer" in place.says()


def test_the_list_is_cleared_and_undone(place: _Place, qtbot: QtBot) -> None:
    place.log.note(HUB)
    place.section.show()
    qtbot.waitUntil(lambda: len(place.rows()) == 1)

    place.press(qtbot, "Clear list")
    qtbot.waitUntil(lambda: not place.rows())
    assert place.log.entries() == []
    qtbot.waitUntil(place.section.toast.isVisible)
    place.press(qtbot, "Undo")

    qtbot.waitUntil(lambda: len(place.rows()) == 1)
    assert place.log.entries() == [HUB]


def test_a_second_press_on_the_way_takes_nothing_from_what_is_undone(
    place: _Place, qtbot: QtBot
) -> None:
    place.log.note(HUB)
    place.section.show()
    qtbot.waitUntil(lambda: len(place.rows()) == 1)

    place.section.clear_requested.emit()
    place.section.clear_requested.emit()
    qtbot.waitUntil(lambda: not place.rows())
    place.press(qtbot, "Undo")

    qtbot.waitUntil(lambda: len(place.rows()) == 1)
    assert place.log.entries() == [HUB]


def test_the_list_is_copied_as_text(place: _Place, qtbot: QtBot) -> None:
    for each in (HUB, OLLAMA):
        place.log.note(each)
    place.section.show()
    qtbot.waitUntil(lambda: len(place.rows()) == 2)

    place.press(qtbot, "Copy as text")

    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 2
    assert any(line.startswith("huggingface.co: 13 times, last ") for line in lines)


def test_of_many_hosts_the_newest_are_shown_first_and_all_at_a_click(
    place: _Place, qtbot: QtBot
) -> None:
    for number in range(40):
        at = NOW - 1000 * number
        place.log.note(
            replace(entry(f"host-{number}.example", Purpose.LOOK, times=1), first=at, last=at)
        )
    place.section.show()
    qtbot.waitUntil(lambda: len(place.rows()) == 12)
    assert place.rows()[0].startswith("host-0.example")

    place.press(qtbot, "Show all 40")
    qtbot.waitUntil(lambda: len(place.rows()) == 40)


def test_what_the_offline_switch_does_is_said_here_and_where_it_is(
    place: _Place, qtbot: QtBot
) -> None:
    place.section.show()
    assert "“Stay offline” is off" in place.says()

    settings = Settings()
    place.section.show_settings(
        replace(settings, connections=replace(settings.connections, offline=True))
    )
    assert "“Stay offline” is on" in place.says()
    with qtbot.waitSignal(place.section.offline_requested):
        place.press(qtbot, "Open Connections")


def test_what_is_done_meanwhile_comes_into_the_list_while_somebody_looks(
    place: _Place, qtbot: QtBot
) -> None:
    place.section.show()
    qtbot.waitUntil(lambda: "opened no connection" in place.says())

    place.log.note(HUB)
    qtbot.waitUntil(lambda: len(place.rows()) == 1, timeout=10_000)
    place.section.hide()
    timers = place.section.findChildren(QTimer, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert [timer.isActive() for timer in timers] == [False]


def test_a_list_that_cannot_be_read_says_why(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "network.db").mkdir()
    section = PrivacySection()
    qtbot.addWidget(section)
    controller = NetworkController(section, NetworkLog(tmp_path / "network.db"))
    section.show()

    qtbot.waitUntil(lambda: "cannot be read" in _Place(section, controller._log).says())
    controller.close()


def test_hosts_and_the_switch_are_found_by_the_search(place: _Place) -> None:
    place.section.show_lines(host_lines([HUB]))

    assert place.section.search("huggingface")
    assert place.section.search("every connection")
    assert place.section.search("offline")
    assert not place.section.search("hotkey")


def test_the_list_follows_the_language(
    place: _Place, marking: Marking, qapp: QApplication, qtbot: QtBot
) -> None:
    place.section.show()
    place.section.show_lines(host_lines([HUB, GOT]))
    qapp.installTranslator(marking)

    qtbot.waitUntil(lambda: unmarked(place.section) == set())
    assert place.section.title == f"{MARK}Privacy"


def test_it_stands_in_the_settings_and_leads_to_the_switch(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = paths_under(tmp_path / "data")
    NetworkLog(paths.network_log).restore([HUB])
    pages = WindowPages(desk.window, desk.preferences, paths)
    pages.add_section(ConnectionsSection, late=True)
    pages.open_settings(PrivacySection)
    (section,) = desk.window.findChildren(PrivacySection)
    qtbot.waitUntil(lambda: any(row.isVisible() for row in section.findChildren(NetworkRow)))

    section.offline_requested.emit()
    (switch,) = desk.window.findChildren(ConnectionsSection)
    qtbot.waitUntil(switch.isVisible)
    assert not section.isVisible()
    pages.close()

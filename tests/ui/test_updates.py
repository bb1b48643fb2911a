"""News of versions in the window: a quiet notice, the settings, the first steps, by keyboard too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.distribution import Kind
from desktop.domain.settings import Language, Settings, UpdateSettings
from desktop.services.updates import Updates
from desktop.ui.banner import Topic
from desktop.ui.first_run_key import FirstRunKey
from desktop.ui.preferences import Preferences
from desktop.ui.settings_general import GeneralSection
from desktop.ui.switch import Switch
from desktop.ui.tick_box import TickBox
from desktop.ui.tray_menu import TrayMenu
from desktop.ui.update_desk import UpdateDesk
from tests.harness.http_listener import Answer
from tests.harness.hub.certificates import new_authority, new_certificate
from tests.harness.update_server import NewsServer
from tests.ui.desk import Desk
from tests.unit.updates_room import HOST, PAGE, Room, signed


class News:
    """A desk for updates in a real window, over a real server."""

    def __init__(self, desk: Desk, room: Room) -> None:
        self.desk = desk
        self.room = room
        self.pages: list[str] = []
        self.made = 0
        room.settings = replace(room.settings, updates=UpdateSettings())
        desk.preferences.set(replace(desk.preferences.value, library=room.settings.library))
        self.updates = self._open(desk.window)
        self.general = GeneralSection({}, "linux")
        self.general.changed.connect(desk.preferences.change)
        desk.preferences.changed.connect(self.general.show_settings)
        self.general.show_settings(desk.preferences.value)
        self.general.resize(640, 500)

    def _open(self, parent: QObject) -> UpdateDesk:
        return UpdateDesk(
            self.desk.window.banner,
            self.desk.preferences,
            self._make,
            parent,
            soonest_ms=10,
            spread_ms=10,
            open_page=self.pages.append,
        )

    def _make(self) -> Updates:
        self.made += 1
        preferences: Preferences = self.desk.preferences
        updates = self.room.updates()
        updates._settings = lambda: preferences.value
        return updates

    def want(self, *, wanted: bool = True) -> None:
        settings = self.desk.preferences.value
        self.desk.preferences.set(replace(settings, updates=UpdateSettings(check=wanted)))

    @property
    def settings(self) -> Settings:
        return self.desk.preferences.value

    def button(self, words: str) -> QPushButton:
        """Return the button of the notice or of the settings that can be seen, by its words."""
        places = (self.desk.window.banner, self.general)
        found = [
            button
            for place in places
            for button in place.findChildren(QPushButton)
            if button.text() == words and button.isVisible()
        ]
        assert len(found) == 1, words
        return found[0]

    def said(self) -> list[str]:
        """Return what the settings say."""
        labels = self.general.findChildren(QLabel)
        return [label.text() for label in labels if label.isVisible() and label.text()]


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("trust")
    authority = new_authority(folder)
    return str(authority.file), new_certificate(folder, [HOST], authority)


@pytest.fixture
def server(trust: tuple[str, Path]) -> Iterator[NewsServer]:
    with NewsServer(trust[1]) as one:
        one.content = signed()
        yield one


@pytest.fixture
def room(server: NewsServer, trust: tuple[str, Path], tmp_path: Path) -> Room:
    return Room(server, tmp_path / "news", trust[0])


@pytest.fixture
def news(desk: Desk, room: Room, qtbot: QtBot) -> Iterator[News]:
    one = News(desk, room)
    qtbot.addWidget(one.general)
    yield one
    one.updates.close()


def test_off_costs_no_thread_and_no_question(news: News, server: NewsServer, qtbot: QtBot) -> None:
    qtbot.wait(100)

    assert news.made == 0
    assert not news.updates._timer.isActive()
    assert server.connections == 0


def test_turned_on_it_asks_once_and_tells_quietly(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    banner = news.desk.window.banner
    news.want()
    qtbot.waitUntil(lambda: banner.topic is Topic.UPDATE)

    assert banner.accessibleName() == "Lapis 1.2.0 is available"
    assert banner.accessibleDescription() == "Faster, and it reads PDFs."
    assert len(server.log) == 1
    news.updates._ask_if_due()
    news.updates._ask_if_due()
    with qtbot.waitSignal(news.updates.told):
        news.updates.look()
    assert len(server.log) == 1


def test_the_page_is_opened_by_a_click_and_never_before(news: News, qtbot: QtBot) -> None:
    news.want()
    qtbot.waitUntil(lambda: news.desk.window.banner.topic is Topic.UPDATE)
    assert news.pages == []

    button = news.button("Open the download page")
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert news.pages == [PAGE]
    assert news.desk.window.banner.topic is None


@pytest.mark.parametrize("words", ["Skip this version", "Later"])
def test_what_is_skipped_or_put_off_is_not_told_again(news: News, qtbot: QtBot, words: str) -> None:
    news.want()
    banner = news.desk.window.banner
    qtbot.waitUntil(lambda: banner.topic is Topic.UPDATE)
    button = news.button(words)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)

    assert banner.topic is None
    assert news.settings.updates.skipped == ("1.2.0" if words.startswith("Skip") else "")
    with qtbot.waitSignal(news.updates.told):
        news.updates.look()
    assert banner.topic is None


def test_closing_the_notice_puts_it_off(news: News, qtbot: QtBot) -> None:
    news.want()
    banner = news.desk.window.banner
    qtbot.waitUntil(lambda: banner.topic is Topic.UPDATE)
    banner._close.click()
    with qtbot.waitSignal(news.updates.told):
        news.updates.look()

    assert banner.topic is None


def test_turning_it_off_takes_the_notice_away(news: News, qtbot: QtBot) -> None:
    news.want()
    banner = news.desk.window.banner
    qtbot.waitUntil(lambda: banner.topic is Topic.UPDATE)
    news.want(wanted=False)

    assert banner.topic is None
    assert not news.updates._timer.isActive()


def test_the_settings_ask_at_the_press_of_a_button_while_the_switch_is_off(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    news.updates.serve(news.general)
    news.general.show()
    qtbot.waitUntil(lambda: "Not checked yet." in news.said())
    assert server.connections == 0
    button = news.button("Check now")
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert f"Asking {HOST}…" in news.said()

    qtbot.waitUntil(lambda: "Lapis 1.2.0 is available; this is 1.1.0." in news.said())
    assert "Faster, and it reads PDFs." in news.said()
    assert any(words.startswith("Last checked: ") for words in news.said())
    assert not news.settings.updates.check
    assert button.hasFocus()
    assert button.accessibleName() == "Check now for a new version"


def test_who_asks_while_it_is_asked_by_itself_does_not_end_that_for_good(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    server.drip = True
    news.want()
    qtbot.waitUntil(lambda: len(server.log) == 1)
    assert not news.updates._timer.isActive()
    server.drip = False
    with qtbot.waitSignal(news.updates.newer, check_params_cb=bool):
        news.updates.ask()

    assert news.updates._timer.isActive()


def test_the_switch_of_the_settings_is_kept(news: News, qtbot: QtBot) -> None:
    news.updates.serve(news.general)
    news.general.show()
    qtbot.waitUntil(lambda: "Not checked yet." in news.said())
    (switch,) = [
        each
        for each in news.general.findChildren(Switch)
        if each.accessibleName() == "Tell me about new versions"
    ]
    assert switch.isEnabled()
    assert not switch.isChecked()
    qtbot.keyClick(switch, Qt.Key.Key_Space)

    assert news.settings.updates.check
    qtbot.waitUntil(lambda: news.desk.window.banner.topic is Topic.UPDATE)


def test_a_failure_leaves_what_is_known_of_the_newer_version(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    news.updates.serve(news.general)
    news.general.show()
    qtbot.waitUntil(lambda: "Not checked yet." in news.said())
    news.button("Check now").click()
    known = "Lapis 1.2.0 is available; this is 1.1.0."
    qtbot.waitUntil(lambda: known in news.said())
    server.instead = Answer(503, b"busy")
    news.button("Check now").click()

    qtbot.waitUntil(lambda: any("has a problem of its own" in words for words in news.said()))
    assert known in news.said()
    assert "Faster, and it reads PDFs." in news.said()


def test_why_a_question_came_to_nothing_is_said_in_the_settings(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    server.instead = Answer(503, b"busy")
    news.updates.serve(news.general)
    news.general.show()
    qtbot.waitUntil(lambda: "Not checked yet." in news.said())
    news.button("Check now").click()

    qtbot.waitUntil(lambda: any("has a problem of its own" in words for words in news.said()))
    assert news.desk.window.banner.topic is None


def test_a_package_of_the_system_has_words_instead_of_a_switch(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    news.room.kind = Kind.DEB
    news.updates.serve(news.general)
    news.general.show()
    qtbot.waitUntil(lambda: any("package of the system" in words for words in news.said()))

    switches = {each.accessibleName(): each for each in news.general.findChildren(Switch)}
    assert not switches["New versions"].isVisible()
    buttons = [each for each in news.general.findChildren(QPushButton) if each.isVisible()]
    assert "Check now" not in [each.text() for each in buttons]
    news.want()
    with qtbot.waitSignal(news.updates.told):
        news.updates.look()
    assert server.connections == 0


def test_an_automatic_failure_disturbs_nobody(news: News, server: NewsServer, qtbot: QtBot) -> None:
    server.instead = Answer(500)
    news.want()
    with qtbot.waitSignal(news.updates.told):
        pass

    assert news.desk.window.banner.topic is None
    assert len(server.log) == 1


def test_the_first_steps_ask_once_and_off_is_the_rule(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    step = FirstRunKey()
    qtbot.addWidget(step)
    step.show()
    box = step.findChild(TickBox)
    assert isinstance(box, TickBox)
    assert not box.isVisible()
    news.updates.offer(step)
    qtbot.waitUntil(box.isVisible)

    assert not box.isChecked()
    assert HOST in box.accessibleDescription()
    assert server.connections == 0
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert news.settings.updates.check
    qtbot.waitUntil(lambda: news.desk.window.banner.topic is Topic.UPDATE)
    assert len(server.log) == 1


def test_gone_through_again_the_first_steps_know_what_was_answered(
    news: News, qtbot: QtBot
) -> None:
    news.want()
    step = FirstRunKey()
    qtbot.addWidget(step)
    box = step.findChild(TickBox)
    assert isinstance(box, TickBox)
    news.updates.offer(step)

    assert box.isChecked()
    news.want(wanted=False)
    assert not box.isChecked()


@pytest.mark.parametrize("end", ["Later", "Skip this version", "off"])
def test_the_tray_says_quietly_what_the_notice_says(news: News, qtbot: QtBot, end: str) -> None:
    menu = TrayMenu()
    news.updates.newer.connect(menu.set_newer)
    shown: list[None] = []
    menu.window_requested.connect(lambda: shown.append(None))
    news.want()
    qtbot.waitUntil(lambda: news.desk.window.banner.topic is Topic.UPDATE)
    (entry,) = [each for each in menu.actions() if each.text() == "Lapis 1.2.0 is available"]

    assert entry.isVisible()
    entry.trigger()
    assert shown == [None]
    if end == "off":
        news.want(wanted=False)
    else:
        news.button(end).click()
    assert not entry.isVisible()
    menu.deleteLater()


def test_where_nobody_can_be_asked_the_first_steps_do_not(news: News, qtbot: QtBot) -> None:
    news.room.kind = Kind.SOURCE
    news.room.keys = ()
    step = FirstRunKey()
    qtbot.addWidget(step)
    step.show()
    news.updates.offer(step)
    with qtbot.waitSignal(news.updates.told):
        news.updates.look()

    box = step.findChild(TickBox)
    assert isinstance(box, TickBox)
    assert not box.isVisible()


def test_notes_are_plain_text_in_the_language_of_the_window(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    server.content = signed(notes={"en": "x", "zh_CN": "<img src='file://evil/x.png'>更快"})
    news.desk.preferences.set(replace(news.settings, language=Language.CHINESE))
    news.want()
    banner = news.desk.window.banner
    qtbot.waitUntil(lambda: banner.topic is Topic.UPDATE)

    labels = [label for label in banner.findChildren(QLabel) if "更快" in label.text()]
    assert [label.textFormat() for label in labels] == [Qt.TextFormat.PlainText]


def test_closing_while_a_server_keeps_silent_does_not_wait_for_it(
    news: News, server: NewsServer, qtbot: QtBot
) -> None:
    server.drip = True
    news.want()
    qtbot.waitUntil(lambda: len(server.log) == 1)
    news.updates.close()

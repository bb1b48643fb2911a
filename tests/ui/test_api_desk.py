"""The local server follows the settings from window and tray, and both show what came of it."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QLineEdit, QTableView
from pytestqt.qtbot import QtBot

from desktop.config.secrets import KeyringProblem, Secrets
from desktop.domain.api import Access
from desktop.domain.errors import PortTaken
from desktop.domain.settings import ApiSettings
from desktop.domain.text import Text
from desktop.services.local_api import Listening, LocalApi
from desktop.ui.api_desk import ApiDesk
from desktop.ui.buttons import IconButton
from desktop.ui.labels import PlainLabel
from desktop.ui.settings_api import ApiSection
from desktop.ui.tray_api import TrayApiMenu
from desktop.ui.window_pages import WindowPages
from tests.ui.desk import Desk


class _Keyring(Secrets):
    """Keeps one secret, when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = ""
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.is_locked = False
        self.threads: set[int] = set()

    def get(self, name: str) -> str:
        self._wait()
        return self.kept

    def put(self, name: str, secret: str) -> KeyringProblem | None:
        self._wait()
        self.kept = secret
        return None

    def _wait(self) -> None:
        self.threads.add(threading.get_ident())
        self.may_answer.wait()
        if self.is_locked:
            raise KeyringProblem(Text("The keyring is locked"), Text("Unlock it."))


@dataclass
class _Server:
    """A server that listens in name only, and what it was told."""

    listening: Listening
    is_closed: bool = False

    @property
    def host(self) -> str:
        return self.listening.host

    @property
    def port(self) -> int:
        return self.listening.port

    def close(self) -> None:
        self.is_closed = True


@dataclass
class _Servers:
    """All that were made; ports of other programs are `taken`."""

    taken: set[int] = field(default_factory=set)
    made: list[_Server] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def make(self, listening: Listening) -> _Server:
        self.threads.add(threading.get_ident())
        if listening.port in self.taken:
            raise PortTaken(
                Text("Another program has port {port}", {"port": listening.port}),
                Text("Choose another one."),
                8123,
            )
        self.made.append(_Server(listening))
        return self.made[-1]

    @property
    def running(self) -> list[str]:
        return [f"{one.host}:{one.port}" for one in self.made if not one.is_closed]


@dataclass
class _Place:
    """A window with its settings, a menu of the tray, and the server between them."""

    window: Desk
    pages: WindowPages
    menu: TrayApiMenu
    servers: _Servers
    keyring: _Keyring
    api: LocalApi
    desk: ApiDesk
    announced: list[str] = field(default_factory=list)

    def set(self, **changes: object) -> None:
        self.window.preferences.change(
            lambda now: replace(now, api=replace(now.api, **changes))  # type: ignore[arg-type]
        )

    @property
    def settings(self) -> ApiSettings:
        return self.window.preferences.value.api

    @property
    def line(self) -> str:
        return self.menu.menuAction().text()

    def entry(self, words: str) -> QAction:
        (found,) = [each for each in self.menu.actions() if each.text() == words]
        return found

    @property
    def section(self) -> ApiSection:
        found = self.window.window.findChild(ApiSection)
        assert isinstance(found, ApiSection)
        return found

    @property
    def words(self) -> str:
        labels = self.section.findChildren(PlainLabel)
        return "\n".join(each.text() for each in labels if each.isVisible())

    def button(self, name: str) -> IconButton:
        buttons = self.section.findChildren(IconButton)
        (found,) = [each for each in buttons if each.accessibleName() == name]
        return found


@pytest.fixture
def keyring() -> Iterator[_Keyring]:
    one = _Keyring()
    yield one
    one.may_answer.set()


@pytest.fixture
def open_place(desk: Desk, qtbot: QtBot, keyring: _Keyring) -> Iterator[Callable[..., _Place]]:
    made: list[ApiDesk] = []

    def make(**settings: object) -> _Place:
        preferences = desk.preferences
        preferences.change(
            lambda now: replace(now, api=replace(now.api, **settings))  # type: ignore[arg-type]
        )
        servers, menu = _Servers(), TrayApiMenu()
        qtbot.addWidget(menu)
        api = LocalApi(lambda: preferences.value, preferences.change, keyring, servers.make)
        pages = WindowPages(desk.window, preferences, desk.paths)
        one = ApiDesk(api, preferences, menu, desk.window)
        made.append(one)
        pages.add_section(one.make_section, late=True)
        desk.window.sidebar.add_sign(one.sign)
        place = _Place(desk, pages, menu, servers, keyring, api, one)
        one.announced.connect(place.announced.append)
        one.settings_requested.connect(lambda: pages.open_settings(ApiSection))
        return place

    yield make
    for one in made:
        one.close()


Open = Callable[..., _Place]


def test_nothing_is_started_and_no_keyring_asked_until_somebody_wants_it(
    open_place: Open,
) -> None:
    place = open_place(port=8100)
    place.pages.open_settings(ApiSection)
    place.desk.close()

    assert place.servers.made == []
    assert place.keyring.threads == set()
    assert place.line == "Local API: off"
    assert not place.desk.sign.isVisible()


def test_a_tick_in_the_tray_turns_it_on_and_another_one_off(open_place: Open, qtbot: QtBot) -> None:
    place = open_place()
    place.entry("Let other programs ask").trigger()
    qtbot.waitUntil(lambda: place.line == "Local API: on, http://127.0.0.1:8000")
    assert place.settings.enabled
    assert place.servers.running == ["127.0.0.1:8000"]
    place.entry("Copy its address").trigger()
    assert QGuiApplication.clipboard().text() == "http://127.0.0.1:8000/v1"
    assert place.desk.sign.isVisible()

    place.entry("Let other programs ask").trigger()
    qtbot.waitUntil(lambda: place.line == "Local API: off")
    assert not place.settings.enabled
    assert place.servers.running == []
    assert not place.entry("Copy its address").isEnabled()
    assert not place.desk.sign.isVisible()


def test_one_that_is_set_to_be_on_starts_by_itself_and_ends_with_the_window(
    open_place: Open, qtbot: QtBot
) -> None:
    place = open_place(enabled=True, port=8200)
    qtbot.waitUntil(lambda: place.servers.running == ["127.0.0.1:8200"])
    assert place.entry("Let other programs ask").isChecked()

    place.desk.close()
    assert place.servers.running == []


def test_it_moves_when_the_settings_say_so_and_only_then(open_place: Open, qtbot: QtBot) -> None:
    place = open_place(enabled=True)
    qtbot.waitUntil(lambda: len(place.servers.running) == 1)
    place.set(keyless=True, origins=("https://a.example",))
    place.set(port=8300)
    qtbot.waitUntil(lambda: place.servers.running == ["127.0.0.1:8300"])

    assert len(place.servers.made) == 2


def test_neither_server_nor_keyring_is_waited_for_in_the_gui_thread(
    open_place: Open, qtbot: QtBot
) -> None:
    place = open_place()
    place.keyring.may_answer.clear()
    place.set(enabled=True)
    qtbot.waitUntil(lambda: place.line == "Local API: starting…")
    place.keyring.may_answer.set()
    qtbot.waitUntil(lambda: len(place.servers.running) == 1)

    here = threading.get_ident()
    assert here not in place.servers.threads | place.keyring.threads


def test_lapis_ends_though_a_keyring_never_answers(open_place: Open, qtbot: QtBot) -> None:
    place = open_place()
    place.keyring.may_answer.clear()
    place.set(enabled=True)
    qtbot.waitUntil(lambda: bool(place.keyring.threads))
    place.desk.close()
    assert place.servers.made == []

    place.keyring.may_answer.set()
    qtbot.waitUntil(lambda: place.api.state.phase.value == "off")
    assert place.servers.running == []


def test_a_port_that_is_taken_is_told_where_it_is_seen_and_another_try_can_be_made(
    open_place: Open, qtbot: QtBot
) -> None:
    place = open_place()
    place.servers.taken.add(8000)
    place.set(enabled=True)
    qtbot.waitUntil(lambda: place.announced == ["Another program has port 8000"])
    assert place.line == "Local API: does not run"
    assert place.desk.sign.text() == "Local API does not run"

    qtbot.mouseClick(place.desk.sign, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Another program has port 8000" in place.words)
    place.servers.taken.clear()
    place.section.retry_wanted.emit()
    qtbot.waitUntil(lambda: place.servers.running == ["127.0.0.1:8000"])
    qtbot.waitUntil(lambda: "On, and waiting" in place.words)

    place.servers.taken.add(8400)
    place.set(port=8400)
    qtbot.waitUntil(lambda: "Another program has port 8400" in place.words)
    assert place.announced == ["Another program has port 8000"]


def test_the_sign_says_how_many_are_answered_while_they_are(open_place: Open, qtbot: QtBot) -> None:
    place = open_place(enabled=True)
    place.desk.sign._seen.setInterval(1)
    qtbot.waitUntil(lambda: place.desk.sign.text() == "Local API is on")
    told = place.servers.made[0].listening
    told.count(1)
    qtbot.waitUntil(lambda: place.desk.sign.text() == "Local API: 1 request")
    told.count(3)
    qtbot.waitUntil(lambda: place.desk.sign.text() == "Local API: 3 requests")
    told.count(0)
    qtbot.waitUntil(lambda: place.desk.sign.text() == "Local API is on")
    assert place.line == "Local API: on, http://127.0.0.1:8000"


def test_a_short_request_is_seen_for_a_moment(open_place: Open, qtbot: QtBot) -> None:
    place = open_place(enabled=True)
    qtbot.waitUntil(lambda: place.desk.sign.text() == "Local API is on")
    place.desk.sign.show_state(replace(place.api.state, requests=1))
    place.desk.sign.show_state(place.api.state)
    assert place.desk.sign.text() == "Local API: 1 request"

    place.desk.sign._seen.timeout.emit()
    place.desk.sign._seen.stop()
    place.desk.sign.show_state(place.api.state)
    assert place.desk.sign.text() == "Local API is on"


def test_the_section_shows_what_happens_while_it_is_looked_at(
    open_place: Open, qtbot: QtBot
) -> None:
    place = open_place(enabled=True)
    qtbot.waitUntil(lambda: len(place.servers.running) == 1)
    told = place.servers.made[0].listening
    told.note(Access(time.time(), "127.0.0.1", "Zed/1", "POST", "/api/chat", 200, "gemma", 9, 4))
    told.refuse("vscode-webview://0a1b")
    place.menu.settings_requested.emit()

    table = place.section.findChild(QTableView)
    assert isinstance(table, QTableView)
    assert table.model().rowCount() == 1
    assert "vscode-webview://0a1b" in place.words
    told.note(Access(time.time(), "127.0.0.1", "Zed/1", "GET", "/api/tags", 200))
    qtbot.waitUntil(lambda: table.model().rowCount() == 2)

    place.section.origin_allowed.emit("vscode-webview://0a1b")
    qtbot.waitUntil(lambda: place.settings.origins == ("vscode-webview://0a1b",))
    qtbot.waitUntil(lambda: "let in" in place.words)
    place.section.cleared.emit()
    qtbot.waitUntil(lambda: table.model().rowCount() == 0)


def test_the_key_is_shown_copied_and_renewed_as_the_server_has_it(
    open_place: Open, qtbot: QtBot
) -> None:
    place = open_place(enabled=True)
    qtbot.waitUntil(lambda: len(place.servers.running) == 1)
    place.menu.settings_requested.emit()
    key = place.keyring.kept
    assert key.startswith("lapis-")
    assert key not in place.words
    place.button("Show the key").click()
    qtbot.waitUntil(lambda: key in place.words)

    place.button("Make a new key…").click()
    place.section._key._question.answered.emit(True)
    qtbot.waitUntil(lambda: key not in place.words)
    assert place.keyring.kept != key
    assert place.servers.made[0].listening.key() == place.keyring.kept
    place.button("Copy the key").click()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == place.keyring.kept)
    place.button("Copy it, with the key").click()
    qtbot.waitUntil(lambda: "import OpenAI" in QGuiApplication.clipboard().text())
    assert place.keyring.kept in QGuiApplication.clipboard().text()


def test_a_locked_keyring_is_told_beside_the_key(open_place: Open, qtbot: QtBot) -> None:
    place = open_place()
    place.keyring.is_locked = True
    place.menu.settings_requested.emit()
    place.button("Show the key").click()
    qtbot.waitUntil(lambda: "lapis-" in place.words and "only until Lapis ends" in place.words)
    assert "The keyring is locked. Unlock it." in place.words


def test_settings_that_were_opened_before_the_server_was_there_have_it_too(
    open_place: Open, desk: Desk
) -> None:
    pages = WindowPages(desk.window, desk.preferences, desk.paths)
    pages.open_settings()
    place = open_place(port=8500)
    pages.add_section(place.desk.make_section, late=True)
    pages.open_settings(ApiSection)

    assert place.section.isVisible()
    port = place.section.findChild(QLineEdit)
    assert isinstance(port, QLineEdit)
    assert port.text() == "8500"


def test_the_way_from_the_tray_leads_to_the_part_about_the_server(open_place: Open) -> None:
    place = open_place()
    place.entry("Settings of the local API").trigger()

    assert place.section.isVisible()

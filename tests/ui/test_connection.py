"""The page of the connection: a real window, a real hub as the mirror, a real keyring daemon."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.config.store import SettingsStore
from desktop.domain.errors import (
    BadReference,
    LapisError,
    NotTrusted,
    RepositoryNotFound,
    Unreachable,
    UserFixable,
)
from desktop.domain.repository import SourceKind
from desktop.domain.settings import LibrarySettings, Theme
from desktop.domain.text import Text
from desktop.services.connection import proxy_of
from desktop.services.hub_token import TokenState
from desktop.services.model_manager import ModelManager
from desktop.ui.connection_card import ConnectionCard
from desktop.ui.connection_controller import ConnectionController
from desktop.ui.models_desk import ModelsDesk
from desktop.ui.models_page import ModelsPage
from desktop.ui.setting_row import SettingRow
from desktop.ui.text_row import TextRow
from desktop.ui.theme import apply_theme
from desktop.ui.token_row import TokenRow
from tests.harness.hub.certificates import new_authority, new_certificate
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.harness.keyring import keyring_daemon, only_bus
from tests.ui.desk import Desk
from tests.ui.marking import Marking, unmarked

_WAIT = 20_000
_DEAD = "http://127.0.0.1:9"
_TOKEN = "hf_abcdefghijklmnopqrstuvwxyz0123456789"
_OFFERS = HubRepository("acme/tiny-GGUF", (gguf_file("tiny-Q4_K_M.gguf", 300_000, 1),))
USUAL = LibrarySettings()


@pytest.fixture(autouse=True)
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let this process see a bus without services: nobody's own keyring is asked."""
    with only_bus(tmp_path / "bus", monkeypatch) as address:
        yield address


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer([_OFFERS]) as hub:
        yield hub


@dataclass
class Place:
    """A window whose page of the connection is shown."""

    desk: Desk
    models: ModelsDesk
    manager: ModelManager
    page: ModelsPage

    @property
    def card(self) -> ConnectionCard:
        return self.page.connection.card

    @property
    def controller(self) -> ConnectionController:
        (one,) = self.page.findChildren(ConnectionController)
        return one

    @property
    def library(self) -> LibrarySettings:
        """What is on the disk."""
        return SettingsStore(self.desk.paths.settings).load().library


@pytest.fixture
def open_place(desk: Desk, qapp: QApplication, qtbot: QtBot) -> Iterator[Callable[..., Place]]:
    made: list[ModelsDesk] = []

    def make(**environment: str) -> Place:
        preferences = desk.preferences
        manager = ModelManager(
            desk.paths,
            lambda: preferences.value,
            preferences.change,
            environment={"HF_ENDPOINT": _DEAD, "MODELSCOPE_ENDPOINT": _DEAD, **environment},
        )
        models = ModelsDesk(
            qapp, desk.window, lambda: manager, preferences, desk.own, desk.paths, lambda: None
        )
        made.append(models)
        models.show()
        qtbot.waitUntil(lambda: models._page is not None, timeout=_WAIT)
        assert models._page is not None
        place = Place(desk, models, manager, models._page)
        place.page.discover.line._connection.click()
        qtbot.waitUntil(lambda: not place.card.token.note.is_busy, timeout=_WAIT)
        return place

    yield make
    for models in made:
        models.close()


@pytest.fixture
def place(open_place: Callable[..., Place]) -> Place:
    return open_place()


def _enter(row: TextRow, text: str, qtbot: QtBot) -> None:
    row._field.setFocus()
    row._field.selectAll()
    qtbot.keyClicks(row._field, text)
    qtbot.keyClick(row._field, Qt.Key.Key_Return)


def _tested(card: ConnectionCard, qtbot: QtBot) -> str:
    """Press Test and return what is said in the end."""
    card._test.click()
    qtbot.waitUntil(lambda: not card.mirror.note.is_busy, timeout=_WAIT)
    return card.mirror.note.words


def _reset(row: QWidget) -> None:
    (inner,) = row.findChildren(SettingRow)
    assert inner._reset.isVisible()
    inner._reset.click()


# The page.


def test_the_page_lies_over_the_tabs_and_esc_goes_back(place: Place, qtbot: QtBot) -> None:
    page, window = place.page, place.desk.window
    assert page.connection.isVisible()
    assert "Connection" in window.windowTitle()

    with qtbot.waitSignal(page.page_left):
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Escape)

    assert page.discover.isVisible()
    assert "Connection" not in window.windowTitle()


def test_esc_takes_back_what_was_typed_before_it_goes_back(place: Place, qtbot: QtBot) -> None:
    field = place.card.mirror._field
    field.setFocus()
    qtbot.keyClicks(field, "/typed")

    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == USUAL.mirror
    assert place.page.connection.isVisible()
    qtbot.keyClick(field, Qt.Key.Key_Escape)

    assert place.page.discover.isVisible()
    assert place.library.mirror == USUAL.mirror


def test_a_source_that_cannot_be_reached_leads_here_and_is_asked_again(
    place: Place, hub: HubServer, qtbot: QtBot
) -> None:
    page, card = place.page, place.card
    page.close_page()
    tab = page.discover
    card.mirror.entered.emit(_DEAD)
    tab.line._source.chosen.emit(SourceKind.MIRROR)
    tab.line._field.setText("tiny")
    qtbot.waitUntil(tab.found._connection.isVisible, timeout=_WAIT)

    tab.found._connection.click()
    assert page.connection.isVisible()
    _enter(card.mirror, hub.endpoint, qtbot)
    assert not hub.log, "asked once the page is left"
    page.close_page()

    qtbot.waitUntil(
        lambda: [row.hit.name for row in tab.found.hits] == [_OFFERS.name], timeout=_WAIT
    )


@pytest.mark.parametrize(
    ("kind", "leads"),
    [
        (Unreachable, True),
        (NotTrusted, True),
        (UserFixable, True),
        (BadReference, False),
        (RepositoryNotFound, False),
    ],
)
def test_only_what_has_to_do_with_the_way_there_leads_here(
    place: Place, kind: type[LapisError], leads: bool
) -> None:
    found = place.page.discover.found
    found.show_error(kind(Text("Refused"), Text("Check it.")))

    assert found._connection.isVisibleTo(found) is leads


# The mirror.


def test_a_mirror_that_hands_out_models_works(place: Place, hub: HubServer, qtbot: QtBot) -> None:
    card = place.card
    card.mirror._field.setFocus()
    card.mirror._field.selectAll()
    qtbot.keyClicks(card.mirror._field, f" {hub.endpoint}/ ")

    words = _tested(card, qtbot)

    assert words.startswith("It works")
    assert place.library.mirror == hub.endpoint, "kept without a slash"
    assert any(request.side == "cdn" for request in hub.log), "a file was begun"
    qtbot.keyClicks(card.mirror._field, "x")
    assert card.mirror.note.words == "", "it was another address"


def test_a_port_where_nobody_is_says_why(place: Place, qtbot: QtBot) -> None:
    _enter(place.card.mirror, _DEAD, qtbot)

    assert "refuses the connection. " in _tested(place.card, qtbot)
    assert place.card._test.isEnabled()


def test_a_server_that_is_no_hub_says_why(place: Place, qtbot: QtBot) -> None:
    with HubServer() as empty:
        _enter(place.card.mirror, empty.endpoint, qtbot)

        assert "lists no models" in _tested(place.card, qtbot)


@pytest.mark.parametrize("wrong", ["ftp://mirror", "https://", "two words", "https://me:pw@host"])
def test_a_wrong_address_is_said_and_not_kept(place: Place, qtbot: QtBot, wrong: str) -> None:
    row = place.card.mirror
    _enter(row, wrong, qtbot)

    assert "not the address of a server" in row.note.words
    assert row._field.property("wrong")
    assert row._field.text() == wrong
    assert place.library.mirror == USUAL.mirror
    place.card._test.click()
    assert not row.note.is_busy, "nothing to try out"
    assert "pw" not in row.note.words
    qtbot.keyClick(row._field, Qt.Key.Key_Home)
    qtbot.keyClick(row._field, Qt.Key.Key_Delete)
    assert row.note.words == ""


def test_the_usual_mirror_comes_back(place: Place, qtbot: QtBot) -> None:
    row = place.card.mirror
    _enter(row, "mirror.example", qtbot)
    assert place.library.mirror == row._field.text() == "https://mirror.example"

    _reset(row)
    assert place.library.mirror == row._field.text() == USUAL.mirror
    _enter(row, "mirror.example", qtbot)
    row._field.clear()
    qtbot.keyClick(row._field, Qt.Key.Key_Return)

    assert place.library.mirror == row._field.text() == USUAL.mirror


def test_a_test_of_another_address_need_not_wait_for_the_silent_one(
    place: Place, hub: HubServer, qtbot: QtBot
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _enter(place.card.mirror, f"http://127.0.0.1:{silent.getsockname()[1]}", qtbot)
        place.card._test.click()
        connection, _ = silent.accept()
        with connection:
            first = place.controller._test
            _enter(place.card.mirror, hub.endpoint, qtbot)
            assert _tested(place.card, qtbot).startswith("It works")
            assert first is not None
            assert not first.ended.is_set()


# The token.


def _give(row: TokenRow, token: str, qtbot: QtBot) -> None:
    qtbot.keyClicks(row._field, token)
    qtbot.keyClick(row._field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not row.note.is_busy, timeout=_WAIT)


def test_a_token_is_kept_in_the_keyring_and_forgotten(
    bus: str, open_place: Callable[..., Place], qtbot: QtBot
) -> None:
    with keyring_daemon(bus):
        place = open_place()
        row = place.card.token
        assert "would keep one" in row.note.words
        assert not row._forget.isVisible()

        _give(row, _TOKEN, qtbot)
        assert "keyring of this computer keeps it" in row.note.words
        assert row._field.text() == ""
        assert place.manager.token() == _TOKEN

        row._forget.click()
        qtbot.waitUntil(lambda: not row.note.is_busy, timeout=_WAIT)
        assert "would keep one" in row.note.words
        assert not row._forget.isVisible()
        assert place.manager.token() == ""


def test_a_token_of_an_earlier_run_is_known_but_never_shown(
    bus: str, open_place: Callable[..., Place], qtbot: QtBot
) -> None:
    with keyring_daemon(bus):
        _give(open_place().card.token, _TOKEN, qtbot)

        place = open_place()

        assert "keyring of this computer keeps it" in place.card.token.note.words
        shown = [each.text() for each in place.page.connection.findChildren(QLabel)]
        shown += [each.text() for each in place.page.connection.findChildren(QLineEdit)]
        assert not any(_TOKEN in each for each in shown)
        assert _TOKEN not in place.desk.paths.settings.read_text("utf-8")


def test_without_a_keyring_a_token_lasts_for_this_run_and_the_reason_is_said(
    place: Place, qtbot: QtBot
) -> None:
    row = place.card.token
    assert "only until Lapis ends" in row.note.words

    _give(row, _TOKEN, qtbot)
    assert "in use, but only until Lapis ends. This computer has no keyring" in row.note.words
    assert place.manager.token() == _TOKEN

    place.page.close_page()
    place.page.discover.line._connection.click()
    qtbot.waitUntil(lambda: not row.note.is_busy, timeout=_WAIT)
    assert "in use, but only until Lapis ends. This computer has no keyring" in row.note.words

    row._forget.click()
    qtbot.waitUntil(lambda: not row.note.is_busy, timeout=_WAIT)
    assert row.note.words.startswith("No token is in use. One could be kept only until Lapis ends")
    assert place.manager.token() == ""


def test_a_keyring_that_went_away_may_still_have_the_token_and_that_is_said(
    bus: str, open_place: Callable[..., Place], qtbot: QtBot
) -> None:
    with keyring_daemon(bus):
        row = open_place().card.token
        _give(row, _TOKEN, qtbot)

    row._forget.click()
    qtbot.waitUntil(lambda: not row.note.is_busy, timeout=_WAIT)

    assert "the keyring may still have it" in row.note.words


def test_what_can_be_no_token_is_said_and_the_old_one_stays(place: Place, qtbot: QtBot) -> None:
    row = place.card.token
    _give(row, _TOKEN, qtbot)

    _give(row, "hf_two words", qtbot)

    assert "This cannot be a token. " in row.problem.words
    assert row._field.text() == ""
    assert place.manager.token() == _TOKEN


def test_the_token_of_the_environment_is_named(open_place: Callable[..., Place]) -> None:
    row = open_place(HF_TOKEN=_TOKEN).card.token

    assert "HF_TOKEN" in row.note.words
    assert not row._forget.isVisible()


def test_the_keyring_is_not_asked_in_the_window_s_thread(
    place: Place, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[threading.Thread] = []
    state = place.manager.token.state

    def noted() -> TokenState:
        asked.append(threading.current_thread())
        return state()

    monkeypatch.setattr(place.manager.token, "state", noted)
    place.controller.open()
    assert place.card.token.note.is_busy
    qtbot.waitUntil(lambda: not place.card.token.note.is_busy, timeout=_WAIT)

    assert asked
    assert threading.main_thread() not in asked


# The rest of the way.


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("proxy.example:8080", "http://proxy.example:8080"),
        (" socks5://127.0.0.1:1080 ", "socks5://127.0.0.1:1080"),
        ("socks5h://proxy:1080", "socks5h://proxy:1080"),
    ],
)
def test_a_proxy_is_kept_over_a_restart(place: Place, qtbot: QtBot, typed: str, kept: str) -> None:
    row = place.card.proxy
    _enter(row, typed, qtbot)

    assert place.library.proxy == row._field.text() == kept
    _reset(row)
    assert place.library.proxy == row._field.text() == ""


@pytest.mark.parametrize("wrong", ["gopher://x", "a b", "http://x:99999", "http://x/proxy.pac"])
def test_a_wrong_proxy_is_said_and_not_kept(place: Place, qtbot: QtBot, wrong: str) -> None:
    row = place.card.proxy
    _enter(row, wrong, qtbot)

    assert "not the address of a proxy. " in row.note.words
    assert place.library.proxy == ""
    with pytest.raises(UserFixable):
        proxy_of(wrong)
    place.card.downloads_chosen.emit(3)
    assert row._field.text() == wrong, "left alone while something else is set"
    place.page.close_page()
    place.controller.open()
    assert (row._field.text(), row.note.words) == ("", "")


def test_a_certificate_that_was_chosen_lets_a_mirror_in_at_once(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    authority = new_authority(tmp_path)
    certificate = new_certificate(tmp_path, ["127.0.0.1"], authority)
    card, file = place.card, authority.file
    with HubServer([_OFFERS], str(certificate)) as hub:
        _enter(card.mirror, hub.endpoint, qtbot)
        assert "comes from somebody unknown" in _tested(card, qtbot)

        place.controller.take_file(file)
        qtbot.waitUntil(lambda: place.library.certificates == str(file), timeout=_WAIT)
        assert card.certificates._path.whole_text() == str(file)
        assert card.mirror.note.words == "", "what was said holds no more"
        assert _tested(card, qtbot).startswith("It works")

        card.certificates._remove.click()
        assert place.library.certificates == ""
        assert not card.certificates._file.isVisible()
        assert "comes from somebody unknown" in _tested(card, qtbot)


def test_a_file_without_certificates_is_said_and_not_kept(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "holiday.pem"
    file.write_text("a picture", encoding="utf-8")
    place.controller.take_file(file)

    note = place.card.certificates.note
    qtbot.waitUntil(lambda: "cannot be read. " in note.words, timeout=_WAIT)
    assert place.library.certificates == ""


def test_more_downloads_at_once_begin_at_once(place: Place, hub: HubServer, qtbot: QtBot) -> None:
    begun: list[bool] = []
    place.manager.downloads.fill_places = lambda: begun.append(True)  # type: ignore[method-assign]
    slider = place.card.downloads._slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)

    assert place.library.downloads_at_once == 3
    assert begun
    place.card._downloads_row._reset.click()
    assert place.library.downloads_at_once == USUAL.downloads_at_once


def test_every_word_changes_with_the_language(
    place: Place, hub: HubServer, qtbot: QtBot, qapp: QApplication
) -> None:
    card = place.card
    _enter(card.mirror, hub.endpoint, qtbot)
    _tested(card, qtbot)
    _enter(card.proxy, "gopher://x", qtbot)
    marking = Marking()
    qapp.installTranslator(marking)
    try:
        qapp.processEvents()
        assert unmarked(place.page.connection) == set()
    finally:
        qapp.removeTranslator(marking)


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_both_themes_reach_the_page(place: Place, qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme)
    qapp.processEvents()
    picture = place.page.grab().toImage()
    apply_theme(qapp, Theme.LIGHT)

    ground = picture.pixelColor(4, picture.height() - 4).lightness()
    assert (ground > 240) is (theme is Theme.LIGHT)
    assert (ground < 40) is (theme is Theme.DARK)

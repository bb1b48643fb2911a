"""Servers in the settings: a real window, real sockets, a real keyring daemon."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.domain.connection import ServerKind
from desktop.services.server_names import check_name, server_address
from desktop.ui.server_presets import CLOUD, NEAR, OTHER, ServerPreset, blank_of
from tests.harness.keyring import keyring_daemon, only_bus
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaServer
from tests.harness.openai_server import refusal, value
from tests.harness.scripted_server import Asked, ScriptedServer
from tests.ui.desk import Desk
from tests.ui.marking import Marking, unmarked
from tests.ui.servers_room import NOWHERE, WAIT, Room, open_room

_FAR = "http://192.0.2.7:8000/v1"
_KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture(autouse=True)
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let this process see a bus without services: nobody's own keyring is asked."""
    with only_bus(tmp_path / "bus", monkeypatch) as address:
        yield address


@pytest.fixture
def room(desk: Desk, qtbot: QtBot) -> Iterator[Room]:
    """Return a room on whose computer no Ollama runs."""
    with open_room(desk, qtbot) as room:
        room.look()
        room.settle(qtbot)
        yield room


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer([OllamaModel("gemma2:9b"), OllamaModel("qwen3:4b")]) as server:
        yield server


def _models(*names: str) -> Iterator[bytes]:
    return value({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def _guarded(request: Asked) -> Iterator[bytes]:
    if request.headers.get("authorization") != f"Bearer {_KEY}":
        return refusal(401, "Incorrect API key provided", code="invalid_api_key")
    return _models("big-70b", "bigger-400b")


@pytest.fixture
def guarded() -> Iterator[str]:
    """Yield the address of a server that answers to the key alone."""
    with ScriptedServer(_guarded) as server:
        yield f"{server.address}/v1"


def _type(field: QLineEdit, text: str, qtbot: QtBot) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def _enter(
    room: Room,
    qtbot: QtBot,
    address: str,
    name: str,
    *,
    key: str = "",
    preset: ServerPreset = OTHER,
) -> None:
    """Fill the form for a new server."""
    room.section.begin(preset)
    editor = room.section.editor
    _type(editor._address, address, qtbot)
    _type(editor._name, name, qtbot)
    if key:
        _type(editor.key._field, key, qtbot)


def _save(room: Room, qtbot: QtBot) -> None:
    room.section.editor._save.click()
    qtbot.waitUntil(room.section.editor.isHidden, timeout=WAIT)
    room.settle(qtbot)


def _tested(room: Room, qtbot: QtBot) -> str:
    """Press Test and return what is said in the end."""
    note = room.section.editor._note
    room.section.editor._test.click()
    qtbot.waitUntil(lambda: not note.is_busy and bool(note.words), timeout=WAIT)
    return note.words


# The Ollama of this computer.


def test_nobody_is_asked_before_somebody_looks(
    desk: Desk, ollama: OllamaServer, qtbot: QtBot
) -> None:
    with open_room(desk, qtbot, ollama.address) as room:
        assert ollama.log == []
        assert room.row("ollama").head.state.text() == "Not asked yet"

        room.look()
        room.settle(qtbot)

        assert room.row("ollama").head.state.text() == "2 models"
        assert room.row("ollama").note.words == ""


def test_that_no_ollama_runs_here_is_no_problem(room: Room) -> None:
    row = room.row("ollama")

    assert row.head.state.text() == "Not running"
    assert row.note.words == ""
    assert not row._edit.isVisible()
    assert not row._remove.isVisible()
    assert row.head.badge.isHidden()


def test_an_ollama_that_starts_later_is_found_at_a_click(
    desk: Desk, ollama: OllamaServer, qtbot: QtBot
) -> None:
    address = ollama.address
    port = ollama.port
    ollama.close()
    with open_room(desk, qtbot, address) as room:
        room.look()
        room.settle(qtbot)
        assert room.row("ollama").head.state.text() == "Not running"
        with OllamaServer([OllamaModel("gemma2:9b")], port=port):
            room.row("ollama").head.ask.click()
            room.settle(qtbot)

            assert room.row("ollama").head.state.text() == "1 model"


def test_who_does_not_want_it_looked_for_has_no_ollama(room: Room, qtbot: QtBot) -> None:
    room.section._finds.row._control.click()  # type: ignore[union-attr]

    assert not room.settings.connections.finds_ollama
    assert room.section.row("ollama") is None
    assert not room.section._found.isVisible()


# A server is entered.


def test_a_server_that_is_entered_is_kept_and_asked(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    _enter(room, qtbot, f" {ollama.address}/ ", "workstation", preset=NEAR[0])

    _save(room, qtbot)

    (kept,) = room.kept
    assert (kept.kind, kept.name) == (ServerKind.OLLAMA, "workstation")
    assert kept.address == ollama.address
    assert room.row("workstation").head.state.text() == "2 models"
    assert room.section._add.isVisible()


def test_a_test_says_what_the_server_has_and_keeps_nothing(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    _enter(room, qtbot, ollama.address, "workstation", preset=NEAR[0])

    assert _tested(room, qtbot) == "It works: 2 models."

    assert room.section.editor._models.whole_text() == "gemma2:9b, qwen3:4b"
    assert room.kept == ()
    qtbot.keyClicks(room.section.editor._address, "x")
    assert room.section.editor._note.words == "", "it was another address"


def test_a_server_is_tried_out_before_it_has_a_name(room: Room, guarded: str, qtbot: QtBot) -> None:
    _enter(room, qtbot, guarded, "", key=_KEY)
    editor = room.section.editor

    assert _tested(room, qtbot) == "It works: 2 models."
    assert not editor._save.isEnabled(), "nothing is kept without a name"
    qtbot.keyClicks(editor._name, "box")
    assert editor._save.isEnabled()


def test_what_a_test_says_of_an_address_is_not_shown_for_another_one(
    room: Room, qtbot: QtBot
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(_request: Asked) -> Iterator[bytes]:
        asked.set()
        go_on.wait(WAIT / 1000)
        return _models("one")

    with ScriptedServer(slow) as server:
        _enter(room, qtbot, f"{server.address}/v1", "box")
        editor = room.section.editor
        editor._test.click()
        qtbot.waitUntil(asked.is_set, timeout=WAIT)
        assert not editor._test.isEnabled()

        qtbot.keyClicks(editor._address, "x")
        assert editor._test.isEnabled(), "nobody has to wait for the one before"
        go_on.set()
        room.settle(qtbot)

    assert editor._note.words == ""


def test_a_port_where_nobody_is_says_why(room: Room, qtbot: QtBot) -> None:
    _enter(room, qtbot, NOWHERE, "nobody", preset=NEAR[0])

    assert "refuses the connection" in _tested(room, qtbot)
    assert room.section.editor._test.isEnabled()


def test_a_server_that_is_kept_and_does_not_answer_says_why(room: Room, qtbot: QtBot) -> None:
    _enter(room, qtbot, NOWHERE, "nobody", preset=NEAR[0])
    _save(room, qtbot)

    row = room.row("nobody")
    assert row.head.state.text() == "Not working"
    assert "refuses the connection" in row.note.words


@pytest.mark.parametrize(
    ("address", "name"), [("ftp://somewhere", "fine"), (NOWHERE, "two words"), (NOWHERE, "Ollama")]
)
def test_what_cannot_be_kept_is_said_and_stays_typed(
    room: Room, qtbot: QtBot, address: str, name: str
) -> None:
    _enter(room, qtbot, address, name)
    editor = room.section.editor

    editor._save.click()
    qtbot.waitUntil(lambda: bool(editor._note.words), timeout=WAIT)

    assert editor.isVisible()
    assert editor._address.text() == address
    assert room.kept == ()


@pytest.mark.parametrize("preset", [each for each in (*NEAR, *CLOUD) if blank_of(each.address)[1]])
def test_what_has_to_be_filled_in_is_selected_and_asked_for(
    room: Room, qtbot: QtBot, preset: ServerPreset
) -> None:
    room.section.begin(preset)
    editor = room.section.editor

    assert editor._address.selectedText().startswith("<")
    assert not editor._save.isEnabled()
    assert not editor._test.isEnabled()
    qtbot.keyClicks(editor._address, "box")
    assert "box" in editor._address.text()
    assert editor._save.isEnabled()


@pytest.mark.parametrize("preset", [*NEAR, *CLOUD])
def test_what_a_preset_offers_can_be_kept_once_it_is_filled_in(preset: ServerPreset) -> None:
    address = preset.address.replace("<", "").replace(">", "")

    check_name(preset.name)
    assert server_address(address, preset.kind) == address


def test_another_preset_can_be_taken_in_the_form(room: Room, qtbot: QtBot) -> None:
    room.section.begin(OTHER)
    editor = room.section.editor
    assert editor._preset.text() == "Another server"

    editor._preset.chosen.emit(CLOUD[2])

    assert editor._preset.text() == "DeepSeek"
    assert editor._address.text() == "https://api.deepseek.com/v1"
    assert editor._name.text() == "deepseek"
    assert editor._kind.value is ServerKind.OPENAI


def test_names_of_presets_give_way_to_those_that_are_there(room: Room, qtbot: QtBot) -> None:
    _enter(room, qtbot, NOWHERE, "vllm")
    _save(room, qtbot)

    room.section.begin(NEAR[3])

    assert room.section.editor._name.text() == "vllm-2"


def test_where_words_would_go_is_said_while_the_address_is_typed(room: Room, qtbot: QtBot) -> None:
    room.section.begin(OTHER)
    editor = room.section.editor
    _type(editor._address, "http://127.0.0.1:8080/v1", qtbot)
    assert editor._badge.isHidden()

    _type(editor._address, "https://llm.example.com/v1", qtbot)

    assert editor._badge.isVisible()
    assert editor._badge.host == "llm.example.com"


def test_esc_leaves_the_form_and_not_the_page(room: Room, qtbot: QtBot) -> None:
    room.section.begin(OTHER)
    field = room.section.editor._address
    field.setFocus()

    with qtbot.assertNotEmitted(room.page.closed):
        qtbot.keyClick(field, Qt.Key.Key_Escape)

    assert room.section.editor.isHidden()
    assert room.section._add.isVisible()


def test_the_form_is_seen_to_its_end(room: Room, qtbot: QtBot) -> None:
    for name in ("one", "two", "three"):
        _enter(room, qtbot, NOWHERE, name)
        _save(room, qtbot)
    room.page.resize(860, 640)
    save = room.section.editor._save

    room.section.begin(CLOUD[0])

    def is_seen() -> bool:
        return save.isVisible() and save.visibleRegion().boundingRect() == save.rect()

    qtbot.waitUntil(is_seen)

    # What a test says makes the form longer.
    _enter(room, qtbot, NOWHERE, "four")
    qtbot.waitUntil(is_seen)
    _tested(room, qtbot)
    editor = room.section.editor
    qtbot.waitUntil(
        lambda: editor.visibleRegion().boundingRect().bottom() == editor.rect().bottom()
    )


def test_a_test_by_keyboard_leaves_the_keyboard_where_it_was(room: Room, qtbot: QtBot) -> None:
    _enter(room, qtbot, NOWHERE, "box")
    editor = room.section.editor
    editor._test.setFocus()

    qtbot.keyClick(editor._test, Qt.Key.Key_Space)
    assert not editor._cancel.hasFocus()
    qtbot.waitUntil(lambda: not editor._note.is_busy and bool(editor._note.words), timeout=WAIT)

    assert editor._test.hasFocus()


def test_a_server_that_is_added_by_keyboard_leaves_the_keyboard_at_the_list(
    room: Room, qtbot: QtBot
) -> None:
    _enter(room, qtbot, NOWHERE, "box")
    save = room.section.editor._save
    save.setFocus()

    qtbot.keyClick(save, Qt.Key.Key_Space)
    qtbot.waitUntil(room.section.editor.isHidden, timeout=WAIT)

    assert room.section._add.hasFocus()


# Keys.


def test_a_key_is_kept_by_the_keyring_and_never_shown_again(
    room: Room, bus: str, guarded: str, qtbot: QtBot
) -> None:
    with keyring_daemon(bus):
        _enter(room, qtbot, guarded, "company", key=_KEY)
        _save(room, qtbot)

        row = room.row("company")
        assert row.head.state.text() == "2 models"
        assert row.note.words == ""
        row._edit.click()

        key = room.section.editor.key
        assert key.note.words == "A key was entered."
        assert key._field.text() == ""
        assert _KEY not in room.desk.paths.settings.read_text(encoding="utf-8")
        labels = [label.text() for label in room.page.findChildren(QLabel)]
        assert not any(_KEY in text for text in labels)


def test_a_wrong_key_is_said(room: Room, guarded: str, qtbot: QtBot) -> None:
    _enter(room, qtbot, guarded, "company", key="sk-wrong")

    words = _tested(room, qtbot)

    assert "sk-wrong" not in words
    assert "key" in words.casefold()


def test_a_key_without_a_keyring_lasts_for_this_run_and_that_is_said(
    room: Room, guarded: str, qtbot: QtBot
) -> None:
    _enter(room, qtbot, guarded, "company", key=_KEY)
    _save(room, qtbot)

    row = room.row("company")
    assert row.head.state.text() == "2 models"
    assert row.note.words.startswith("Its key holds only until Lapis ends.")
    assert "no keyring" in row.note.words


def test_a_key_that_is_forgotten_is_not_used_any_more(
    room: Room, bus: str, guarded: str, qtbot: QtBot
) -> None:
    with keyring_daemon(bus):
        _enter(room, qtbot, guarded, "company", key=_KEY)
        _save(room, qtbot)
        row = room.row("company")
        row._edit.click()
        key = room.section.editor.key

        key._forget.click()
        qtbot.waitUntil(lambda: not key.note.is_busy, timeout=WAIT)
        assert key.note.words == ""
        assert not key._forget.isVisible()
        row.head.ask.click()
        room.settle(qtbot)

        assert row.head.state.text() == "Not working"


# Removed, and back.


def test_a_server_that_was_removed_comes_back_with_its_key(
    room: Room, bus: str, guarded: str, qtbot: QtBot
) -> None:
    with keyring_daemon(bus):
        _enter(room, qtbot, guarded, "company", key=_KEY)
        _save(room, qtbot)

        room.row("company")._remove.click()
        qtbot.waitUntil(room.section.toast.isVisible, timeout=WAIT)
        assert room.section.row("company") is None
        assert room.kept == ()
        room.section.toast._undo.click()
        qtbot.waitUntil(lambda: room.section.row("company") is not None, timeout=WAIT)

        def is_asked() -> bool:
            return room.row("company").head.state.text() == "2 models"

        # The row is there before the server is asked.
        qtbot.waitUntil(is_asked, timeout=WAIT)


# Offline.


def test_offline_nothing_leaves_and_this_computer_still_answers(
    desk: Desk, ollama: OllamaServer, qtbot: QtBot
) -> None:
    with open_room(desk, qtbot, ollama.address) as room:
        room.look()
        _enter(room, qtbot, _FAR, "far")
        room.section._offline.row._control.click()  # type: ignore[union-attr]
        assert room.settings.connections.offline

        _save(room, qtbot)

        assert room.row("ollama").head.state.text() == "2 models"
        assert "offline" in room.row("far").note.words.casefold()
        assert room.row("far").head.badge.isVisible()


def test_a_server_that_the_switch_holds_back_is_no_server_that_fails(
    room: Room, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = room.section._offline.row._control
    offline.click()  # type: ignore[union-attr]
    _enter(room, qtbot, _FAR, "far")
    _save(room, qtbot)
    room.tab.show()
    card = room.tab.card("far")
    assert card is not None

    for head, note in ((room.row("far").head, room.row("far").note), (card.head, card._note)):
        assert head.state.text() == "Offline"
        assert not head.ask.isEnabled()
        assert note.words == "“Stay offline” is on, so nothing is sent there."

    asked: list[str] = []
    monkeypatch.setattr(room.connections, "refresh", asked.append)
    offline.click()  # type: ignore[union-attr]
    room.settle(qtbot)
    assert sorted(asked) == ["far", "ollama"]
    assert room.row("far").head.ask.isEnabled()
    assert room.row("far").note.words == ""


def test_nobody_is_asked_when_the_switch_is_turned_off_and_no_server_is_looked_at(
    room: Room, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _enter(room, qtbot, _FAR, "far")
    room.section._offline.row._control.click()  # type: ignore[union-attr]
    _save(room, qtbot)
    room.page.hide()
    asked: list[str] = []
    monkeypatch.setattr(room.connections, "refresh", asked.append)

    room.section._offline.row._control.click()  # type: ignore[union-attr]
    assert asked == []

    room.look()
    room.settle(qtbot)
    assert sorted(asked) == ["far", "ollama"]


# The page.


@pytest.mark.parametrize(
    ("words", "shown"),
    [("offline", "offline"), ("ollama", "here"), ("cluster.example", "there"), ("zebra", "")],
)
def test_what_is_searched_for_is_shown_alone(
    room: Room, qtbot: QtBot, words: str, shown: str
) -> None:
    room.section._offline.row._control.click()  # type: ignore[union-attr]
    _enter(room, qtbot, "https://cluster.example.com/v1", "far")
    _save(room, qtbot)

    room.page._search.setText(words)

    section = room.section
    parts = {"offline": section._offline.widget, "here": section._here, "there": section._there}
    assert {name for name, part in parts.items() if part.isVisible()} == ({shown} - {""})


def test_everything_is_said_in_another_language(room: Room, qapp: QApplication) -> None:
    room.section.begin(CLOUD[0])
    room.section.editor.key.show_kept(kept=True)
    marking = Marking()
    qapp.installTranslator(marking)
    try:
        qapp.processEvents()
        left = unmarked(room.section)
    finally:
        qapp.removeTranslator(marking)

    assert left == {f"Ollama · {NOWHERE}", "OpenAI"}, "names and addresses"


def test_an_address_that_lacks_its_end_is_mended_at_a_click(room: Room, qtbot: QtBot) -> None:
    def say(request: Asked) -> Iterator[bytes]:
        is_there = request.path == "/v1/models"
        return _models("big") if is_there else refusal(404, "Not Found")

    with ScriptedServer(say) as server:
        _enter(room, qtbot, server.address, "box")
        assert "/v1" in _tested(room, qtbot)
        editor = room.section.editor

        editor._better.click()
        qtbot.waitUntil(lambda: editor._note.words.startswith("It works"), timeout=WAIT)

        assert editor._address.text() == f"{server.address}/v1"
        assert not editor._better.isVisible()

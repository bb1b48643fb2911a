"""The tab of servers: real sockets, real connections, a stand-in Ollama."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from desktop.domain.connection import Connection, PullProgress, ServedModel, ServerKind
from desktop.domain.model import InstalledModel
from desktop.ui.chips import ChipRow
from desktop.ui.popup_model import PopupModel
from desktop.ui.pull_line import PullLine
from desktop.ui.served_row import ServedRow
from desktop.ui.server_card import ServerCard
from desktop.ui.server_view import ServerView
from desktop.ui.servers_tab import ServersTab
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaServer
from tests.ui.desk import Desk
from tests.ui.marking import Marking, unmarked
from tests.ui.servers_room import WAIT, Room, open_room

_GEMMA = OllamaModel("gemma2:9b", quantisation="Q4_0", size=5_400_000_000)
_QWEN = OllamaModel("qwen3:4b")
_LATER = OllamaModel("gemma3:27b", size=17_200_000_000)
_CLOUD = Connection(ServerKind.OPENAI, "cloud", "https://llm.example.com/v1")


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer([_GEMMA, _QWEN], [_LATER]) as server:
        yield server


@pytest.fixture
def room(desk: Desk, ollama: OllamaServer, qtbot: QtBot) -> Iterator[Room]:
    """Return a room whose tab has heard of the models."""
    with open_room(desk, qtbot, ollama.address) as room:
        room.tab.show()
        qtbot.waitUntil(lambda: bool(_card(room)._rows), timeout=WAIT)
        room.settle(qtbot)
        yield room


def _card(room: Room) -> ServerCard:
    card = room.tab.card("ollama")
    assert card is not None
    return card


def _row(room: Room, name: str) -> ServedRow:
    row = _card(room).row(name)
    assert row is not None
    return row


def _facts(room: Room, name: str) -> list[str]:
    return [chip.words for chip in _row(room, name)._chips._chips]


def _press(row: ServedRow, words: str, qtbot: QtBot) -> None:
    """Choose a line of the row's menu."""
    row._more.click()
    menus = [menu for menu in row.findChildren(QMenu) if menu.isVisible()]
    (action,) = [each for each in menus[0].actions() if each.text() == words]
    action.trigger()
    menus[0].close()


# What is shown.


def test_chips_that_need_another_line_are_never_painted_cut_off(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: list[int] = []
    paint = ChipRow.paintEvent

    def measured(row: ChipRow, event: QPaintEvent) -> None:
        missing.append(row.heightForWidth(row.width()) - row.height())
        paint(row, event)

    monkeypatch.setattr(ChipRow, "paintEvent", measured)
    tab = ServersTab()
    qtbot.addWidget(tab)
    tab.resize(420, 600)
    tab.show()
    short = ServedModel("cloud", "big", parameters=70_000_000_000)
    long = replace(
        short, context=8192, size=10**10, memory=10**10, sees=True, thinks=True, calls_tools=True
    )
    for model in (short, long):
        tab.show_servers([ServerView(_CLOUD, (model,), True, None, False)])
        missing.clear()
        qtbot.waitUntil(lambda: bool(missing))
        assert max(missing) <= 0


def test_the_menu_of_quick_questions_asks_the_servers_and_is_filled_while_it_is_open(
    desk: Desk, ollama: OllamaServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_room(desk, qtbot, ollama.address) as room:
        button = PopupModel()
        qtbot.addWidget(button)
        button.about_to_fill.connect(
            lambda: button.set_models(room.connections.models(), None, "guide")
        )
        room.servers.attach_popup(button)
        # Without a screen no menu stays open.
        monkeypatch.setattr(PopupModel, "is_open", True)
        assert ollama.log == []

        button._menu.aboutToShow.emit()

        qtbot.waitUntil(lambda: "gemma2:9b" in _first_words(button._menu), timeout=WAIT)


def _first_words(menu: QMenu) -> list[str]:
    return [action.text().partition("\t")[0] for action in menu.actions()]


def test_each_model_is_shown_with_what_is_known_of_it(room: Room) -> None:
    row = _row(room, "gemma2:9b")

    chips = [chip.words for chip in row._chips._chips]
    assert row._title.whole_text() == "gemma2:9b"
    assert {"Q4_0", "5.4 GB"} <= set(chips)


def test_what_an_ollamas_list_leaves_out_is_asked_for(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: "8K tokens" in _facts(room, "gemma2:9b"), timeout=WAIT)
    qtbot.waitUntil(lambda: "8K tokens" in _facts(room, "qwen3:4b"), timeout=WAIT)
    asked = len(ollama.asked("/api/show"))

    _card(room).head.ask.click()
    room.settle(qtbot)

    assert "8K tokens" in _facts(room, "gemma2:9b")
    assert len(ollama.asked("/api/show")) == asked, "known already"


def test_a_model_that_an_ollama_passes_on_is_marked(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    ollama.add(OllamaModel("gpt-oss:120b-cloud", remote_host="https://ollama.com"))

    _card(room).head.ask.click()
    room.settle(qtbot)

    assert "Leaves this computer" in _facts(room, "gpt-oss:120b-cloud")
    assert "Leaves this computer" not in _facts(room, "gemma2:9b")
    assert room.servers.host_of("ollama:gpt-oss:120b-cloud") == "ollama.com"
    assert room.servers.host_of("ollama:gemma2:9b") == ""


def test_the_model_that_answers_is_marked(room: Room) -> None:
    room.servers.show_chosen(_installed("ollama:gemma2:9b"))

    assert _row(room, "gemma2:9b")._mark.isVisible()
    assert not _row(room, "gemma2:9b")._use.isVisible()
    assert not _row(room, "qwen3:4b")._mark.isVisible()
    room.servers.show_chosen(None)
    assert _row(room, "gemma2:9b")._use.isVisible()


def test_a_model_that_is_loaded_says_so(room: Room, ollama: OllamaServer, qtbot: QtBot) -> None:
    ollama.load(_GEMMA, 8192)

    _card(room).head.ask.click()
    room.settle(qtbot)

    chips = [chip.words for chip in _row(room, "gemma2:9b")._chips._chips]
    assert any("in memory" in words for words in chips)
    assert "in its memory" in _card(room).head.about.whole_text()


def test_hundreds_of_models_come_in_portions_and_can_be_searched(room: Room, qtbot: QtBot) -> None:
    many = tuple(ServedModel("cloud", f"maker/model-{number}") for number in range(350))
    room.tab.show_servers([ServerView(_CLOUD, many, True)])
    card = room.tab.card("cloud")
    assert card is not None
    assert len(card._rows) == 20
    assert card._more.text() == "330 more"

    card._more.click()
    assert len(card._rows) == 120
    room.tab._search.setText("model-34")

    assert sorted(card._rows) == sorted(
        ["maker/model-34", *(f"maker/model-34{digit}" for digit in range(10))]
    )
    room.tab._search.setText("nothing like it")
    assert not card.isVisible()
    assert room.tab._nothing.isVisible()


def test_names_from_a_server_are_plain_words(room: Room) -> None:
    name = '<img src="file://evil/share/x.png">' + "a" * 300 + "\u202e"
    room.tab.show_servers([ServerView(_CLOUD, (ServedModel("cloud", name),), True)])

    labels = [label for label in room.tab.findChildren(QLabel) if "<img" in label.text()]
    assert labels
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
    assert not any("\u202e" in label.text() for label in labels)
    card = room.tab.card("cloud")
    assert card is not None
    assert card.sizeHint().width() < 2000


def test_what_a_server_turns_into_numbers_with_cannot_be_chatted_with(room: Room) -> None:
    model = ServedModel("cloud", "text-embedding", embeds=True)
    room.tab.show_servers([ServerView(_CLOUD, (model,), True)])
    card = room.tab.card("cloud")
    assert card is not None
    row = card.row("text-embedding")
    assert row is not None

    assert not row._use.isVisible()


def test_only_an_ollama_is_asked_to_delete_or_to_fetch(room: Room) -> None:
    room.tab.show_servers([ServerView(_CLOUD, (ServedModel("cloud", "big"),), True)])
    card = room.tab.card("cloud")
    assert card is not None
    row = card.row("big")
    assert row is not None

    assert not row._more.isVisible()
    assert not card.pull.isVisible()
    assert card.head.badge.isVisible()


def test_a_tab_without_servers_says_so(room: Room) -> None:
    room.tab.show_servers([])

    assert room.tab._nothing.isVisible()
    assert room.tab._nothing.text() == "No server has been added yet."


def test_an_ollama_of_another_computer_is_not_called_this_ones(room: Room) -> None:
    far = Connection(ServerKind.OLLAMA, "ollama", "http://192.0.2.9:11434", is_found=True)
    room.tab.show_servers([ServerView(far, (ServedModel("ollama", "gemma2:9b"),), True)])

    assert _card(room).head.title.whole_text() == "Ollama"
    assert _card(room).head.badge.host == "192.0.2.9"


# What is done.


def test_use_chooses_the_model(room: Room, qtbot: QtBot) -> None:
    with qtbot.waitSignal(room.servers.chosen) as chosen:
        _row(room, "qwen3:4b")._use.click()

    (model,) = chosen.args or []
    assert (model.name, model.server, model.leaves_to) == ("ollama:qwen3:4b", "ollama", "")


def test_memory_is_given_back(room: Room, ollama: OllamaServer, qtbot: QtBot) -> None:
    ollama.load(_GEMMA, 8192)
    _card(room).head.ask.click()
    room.settle(qtbot)

    _press(_row(room, "gemma2:9b"), "Give its memory back", qtbot)

    qtbot.waitUntil(lambda: ollama.loaded == {}, timeout=WAIT)
    qtbot.waitUntil(lambda: not _row(room, "gemma2:9b").model.memory, timeout=WAIT)


def test_a_model_is_deleted_only_after_a_yes(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    row = _row(room, "qwen3:4b")
    _press(row, "Delete…", qtbot)
    assert row._question.isVisible()
    assert room.tab.focusWidget() is row._question._keep
    row._question._keep.click()
    assert not row._question.isVisible()

    _press(row, "Delete…", qtbot)
    row._question._do.click()

    qtbot.waitUntil(lambda: _card(room).row("qwen3:4b") is None, timeout=WAIT)
    assert [model.name for model in ollama.models] == ["gemma2:9b"]
    assert len(ollama.asked("/api/delete")) == 1


def test_a_deletion_that_fails_says_why(room: Room, ollama: OllamaServer, qtbot: QtBot) -> None:
    row = _row(room, "qwen3:4b")
    ollama.faults.refuse(500, "disk is read-only", path="/api/delete")

    row.ask_to_delete()
    row._question._do.click()

    qtbot.waitUntil(lambda: bool(row._note.words), timeout=WAIT)
    assert row._use.isEnabled()


# Fetching.


def _fetch(room: Room, name: str, qtbot: QtBot) -> PullLine:
    line = _card(room).pull
    line._field.setFocus()
    qtbot.keyClicks(line._field, name)
    qtbot.keyClick(line._field, Qt.Key.Key_Return)
    return line


def test_a_model_is_fetched_and_listed(room: Room, ollama: OllamaServer, qtbot: QtBot) -> None:
    line = _fetch(room, "gemma3:27b", qtbot)
    assert line._going.isVisible()

    qtbot.waitUntil(lambda: _card(room).row("gemma3:27b") is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: not line.is_running, timeout=WAIT)

    assert line._note.words == "gemma3:27b is there."
    assert line._field.text() == ""
    assert ollama.asked("/api/pull")[0].body["model"] == "gemma3:27b"


def test_the_keyboard_stays_at_what_is_fetched(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    ollama.faults.silent_after = 2
    line = _fetch(room, "gemma3:27b", qtbot)
    assert room.tab.focusWidget() is line._stop

    qtbot.keyClick(line._stop, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not line.is_running, timeout=WAIT)
    assert room.tab.focusWidget() is line._field


def test_fetching_can_be_stopped(room: Room, ollama: OllamaServer, qtbot: QtBot) -> None:
    ollama.faults.silent_after = 2
    line = _fetch(room, "gemma3:27b", qtbot)
    qtbot.waitUntil(lambda: bool(ollama.asked("/api/pull")), timeout=WAIT)

    line._stop.click()

    qtbot.waitUntil(line._asking.isVisible, timeout=WAIT)
    qtbot.waitUntil(ollama.asked("/api/pull")[0].left.is_set, timeout=WAIT)
    assert line._field.text() == "gemma3:27b", "to be gone on with"
    assert _card(room).row("gemma3:27b") is None


def test_fetching_ends_with_the_server_that_is_removed(
    room: Room, ollama: OllamaServer, qtbot: QtBot
) -> None:
    room.connections.save(Connection(ServerKind.OLLAMA, "desk", ollama.address))
    room.servers.ask("desk")
    qtbot.waitUntil(lambda: room.tab.card("desk") is not None, timeout=WAIT)
    room.settle(qtbot)
    card = room.tab.card("desk")
    assert card is not None
    ollama.faults.silent_after = 2
    card.pull.pull_requested.emit("gemma3:27b")
    qtbot.waitUntil(lambda: bool(ollama.asked("/api/pull")), timeout=WAIT)

    room.section.remove_requested.emit("desk")
    qtbot.waitUntil(lambda: not isValid(card), timeout=WAIT)
    qtbot.waitUntil(ollama.asked("/api/pull")[0].left.is_set, timeout=WAIT)
    errands = room.servers._errands._open["servers-pull-desk"]
    qtbot.waitUntil(lambda: all(each.ended.is_set() for each in errands), timeout=WAIT)
    QApplication.processEvents()
    assert room.tab.card("desk") is None


def test_a_model_that_there_is_not_is_said(room: Room, qtbot: QtBot) -> None:
    line = _fetch(room, "no-such-model", qtbot)

    qtbot.waitUntil(lambda: bool(line._note.words), timeout=WAIT)
    assert line._asking.isVisible()
    assert line._field.text() == "no-such-model"


def test_progress_is_told_in_bytes_speed_and_time(room: Room) -> None:
    line = _card(room).pull

    line.show_progress("big", PullProgress("pulling", 3_100_000_000, 17_200_000_000, 41e6))

    assert line._far.whole_text() == "3.1 of 17.2 GB · 41 MB/s · 6 min left"
    assert line._bar.value() == round(1000 * 3.1 / 17.2)
    line.show_progress("big", PullProgress("verifying sha256 digest"))
    assert line._far.whole_text() == "verifying sha256 digest"


# The way to more.


def test_a_server_is_added_in_the_settings(room: Room, qtbot: QtBot) -> None:
    room.look()
    with qtbot.waitSignal(room.servers.settings_wanted):
        room.tab._add.click()

    assert room.section.editor.isVisible()


def test_everything_is_said_in_another_language(room: Room, qapp: QApplication) -> None:
    _row(room, "qwen3:4b").ask_to_delete()
    marking = Marking()
    qapp.installTranslator(marking)
    try:
        qapp.processEvents()
        left = unmarked(room.tab)
    finally:
        qapp.removeTranslator(marking)

    not_ours = ("gemma2:9b", "qwen3:4b", "127.0.0.1", "5.4 GB")
    assert not {word for word in left if not any(each in word for each in not_ours)}


def test_another_picture_of_a_model_takes_its_row(room: Room) -> None:
    model = ServedModel("cloud", "big")
    room.tab.show_servers([ServerView(_CLOUD, (model,), True)])
    card = room.tab.card("cloud")
    assert card is not None
    row = card.row("big")

    room.tab.show_servers([ServerView(_CLOUD, (replace(model, context=131_072),), True)])

    assert card.row("big") is row
    assert row is not None
    assert [chip.words for chip in row._chips._chips] == ["128K tokens"]


def _installed(name: str) -> InstalledModel:
    return InstalledModel(name, name, Path(name), 0, server="ollama")

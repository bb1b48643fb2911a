"""Wherever words leave this computer it is said: header, composer, empty chat, menus, answers."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role, Usage
from desktop.domain.connection import Connection, ServedModel, ServerKind
from desktop.domain.engine import EngineState, Phase
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.settings import ConnectionSettings
from desktop.services.server_names import installed
from desktop.ui.expected_model import expected_model
from desktop.ui.header import Header
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.model_menu import ModelMenu
from desktop.ui.model_words import model_words
from desktop.ui.popup import Popup
from desktop.ui.popup_model import PopupModel
from desktop.ui.transcript import Transcript
from tests.ui.desk import Desk, become

_CLOUD = Connection(ServerKind.OPENAI, "cloud", "https://llm.example.com/v1")
_NEAR = Connection(ServerKind.OPENAI, "near", "http://127.0.0.1:1234/v1")
_OLLAMA = Connection(ServerKind.OLLAMA, "ollama", "http://127.0.0.1:11434", is_found=True)
_BIG = installed(_CLOUD, ServedModel("cloud", "maker/big-70b"))
_LOCAL = installed(_NEAR, ServedModel("near", "small"))
_GEMMA = installed(_OLLAMA, ServedModel("ollama", "gemma2:9b", 5_400_000_000))
_FILE = InstalledModel("tiny", "tiny", Path("/models/tiny.gguf"), 1_700_000_000)


def _show(desk: Desk, qtbot: QtBot, model: InstalledModel) -> None:
    desk.models._general = model
    become(desk, qtbot, EngineState(Phase.READY, model))


def _badges(desk: Desk) -> dict[str, bool]:
    window = desk.window
    return {
        "header": window.header._badge.isVisible(),
        "composer": window.composer._leaves.isVisible(),
        "empty": "llm.example.com" in window.transcript.empty_state._privacy.whole_text(),
    }


@pytest.mark.parametrize("model", [_FILE, _LOCAL, _GEMMA])
def test_nothing_is_said_where_words_stay_here(
    desk: Desk, qtbot: QtBot, model: InstalledModel
) -> None:
    _show(desk, qtbot, _BIG)
    _show(desk, qtbot, model)

    assert not any(_badges(desk).values())
    privacy = desk.window.transcript.empty_state._privacy
    assert privacy.whole_text() == "Runs on this computer. Nothing is sent."


def test_it_is_said_everywhere_in_the_window_where_words_leave(desk: Desk, qtbot: QtBot) -> None:
    _show(desk, qtbot, _BIG)

    assert all(_badges(desk).values())
    badge = desk.window.header._badge
    assert "llm.example.com" in badge.toolTip()
    assert badge.accessibleName() == "Leaves this computer"


def test_a_narrow_header_keeps_the_sign_without_its_words(qtbot: QtBot) -> None:
    header = Header()
    qtbot.addWidget(header)
    header.resize(900, header.sizeHint().height())
    header.show()
    header.show_model(_BIG)
    wide = header._badge.width()
    assert wide == header._badge.width_with_words()

    header.resize(380, header.height())

    assert header._badge.isVisible()
    assert header._badge.width() < wide / 2


def test_a_host_is_shown_as_plain_words(qtbot: QtBot) -> None:
    badge = LeavesBadge()
    qtbot.addWidget(badge)

    badge.show_host("<img src=x>\u202e" + "a" * 500)

    assert "<img" not in badge.toolTip()
    assert "&lt;img" in badge.toolTip()
    assert len(badge.accessibleDescription()) < 250


def test_the_first_picture_says_it_already() -> None:
    servers = ConnectionSettings(servers=(_CLOUD,))

    assert expected_model("openai:Cloud/maker/big-70b", servers) == _BIG
    assert expected_model("ollama:gemma2:9b", servers).leaves_to == ""
    assert expected_model("ollama:gemma2:9b", servers).server == "ollama"
    assert expected_model("openai:gone/x", servers).server == ""
    assert expected_model("/m/tiny.gguf", servers).title == "tiny"
    assert expected_model("", servers).is_guide


# Menus.


def _lines(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def _under(menu: QMenu, head: str) -> list[QAction]:
    """Return the lines under a heading, up to the next separator."""
    actions = menu.actions()
    begin = next(at for at, action in enumerate(actions) if action.text().startswith(head))
    found = []
    for action in actions[begin + 1 :]:
        if action.isSeparator():
            break
        found.append(action)
    return found


def test_the_menu_of_models_has_a_part_for_each_server(qtbot: QtBot) -> None:
    menu = ModelMenu()
    qtbot.addWidget(menu)

    menu.set_models([_FILE, _GEMMA, _BIG, _LOCAL], _BIG)

    lines = _lines(menu)
    assert lines[:6] == [
        "tiny\t1.7 GB",
        "Ollama on this computer",
        "gemma2:9b\t5.4 GB",
        "cloud\tleaves this computer",
        "maker/big-70b",
        "near",
    ]
    heads = [action for action in menu.actions() if action.text().startswith(("cloud", "near"))]
    assert not any(head.isEnabled() for head in heads)
    assert [action.isChecked() for action in _under(menu, "cloud")] == [True]
    with qtbot.waitSignal(menu.model_chosen) as chosen:
        _under(menu, "near")[0].trigger()
    assert chosen.args == [_LOCAL]


def test_one_model_that_others_answer_is_marked_among_those_that_stay_here(qtbot: QtBot) -> None:
    menu = ModelMenu()
    qtbot.addWidget(menu)
    elsewhere = ServedModel("ollama", "gpt-oss:120b-cloud", 384, passes_to="ollama.com")

    menu.set_models([installed(_OLLAMA, elsewhere), _GEMMA], None)

    assert [action.text() for action in _under(menu, "Ollama on this computer")] == [
        "gpt-oss:120b-cloud\tleaves this computer",
        "gemma2:9b\t5.4 GB",
    ]


def test_a_model_that_is_for_searching_is_not_offered_for_chats(qtbot: QtBot) -> None:
    menu = ModelMenu()
    qtbot.addWidget(menu)
    vectors = ServedModel("ollama", "nomic-embed-text:latest", 274_000_000, embeds=True)

    menu.set_models([installed(_OLLAMA, vectors), _GEMMA], None)

    assert [action.text() for action in _under(menu, "Ollama")] == ["gemma2:9b\t5.4 GB"]


def test_a_server_with_hundreds_of_models_takes_one_line_and_a_menu_of_its_own(
    qtbot: QtBot,
) -> None:
    menu = ModelMenu()
    qtbot.addWidget(menu)
    many = [installed(_CLOUD, ServedModel("cloud", f"m-{number}")) for number in range(300)]

    menu.set_models([_FILE, *many], many[200])

    under = _under(menu, "cloud")
    assert [action.text() for action in under] == ["m-200", "300 models to choose from"]
    rest = under[1].menu()
    assert isinstance(rest, QMenu)
    assert len(_lines(rest)) == 41
    with qtbot.waitSignal(menu.servers_requested):
        rest.actions()[-1].trigger()


def test_a_model_that_its_server_no_longer_tells_of_stays_chosen(qtbot: QtBot) -> None:
    menu = ModelMenu()
    qtbot.addWidget(menu)

    menu.set_models([_FILE], _BIG)

    assert [action.isChecked() for action in _under(menu, "cloud")] == [True]


@pytest.mark.parametrize("leaves", [True, False])
def test_the_quick_question_says_it_too(qtbot: QtBot, desk: Desk, leaves: bool) -> None:
    popup = Popup(translucent=False)
    qtbot.addWidget(popup)
    model = _BIG if leaves else _LOCAL

    popup.set_model(model.title, is_guide=False, leaves_to=model.leaves_to)

    assert popup.leaves.isVisibleTo(popup) is leaves


def test_the_menu_of_the_quick_question_has_a_part_for_each_server(qtbot: QtBot) -> None:
    button = PopupModel()
    qtbot.addWidget(button)

    button.set_models([_FILE, _GEMMA, _BIG], _BIG, "tiny")

    assert [action.isChecked() for action in _under(button._menu, "cloud")] == [True]
    with qtbot.waitSignal(button.chosen) as chosen:
        _under(button._menu, "Ollama")[0].trigger()
    assert chosen.args == [_GEMMA]


# Under answers.


def _answer(model: str) -> StoredMessage:
    usage = Usage(120, 0, 88, 900.0, 400.0, 41.0)
    state = MessageState.COMPLETE
    return StoredMessage(2, 1, 1, Role.ASSISTANT, "Blue.", "", state, model, usage, "", 1.8e9)


def _hosts(name: str) -> str:
    return "llm.example.com" if name.startswith("openai:cloud/") else ""


def test_answers_from_another_computer_say_so_and_others_do_not(transcript: Transcript) -> None:
    transcript.append(_answer(_BIG.name))
    transcript.set_hosts(_hosts)
    view = transcript._answer(2)
    assert view is not None
    line = view._actions.line
    assert line is not None

    assert line.text().startswith("maker/big-70b · cloud · 88 tokens")
    assert line.text().endswith("left this computer")
    assert "llm.example.com" in line.accessibleDescription()
    transcript.set_hosts(lambda _name: "")
    assert "left this computer" not in line.text()


def test_an_answer_that_failed_before_a_word_came_does_not_claim_that_anything_left(
    transcript: Transcript,
) -> None:
    transcript.set_hosts(_hosts)
    for number, content in ((2, ""), (3, "Blu")):
        failed = replace(
            _answer(_BIG.name), id=number, content=content, state=MessageState.FAILED, usage=None
        )
        transcript.append(failed)
        view = transcript._answer(number)
        assert view is not None
        assert view._actions.line is not None
        assert ("left this computer" in view._actions.line.text()) is bool(content)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ollama:gemma2:9b", "gemma2:9b · Ollama"),
        ("ollama@work:qwen3:4b", "qwen3:4b · work"),
        ("openai:cloud/maker/big-70b", "maker/big-70b · cloud"),
    ],
)
def test_a_served_model_is_called_as_its_server_calls_it(name: str, words: str) -> None:
    assert model_words(name) == words

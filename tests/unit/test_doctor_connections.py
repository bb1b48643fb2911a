"""What an examination tells of servers: this computer's are asked, others only counted."""

from pathlib import Path

import pytest

from desktop.config.secrets import Secrets
from desktop.config.store import SettingsStore
from desktop.domain.connection import Connection, ServerKind
from desktop.domain.health import Finding, State
from desktop.domain.settings import ConnectionSettings, Settings
from desktop.services.doctor_connections import examine_connections
from tests.harness.ollama.faults import web_page
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaServer
from tests.harness.openai_server import refusal, value
from tests.harness.scripted_server import ScriptedServer

CLOSED = {"OLLAMA_HOST": "127.0.0.1:9"}
LISTED = {"object": "list", "data": [{"id": "m", "object": "model"}]}


def examined(
    tmp_path: Path, environment: dict[str, str], settings: ConnectionSettings | None = None
) -> dict[str, Finding]:
    file = tmp_path / "settings.json"
    if settings is not None:
        SettingsStore(file).save(Settings(connections=settings))
    return {found.name: found for found in examine_connections(file, environment)}


def server(name: str, address: str, *, has_key: bool = False) -> Connection:
    return Connection(ServerKind.OPENAI, name, address, has_key=has_key)


def test_the_ollama_of_this_computer_is_told_with_version_and_models(tmp_path: Path) -> None:
    with OllamaServer([OllamaModel("a"), OllamaModel("b")], version="0.33.3") as ollama:
        found = examined(tmp_path, {"OLLAMA_HOST": ollama.address})["connections.ollama"]

    assert found.state is State.OK
    assert str(found.detail) == f"0.33.3 at {ollama.address}; models: 2"
    assert found.facts["models"] == 2


def test_an_ollama_without_models_is_well(tmp_path: Path) -> None:
    with OllamaServer() as ollama:
        found = examined(tmp_path, {"OLLAMA_HOST": ollama.address})["connections.ollama"]

    assert (found.state, found.facts["models"]) == (State.OK, 0)


def test_no_ollama_is_nothing_to_worry_about(tmp_path: Path) -> None:
    found = examined(tmp_path, CLOSED)

    assert found["connections.ollama"].state is State.OK
    assert found["connections.ollama"].facts["answers"] is False
    assert "none runs" in str(found["connections.ollama"].detail)
    assert found["connections.servers"].facts == {"servers": 0, "keys": 0}
    assert not (tmp_path / "settings.json").exists()


def test_what_answers_in_the_place_of_ollama_is_told(tmp_path: Path) -> None:
    with OllamaServer() as ollama:
        ollama.faults.always = web_page()
        found = examined(tmp_path, {"OLLAMA_HOST": ollama.address})["connections.ollama"]

    assert found.state is State.WARNING
    assert found.advice is not None


def test_an_ollama_elsewhere_is_named_and_not_asked(tmp_path: Path) -> None:
    found = examined(tmp_path, {"OLLAMA_HOST": "10.0.0.7"})["connections.ollama"]

    assert "10.0.0.7" in str(found.detail)
    assert found.state is State.OK


def test_an_ollama_that_nobody_wants_is_not_asked(tmp_path: Path) -> None:
    with OllamaServer() as ollama:
        wanted = ConnectionSettings(finds_ollama=False)
        found = examined(tmp_path, {"OLLAMA_HOST": ollama.address}, wanted)
        assert ollama.log == []

    assert found["connections.ollama"].facts == {"wanted": False}


def test_servers_of_this_computer_are_asked_and_others_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(_self: Secrets, name: str) -> str:
        raise AssertionError(f"the keyring was asked for {name}")

    monkeypatch.setattr(Secrets, "get", asked)
    with (
        ScriptedServer(lambda _asked: value(LISTED)) as well,
        ScriptedServer(lambda _asked: refusal(401, "no key")) as locked,
    ):
        servers = (
            server("company", "https://models.example.com/v1", has_key=True),
            server("well", f"{well.address}/v1"),
            server("locked", f"{locked.address}/v1", has_key=True),
            server("gone", "http://127.0.0.1:9/v1"),
        )
        found = examined(tmp_path, CLOSED, ConnectionSettings(servers=servers))

    assert found["connections.servers"].facts == {"servers": 4, "keys": 2}
    told = [found[f"connections.server.{number}"] for number in (1, 2, 3)]
    assert [str(each.label) for each in told] == ["well", "locked", "gone"]
    assert [each.state for each in told] == [State.OK, State.OK, State.WARNING]
    assert told[0].facts["models"] == 1
    assert "key" in str(told[1].detail)
    assert "company" not in str(found)
    assert "models.example.com" not in str(found)


def test_the_switch_is_told(tmp_path: Path) -> None:
    found = examined(tmp_path, CLOSED, ConnectionSettings(offline=True))

    assert found["connections.offline"].facts == {"offline": True}
    assert examined(tmp_path, CLOSED, ConnectionSettings())["connections.offline"].facts == {
        "offline": False
    }


def test_damaged_settings_are_left_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text("{", encoding="utf-8")

    assert "connections.servers" in examined(tmp_path, CLOSED)
    assert file.read_text("utf-8") == "{"
    assert list(tmp_path.iterdir()) == [file]

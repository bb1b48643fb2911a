"""The local server in the real program: turned on by keyboard, asked with OpenAI's library, and off."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from openai import APIConnectionError, AuthenticationError, OpenAI

from desktop.base.paths import paths_under
from tests import gguf_files
from tests.e2e.conftest import StartLapis
from tests.harness.program import Program
from tests.harness.screen import Screen, Window
from tests.harness.tray import TrayIcon
from tests.harness.waiting import wait_for

_SENTENCE = "Lapis answers from a model on this computer."
_ENDLESS = 131_072
_TO_THE_FIRST = ("Tab", "Tab", "Tab")
"""From the search over the button that closes the page and the part on show to the first control."""
_API_MENU = ("Up",) * 5
"""Steps from the end of the tray's menu to the local API."""


@pytest.fixture
def port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
        return number


def _settle(home: Path, model: Path, **api: object) -> None:
    file = paths_under(home).settings
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"welcomed": True, "model": str(model), "engine": {"n_ctx": 2048}, "api": api}
    file.write_text(json.dumps(kept), encoding="utf-8")


def _is_enabled(home: Path) -> bool:
    found = json.loads(paths_under(home).settings.read_text(encoding="utf-8")).get("api", {})
    return found.get("enabled") is True


@contextmanager
def _client(port: int, key: str) -> Iterator[OpenAI]:
    with closing(
        OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0, timeout=60)
    ) as client:
        yield client


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _copied(screen: Screen) -> str:
    done = subprocess.run(
        ["xclip", "-selection", "clipboard", "-o"],
        capture_output=True,
        encoding="utf-8",
        env=dict(screen.environment),
        timeout=20,
        check=False,
    )
    return done.stdout


def _open(start_lapis: StartLapis, screen: Screen, home: Path) -> tuple[Program, Window]:
    """Start Lapis and wait until everything is there that comes after its window."""
    program = start_lapis("--show")
    window = screen.window("Lapis$", program.pid, 40)
    program.engine(40)
    wait_for(paths_under(home).hotkeys.exists, 40, "the second part of the start")
    window.focus()
    return program, window


def _look_for(screen: Screen, program: Program, words: str) -> None:
    """Open the settings, and leave there only what has these words."""
    screen.key("ctrl+comma")
    screen.window("Settings – Lapis$", program.pid)
    screen.type(words)


def test_turned_on_by_keyboard_it_answers_whoever_has_the_key_until_it_is_turned_off(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, tmp_path: Path, port: int
) -> None:
    model = gguf_files.write_llama(tmp_path / "tiny.gguf", answer=_SENTENCE, stops=True)
    _settle(lapis_home, model, port=port)
    program, _window = _open(start_lapis, screen, lapis_home)
    assert not _listens(port)
    _look_for(screen, program, "let other programs ask")
    screen.key(*_TO_THE_FIRST, "space")
    wait_for(lambda: _listens(port), 30, "a server")
    wait_for(lambda: _is_enabled(lapis_home), 10, "the switch to be remembered")

    # The key is copied as a person does it: over "show" to "copy".
    screen.key("ctrl+f", "ctrl+a")
    screen.type("keyring of this")
    screen.key(*_TO_THE_FIRST, "Tab", "space")
    key = wait_for(lambda: _copied(screen).strip(), 20, "the key on the clipboard")
    assert key.startswith("lapis-")
    with _client(port, "lapis-another") as stranger, pytest.raises(AuthenticationError):
        stranger.models.list()
    with _client(port, key) as client:
        answer = client.chat.completions.create(
            model="local-model", messages=[{"role": "user", "content": "Which?"}]
        )
        assert answer.choices[0].message.content == _SENTENCE
        screen.key("ctrl+f", "ctrl+a")
        screen.type("let other programs ask")
        screen.key(*_TO_THE_FIRST, "space")
        wait_for(lambda: not _listens(port), 20, "no server")
        with pytest.raises(APIConnectionError):
            client.models.list()
    wait_for(lambda: not _is_enabled(lapis_home), 10, "the switch to be remembered")
    told = paths_under(lapis_home)
    for file in (*told.logs.rglob("*"), told.settings):
        if file.is_file():
            assert key not in file.read_text(encoding="utf-8", errors="replace"), file


def test_what_programs_did_can_be_seen_and_copied_lines_work_as_they_are(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, tmp_path: Path, port: int
) -> None:
    model = gguf_files.write_llama(tmp_path / "tiny.gguf", answer=_SENTENCE, stops=True)
    _settle(lapis_home, model, port=port, enabled=True)
    program, _window = _open(start_lapis, screen, lapis_home)
    wait_for(lambda: _listens(port), 30, "a server that was on before")
    _look_for(screen, program, "examples python")
    # Past the names of the examples to the button that copies.
    screen.key(*_TO_THE_FIRST, "Tab", "space")
    lines = wait_for(lambda: _copied(screen) if "import" in _copied(screen) else "", 20, "lines")
    assert "lapis-…" not in lines

    namespace: dict[str, Any] = {}
    written: list[str] = []
    exec(compile(lines, "copied", "exec"), {**namespace, "print": written.append})  # noqa: S102
    assert written == [_SENTENCE]

    screen.key("ctrl+f", "ctrl+a")
    screen.type("what programs did")

    def line_of_the_list() -> str:
        """Return the newest line, copied by keyboard; empty while the list is."""
        screen.key("ctrl+f", *_TO_THE_FIRST, "Down", "ctrl+c")
        return _copied(screen) if "/v1/chat/completions\t" in _copied(screen) else ""

    line = wait_for(line_of_the_list, 30, "a line in the list")
    assert "OpenAI" in line
    assert "tiny" in line
    assert "Hello" not in line


def test_the_tray_turns_it_on_and_off_and_copies_its_address(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, tmp_path: Path, port: int
) -> None:
    model = gguf_files.write_llama(tmp_path / "tiny.gguf", answer=_SENTENCE, stops=True)
    _settle(lapis_home, model, port=port)
    program = start_lapis("--background")
    icon = TrayIcon(screen, program.pid)
    icon.wait(40)
    program.engine(40)
    wait_for(paths_under(lapis_home).hotkeys.exists, 40, "the second part of the start")
    icon.open_menu().choose(*_API_MENU, "Right")
    wait_for(lambda: _listens(port), 30, "a server")

    icon.open_menu().choose(*_API_MENU, "Right", "Down")
    wait_for(lambda: _copied(screen) == f"http://127.0.0.1:{port}/v1", 20, "the address")
    icon.open_menu().choose(*_API_MENU, "Right")
    wait_for(lambda: not _listens(port), 20, "no server")
    wait_for(lambda: not _is_enabled(lapis_home), 10, "the switch to be remembered")


def test_an_endless_answer_for_a_client_ends_with_lapis(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, tmp_path: Path, port: int
) -> None:
    model = gguf_files.write_llama(
        tmp_path / "endless.gguf", context_length=_ENDLESS, answer=_SENTENCE
    )
    _settle(lapis_home, model, port=port, enabled=True, keyless=True)
    program, window = _open(start_lapis, screen, lapis_home)
    wait_for(lambda: _listens(port), 30, "a server")
    with (
        _client(port, "not-needed") as client,
        client.chat.completions.create(
            model="local-model",
            messages=[{"role": "user", "content": "Talk"}],
            max_tokens=2000,
            stream=True,
        ) as stream,
    ):
        first = next(iter(stream))
        assert first.choices
        window.focus()
        screen.key("ctrl+q")
        assert program.wait(20) == 0
    assert not _listens(port)
    assert not psutil.pid_exists(program.pid)

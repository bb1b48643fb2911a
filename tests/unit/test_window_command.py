"""`lapis-gui` before any window: handing over, ending, and saying that there is no screen."""

import json
import socket
import sys
import threading
from pathlib import Path

import pytest

from desktop.app import main
from desktop.base.paths import paths_under
from desktop.system.instance import ANSWER


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_ACTIVATION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_quit_with_nobody_running_is_done_at_once(lapis_home: Path) -> None:
    assert main(["--data-dir", str(lapis_home), "--quit"]) == 0
    assert not lapis_home.exists(), "nothing is made for it"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there is always a screen")
def test_without_a_screen_it_says_what_works_there(
    lapis_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data-dir", str(lapis_home)]) == 1
    assert "lapis chat" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes there")
def test_a_running_instance_gets_the_wish_and_no_qt_is_loaded(
    lapis_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "tiny.gguf"
    model.touch()
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token-7")
    paths = paths_under(lapis_home)
    paths.create()
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(paths.socket)
        server.listen()

        def answer() -> None:
            client, _ = server.accept()
            with client:
                heard.append(client.recv(4096))
                client.sendall(ANSWER)

        thread = threading.Thread(target=answer)
        thread.start()
        code = main(["--data-dir", str(lapis_home), "--model", str(model)])
        thread.join(5)

    assert code == 0
    assert json.loads(heard[0]) == {
        "cmd": "open-model",
        "token": "token-7",
        "argument": str(model),
    }

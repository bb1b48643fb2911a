"""What the running Lapis leaves of its keys is told by the doctor, and nothing else is believed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.domain.health import State
from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.services.doctor_hotkey import examine_hotkey, hotkey_finding
from desktop.services.hotkey_state import HotkeyState, read_hotkeys, write_hotkeys

_BOUND = KeyResult(KeyStatus.BOUND, "Ctrl+Alt+Space")


def _state(result: KeyResult = _BOUND, *, proved: bool = False) -> HotkeyState:
    return HotkeyState("x11", {KeyAction.ASK: result}, proved)


def test_what_is_left_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "hotkeys.json"
    write_hotkeys(path, _state(proved=True))

    assert read_hotkeys(path) == _state(proved=True)


def test_what_a_dead_lapis_left_counts_no_more(tmp_path: Path) -> None:
    path = tmp_path / "hotkeys.json"
    code = (
        "from pathlib import Path;"
        "from desktop.services.hotkey_state import HotkeyState, write_hotkeys;"
        f"write_hotkeys(Path({str(path)!r}), HotkeyState('x11', {{}}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert path.exists()

    assert read_hotkeys(path) is None


@pytest.mark.parametrize(
    "change",
    [
        {"owner": "somebody"},
        {"owner": None},
        {"keys": {"ask": {"status": "splendid", "keys": ""}}},
        {"keys": {"fly": {"status": "bound", "keys": ""}}},
        {"keys": ["ask"]},
        {"keys": {"ask": "bound"}},
    ],
)
def test_what_makes_no_sense_is_not_believed(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "hotkeys.json"
    write_hotkeys(path, _state())
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, **change}))

    assert read_hotkeys(path) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 10_000, b" " * 20_000])
def test_a_damaged_file_is_no_state(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hotkeys.json"
    path.write_bytes(content)
    assert read_hotkeys(path) is None

    assert read_hotkeys(tmp_path / "none") is None


def test_where_nothing_can_be_written_nothing_fails(tmp_path: Path) -> None:
    write_hotkeys(tmp_path / "no folder" / "hotkeys.json", _state())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "proved", "state"),
    [
        (KeyStatus.BOUND, False, State.OK),
        (KeyStatus.BOUND, True, State.OK),
        (KeyStatus.UNVERIFIED, False, State.UNKNOWN),
        (KeyStatus.UNVERIFIED, True, State.OK),
        (KeyStatus.PENDING, False, State.UNKNOWN),
        (KeyStatus.TAKEN, False, State.WARNING),
        (KeyStatus.TAKEN, True, State.WARNING),
        (KeyStatus.INVALID, False, State.WARNING),
        (KeyStatus.DENIED, False, State.WARNING),
        (KeyStatus.FAILED, False, State.WARNING),
        (KeyStatus.UNSUPPORTED, False, State.UNKNOWN),
        (KeyStatus.UNSUPPORTED, True, State.OK),
        (KeyStatus.OFF, False, State.UNKNOWN),
    ],
)
def test_the_doctor_judges_what_became_of_the_key(
    status: KeyStatus, proved: bool, state: State
) -> None:
    found = hotkey_finding(_state(KeyResult(status, "Ctrl+Alt+Space"), proved=proved), "x11")

    assert found.state is state
    assert found.facts["status"] == status.value
    assert bool(found.advice) == found.needs_action or status is KeyStatus.UNSUPPORTED
    assert ("Ctrl+Alt+Space" in str(found.detail)) == (
        status is KeyStatus.BOUND or (status is KeyStatus.UNVERIFIED and proved)
    )


@pytest.mark.parametrize(
    ("mechanism", "words"),
    [("x11", "XGrabKey"), ("portal", "GlobalShortcuts"), ("manual", "lapis --toggle-popup")],
)
def test_without_a_running_lapis_its_way_is_told(mechanism: str, words: str) -> None:
    found = hotkey_finding(None, mechanism)

    assert found.state is State.UNKNOWN
    assert words in str(found.detail)
    assert found.facts == {
        "mechanism": mechanism,
        "running": False,
        "command": "lapis --toggle-popup",
    }


def test_the_doctor_reads_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "hotkeys.json"
    assert examine_hotkey(path).facts["running"] is False
    write_hotkeys(path, _state())

    assert examine_hotkey(path).facts["running"] is True
    assert str(examine_hotkey(path).detail).startswith("Ctrl+Alt+Space, by X11")

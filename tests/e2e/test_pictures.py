"""A copied picture asked about in the real program: it reaches the server, and files refuse it."""

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desktop.base.paths import paths_under
from tests.conftest import RunLapis
from tests.e2e.conftest import StartLapis
from tests.e2e.other_programs import OtherPrograms
from tests.e2e.test_window import Disk
from tests.harness.leftovers import Marker
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.pictures import png
from tests.harness.screen import Screen, Window
from tests.harness.selection_owner import Offer
from tests.harness.waiting import wait_for

_SEES = OllamaModel("llava:7b", reply="A cat.", capabilities=("completion", "vision"))


@pytest.fixture
def programs(screen: Screen, tmp_path: Path, marker: Marker) -> Iterator[OtherPrograms]:
    others = OtherPrograms(screen, tmp_path, marker.environment)
    yield others
    others.end()


@pytest.fixture
def disk(lapis_home: Path) -> Disk:
    return Disk(lapis_home)


def _settle(home: Path, **settings: object) -> None:
    file = paths_under(home).settings
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"welcomed": True, **settings}), encoding="utf-8")


def _open(start: StartLapis, screen: Screen, home: Path, **environment: str) -> Window:
    program = start("--show", environment=environment)
    window = screen.window("Lapis$", program.pid, 40)
    wait_for(paths_under(home).hotkeys.exists, 40, "the second part of the start")
    window.focus()
    return window


def _paste_and_ask(
    screen: Screen, programs: OtherPrograms, window: Window, disk: Disk, data: bytes
) -> str:
    """Copy the picture in another program, paste it, ask; return how the answer ended."""
    programs.owner(Offer("CLIPBOARD", {"image/png": data.decode("latin-1")}))
    window.focus()
    screen.key("ctrl+v")
    wait_for(lambda: "data:image/png" in disk.draft(), 20, "a picture in the draft")
    screen.type("What is it?")
    screen.key("Return")
    wait_for(lambda: len(disk.messages()) == 2, 20, "a question on the disk")
    wait_for(lambda: disk.answer().state != "streaming", 60, "an end")
    return disk.answer().state


def test_a_pasted_picture_reaches_a_model_that_sees(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk, programs: OtherPrograms
) -> None:
    with OllamaServer([_SEES]) as ollama:
        _settle(lapis_home, model="ollama:llava:7b")
        window = _open(start_lapis, screen, lapis_home, OLLAMA_HOST=ollama.address)
        assert _paste_and_ask(screen, programs, window, disk, png(40, 30)) == "complete"

        asked = [one.body["messages"][-1] for one in ollama.asked("/api/chat")]
    (question,) = [one for one in asked if one["content"] == "What is it?"]
    (image,) = question["images"]
    assert base64.b64decode(image).startswith(b"\x89PNG\r\n\x1a\n")
    assert disk.answer().content == "A cat."
    assert image in _attachments(lapis_home)


def test_a_picture_is_asked_about_in_the_terminal(lapis: RunLapis, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(png(8, 6, comment=b"taken at home"))
    with OllamaServer([_SEES]) as ollama:
        done = lapis(
            *("ask", "-m", "ollama:llava:7b", "--picture", str(file), "What is it?"),
            environment={"OLLAMA_HOST": ollama.address},
        )
        (asked,) = ollama.asked("/api/chat")

    assert (done.stdout.strip(), done.returncode) == ("A cat.", 0)
    (sent,) = asked.body["messages"][-1]["images"]
    shown = base64.b64decode(sent)
    assert shown.startswith(b"\x89PNG")
    assert b"taken at home" not in shown, "what else is in the file stays behind"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("cat.png", "cannot see pictures"), ("words.txt", ""), ("nowhere.png", "")],
)
def test_what_cannot_be_asked_about_in_the_terminal_is_refused_in_words(
    lapis: RunLapis, tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "cat.png").write_bytes(png())
    (tmp_path / "words.txt").write_text("no picture", encoding="utf-8")
    model = () if reason else ("-m", "ollama:llava:7b")

    done = lapis("ask", *model, "--picture", str(tmp_path / name), "What is it?")

    assert done.returncode == 1
    assert (reason or "cannot go with the question") in done.stderr


def test_with_the_guide_a_picture_is_refused_in_words_and_nothing_is_lost(
    start_lapis: StartLapis, screen: Screen, lapis_home: Path, disk: Disk, programs: OtherPrograms
) -> None:
    _settle(lapis_home)
    window = _open(start_lapis, screen, lapis_home)
    assert _paste_and_ask(screen, programs, window, disk, png(40, 30)) == "failed"

    assert "cannot see pictures" in disk.note()
    assert "data:image/png" in _attachments(lapis_home)


def _attachments(home: Path) -> str:
    """Return what is kept beside the first question."""
    path = paths_under(home).database
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        ((kept,),) = connection.execute("SELECT attachments FROM messages WHERE role = 'user'")
    return str(kept)

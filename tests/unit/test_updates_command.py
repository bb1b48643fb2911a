"""`lapis updates`: words for people, JSON for programs, and nothing asked where nobody can be."""

import io
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from desktop.base.translation import Translator
from desktop.domain.distribution import Kind
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.domain.updates import News, ReleaseFile, Standing
from desktop.terminal.commandline import parse
from desktop.terminal.orders import UpdatesOrder, WindowAction, WindowOrder
from desktop.terminal.output import Screen
from desktop.terminal.updates import tell_updates

ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
NEWS = News(
    "a" * 16,
    7,
    "1.2.0",
    date(2026, 11, 20),
    date(2027, 5, 1),
    "https://lapis.example/download",
    {"en": "Faster.\n\x1b[31mred"},
    (ReleaseFile("Lapis-1.2.0.AppImage", 75_000_000, "a" * 64, "appimage"),),
)


@dataclass
class _Asked:
    standing: Standing = field(default_factory=Standing)
    hindrance: Text | None = None
    host: str = "lapis.example"
    kind: Kind = Kind.APPIMAGE
    version: str = "1.1.0"
    questions: int = 0

    def ask(self) -> Standing:
        self.questions += 1
        return self.standing


def told(asked: _Asked, *, as_json: bool = False) -> str:
    out = io.StringIO()
    assert tell_updates(asked, ENGLISH, Screen(out, io.StringIO()), as_json=as_json) == 0
    return out.getvalue()


def test_a_newer_version_is_told_with_its_page() -> None:
    said = told(_Asked(Standing(1.0, NEWS, is_newer=True)))

    assert said.startswith("Lapis 1.2.0 is available; this is 1.1.0.\nFaster.\n")
    assert "Lapis-1.2.0.AppImage  75 MB" in said
    assert said.endswith("https://lapis.example/download\n")
    assert "\x1b" not in said


def test_files_for_other_systems_are_told_to_programs_alone() -> None:
    asked = _Asked(Standing(1.0, NEWS, is_newer=True), kind=Kind.TAR)

    assert "AppImage" not in told(asked)
    assert "AppImage" in told(asked, as_json=True)


def test_the_newest_version_is_told_in_a_line() -> None:
    assert told(_Asked(Standing(1.0, NEWS))) == "This is the newest version, 1.1.0.\n"


def test_where_nobody_can_be_asked_that_is_said() -> None:
    asked = _Asked(hindrance=Text("Nobody here."))

    assert told(asked) == "Nobody here.\n"
    assert json.loads(told(asked, as_json=True))["hindrance"] == "Nobody here."
    assert asked.questions == 0


def test_programs_get_every_figure() -> None:
    said = json.loads(told(_Asked(Standing(1.0, NEWS, is_newer=True)), as_json=True))

    assert (said["version"], said["newer"]) == ("1.1.0", True)
    assert said["newest"]["expires"] == "2027-05-01"
    assert said["newest"]["files"][0]["size"] == 75_000_000


@pytest.mark.parametrize("words", [["updates"], ["updates", "--json"]])
def test_the_command_is_understood(words: list[str]) -> None:
    assert parse(words, ENGLISH) == UpdatesOrder("--json" in words)


def test_the_switch_goes_along_with_any_start_of_the_window() -> None:
    assert parse(["--no-update-check"], ENGLISH) == WindowOrder()
    assert parse(["--background", "--no-update-check"], ENGLISH) == WindowOrder(
        WindowAction.BACKGROUND
    )

"""How the panel looks, by what each desktop keeps of it."""

from pathlib import Path

import pytest

from desktop.system.panel import Tone, files_to_watch, panel_tone

_DARK = "[Colors:Window]\nBackgroundNormal=42,46,50\n"
_LIGHT = "[Colors:Window]\nBackgroundNormal=239,240,241\n"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a Plasma session with nothing set."""
    return {
        "HOME": str(tmp_path),
        "XDG_CURRENT_DESKTOP": "KDE",
        "XDG_CONFIG_DIRS": str(tmp_path / "etc"),
        "XDG_DATA_DIRS": str(tmp_path / "share"),
    }


def _write(home: dict[str, str], path: str, content: str) -> None:
    file = Path(home["HOME"]) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def test_plasma_as_it_comes_has_a_light_panel(home: dict[str, str]) -> None:
    assert panel_tone(home, "linux") is Tone.LIGHT


def test_plasma_follows_its_colour_scheme(home: dict[str, str]) -> None:
    _write(home, ".config/kdeglobals", _DARK)
    assert panel_tone(home, "linux") is Tone.DARK


def test_a_dark_style_of_plasma_counts_more_than_light_windows(home: dict[str, str]) -> None:
    _write(home, ".config/kdeglobals", _LIGHT)
    _write(home, ".config/plasmarc", "[Theme]\nname=breeze-dark\n")
    _write(home, "share/plasma/desktoptheme/breeze-dark/colors", _DARK)
    assert panel_tone(home, "linux") is Tone.DARK


def test_the_style_of_a_global_theme_of_plasma_is_found(home: dict[str, str]) -> None:
    _write(home, ".config/kdedefaults/plasmarc", "[Theme]\nname=breeze-dark\n")
    _write(home, "share/plasma/desktoptheme/breeze-dark/colors", _DARK)
    assert panel_tone(home, "linux") is Tone.DARK

    _write(home, ".config/plasmarc", "[Theme]\nname=default\n")
    assert panel_tone(home, "linux") is Tone.LIGHT, "chosen by hand"


def test_a_scheme_of_plasma_is_found_by_its_name(home: dict[str, str]) -> None:
    _write(home, ".config/kdedefaults/kdeglobals", "[General]\nColorScheme=BreezeDark\n")
    _write(home, "share/color-schemes/BreezeDark.colors", _DARK)
    assert panel_tone(home, "linux") is Tone.DARK


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no section",
        "[Theme\nname=",
        "[Theme]\nname\n goes on\n",
        "[Colors:Window]\nBackgroundNormal=,,\n",
        "\0",
    ],
)
def test_files_that_say_nothing_are_passed_over(home: dict[str, str], content: str) -> None:
    for name in (".config/plasmarc", ".config/kdeglobals", ".config/kdedefaults/plasmarc"):
        _write(home, name, content)
    assert panel_tone(home, "linux") is Tone.LIGHT


def test_a_style_leads_to_no_other_folder(home: dict[str, str]) -> None:
    _write(home, "share/plasma/colors", _DARK)
    (Path(home["HOME"]) / "share" / "plasma" / "desktoptheme").mkdir()
    _write(home, ".config/plasmarc", "[Theme]\nname=..\n")
    assert panel_tone(home, "linux") is Tone.LIGHT


@pytest.mark.parametrize("name", ["GNOME", "ubuntu:GNOME", "pop:GNOME"])
def test_the_bar_of_gnome_is_dark(name: str) -> None:
    assert panel_tone({"XDG_CURRENT_DESKTOP": name}, "linux") is Tone.DARK


def test_where_nobody_tells_nothing_is_known() -> None:
    assert panel_tone({"XDG_CURRENT_DESKTOP": "sway"}, "linux") is Tone.UNKNOWN
    assert panel_tone({}, "linux") is Tone.UNKNOWN
    gone = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus", "DISPLAY": ":4711"}
    assert panel_tone(gone, "linux") is Tone.UNKNOWN


def test_what_macos_tints_itself_needs_no_answer() -> None:
    assert panel_tone({}, "darwin") is Tone.UNKNOWN


def test_files_are_watched_where_they_say_it(home: dict[str, str]) -> None:
    assert Path(home["HOME"]) / ".config" / "plasmarc" in files_to_watch(home, "linux")
    assert files_to_watch({"XDG_CURRENT_DESKTOP": "GNOME"}, "linux") == []
    assert files_to_watch(home, "win32") == []

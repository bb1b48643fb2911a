"""sway and Hyprland: a file of ours, and one line in the person's configuration that includes it.

Nothing else there is touched, and the configuration is copied first. Without one of their own,
people have the system's: then theirs begins by including that.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.base.files import write_atomically
from desktop.base.paths import DESKTOP_ID
from desktop.domain.hotkey import Chord, KeyResult
from desktop.system.linux_session import config_folder
from desktop.system.shortcuts.base import FLAG, WRITTEN, attempt, has_program, refused, taken
from desktop.system.shortcuts.chords import hyprland, hyprland_key, sway, sway_key

_LARGEST: Final = 1024 * 1024
# The popup's, in every language of Lapis.
_TITLE: Final = "^(Ask Lapis|问问 Lapis)$"
_SWAY_BINDING: Final = re.compile(r"^\s*bindsym\s+(?:--\S+\s+)*(\S+)\s+(.*)$", re.MULTILINE)
_HYPRLAND_BINDING: Final = re.compile(r"^\s*bind[a-z]*\s*=([^,\n]*),([^,\n]*),(.*)$", re.MULTILINE)


def sway_lines(chord: Chord, command: str) -> str:
    """Return what sway has to be told: the key, and that the popup floats."""
    window = f'app_id="{DESKTOP_ID}" title="{_TITLE}"'
    return (
        f"bindsym {sway(chord)} exec {command}\n"
        f"for_window [{window}] floating enable, sticky enable\n"
    )


def hyprland_lines(chord: Chord, command: str) -> str:
    """Return what Hyprland has to be told."""
    return (
        # What follows one sign of a number would be a comment.
        f"bind = {hyprland(chord)}, exec, {command.replace('#', '##')}\n"
        f"windowrulev2 = float, class:^({re.escape(DESKTOP_ID)})$, title:{_TITLE}\n"
    )


def sway_taken_by(chord: Chord, configuration: str) -> str:
    """Return what the chord does already; "" for nothing."""
    for keys, does in _SWAY_BINDING.findall(configuration):
        if sway_key(keys) == sway_key(sway(chord)) and FLAG not in does:
            return str(does)
    return ""


def hyprland_taken_by(chord: Chord, configuration: str) -> str:
    """Return what the chord does already; "" for nothing."""
    wanted = hyprland_key(*hyprland(chord).split(","))
    for held, key, does in _HYPRLAND_BINDING.findall(configuration):
        if hyprland_key(held, key) == wanted and FLAG not in does:
            return str(does).strip()
    return ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of them: where its configuration is, and its words."""

    folder: str
    configuration: str
    system: Path | None
    include: str
    program: str
    reload: tuple[str, ...]
    lines: Callable[[Chord, str], str]
    taken_by: Callable[[Chord, str], str]


SWAY: Final = Kind(
    "sway",
    "config",
    Path("/etc/sway/config"),
    "include {path}",
    "swaymsg",
    ("swaymsg", "reload"),
    sway_lines,
    sway_taken_by,
)
HYPRLAND: Final = Kind(
    "hypr",
    "hyprland.conf",
    None,
    "source = {path}",
    "hyprctl",
    ("hyprctl", "reload"),
    hyprland_lines,
    hyprland_taken_by,
)


class LineShortcuts:
    """The file `lapis.conf` beside the configuration."""

    def __init__(self, kind: Kind, environment: Mapping[str, str]) -> None:
        """Look for nothing yet."""
        self._kind = kind
        self._folder = config_folder(environment) / kind.folder
        self._main = self._folder / kind.configuration
        self._own = self._folder / "lapis.conf"

    def is_there(self) -> bool:
        """Whether there is a configuration to add to, and a program that has it read again."""
        return has_program(self._kind.program) and self._basis() is not None

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Write our file, and include it if that is not done yet."""
        basis = self._basis()
        if basis is None:
            raise refused(f"{self._main}: -")
        if "\n" in command:
            # The rest of it would be a line of its own, and do what it says.
            raise refused(f"{command!r}.")
        try:
            content = _content(basis)
            by = self._kind.taken_by(chord, content)
            if by:
                return taken(by)
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(
                self._own, self._kind.lines(chord, command).encode(errors="surrogateescape")
            )
            self._include(basis, content)
        except OSError as error:
            raise refused(f"{error.filename or self._main}: {error.strerror}.") from error
        attempt(self._kind.reload)
        return WRITTEN

    def remove(self) -> None:
        """Empty our file; the line that includes it stays, for it does no harm."""
        if not self._own.exists():
            return
        try:
            write_atomically(self._own, b"")
        except OSError as error:
            raise refused(f"{self._own}: {error.strerror}.") from error
        attempt(self._kind.reload)

    def _basis(self) -> Path | None:
        """Return the configuration that is in force."""
        if self._main.is_file():
            return self._main
        system = self._kind.system
        return system if system is not None and system.is_file() else None

    def _include(self, basis: Path, content: str) -> None:
        line = self._kind.include.format(path=self._own)
        if line in content.splitlines():
            return
        if basis == self._main:
            # Through a link: many people keep such files elsewhere.
            target = self._main.resolve()
            shutil.copy2(target, self._folder / f"{self._main.name}.before-lapis")
            mode = target.stat().st_mode & 0o777
            ending = "" if content.endswith("\n") or not content else "\n"
            write_atomically(
                target, f"{content}{ending}\n{line}\n".encode(errors="surrogateescape")
            )
            target.chmod(mode)
        else:
            first = self._kind.include.format(path=basis)
            write_atomically(self._main, f"{first}\n{line}\n".encode())


def _content(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise refused(f"{path}: > {_LARGEST}.")
    return content.decode(errors="surrogateescape")

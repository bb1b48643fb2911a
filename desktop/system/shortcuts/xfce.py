"""XFCE: the channel xfce4-keyboard-shortcuts, by the program xfconf-query."""

from collections.abc import Iterator
from typing import Final

from desktop.domain.hotkey import Chord, KeyResult
from desktop.system.shortcuts.base import FLAG, WRITTEN, has_program, run, taken
from desktop.system.shortcuts.chords import gtk, gtk_key

_PROGRAM: Final = "xfconf-query"
_CHANNEL: Final = ("-c", "xfce4-keyboard-shortcuts")
_OURS: Final = "/commands/custom/"
_CUSTOM: Final = (_OURS, "/xfwm4/custom/")


class XfceShortcuts:
    """A property for each chord, whose value is the command."""

    def is_there(self) -> bool:
        """Whether xfconf-query is installed."""
        return has_program(_PROGRAM)

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Add the property, after those of ours have gone."""
        wanted = gtk_key(gtk(chord))
        for path, value in _properties():
            folder, _, accelerator = path.rpartition("/")
            is_other = f"{folder}/" in _CUSTOM and FLAG not in value
            if is_other and gtk_key(accelerator) == wanted:
                return taken(value or path)
        self.remove()
        path = f"{_OURS}{gtk(chord, '<Primary>')}"
        run(_PROGRAM, *_CHANNEL, "-p", path, "-n", "-t", "string", "-s", command)
        return WRITTEN

    def remove(self) -> None:
        """Remove every property whose command is ours."""
        for path, value in list(_properties()):
            if path.startswith(_OURS) and FLAG in value:
                run(_PROGRAM, *_CHANNEL, "-p", path, "-r")


def _properties() -> Iterator[tuple[str, str]]:
    for line in run(_PROGRAM, *_CHANNEL, "-l", "-v").splitlines():
        path, _, value = line.partition(" ")
        if path.startswith("/"):
            yield path, value.strip()

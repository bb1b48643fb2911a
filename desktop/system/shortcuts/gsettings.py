"""GNOME, Cinnamon and MATE: their settings, by the program gsettings that each has.

Sources: the schemas org.gnome.settings-daemon.plugins.media-keys, org.cinnamon.desktop.keybindings
and org.mate.control-center.keybinding.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from desktop.domain.hotkey import Chord, KeyResult
from desktop.system.shortcuts.base import FLAG, NAME, WRITTEN, attempt, has_program, run, taken
from desktop.system.shortcuts.chords import gtk, gtk_key

_PROGRAM: Final = "gsettings"
_WORD: Final = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")

_GNOME: Final = "org.gnome.settings-daemon.plugins.media-keys"
_GNOME_PATH: Final = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/"
_GNOME_OTHERS: Final = (
    _GNOME,
    "org.gnome.desktop.wm.keybindings",
    "org.gnome.shell.keybindings",
    "org.gnome.mutter.keybindings",
    "org.gnome.mutter.wayland.keybindings",
)
_CINNAMON: Final = "org.cinnamon.desktop.keybindings"
_CINNAMON_PATH: Final = "/org/cinnamon/desktop/keybindings/custom-keybindings/"
_CINNAMON_OTHERS: Final = (
    f"{_CINNAMON}.wm",
    f"{_CINNAMON}.media-keys",
)
_MATE: Final = "org.mate.control-center.keybinding"
_MATE_PATH: Final = "/org/mate/desktop/keybindings/"
_MATE_OTHERS: Final = (
    "org.mate.Marco.global-keybindings",
    "org.mate.Marco.window-keybindings",
    "org.mate.SettingsDaemon.plugins.media-keys",
)


class GnomeShortcuts:
    """A path of ours in a list of paths."""

    def is_there(self) -> bool:
        """Whether gsettings is installed."""
        return has_program(_PROGRAM)

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Write the shortcut, then add it to the list."""
        own = f"{_GNOME}.custom-keybinding:{_GNOME_PATH}lapis/"
        paths = strings(run(_PROGRAM, "get", _GNOME, "custom-keybindings"))
        others = [path for path in paths if path != f"{_GNOME_PATH}lapis/"]
        by = _taken_by(chord, _GNOME_OTHERS)
        for path in others:
            item = f"{_GNOME}.custom-keybinding:{path}"
            by = by or _custom(chord, item, "binding", "name")
        if by:
            return taken(by)
        _set(own, "name", quoted(NAME))
        _set(own, "command", quoted(command))
        _set(own, "binding", quoted(gtk(chord)))
        _set(_GNOME, "custom-keybindings", listed([*others, f"{_GNOME_PATH}lapis/"]))
        return WRITTEN

    def remove(self) -> None:
        """Take it out of the list, and forget it."""
        paths = strings(run(_PROGRAM, "get", _GNOME, "custom-keybindings"))
        own = f"{_GNOME_PATH}lapis/"
        if own in paths:
            _set(_GNOME, "custom-keybindings", listed([path for path in paths if path != own]))
        run(_PROGRAM, "reset-recursively", f"{_GNOME}.custom-keybinding:{own}")


class CinnamonShortcuts:
    """A name of ours in a list of names."""

    def is_there(self) -> bool:
        """Whether gsettings is installed."""
        return has_program(_PROGRAM)

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Write the shortcut, then add it to the list, which makes Cinnamon look."""
        names = strings(run(_PROGRAM, "get", _CINNAMON, "custom-list"))
        others = [name for name in names if name != "lapis"]
        by = _taken_by(chord, _CINNAMON_OTHERS)
        for name in others:
            by = by or _custom(chord, _cinnamon_item(name), "binding", "name")
        if by:
            return taken(by)
        own = _cinnamon_item("lapis")
        _set(own, "name", quoted(NAME))
        _set(own, "command", quoted(command))
        _set(own, "binding", listed([gtk(chord, "<Primary>")]))
        if "lapis" in names:
            # Only another list is noticed.
            _set(_CINNAMON, "custom-list", listed(others))
        _set(_CINNAMON, "custom-list", listed([*others, "lapis"]))
        return WRITTEN

    def remove(self) -> None:
        """Take it out of the list, and forget it."""
        names = strings(run(_PROGRAM, "get", _CINNAMON, "custom-list"))
        if "lapis" in names:
            others = [name for name in names if name != "lapis"]
            _set(_CINNAMON, "custom-list", listed(others))
        run(_PROGRAM, "reset-recursively", _cinnamon_item("lapis"))


class MateShortcuts:
    """A path of ours; MATE looks at whatever lies beside it."""

    def is_there(self) -> bool:
        """Whether gsettings is installed."""
        return has_program(_PROGRAM)

    def write(self, chord: Chord, command: str) -> KeyResult:
        """Write the shortcut."""
        by = _taken_by(chord, _MATE_OTHERS)
        if by:
            return taken(by)
        own = f"{_MATE}:{_MATE_PATH}lapis/"
        _set(own, "name", quoted(NAME))
        _set(own, "action", quoted(command))
        _set(own, "binding", quoted(gtk(chord)))
        return WRITTEN

    def remove(self) -> None:
        """Forget it."""
        run(_PROGRAM, "reset-recursively", f"{_MATE}:{_MATE_PATH}lapis/")


def strings(variant: str) -> list[str]:
    """Return the texts of a value as gsettings prints it: `['a', 'b']`, `@as []`, `'a'`."""
    return [ast.literal_eval(found[0]) for found in _WORD.finditer(variant)]


def quoted(text: str) -> str:
    """Return a text as gsettings reads it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def listed(texts: list[str]) -> str:
    """Return a list of texts as gsettings reads it."""
    return f"[{', '.join(quoted(text) for text in texts)}]" if texts else "@as []"


def _cinnamon_item(name: str) -> str:
    return f"{_CINNAMON}.custom-keybinding:{_CINNAMON_PATH}{name}/"


def _set(schema: str, key: str, value: str) -> None:
    run(_PROGRAM, "set", schema, key, value)


def _taken_by(chord: Chord, schemas: tuple[str, ...]) -> str:
    """Return the name of a setting that has the chord already; "" for none."""
    wanted = gtk_key(gtk(chord))
    for schema in schemas:
        code, out = attempt([_PROGRAM, "list-recursively", schema])
        # Not every release has each of them.
        for name, accelerators in _settings(out) if code == 0 else ():
            if wanted in map(gtk_key, accelerators):
                return name
    return ""


def _settings(out: str) -> Iterator[tuple[str, list[str]]]:
    for line in out.splitlines():
        _schema, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        yield name, strings(value)


def _custom(chord: Chord, item: str, binding: str, name: str) -> str:
    """Return the name of a shortcut that people have made, if it has the chord."""
    code, out = attempt([_PROGRAM, "get", item, binding])
    if code or gtk_key(gtk(chord)) not in map(gtk_key, strings(out)):
        return ""
    code, command = attempt([_PROGRAM, "get", item, "command"])
    if code == 0 and FLAG in command:
        # Made by hand for us, as the recipe says.
        return ""
    code, out = attempt([_PROGRAM, "get", item, name])
    return next(iter(strings(out)), item) if code == 0 else item

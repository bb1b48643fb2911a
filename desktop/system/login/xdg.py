"""Starting at login on Linux desktops: a file in the folder `autostart`.

Source: Desktop Application Autostart Specification 0.5 of freedesktop.org. An entry of the account
hides those of the system with its name; `Hidden=true` says that it is as good as removed, which is
how KDE and XFCE turn one off, where GNOME, MATE and Cinnamon write `X-GNOME-Autostart-enabled`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from desktop.base.files import write_atomically
from desktop.domain.text import Text
from desktop.system.linux_session import config_folder, desktops, system_config_folders
from desktop.system.login.base import LoginState
from desktop.system.login.desktop_file import (
    as_bytes,
    command_line,
    command_words,
    read,
    written,
)
from desktop.system.login.faults import file_fault

_LARGEST: Final = 64 * 1024
_SWITCH: Final = "X-GNOME-Autostart-enabled"
# They start what their own configuration names, and look into no folder.
_DEAF: Final = frozenset({"sway", "i3", "hyprland", "niri", "river", "labwc", "bspwm", "openbox"})


class XdgLogin:
    """The file named after the app id, in the folder of this account."""

    def __init__(self, environment: Mapping[str, str], app_id: str) -> None:
        self._own = config_folder(environment) / "autostart" / f"{app_id}.desktop"
        self._all = (
            self._own,
            *(
                folder / "autostart" / self._own.name
                for folder in system_config_folders(environment)
            ),
        )
        self._desktops = desktops(environment)
        self._app_id = app_id

    def state(self) -> LoginState:
        """Return whether a session starts the entry that counts, the account's before others'."""
        entry = self._entry()
        is_on = (
            entry.get("Type") == "Application"
            and bool(entry.get("Exec"))
            and entry.get("Hidden", "false") != "true"
            and entry.get(_SWITCH, "true") != "false"
        )
        return LoginState.ON if is_on else LoginState.OFF

    def command(self) -> tuple[str, ...]:
        """Return what the entry starts."""
        return command_words(self._entry().get("Exec", ""))

    def turn_on(self, command: Sequence[str]) -> None:
        """Write the entry, over whatever is there."""
        entry = {
            "Type": "Application",
            "Name": "Lapis",
            "Comment": "A private assistant",
            "Comment[zh_CN]": "私人助手",
            "Exec": command_line(command),
            # Without its program the entry does not count: nothing fails when Lapis is gone.
            "TryExec": command[0],
            "Icon": self._app_id,
            "Terminal": "false",
            "StartupNotify": "false",
            _SWITCH: "true",
            # Its panel first, or else there is nowhere to put the icon yet.
            "X-KDE-autostart-after": "panel",
        }
        self._write(entry)

    def turn_off(self) -> None:
        """Remove the entry, or hide that of the system."""
        if any(path.exists() for path in self._all[1:]):
            self._write({"Type": "Application", "Name": "Lapis", "Hidden": "true"})
            return
        try:
            self._own.unlink(missing_ok=True)
        except OSError as error:
            raise file_fault(error, self._own) from error

    def advice(self) -> Text | None:
        """Say so where the desktop looks into no such folder by itself."""
        if self.state() is LoginState.ON and _DEAF.intersection(self._desktops):
            return Text(
                "This desktop starts what its own configuration names. Add a line to it that runs "
                "this command: {command}",
                {"command": command_line(self.command())},
            )
        return None

    def _entry(self) -> dict[str, str]:
        """Return the entry that counts; empty for none, and for one that cannot be read."""
        for path in self._all:
            try:
                with path.open("rb") as stream:
                    return read(stream.read(_LARGEST).decode(errors="replace"))
            except FileNotFoundError:
                continue
            except OSError:
                return {}
        return {}

    def _write(self, entry: Mapping[str, str]) -> None:
        try:
            self._own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._own, as_bytes(written(entry)))
        except OSError as error:
            raise file_fault(error, self._own) from error

"""Our desktop entry, where no package has brought one: by it desktops know whose keys they are.

Newer portals give keys only to programs with an entry. It also puts Lapis among the programs of the
desktop. An entry that somebody else wrote is left alone, whatever it says. Any thread.

Source: Desktop Entry Specification 1.5 of freedesktop.org.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from desktop.base.paths import APP_ID, resources
from desktop.system.linux_session import data_folder, system_data_folders
from desktop.system.login.desktop_file import as_bytes, command_line, read, written
from desktop.system.own_command import lapis_words

_log = logging.getLogger(__name__)

_OURS: Final = "X-Lapis-Entry"
_LARGEST: Final = 64 * 1024
_ACTIONS: Final = (
    ("ask", "--toggle-popup", "Ask a quick question", "快速提问"),
    ("new-chat", "--new-chat", "New chat", "新建聊天"),
)


def entry_writer(environment: Mapping[str, str], app_id: str) -> Callable[[], bool]:
    """Return what sees to the entry `app_id` of this account: `see_to_entry`."""
    return lambda: see_to_entry(environment, app_id, lapis_words())


def see_to_entry(environment: Mapping[str, str], app_id: str, command: Sequence[str]) -> bool:
    """Write the entry that starts `command`, or bring ours up to date; a package's goes before.

    Returns whether it was written just now. What cannot be written is logged.
    """
    own = data_folder(environment)
    path = own / "applications" / f"{app_id}.desktop"
    try:
        current = _content(path)
        is_ours = read(current).get(_OURS) == "true"
        if any(
            (folder / "applications" / path.name).is_file()
            for folder in system_data_folders(environment)
        ):
            # Ours would hide the one of a package that came after it.
            if is_ours:
                path.unlink()
            return False
        wanted = _entry(app_id, command)
        if current == wanted or (current and not is_ours):
            return False
        _write(own / "icons" / "hicolor" / "scalable" / "apps" / f"{app_id}.svg", _icon())
        _write(path, as_bytes(wanted))
    except OSError as error:
        _log.warning("no desktop entry: %s", error.strerror)
        return False
    return True


def _entry(app_id: str, command: Sequence[str]) -> str:
    main = {
        "Type": "Application",
        "Name": "Lapis",
        "Comment": "A private assistant that answers on this computer",
        "Comment[zh_CN]": "在这台电脑上回答的私人助手",
        "Exec": command_line(command),
        "TryExec": command[0],
        "Icon": app_id,
        "Terminal": "false",
        "Categories": "Utility;",
        "StartupNotify": "true",
        # What X11 windows of ours are called.
        "StartupWMClass": APP_ID,
        "Actions": "".join(f"{name};" for name, *_ in _ACTIONS),
        _OURS: "true",
    }
    groups = [written(main)]
    for name, option, english, chinese in _ACTIONS:
        action = {
            "Name": english,
            "Name[zh_CN]": chinese,
            "Exec": command_line([*command, option]),
        }
        groups.append(written(action).replace("[Desktop Entry]", f"[Desktop Action {name}]", 1))
    return "\n".join(groups)


def _icon() -> bytes:
    return (resources() / "icons" / "lapis.svg").read_bytes()


def _content(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode(errors="replace")
    except FileNotFoundError:
        return ""


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one go. It can be made again, so nobody waits for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)

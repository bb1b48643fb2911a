"""Chooses the way to have keys on this system. Any thread; only the chosen one is imported."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module

from desktop.system.hotkey.base import Mechanism
from desktop.system.linux_session import is_sandboxed, is_wayland


def mechanism(
    environment: Mapping[str, str], platform: str, qt_platform: str, app_id: str
) -> Mechanism:
    """Return the way to have keys where `platform` is as `sys.platform`, not started yet.

    `qt_platform` is Qt's name of where it draws, `app_id` the name of our desktop entry.
    """
    match way(environment, platform, qt_platform):
        case "windows":
            from desktop.system.hotkey.windows import WindowsKeys

            return WindowsKeys()
        case "macos":
            from desktop.system.hotkey.macos import MacKeys

            return MacKeys()
        case "portal":
            from desktop.system.desktop_entry import entry_writer
            from desktop.system.hotkey.portal import Portal
            from desktop.system.hotkey.portal_facts import portal_facts

            return Portal(portal_facts(environment, app_id), entry_writer(environment, app_id))
        case "x11":
            from desktop.system.hotkey.x11 import X11Keys

            return X11Keys(environment["DISPLAY"])
        case _:
            from desktop.system.hotkey.manual import NoKeys

            return NoKeys()


def way(environment: Mapping[str, str], platform: str, qt_platform: str) -> str:
    """Return the name of the mechanism; nothing is imported. `qt_platform` "": not known.

    Under Wayland, and in a sandbox, the desktop has to be asked: an X server there sees keys only
    while one of its own windows has the keyboard. On an X server a key is had more simply, and
    whether another program has it is known at once.
    """
    if platform == "win32":
        return "windows"
    if platform == "darwin":
        return "macos"
    if is_wayland(environment) or qt_platform.startswith("wayland") or is_sandboxed(environment):
        return "portal"
    # Qt may draw into memory alone, in tests and on servers: nobody is there to press a key.
    return "x11" if environment.get("DISPLAY") and qt_platform in {"xcb", ""} else "manual"


def loader(name: str) -> Callable[[], None] | None:
    """Return what imports the foreign library of a mechanism, if that takes long; any thread.

    Nothing is raised: what is missing is found again, and told, when the mechanism is started.
    """
    match name:
        case "x11":
            return _load_x11
        case "portal":
            return _load_portal
        case _:
            return None


def _load_x11() -> None:
    from desktop.system.hotkey.x11_server import NoLibraryError, load

    with suppress(NoLibraryError):
        load()


def _load_portal() -> None:
    with suppress(ImportError):
        import_module("desktop.system.hotkey.portal_bus")

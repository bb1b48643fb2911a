"""Programs of macOS: which one is in front, and bringing one there. Never run on macOS so far.

Source: NSWorkspace, NSRunningApplication and NSApplication of AppKit. The first two may be asked
from any thread, the last one from the main thread only. From macOS 14 on the system may leave a
request to come to the front undone.
"""

import ctypes
from dataclasses import dataclass
from typing import Final

from desktop.system.front.mac_library import Libraries, load
from desktop.system.objective_c import text_of

_OVER_OTHERS: Final = 1 << 1
"""NSApplicationActivateIgnoringOtherApps."""
_REGULAR, _ACCESSORY = 0, 1
"""NSApplicationActivationPolicy: in the Dock with a menu bar, or in neither."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs: its process, what people call it, and its reversed domain name."""

    process: int
    name: str
    identifier: str


def program_in_front(libraries: Libraries) -> Program | None:
    """Return the program that has the keyboard; None between two of them."""
    objects = libraries.objects
    with objects.pool():
        workspace = objects.send(objects.named("NSWorkspace"), "sharedWorkspace")
        found = objects.send(workspace, "frontmostApplication")
        if not found:
            return None
        return Program(
            objects.send(found, "processIdentifier", answers=ctypes.c_int32),
            text_of(objects, objects.send(found, "localizedName")),
            text_of(objects, objects.send(found, "bundleIdentifier")),
        )


def bring_to_front(libraries: Libraries, process: int) -> bool:
    """Ask for the program of `process` to get the keyboard; False if there is no such program."""
    objects = libraries.objects
    with objects.pool():
        found = objects.send(
            objects.named("NSRunningApplication"),
            "runningApplicationWithProcessIdentifier:",
            process,
            takes=(ctypes.c_int32,),
        )
        if not found:
            return False
        takes = (ctypes.c_ulong,)
        asked = objects.send(
            found, "activateWithOptions:", _OVER_OTHERS, takes=takes, answers=ctypes.c_bool
        )
        return bool(asked)


def come_to_front() -> bool:
    """Ask for this program to get the keyboard; False elsewhere than on macOS. Main thread."""
    try:
        libraries = load()
    except OSError:
        return False
    come_to_front_with(libraries)
    return True


def come_to_front_with(libraries: Libraries) -> None:
    """Ask through `libraries`."""
    objects = libraries.objects
    with objects.pool():
        ours = objects.send(objects.named("NSApplication"), "sharedApplication")
        takes = (ctypes.c_bool,)
        objects.send(ours, "activateIgnoringOtherApps:", True, takes=takes, answers=None)


def show_in_dock(*, is_shown: bool) -> bool:
    """Have this program be in the Dock and in front, or in the menu bar's icon alone. Main thread.

    False elsewhere than on macOS, and where the system does not let it.
    """
    try:
        libraries = load()
    except OSError:
        return False
    return show_in_dock_with(libraries, is_shown=is_shown)


def show_in_dock_with(libraries: Libraries, *, is_shown: bool) -> bool:
    """Do so through `libraries`."""
    objects = libraries.objects
    with objects.pool():
        ours = objects.send(objects.named("NSApplication"), "sharedApplication")
        policy = _REGULAR if is_shown else _ACCESSORY
        takes = (ctypes.c_long,)
        done = objects.send(
            ours, "setActivationPolicy:", policy, takes=takes, answers=ctypes.c_bool
        )
    if done and is_shown:
        # A program that has just come into the Dock has no menu bar until it is called to the front.
        come_to_front_with(libraries)
    return bool(done)

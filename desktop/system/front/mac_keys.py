"""Keys pressed on macOS as if the person had, by `CGEventPost`. Never run on macOS so far.

The system passes them on only from programs that the person has allowed to, under Privacy and
Security, Accessibility; it asks for that once it is wanted. What a person still holds down would
change them, so that is waited for. Blocks for the time given; any thread.
"""

import ctypes
import time
from typing import Final

from desktop.system.front.mac_library import Libraries
from desktop.system.objective_c import text_object

_COMMAND: Final = 1 << 20
# Shift, Control, Option, Command.
_MODIFIERS: Final = 1 << 17 | 1 << 18 | 1 << 19 | _COMMAND
# Without CapsLock, which may count as down for as long as it is on.
_KEYS: Final = tuple(code for code in range(0x80) if code != 57)
_WHOLE_SESSION: Final = 0
"""kCGEventSourceStateCombinedSessionState."""
_HARDWARE: Final = 0
"""kCGHIDEventTap: where events of keyboards come in."""
# Places on an American keyboard; what they type is said beside it, for others.
_PLACES: Final = {"c": 8, "v": 9}
_PAUSE_SECONDS: Final = 0.01


def may_press(libraries: Libraries) -> bool:
    """Return whether the person allows it; if not, the system asks for it."""
    objects = libraries.objects
    takes = (ctypes.c_void_p, ctypes.c_void_p)
    with objects.pool():
        yes = objects.send(
            objects.named("NSNumber"), "numberWithBool:", True, takes=(ctypes.c_bool,)
        )
        prompt = text_object(objects, "AXTrustedCheckOptionPrompt")
        options = objects.send(
            objects.named("NSDictionary"), "dictionaryWithObject:forKey:", yes, prompt, takes=takes
        )
        return bool(libraries.services.AXIsProcessTrustedWithOptions(options))


def press_with_command(libraries: Libraries, letter: str) -> bool:
    """Press Command and `letter` ("c", "v"), and let them go; False if there is no memory for it."""
    services = libraries.services
    said = (ctypes.c_uint16 * 1)(ord(letter))
    for is_down in (True, False):
        event = services.CGEventCreateKeyboardEvent(None, _PLACES[letter], is_down)
        if not event:
            return False
        services.CGEventKeyboardSetUnicodeString(event, 1, said)
        services.CGEventSetFlags(event, _COMMAND)
        services.CGEventPost(_HARDWARE, event)
        services.CFRelease(event)
    return True


def wait_for_free_keys(libraries: Libraries, until: float) -> bool:
    """Wait until no key is down; return whether at least nothing is held that changes others.

    A key that is still down from the popup would repeat itself in the program that has the keyboard
    by now. One that is stuck is no reason to wait for ever.
    """
    services = libraries.services
    while True:
        held = services.CGEventSourceFlagsState(_WHOLE_SESSION) & _MODIFIERS
        if not held and not any(
            services.CGEventSourceKeyState(_WHOLE_SESSION, code) for code in _KEYS
        ):
            return True
        if time.monotonic() > until:
            return not held
        time.sleep(_PAUSE_SECONDS)

"""What the portal's answers mean for a person. Pure functions; any thread."""

from typing import Final

from desktop.domain.hotkey import Chord, KeyResult, KeyStatus
from desktop.domain.text import Text
from desktop.system.hotkey.portal_session import Outcome, Step
from desktop.system.hotkey.portal_values import TIMED_OUT
from desktop.system.shortcuts.chords import hyprland

_DECLINED: Final = 1
# The portal runs, but has no such interface, or nobody behind it.
_NO_SUCH_THING: Final = frozenset(
    {
        "org.freedesktop.DBus.Error.UnknownInterface",
        "org.freedesktop.DBus.Error.UnknownMethod",
        "org.freedesktop.DBus.Error.UnknownObject",
    }
)

PENDING: Final = KeyResult(
    KeyStatus.PENDING, "", Text("Your desktop is asking you to confirm the shortcut.")
)
NO_PORTAL: Final = KeyResult(
    KeyStatus.UNSUPPORTED, "", Text("This desktop gives programs no keys of their own.")
)
SILENT: Final = KeyResult(
    KeyStatus.FAILED, "", Text("The desktop's service for shortcuts does not answer.")
)
GONE: Final = KeyResult(
    KeyStatus.FAILED,
    "",
    Text("The desktop's service for shortcuts has ended. Lapis asks again when it is back."),
)
BUS_LOST: Final = KeyResult(
    KeyStatus.FAILED, "", Text("The connection to the desktop is lost. Start Lapis again.")
)
REVOKED: Final = KeyResult(
    KeyStatus.FAILED, "", Text("The desktop has taken the shortcut back. Ask for it again here.")
)


def is_unknown(error: str) -> bool:
    """Whether a D-Bus error says that there is no such method, interface or object."""
    return error in _NO_SUCH_THING


def result_of(name: str, outcome: Outcome, registration: str, line: str) -> KeyResult:
    """Return what became of the shortcut `name`.

    `registration` is what the portal said against our app id, or empty; `line` what a person has to
    write into the desktop's configuration first, or empty.
    """
    answer = outcome.answer
    if answer.error == TIMED_OUT:
        return SILENT
    if answer.error and is_unknown(answer.error):
        return NO_PORTAL
    if answer.code == _DECLINED:
        words = Text("You declined the shortcut. Turn it on in the settings of your desktop.")
        return KeyResult(KeyStatus.DENIED, "", words)
    if answer.code != 0:
        return _refused(outcome, registration)
    keys = outcome.listed.get(name)
    if keys:
        return KeyResult(KeyStatus.BOUND, keys)
    return _without_keys(line)


def hyprland_line(app_id: str, name: str, chord: Chord) -> str:
    """Return the line that gives a shortcut its keys in Hyprland, where the person chooses them."""
    return f"bind = {hyprland(chord)}, global, {app_id}:{name}"


def _refused(outcome: Outcome, registration: str) -> KeyResult:
    said = registration or outcome.answer.words
    if said:
        reason = Text("The desktop refused the shortcut: {reason}", {"reason": said})
    elif outcome.step is Step.CREATE:
        reason = Text("The desktop could not prepare the shortcut.")
    else:
        reason = Text("The desktop could not set the shortcut.")
    return KeyResult(KeyStatus.FAILED, "", reason)


def _without_keys(line: str) -> KeyResult:
    if line:
        reason = Text(
            "Add this line to the configuration of Hyprland, then press the keys: {line}",
            {"line": line},
        )
    else:
        reason = Text("The desktop does not say which keys it has given. Press yours to find out.")
    return KeyResult(KeyStatus.UNVERIFIED, "", reason)

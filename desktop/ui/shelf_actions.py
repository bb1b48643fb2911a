"""What can be done with a model on the shelf, and what that is called. GUI thread."""

from enum import Enum, auto

from desktop.domain.shelf import Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.ui.icons import IconName
from desktop.ui.translation import say

__all__ = ["ShelfAction", "action_icon", "action_words", "actions_for", "can_shrink"]

_LARGE = frozenset({"F32", "F16", "BF16", "Q8_0"})
"""What a smaller quantisation can be made from without losing twice."""


class ShelfAction(Enum):
    """In the order in which they are shown."""

    USE = auto()
    SETTINGS = auto()
    VERIFY = auto()
    SHOW = auto()
    SHRINK = auto()
    DELETE = auto()


def actions_for(entry: ShelfEntry) -> tuple[ShelfAction, ...]:
    """Return what can be done with `entry`.

    Files of other programs are never deleted; one that was opened is only forgotten.
    """
    action = ShelfAction
    usable = entry.problem is None
    out = [action.USE, action.SETTINGS] if usable else []
    if entry.origin is not Origin.GUIDE:
        out += [action.VERIFY, action.SHOW]
        if usable and can_shrink(entry):
            out.append(action.SHRINK)
        if entry.origin in {Origin.LAPIS, Origin.OPENED}:
            out.append(action.DELETE)
    return tuple(out)


def can_shrink(entry: ShelfEntry) -> bool:
    """Return whether a smaller quantisation can be made of `entry`."""
    return entry.facts is not None and entry.facts.quantisation.upper() in _LARGE


def action_words(action: ShelfAction, entry: ShelfEntry) -> str:
    """Return what the button for `action` says."""
    match action:
        case ShelfAction.USE:
            return say(Text("Use"))
        case ShelfAction.SETTINGS:
            return say(Text("Settings"))
        case ShelfAction.VERIFY:
            return say(Text("Verify"))
        case ShelfAction.SHOW:
            return say(Text("Show in folder"))
        case ShelfAction.SHRINK:
            return say(Text("Make smaller…"))
        case ShelfAction.DELETE if entry.origin is Origin.OPENED:
            return say(Text("Remove from the list"))
        case ShelfAction.DELETE:
            return say(Text("Delete"))


def action_icon(action: ShelfAction) -> IconName:
    """Return the icon beside the words."""
    icons: dict[ShelfAction, IconName] = {
        ShelfAction.USE: "chat",
        ShelfAction.SETTINGS: "settings",
        ShelfAction.VERIFY: "shield",
        ShelfAction.SHOW: "folder",
        ShelfAction.SHRINK: "shrink",
        ShelfAction.DELETE: "trash",
    }
    return icons[action]

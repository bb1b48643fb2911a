"""What servers, their states and their models are called in the window. GUI thread."""

from typing import Literal, TypeAlias

from desktop.domain.connection import Connection, ServedModel, ServerKind
from desktop.domain.quantities import parameters, sized, tokens
from desktop.domain.text import Text, printable, shortened
from desktop.hub.network import shown_address
from desktop.services.server_names import leaves_to
from desktop.ui.chips import Chip
from desktop.ui.icons import IconName
from desktop.ui.server_presets import ServerPreset
from desktop.ui.server_view import ServerView
from desktop.ui.translation import say

__all__ = [
    "State",
    "address_words",
    "held_words",
    "kind_words",
    "model_count",
    "preset_title",
    "served_chips",
    "served_title",
    "server_state",
    "server_title",
]

State: TypeAlias = tuple[IconName, Literal["muted", "good", "bad"], str]
"""Icon, tone, words."""

_LONGEST = 100


def kind_words(kind: ServerKind) -> str:
    """Return what a protocol is called."""
    return "Ollama" if kind is ServerKind.OLLAMA else say(Text("OpenAI-compatible"))


def server_title(connection: Connection) -> str:
    """Return what a server is called."""
    if not connection.is_found:
        return connection.name
    # Found by its variable, it may be anywhere.
    is_here = not leaves_to(connection.address)
    return say(Text("Ollama on this computer")) if is_here else "Ollama"


def preset_title(preset: ServerPreset) -> str:
    """Return what a server that many have is called before it is entered."""
    if preset.kind is ServerKind.OLLAMA:
        return say(Text("Ollama on another computer"))
    return preset.title or say(Text("Another server"))


def address_words(connection: Connection) -> str:
    """Return the address of a server, as it can be shown."""
    return shown_address(connection.address)


def model_count(count: int) -> str:
    """Return how many models there are."""
    if count == 1:
        return say(Text("1 model"))
    return say(Text("{count} models", {"count": f"{count:,}"}))


def server_state(view: ServerView) -> State:
    """Return how a server is, in two words."""
    if view.is_held:
        return "info", "muted", say(Text("Offline"))
    if view.is_asking:
        return "info", "muted", say(Text("Asking…"))
    if view.problem is not None:
        return "warning", "bad", say(Text("Not working"))
    if view.answers is None:
        return "info", "muted", say(Text("Not asked yet"))
    if not view.answers:
        return "info", "muted", say(Text("Not running"))
    return "check-circle", "good", model_count(len(view.models))


def held_words() -> str:
    """Return why nobody asks a server while the offline switch is on."""
    return say(Text("“Stay offline” is on, so nothing is sent there."))


def served_title(model: ServedModel) -> str:
    """Return what the server calls a model, as it can be shown."""
    return shortened(printable(model.id), _LONGEST)


def served_chips(model: ServedModel) -> list[Chip]:
    """Return what the server tells of a model, as small facts."""
    chips = []
    if model.parameters > 0:
        chips.append(Chip(parameters(model.parameters), hint=say(Text("Parameters"))))
    if model.quantisation:
        words = shortened(printable(model.quantisation), 16)
        chips.append(Chip(words, hint=say(Text("How exactly the weights are kept"))))
    if model.size > 0 and not model.passes_to:
        chips.append(Chip(sized(model.size), "disk", say(Text("Size on the server's disk"))))
    if model.context > 0:
        words = say(Text("{count} tokens", {"count": tokens(model.context)}))
        chips.append(Chip(words, hint=say(Text("The longest it can keep in mind"))))
    if model.memory:
        words = say(Text("{size} in memory", {"size": sized(model.memory)}))
        chips.append(Chip(words, "memory", say(Text("Loaded there now"))))
    if model.sees:
        chips.append(Chip(say(Text("Sees")), "eye", say(Text("Takes pictures too"))))
    if model.thinks:
        chips.append(Chip(say(Text("Thinks")), "brain", say(Text("Thinks before it answers"))))
    if model.passes_to:
        host = shortened(printable(model.passes_to), _LONGEST)
        hint = say(Text("Answered by {host}: what you ask is read there", {"host": host}))
        chips.append(Chip(say(Text("Leaves this computer")), "leaves", hint))
    if model.embeds:
        hint = say(Text("Turns texts into numbers for searching; it does not chat"))
        chips.append(Chip(say(Text("For searching")), "search", hint))
    return chips

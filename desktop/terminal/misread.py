"""A command line that is not understood, in words that help. Main thread."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from desktop.domain.text import Text
from desktop.terminal.errors import UsageError

if TYPE_CHECKING:
    import typer

ASKING: Final = ("ask", "chat")
MODELS: Final = "models"
CONNECTIONS: Final = "connections"
ENGINE: Final = "engine"
SERVE: Final = "serve"
SIZING: Final = ("fit", "hardware", "recommend")
LONG_NAMES: Final[Mapping[str, str]] = MappingProxyType({"list": "ls"})
"""What people type for commands of commands, and what these are called."""

_LIKE_ENOUGH: Final = 0.7
_COMMANDS: Final = frozenset(
    {
        *ASKING,
        "bench",
        CONNECTIONS,
        "doctor",
        ENGINE,
        "help",
        MODELS,
        "network",
        SERVE,
        "updates",
        *SIZING,
    }
)


def is_command(word: str) -> bool:
    """Return whether `word` is a command of `lapis`."""
    return word in _COMMANDS


def unknown_command(word: str) -> UsageError:
    """Return that `word` is no command of `lapis`, and what may have been meant by it."""
    from desktop.terminal.models_commandline import NAMES as OF_MODELS

    title = Text("There is no command {name}", {"name": word})
    if (of_models := LONG_NAMES.get(word, word)) in OF_MODELS:
        meant = {"others": f"lapis models {of_models}"}
        return UsageError(title, Text("Did you mean {others}?", meant))
    if near := get_close_matches(word, sorted(_COMMANDS), 1, _LIKE_ENOUGH):
        return UsageError(title, Text("Did you mean {others}?", {"others": f"lapis {near[0]}"}))
    return UsageError(title, Text('To ask a question, type: lapis ask "{name} …"', {"name": word}))


def explained(error: "typer.TyperException", arguments: Sequence[str]) -> UsageError:
    """Return why `arguments` are not understood, and what helps."""
    command = _command_in(arguments)
    page = Text("{command} --help lists what can be given.", {"command": command})
    option = getattr(error, "option_name", "")
    if option == "--data-dir":
        return UsageError(Text("{option} needs a value", {"option": option}), page)
    if not option:
        # The one other thing that typer minds here: words that nothing takes.
        return UsageError(
            Text("There are too many words for {command}", {"command": command}), page
        )
    if not hasattr(error, "possibilities"):
        if any(word.startswith(f"{option}=") for word in arguments):
            return UsageError(Text("{option} takes no value", {"option": option}), page)
        return UsageError(Text("{option} needs a value", {"option": option}), page)
    near = getattr(error, "possibilities", None)
    if near:
        return UsageError(
            Text("There is no option {option}", {"option": option}),
            Text("Did you mean {others}?", {"others": tuple(_nearest(option, near))}),
        )
    return UsageError(Text("There is no option {option}", {"option": option}), page)


def _nearest(option: str, near: Sequence[str]) -> list[str]:
    """Return `near` without those that have little but the dashes in common with `option`."""
    names = {name.lstrip("-"): name for name in near}
    kept = get_close_matches(option.lstrip("-"), names)
    return sorted([names[name] for name in kept] or near)


def _command_in(arguments: Sequence[str]) -> str:
    """Return the command that was meant, as one would ask for its page."""
    word = next((word for word in arguments if word in _COMMANDS), "")
    inner = ""
    if word == MODELS:
        from desktop.terminal.models_commandline import NAMES as INNER

        inner = next((word for word in arguments if word in INNER), "")
    elif word == CONNECTIONS:
        from desktop.terminal.connections_commandline import NAMES as INNER

        inner = next((word for word in arguments if word in INNER), "")
    elif word == ENGINE:
        from desktop.terminal.engine_commandline import NAMES as INNER

        inner = next((word for word in arguments if word in INNER), "")
    return " ".join(filter(None, ("lapis", word, inner)))

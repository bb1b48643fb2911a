"""What a command line asks for, as values: parsed first, carried out afterwards."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from desktop.domain.chat import Adapter

if TYPE_CHECKING:
    from desktop.terminal.connections_orders import ConnectionOrder
    from desktop.terminal.engine_orders import EngineOrder
    from desktop.terminal.models_orders import ShelfOrder, SourcesOrder
    from desktop.terminal.serve_orders import ServeOrder
    from desktop.terminal.sizing_orders import SizingOrder


@dataclass(frozen=True, slots=True)
class Choices:
    """What `ask` and `chat` take over the settings; None and empty leave it to them.

    `template` as in `services.manner.template_for`, `adapters` as in `ChatRequest`. With `anyway` a
    model is loaded although it crashed here.
    """

    model: str = ""
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    context: int | None = None
    template: str | None = None
    adapters: tuple[Adapter, ...] = ()
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class AskOrder:
    """Answer one question, about `pictures` and `files` (paths) if there are any.

    An empty question is to be read from standard input.
    """

    question: str
    as_json: bool
    choices: Choices
    pictures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """Talk in the terminal."""

    choices: Choices


@dataclass(frozen=True, slots=True)
class DoctorOrder:
    """Examine Lapis and the computer."""

    as_json: bool


@dataclass(frozen=True, slots=True)
class BenchOrder:
    """Measure a model; an empty name is the chosen one."""

    model: str
    as_json: bool
    quick: bool


@dataclass(frozen=True, slots=True)
class NetworkOrder:
    """List the connections that were made."""

    as_json: bool


@dataclass(frozen=True, slots=True)
class UpdatesOrder:
    """Ask whether there is a newer version."""

    as_json: bool


@dataclass(frozen=True, slots=True)
class HelpOrder:
    """Show the page of a topic, or tell where the words are; empty: list the topics."""

    topic: str


class WindowAction(StrEnum):
    """What the window is to do; all but the first are words of the command line."""

    START = "start"
    BACKGROUND = "background"
    SHOW = "show"
    NEW_CHAT = "new-chat"
    TOGGLE_POPUP = "toggle-popup"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class WindowOrder:
    """Start the program with the window, or speak to the one that runs."""

    action: WindowAction = WindowAction.START


# A word at run time: the orders of other modules cost help and hotkeys nothing.
Order: TypeAlias = (
    "AskOrder | ChatOrder | DoctorOrder | BenchOrder | HelpOrder | NetworkOrder | UpdatesOrder"
    " | WindowOrder"
    " | ConnectionOrder | EngineOrder | ServeOrder | SourcesOrder | ShelfOrder | SizingOrder"
)

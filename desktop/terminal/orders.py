"""What a command line asks for, as values: parsed first, carried out afterwards."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from desktop.domain.repository import SourceKind


@dataclass(frozen=True, slots=True)
class Choices:
    """What `ask` and `chat` take over the settings; None and empty leave it to them.

    `template` as in `services.manner.template_for`. With `anyway` a model is loaded although it
    crashed here.
    """

    model: str = ""
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    context: int | None = None
    template: str | None = None
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class AskOrder:
    """Answer one question; an empty one is to be read from standard input."""

    question: str
    as_json: bool
    choices: Choices


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
class SearchOrder:
    """Look for models by words."""

    words: str
    source: SourceKind | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class FilesOrder:
    """List what a repository offers."""

    reference: str
    source: SourceKind | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class PullOrder:
    """Download a model; `reference` names a repository, or a model of the catalogue."""

    reference: str
    source: SourceKind | None


@dataclass(frozen=True, slots=True)
class ListOrder:
    """List the models on this computer."""

    as_json: bool


@dataclass(frozen=True, slots=True)
class ShowOrder:
    """Tell everything about one model."""

    name: str
    as_json: bool


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Take model files into the library: one for each word, or one whose path has spaces."""

    words: tuple[str, ...]
    copies: bool
    in_place: bool


@dataclass(frozen=True, slots=True)
class RemoveOrder:
    """Move a model to the trash; an empty name: remove for good what was deleted before."""

    name: str


@dataclass(frozen=True, slots=True)
class VerifyOrder:
    """Check a model's bytes."""

    name: str


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """Look for models that other programs keep."""

    as_json: bool


# What needs a source, and what needs this computer alone.
SourcesOrder: TypeAlias = SearchOrder | FilesOrder | PullOrder
ShelfOrder: TypeAlias = ListOrder | ShowOrder | ImportOrder | RemoveOrder | VerifyOrder | ScanOrder


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


Order: TypeAlias = (
    AskOrder | ChatOrder | DoctorOrder | BenchOrder | SourcesOrder | ShelfOrder | WindowOrder
)

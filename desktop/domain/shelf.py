"""The models on this computer as values: what is known of each, and what a person set for it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from desktop.domain.chat import Sampling
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text, verbatim


class Origin(StrEnum):
    """Who put a model file where it is. Only `LAPIS` files are ours to move or delete."""

    GUIDE = "guide"
    LAPIS = "lapis"
    OPENED = "opened"
    LM_STUDIO = "lm_studio"
    OLLAMA = "ollama"
    JAN = "jan"
    GPT4ALL = "gpt4all"
    HUGGING_FACE_CACHE = "hugging_face_cache"
    LLAMA_CPP = "llama_cpp"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was: `size` in bytes, `changed` in ns since 1970."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header of a model file says, as far as a list shows it.

    `family` in words for people ("Gemma 2"); `context_length` in tokens; `parameters` as a count; 0
    and empty where the file does not tell. `can_chat` is False for embedding models.
    """

    architecture: str = ""
    family: str = ""
    quantisation: str = ""
    context_length: int = 0
    parameters: int = 0
    has_template: bool = False
    can_chat: bool = True


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What Lapis remembers of a model file beyond the file itself.

    `sha256` is the expected one, from its source, empty where none is known; `verified_at` and
    `used_at` in seconds since 1970, 0 for never; `measured_memory` what its process took when it
    was last loaded, in bytes, with `measured_context` tokens.
    """

    source: str = ""
    repository: str = ""
    commit: str = ""
    sha256: str = ""
    verified_at: float = 0.0
    used_at: float = 0.0
    measured_memory: int = 0
    measured_context: int = 0


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """One model in the list: the file, and everything that is known about it.

    `files` are all its files (parts of a split model, sidecars excluded), `projector` the file that
    lets it see pictures. `facts` is None while the header was not read yet, or cannot be: then
    `problem` says why. `twin` names another entry with the same content. With `needs_probe` it is
    to be tried before it is offered: another program may have written it in a dialect of its own.
    """

    model: InstalledModel
    origin: Origin
    files: tuple[Path, ...]
    facts: HeaderFacts | None = None
    problem: Text | None = None
    record: ModelRecord = field(default_factory=ModelRecord)
    projector: Path | None = None
    twin: str = ""
    needs_probe: bool = False


@dataclass(frozen=True, slots=True)
class ModelDefaults:
    """What a person set for one model; None and empty leave the general setting in force.

    `n_ctx` in tokens; `n_gpu_layers` as in `LoadPlan`; `template` as in
    `services.manner.template_for`: "own", "auto" or the name of a built-in chat template.
    """

    system_prompt: str | None = None
    sampling: Sampling | None = None
    n_ctx: int | None = None
    n_gpu_layers: int | None = None
    template: str = ""


def origin_name(origin: Origin) -> Text:
    """Return the name of the program that brought a file; a few words where it was Lapis."""
    match origin:
        case Origin.GUIDE:
            return Text("Comes with Lapis")
        case Origin.LAPIS:
            return Text("In the models folder")
        case Origin.OPENED:
            return Text("Used where it is")
        case Origin.LM_STUDIO:
            return verbatim("LM Studio")
        case Origin.OLLAMA:
            return verbatim("Ollama")
        case Origin.JAN:
            return verbatim("Jan")
        case Origin.GPT4ALL:
            return verbatim("GPT4All")
        case Origin.HUGGING_FACE_CACHE:
            return Text("Hugging Face cache")
        case Origin.LLAMA_CPP:
            return Text("llama.cpp cache")
        case Origin.FOLDER:
            return Text("Another folder")

"""What one chat does differently, and personas and prompts that people keep for it."""

from dataclasses import dataclass, field
from enum import StrEnum

from desktop.domain.chat import Sampling


class Overflow(StrEnum):
    """What is done when a conversation no longer fits into the context window."""

    ASK = "ask"
    DROP = "drop"
    SUMMARISE = "summarise"


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What one chat sets for itself; None leaves what is in force for its model.

    `model` is a name or a path, as in `Settings.model`; `n_ctx` in tokens; `thinking` says whether
    the model thinks first; `persona` is the id of the one the chat was begun with.
    """

    model: str | None = None
    system_prompt: str | None = None
    sampling: Sampling | None = None
    n_ctx: int | None = None
    thinking: bool | None = None
    overflow: Overflow = Overflow.ASK
    persona: str = ""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody to talk to: a name, an icon, and settings that a new chat begins with.

    `id` is a slug; `icon` the name of one of Lapis's icons or a single emoji. Built-in ones come in
    the language of the surface and cannot be changed, only copied or hidden.
    """

    id: str
    name: str
    icon: str = ""
    about: str = ""
    settings: ChatSettings = field(default_factory=ChatSettings)
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class SavedPrompt:
    """A prompt called with "/" and its `command`; `text` may hold variables as `{{clipboard}}`.

    `icon` is as in `Persona`; `also` are other words it is found by, those of other languages too.
    """

    id: str
    command: str
    name: str
    text: str
    built_in: bool = False
    icon: str = ""
    also: tuple[str, ...] = ()

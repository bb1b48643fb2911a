"""A conversation as values: what is asked, how to sample, and the events of an answer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from desktop.domain.errors import LapisError
from desktop.domain.text import Text


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: plain text or Markdown."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    `temperature` 0 is greedy; `top_k` 0 and `top_p` 1 switch those filters off; `seed` None is
    random; `max_tokens` None means until the context window is full; `stop` ends the answer before
    any of its strings.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A conversation that ends with the question to answer."""

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)


class StopReason(StrEnum):
    """Why an answer ended: by itself, at a limit, or because a person stopped it."""

    STOP = "stop"
    LENGTH = "length"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits for a slot; `place` 1 is next."""

    place: int


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """The model is reading: `done` of `total` prompt tokens are decoded."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of the model's thinking, which is not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was changed on the person's behalf; one line that says what."""

    text: Text


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts in tokens, times in milliseconds, speeds in tokens per second.

    `cached_tokens` of the prompt were reused from an earlier request and not decoded again.
    `ttft_ms` is the time from the request's arrival to its first generated token.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    ttft_ms: float
    prefill_tps: float
    decode_tps: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete as far as it will go. Always the last event of a request."""

    reason: StopReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class Failed:
    """No more will come; what came before stays. Always the last event of a request."""

    error: LapisError


Event: TypeAlias = Queued | PromptProgress | TextDelta | ReasoningDelta | Notice | Finished | Failed

"""A conversation as values: what is asked, how to sample, and the events of an answer."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from desktop.domain.errors import LapisError
from desktop.domain.text import Text


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that a model made; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as its file: `media_type` is image/png, image/jpeg, image/webp or image/gif."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: plain text or Markdown.

    `reasoning` is what the model thought before it spoke. An assistant's turn may hold
    `tool_calls`; a tool's turn names the call it answers (`tool_call_id`) and the tool (`name`).
    `pictures` go with a question, to models that see.
    """

    role: Role
    content: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    pictures: tuple[Picture, ...] = ()


class GrammarKind(StrEnum):
    """In which language the shape of an answer is written."""

    GBNF = "gbnf"
    JSON_SCHEMA = "json_schema"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The shape that an answer must have."""

    kind: GrammarKind
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    `temperature` 0 is greedy; `top_k` 0 and `top_p` 1 switch those filters off; `seed` None is
    random, and with one the answer is the same another time, even where that costs speed, unless
    others are written beside it;
    `max_tokens` None means until the context window is full; `stop` ends the answer before any of
    its strings. `mirostat` 0 (off), 1 or 2 replaces the filters; DRY and XTC are off at multiplier
    and probability 0; `logit_bias` adds to the scores of tokens by their number.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    logit_bias: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA file and how strongly it acts; scale 1 is as it was trained."""

    path: Path
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A conversation that ends with the question to answer, or a text to continue.

    With `prompt`, `messages` is empty and the text is continued as it stands; `prompt_special`
    lets control tokens be recognised in it; with `suffix` as well, what lies between the two is
    written (code infill). `tools` holds OpenAI function tools as JSON texts. `thinking` None leaves
    it to the model. `logprobs` asks for that many alternatives of each token, None for none.
    `builtin_template` names a template of Lapis to be used instead of the file's own. What was
    computed is kept on the disk for later only with `keep_state`; `speculate` allows guessing
    ahead, which changes the speed, and the answer only where two words are as good as equal. With
    `continue_answer` the last message is an assistant's, and the model goes on writing it: inside
    its thinking where there is no content yet, else after it; the events bring only what is new.
    One that is `patient` lets all others go first.
    """

    messages: tuple[Message, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    prompt: str | None = None
    suffix: str | None = None
    prompt_special: bool = False
    builtin_template: str = ""
    tools: tuple[str, ...] = ()
    thinking: bool | None = None
    grammar: Grammar | None = None
    logprobs: int | None = None
    adapters: tuple[Adapter, ...] = ()
    keep_state: bool = True
    speculate: bool = True
    continue_answer: bool = False
    patient: bool = False


def alternatives(request: ChatRequest, n: int) -> tuple[ChatRequest, ...]:
    """Return `n` requests for as many answers to one question, each with a seed of its own.

    The same `request.sampling.seed` gives the same answers in the same order. Asked side by side
    they share the prompt, which is decoded once.
    """
    seed = request.sampling.seed
    return tuple(
        replace(
            request, sampling=replace(request.sampling, seed=None if seed is None else seed + i)
        )
        for i in range(n)
    )


class StopReason(StrEnum):
    """Why an answer ended: by itself, to call tools, at a limit, or because a person stopped it."""

    STOP = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits for a slot; `place` 1 is next, 0 that answers by another model come first."""

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
class ToolCalled:
    """The model calls a tool."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class TokenChance:
    """A token that could have come: its text and the natural logarithm of its probability."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenChosen:
    """The token just chosen, and the likeliest ones in its place."""

    chosen: TokenChance
    top: tuple[TokenChance, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was changed on the person's behalf; one line that says what.

    One that `passes` is true until the answer begins or ends, and of no interest after that.
    """

    text: Text
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts in tokens, times in milliseconds, speeds in tokens per second.

    `cached_tokens` of the prompt were reused from an earlier request and not decoded again.
    `ttft_ms` is the time from the request's arrival to its first generated token. Of the
    `drafted_tokens` guessed ahead, `accepted_tokens` were what the model itself chose.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    ttft_ms: float
    prefill_tps: float
    decode_tps: float
    drafted_tokens: int = 0
    accepted_tokens: int = 0


NOTHING_USED: Final = Usage(0, 0, 0, 0.0, 0.0, 0.0)
"""The account of a request for which nothing was computed, or nobody tells what was."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete as far as it will go. Always the last event of a request."""

    reason: StopReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class Failed:
    """No more will come; what came before stays. Always the last event of a request."""

    error: LapisError


Event: TypeAlias = (
    Queued
    | PromptProgress
    | TextDelta
    | ReasoningDelta
    | ToolCalled
    | TokenChosen
    | Notice
    | Finished
    | Failed
)

SPOKEN: Final = TextDelta | ReasoningDelta | ToolCalled | TokenChosen
"""Events that are part of an answer: after one of them it cannot be asked for once more."""

"""What crosses between Lapis and its engine process: typed, bounded, never pickle.

The engine process parses hostile files in native code and must be assumed hijacked. So each frame
is four bytes of length (big endian) and a MessagePack body, at most `MAX_FRAME` bytes, decoded
into the structs below with every type checked; anything else ends the connection. Both sides of
the pipe import this module and `side_messages` (jobs in a process of their own), nothing else is
shared.
"""

import struct
from typing import BinaryIO, TypeAlias

import msgspec

from desktop.inference.load_order import Load
from desktop.inference.side_messages import SideOrder, SideReport

MAX_FRAME = 16 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class _Wire(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: immutable, tagged with the class name."""


class ToolCall(_Wire, frozen=True):
    """A call that the model made; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


class Turn(_Wire, frozen=True):
    """One message of a conversation; fields as in `domain.chat.Message`."""

    role: str
    content: str
    reasoning: str = ""
    tool_calls: list[ToolCall] = []
    tool_call_id: str = ""
    name: str = ""


class Adapter(_Wire, frozen=True):
    """A LoRA file and how strongly it acts."""

    path: bytes
    scale: float


class Sampling(_Wire, frozen=True):
    """How tokens are chosen; fields as in `domain.chat.Sampling`, 0 for "no limit"."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    seed: int
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
    logit_bias: list[tuple[int, float]] = []
    grammar_kind: str = ""
    grammar: str = ""


class Generate(_Wire, frozen=True):
    """Answer a conversation, or continue `prompt`; fields as in `domain.chat.ChatRequest`.

    `id` names the request. `grammar_kind` is empty, "gbnf" or "json_schema"; `max_tokens` 0 means
    until the context is full; `logprobs` asks for that many alternatives a token, -1 for none.
    `repeatable`: the answer must come out the same again, so nothing may follow the clock.
    `patient`: all others go first, and the last free slot is theirs.
    """

    id: int
    turns: list[Turn]
    sampling: Sampling
    max_tokens: int
    stop: list[str]
    prompt: str | None = None
    suffix: str | None = None
    prompt_special: bool = False
    builtin_template: str = ""
    tools: list[str] = []
    thinking: bool | None = None
    logprobs: int = -1
    adapters: list[Adapter] = []
    keep_state: bool = True
    speculate: bool = True
    repeatable: bool = False
    continue_answer: bool = False
    patient: bool = False


class Count(_Wire, frozen=True):
    """Say how many tokens the prompts of these requests have; answered by Counted or Refused.

    One that waits is dropped without a word when another comes for the same `purpose`.
    """

    id: int
    purpose: int
    orders: list[Generate]


class Embed(_Wire, frozen=True):
    """Turn texts into vectors, with the pooling that the model file asks for."""

    id: int
    texts: list[str]


class RawLoop(_Wire, frozen=True):
    """Time llama.cpp's bare C loop on the loaded model: what Lapis is measured against.

    `keeps`: the prompt stays read, for the next order of the same size.
    """

    id: int
    prompt_tokens: int
    answer_tokens: int
    keeps: bool = False


class Forget(_Wire, frozen=True):
    """Drop every kept KV state, in memory and on the disk."""


class Retire(_Wire, frozen=True):
    """Write the KV states worth keeping and end."""


class Cancel(_Wire, frozen=True):
    """Stop a request, wherever it is."""

    id: int


class Ping(_Wire, frozen=True):
    """Ask for a sign of life."""

    id: int


Command: TypeAlias = (
    Load | Generate | Count | Embed | RawLoop | Cancel | Forget | Retire | Ping | SideOrder
)


class Device(_Wire, frozen=True):
    """Something that computes; fields as in `domain.model.Device`."""

    name: str
    description: str
    backend: str
    kind: str
    free: int
    total: int
    library: str = ""
    card: str = ""


class Ready(_Wire, frozen=True):
    """The process is up and has found these devices."""

    devices: list[Device]


class Pong(_Wire, frozen=True):
    """The sign of life."""

    id: int


class Step(_Wire, frozen=True):
    """What the process is about to do, for which request (0: none).

    The last one before a death explains it.
    """

    name: str
    request: int = 0


class LoadProgress(_Wire, frozen=True):
    """Share of the weights read, 0 to 1."""

    fraction: float


class Loaded(_Wire, frozen=True):
    """The model is ready; fields as in `domain.model.LoadedModel`."""

    description: str
    architecture: str
    parameters: int
    weights: int
    n_ctx: int
    n_ctx_train: int
    devices: list[str]
    has_template: bool
    load_ms: float
    embeds: bool = False
    offloaded_layers: int = 0
    gpu_memory: int = 0


class LoadFailed(_Wire, frozen=True):
    """llama.cpp refused.

    `kind`: memory, context (no memory for that), architecture, damaged, not_chat, draft, device,
    backends or other.
    """

    kind: str
    detail: str


class Waiting(_Wire, frozen=True):
    """The request is queued at `place` (1 is next)."""

    id: int
    place: int


class Reading(_Wire, frozen=True):
    """Prompt tokens decoded so far."""

    id: int
    done: int
    total: int


class Delta(_Wire, frozen=True):
    """The next piece of an answer, or of the thinking before it."""

    id: int
    text: str
    thinking: bool


class Called(_Wire, frozen=True):
    """The model calls a tool; `arguments` is valid JSON text."""

    id: int
    call: ToolCall


class TokenChance(_Wire, frozen=True):
    """A token that could have come: its text and the natural logarithm of its probability."""

    text: str
    logprob: float


class Logprobs(_Wire, frozen=True):
    """The token just chosen, and the likeliest ones in its place."""

    id: int
    chosen: TokenChance
    top: list[TokenChance]


class Embedded(_Wire, frozen=True):
    """One vector a text: 32-bit floats, little endian, of unit length where they are pooled."""

    id: int
    vectors: list[bytes]
    prompt_tokens: int


class Counted(_Wire, frozen=True):
    """Tokens of each prompt of a Count, in its order."""

    id: int
    tokens: list[int]


class RawLooped(_Wire, frozen=True):
    """Seconds for the prompt and for each token of the answers, one after the other."""

    id: int
    prompt_seconds: float
    token_seconds: list[float]


class Done(_Wire, frozen=True):
    """An answer ended: `reason` as in `domain.chat.StopReason`, counts as in `Usage`."""

    id: int
    reason: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    ttft_ms: float
    prefill_tps: float
    decode_tps: float
    drafted_tokens: int = 0
    accepted_tokens: int = 0


class Refused(_Wire, frozen=True):
    """A request failed; counts in tokens.

    `kind`: overflow, template, grammar, adapter, no_infill, not_chat, not_embedding, no_model,
    memory or decode.
    """

    id: int
    kind: str
    detail: str
    needed: int = 0
    available: int = 0


Report: TypeAlias = (
    Ready
    | Pong
    | Step
    | LoadProgress
    | Loaded
    | LoadFailed
    | Waiting
    | Reading
    | Delta
    | Called
    | Logprobs
    | Embedded
    | Counted
    | RawLooped
    | Done
    | Refused
    | SideReport
)

_encoder = msgspec.msgpack.Encoder()
_command_decoder = msgspec.msgpack.Decoder(Command)
_report_decoder = msgspec.msgpack.Decoder(Report)


class ProtocolError(Exception):
    """The other side sent something that is no message."""


def frame(message: Command | Report) -> bytes:
    """Return one message as it goes over the pipe; raises ProtocolError if it cannot go."""
    try:
        body = _encoder.encode(message)
    except (UnicodeEncodeError, OverflowError) as error:
        raise ProtocolError(type(error).__name__) from error
    if len(body) > MAX_FRAME:
        msg = f"message of {len(body)} bytes"
        raise ProtocolError(msg)
    return _LENGTH.pack(len(body)) + body


def read_command(stream: BinaryIO) -> Command | None:
    """Return the next command; None at the end of the stream; raises ProtocolError."""
    body = _read_body(stream)
    if body is None:
        return None
    try:
        command: Command = _command_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(type(error).__name__) from error
    return command


def read_report(stream: BinaryIO) -> Report | None:
    """Return the next report; None at the end of the stream; raises ProtocolError."""
    body = _read_body(stream)
    if body is None:
        return None
    try:
        report: Report = _report_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(type(error).__name__) from error
    return report


def _read_body(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        msg = f"frame of {length} bytes"
        raise ProtocolError(msg)
    body = stream.read(length)
    return body if len(body) == length else None

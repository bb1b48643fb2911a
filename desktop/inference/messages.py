"""What crosses between Lapis and its engine process: typed, bounded, never pickle.

The engine process parses hostile files in native code and must be assumed hijacked. So each frame
is four bytes of length (big endian) and a MessagePack body, at most `MAX_FRAME` bytes, decoded
into the structs below with every type checked; anything else ends the connection. Both sides of
the pipe import this module, nothing else is shared.
"""

import struct
from typing import BinaryIO, TypeAlias

import msgspec

MAX_FRAME = 16 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class _Wire(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: immutable, tagged with the class name."""


class Load(_Wire, frozen=True):
    """Load a model; `path` as the file system has it, the rest as in `domain.model.LoadPlan`."""

    path: bytes
    n_ctx: int
    n_gpu_layers: int
    threads: int
    n_batch: int
    n_ubatch: int
    kv_type: str
    extra_buffers: bool
    slots: int


class Turn(_Wire, frozen=True):
    """One message of a conversation."""

    role: str
    content: str


class Generate(_Wire, frozen=True):
    """Answer a conversation; fields as in `domain.chat.Sampling`. `id` names the request."""

    id: int
    turns: list[Turn]
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    seed: int
    max_tokens: int
    stop: list[str]


class Cancel(_Wire, frozen=True):
    """Stop a request, wherever it is."""

    id: int


class Ping(_Wire, frozen=True):
    """Ask for a sign of life."""

    id: int


Command: TypeAlias = Load | Generate | Cancel | Ping


class Ready(_Wire, frozen=True):
    """The process is up and has found its backends. `gpus`: how many can be offloaded to."""

    gpus: int


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


class LoadFailed(_Wire, frozen=True):
    """llama.cpp refused. `kind`: memory, architecture, damaged, context, backends or other."""

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


class Refused(_Wire, frozen=True):
    """A request failed. `kind`: overflow, template, busy, no_model or decode; counts in tokens."""

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
    | Done
    | Refused
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

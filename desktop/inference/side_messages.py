"""What crosses between Lapis and a process for one job: orders, and what they come to.

The same frames and the same distrust as in `messages`, which joins these to its own. Both sides of
the pipe import this module.
"""

from typing import TypeAlias

import msgspec

from desktop.inference.load_order import Load


class _Wire(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: immutable, tagged with the class name."""


class Predict(_Wire, frozen=True):
    """Say which types the weights of the model file `path` would get in each of `mixes`.

    A mix is a `llama_ftype`; nothing is written.
    """

    path: bytes
    mixes: list[int]


class Quantise(_Wire, frozen=True):
    """Write the model file `path` anew in another mix, as the file `name` in `folder`.

    `name` is ASCII: on Windows llama.cpp can write no other. `again`: some of the weights are
    quantised already.
    """

    path: bytes
    folder: bytes
    name: str
    mix: int
    threads: int
    again: bool


class Preview(_Wire, frozen=True):
    """Render the chat template `source` for `turns`, pairs of role and text.

    `special` are names and texts of the vocabulary's own tokens.
    """

    source: str
    turns: list[tuple[str, str]]
    special: dict[str, str]


class Measure(_Wire, frozen=True):
    """Say what the model of `load` takes at each of `points`, without reading its weights.

    A point is a context in tokens and a type of the cache, in the place of those of `load`.
    """

    load: Load
    points: list[tuple[int, str]]


class ReadDocument(_Wire, frozen=True):
    """Say what the document `path` holds as text, `most` bytes of UTF-8 at most."""

    path: bytes
    most: int


SideOrder: TypeAlias = Predict | Quantise | Preview | Measure | ReadDocument


class Share(_Wire, frozen=True):
    """`count` tensors of `elements` numbers each, in ggml's type `kind`, as ggml spells it."""

    kind: str
    elements: int
    count: int


class Predicted(_Wire, frozen=True):
    """The tensors of each mix, in the order that was asked for."""

    mixes: list[list[Share]]


class Advanced(_Wire, frozen=True):
    """So many numbers of the model have been written, points measured, or hundredths read."""

    elements: int


class Quantised(_Wire, frozen=True):
    """The file is written."""


class Previewed(_Wire, frozen=True):
    """The prompt as text."""

    text: str


class Room(_Wire, frozen=True):
    """Bytes on one device; fields as in `domain.footprint.DeviceBytes`."""

    device: str
    weights: int
    kv: int
    compute: int
    output: int


class Measured(_Wire, frozen=True):
    """The file can be loaded, and takes `rooms` at each point, in the order that was asked for.

    `trained` is the context it was trained for, in tokens; `layers` names the device of each layer,
    the output last; `embeds` as in `domain.model.LoadedModel`. `process` bytes are what a process
    with the model and a context takes beside all that.
    """

    architecture: str
    parameters: int
    trained: int
    embeds: bool
    layers: list[str]
    process: int
    rooms: list[list[Room]]


class DocumentRead(_Wire, frozen=True):
    """The text of a document, and its pages; 0 where the file does not know them."""

    text: str
    pages: int


class JobFailed(_Wire, frozen=True):
    """The job came to nothing.

    `kind`: template, backends, memory, written (the file could not be written), disk (it could not
    be read), a `documents.bounds.Fault`, or one of `messages.LoadFailed`; `detail` is what was said, maybe with names of files.
    """

    kind: str
    detail: str


SideReport: TypeAlias = (
    Predicted | Advanced | Quantised | Previewed | Measured | DocumentRead | JobFailed
)

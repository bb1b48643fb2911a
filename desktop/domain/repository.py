"""Model files that are elsewhere: where they are listed, and which of them belong together."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.errors import LapisError


class SourceKind(StrEnum):
    """Which protocol a source speaks, and what people call it on the command line."""

    HUGGING_FACE = "hf"
    MIRROR = "mirror"
    MODELSCOPE = "modelscope"


@dataclass(frozen=True, slots=True)
class Source:
    """A place that lists and hands out model files.

    `base` is its address without a slash at the end. A mirror speaks as Hugging Face does, and
    never gets its token.
    """

    kind: SourceKind
    base: str


class Gate(StrEnum):
    """Whether terms must be accepted, and an account shown, before files are handed out."""

    OPEN = "open"
    AUTOMATIC = "automatic"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository, at one commit.

    `path` is its name there, with `/` between folders, and never a path here; `size` in bytes;
    `sha256` in 64 lower-case hex digits, empty where the source does not tell; `url` hands out the
    bytes, after redirects.
    """

    path: str
    size: int
    sha256: str
    url: str


@dataclass(frozen=True, slots=True)
class QuantisedModel:
    """One model to be chosen in a repository: a file, or all parts of a split one, in order.

    `quantisation` is the label in the file's name as publishers write it ("Q4_K_M",
    "UD-Q4_K_XL"), empty where the name has none; `name` what the model is called once it is here.
    """

    name: str
    quantisation: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """All its bytes."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Repository:
    """What a source lists under one name, at one commit.

    `models` smallest first; `projectors` (what lets a model see pictures) best first; `licence` is
    the short id that the source gives, empty for unknown; `page` a web page for people. `refused`
    says why the files would not be handed out to us (terms not accepted), None if they would.
    `remembered` is the time (ISO) of an older answer that stands in for a source that cannot be
    reached, empty for a fresh one.
    """

    source: Source
    name: str
    commit: str
    gate: Gate
    licence: str
    page: str
    models: tuple[QuantisedModel, ...]
    projectors: tuple[RemoteFile, ...] = ()
    refused: LapisError | None = None
    remembered: str = ""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A repository that was found by words.

    `parameters` and `context_length` (tokens) are 0, `architecture` and `updated` (ISO date) empty
    where the source does not tell.
    """

    source: Source
    name: str
    downloads: int = 0
    likes: int = 0
    gate: Gate = Gate.OPEN
    parameters: int = 0
    architecture: str = ""
    context_length: int = 0
    updated: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a person typed or pasted to name a repository or something in it.

    `kind` is None where the words do not tell the source. `quantisation` and `file` narrow the
    choice, `revision` is a branch or commit; all three may be empty.
    """

    repository: str
    kind: SourceKind | None = None
    quantisation: str = ""
    file: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits in the order of the source, and whether there are more.

    `cursor` goes into the search for more; `remembered` as in `Repository`.
    """

    hits: tuple[SearchHit, ...] = ()
    has_more: bool = False
    cursor: str = ""
    remembered: str = ""

"""What `lapis models …` asks for, as values."""

from dataclasses import dataclass
from typing import TypeAlias

from desktop.domain.repository import SourceKind


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

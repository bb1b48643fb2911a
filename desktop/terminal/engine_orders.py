"""What `lapis engine …` asks for, as values."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ListPacks:
    """List the packs for this computer, and how they stand."""

    as_json: bool


@dataclass(frozen=True, slots=True)
class GetPack:
    """Fetch the pack of that id, or use it again; an empty one means that which fits."""

    name: str


@dataclass(frozen=True, slots=True)
class ImportPack:
    """Take a pack from a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class RemovePack:
    """Delete the pack of that id; an empty one means that which is here."""

    name: str


EngineOrder: TypeAlias = ListPacks | GetPack | ImportPack | RemovePack

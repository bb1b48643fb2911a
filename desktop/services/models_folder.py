"""Where model files are kept: one answer for everybody, also while they are being moved.

A move leaves a note until it is finished. Until then models are found in both folders, whatever
became of the process that moved them. Any thread.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from desktop.base.files import write_atomically
from desktop.base.path_text import path_of, text_of
from desktop.base.paths import Paths
from desktop.domain.errors import StorageError
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.models.library import Library

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnfinishedMove:
    """Models on their way from `source` to `target`; `owner` marks the process that moves them."""

    source: Path
    target: Path
    owner: str = ""


@dataclass(frozen=True, slots=True)
class _Note:
    source: str
    target: str
    owner: str


def models_folder(settings: Settings, paths: Paths) -> Path:
    """Return the folder that model files are kept in, which need not exist."""
    return Path(settings.library.folder) if settings.library.folder else paths.models


def check_models_folder(settings: Settings, paths: Paths) -> None:
    """Raise StorageError if the folder that a person chose is not there.

    Made anew it would be on another disk, and hide what comes back with the right one.
    """
    folder = models_folder(settings, paths)
    if settings.library.folder and not folder.is_dir():
        raise StorageError(
            Text("The models folder {folder} is not there", {"folder": str(folder)}),
            Text("Connect the disk that holds it, or choose another folder for models."),
        )


def open_library(settings: Settings, paths: Paths, guide: Path) -> Library:
    """Return the library of these settings; nothing of it is read yet."""
    folder = models_folder(settings, paths)
    move = unfinished_move(paths)
    other = None
    if move is not None:
        other = move.target if folder == move.source else move.source
    return Library(folder, guide, settings.opened_models, other_half=other)


def unfinished_move(paths: Paths) -> UnfinishedMove | None:
    """Return the move that was begun and not finished, if there is one."""
    try:
        note = msgspec.json.decode(paths.moving.read_bytes(), type=_Note)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("the note of a move is unreadable: %s", type(error).__name__)
        return None
    return UnfinishedMove(path_of(note.source), path_of(note.target), note.owner)


def note_move(paths: Paths, move: UnfinishedMove) -> None:
    """Leave the note of a move; raises OSError."""
    note = _Note(text_of(move.source), text_of(move.target), move.owner)
    write_atomically(paths.moving, msgspec.json.encode(note))


def moved_settings(settings: Settings, source: Path, target: Path, default: Path) -> Settings:
    """Return the settings for models that were moved from `source` to `target`.

    Paths into the old folder lead into the new one; the folder `default` needs no setting.
    """

    def moved(text: str) -> str:
        path = Path(text)
        if text and path.is_absolute() and path.is_relative_to(source):
            return str(target / path.relative_to(source))
        return text

    return replace(
        settings,
        model=moved(settings.model),
        opened_models=tuple(map(moved, settings.opened_models)),
        engine=replace(settings.engine, draft_model=moved(settings.engine.draft_model)),
        library=replace(settings.library, folder="" if target == default else str(target)),
    )

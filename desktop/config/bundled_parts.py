"""What came along inside of this Lapis, and on what terms: a list and texts among the resources.

The installers write both (`installers/dev/notices.py`). A checkout has none: there every package
brings its own terms. Any thread.
"""

import json
import logging
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, Final

from desktop.base.paths import resources
from desktop.domain.bundled_part import BundledPart

FOLDER: Final = "licences"
INDEX: Final = "licences.json"
OWN_TEXT: Final = "lapis.txt"
_LONGEST: Final = 1 << 20

_log = logging.getLogger(__name__)


def read_parts(folder: Path | None = None) -> tuple[BundledPart, ...]:
    """Return what came along, in the order of the list; nothing where there is no list."""
    place = folder or resources() / FOLDER
    try:
        listed = json.loads(_words(place / INDEX))
        return tuple(_part(entry) for entry in listed)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        _log.warning("the list of licences cannot be read")
        return ()


def read_terms(part: BundledPart, folder: Path | None = None) -> str:
    """Return the texts of a part, one after the other; raises OSError."""
    place = folder or resources() / FOLDER
    # A name that leads out of the folder is none of ours.
    names = [PurePosixPath(name).name for name in part.files]
    return "\n\n".join(_words(place / name).strip("\n") for name in names)


def read_own_terms(folder: Path | None = None) -> str:
    """Return the licence of Lapis itself; raises OSError where it did not come along."""
    place = (folder or resources() / FOLDER) / OWN_TEXT
    if place.is_file():
        return _words(place)
    try:
        text = metadata.distribution("lapis-assistant").read_text("licenses/LICENSE")
    except metadata.PackageNotFoundError:
        text = None
    if text is None:
        raise FileNotFoundError(place)
    return text


def _part(entry: Mapping[str, Any]) -> BundledPart:
    return BundledPart(
        name=str(entry["name"]),
        version=str(entry["version"]),
        licence=str(entry["licence"]),
        homepage=str(entry["homepage"]),
        files=tuple(str(name) for name in entry["files"]),
    )


def _words(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as stream:
        return stream.read(_LONGEST)

"""What a fetch says when it fails or begins anew. Pure."""

from pathlib import Path
from typing import Final

from desktop.domain.errors import (
    DamagedDownload,
    DownloadError,
    NoRoom,
    Unreachable,
)
from desktop.domain.quantities import sized
from desktop.domain.text import Text

CHANGED: Final = Text("The file was changed at its source, so it is downloaded from the start")
UNPROVEN: Final = Text("What was there already could not be relied on, so the download starts anew")
NO_RANGES: Final = Text("The server cannot go on in the middle, so the download starts anew")
REPLACES: Final = Text("Another file has this name; it stays until the new one is complete")
DAMAGED: Final = Text("Wrong bytes arrived, so the file is downloaded once more")


def no_room(folder: Path, missing: int) -> NoRoom:
    """Return the error of a disk that lacks `missing` bytes."""
    return NoRoom(
        Text("There is not enough room on the disk: {size} are missing", {"size": _up(missing)}),
        Text(
            "Free that much on the disk of {folder}, then resume. What is there already is kept.",
            {"folder": str(folder)},
        ),
        missing,
    )


def wrong_bytes(name: str) -> DamagedDownload:
    """Return the error of a file whose hash is not the announced one, twice."""
    return DamagedDownload(
        Text("The bytes of {name} are not the announced ones", {"name": name}),
        Text("They were put into quarantine. Try again later, or choose another source."),
    )


def not_gguf(name: str) -> DownloadError:
    """Return the error of a body that is no model."""
    return DownloadError(
        Text("What the server sends as {name} is not a model file", {"name": name}),
        Text("Choose another file, or another source in the settings."),
    )


def never_ends(name: str) -> DownloadError:
    """Return the error of a server that made the download begin anew too often."""
    return DownloadError(
        Text("The server never hands out {name} as announced", {"name": name}),
        Text("Try again later, or choose another source in the settings."),
    )


def other_file(name: str) -> DownloadError:
    """Return the error of a source that has another file under the name of a known one."""
    return DownloadError(
        Text("The server has a different file under the name {name}", {"name": name}),
        Text("Nothing was taken of it. Try again later."),
    )


def packed(name: str) -> DownloadError:
    """Return the error of a compressed body."""
    return DownloadError(
        Text("The server sends {name} in a form that cannot be checked", {"name": name}),
        Text("A proxy may be in the way. Choose another source in the settings."),
    )


def broke_off() -> Unreachable:
    """Return the error of a body that ended too early."""
    return Unreachable(
        Text("The connection broke off in the middle"),
        Text("Check whether this computer is online, then resume. What is there is kept."),
    )


def silent() -> Unreachable:
    """Return the error of a server that sends nothing any more."""
    return Unreachable(
        Text("The server stopped sending"),
        Text("Try to resume in a while, or choose another source. What is there is kept."),
    )


def _up(missing: int) -> str:
    """Return `missing` rounded up, so that freeing what is said suffices."""
    unit = 10**8 if missing >= 10**9 else 10**6
    return sized(-(-missing // unit) * unit)

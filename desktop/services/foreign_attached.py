"""Text files that lie beside chats of other programs, found by the id that a message names.

ChatGPT packs them into its archive as `file-<id>-<name>`; LM Studio keeps them in `user-files`
beside its folder of conversations, each with the name that it had in a `….metadata.json`. For a
thread that may wait.
"""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from desktop.services.foreign_files import Bundle, read_file, text_of
from desktop.services.foreign_json import parsed
from desktop.services.foreign_values import Unreadable, label, mapping, words

Attached: TypeAlias = Callable[[str], tuple[str, str]]
"""Gives the name that a file had, and its text, by its id; each empty where nobody knows."""

_USER_FILES: Final = "user-files"
_ABOUT: Final = ".metadata.json"
_LEVELS_UP: Final = 6


def attached_in(bundle: Bundle, root: Path | None = None) -> Attached:
    """Return what finds texts among the files of `bundle`, and near the folder `root`."""
    names: dict[str, str] = {}

    def found(identifier: str) -> tuple[str, str]:
        # Only the name of a file, never a way to one.
        if not identifier or PurePosixPath(identifier).name != identifier or "\\" in identifier:
            return "", ""
        if not names:
            names.update(_by_id(bundle.names))
        return _original(identifier), words(text_of(_content(identifier)))

    def _original(identifier: str) -> str:
        try:
            about = mapping(parsed(_content(f"{identifier}{_ABOUT}")))
        except Unreadable:
            return ""
        return label(about.get("originalName"))

    def _content(identifier: str) -> bytes:
        try:
            if identifier in names:
                return bundle.read(names[identifier])
            for folder in (root, *root.parents[:_LEVELS_UP]) if root else ():
                beside = folder / _USER_FILES / identifier
                if beside.is_file():
                    return read_file(beside)
        except (Unreadable, OSError, ValueError):  # a name that no system could have
            pass
        return b""

    return found


def _by_id(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        base = PurePosixPath(name).name
        found.setdefault(base, name)
        found.setdefault("-".join(base.split("-", 2)[:2]), name)
    return found

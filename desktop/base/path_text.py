"""Paths as people type them, and in JSON, where a path that is no text has to be some. Any thread."""

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes


def typed_path(text: str | Path) -> Path:
    """Return the path that was typed, `~` being a home; that of nobody stays as it is."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def text_of(path: Path) -> str:
    """Return `path` as ASCII text, with %XX for what is none."""
    return quote_from_bytes(os.fsencode(path))


def path_of(text: str) -> Path:
    """Return the path that `text_of` was given."""
    return Path(os.fsdecode(unquote_to_bytes(text)))

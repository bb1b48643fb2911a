"""Paths in JSON. A path need not be text, and JSON holds nothing else. Pure; any thread."""

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes


def text_of(path: Path) -> str:
    """Return `path` as ASCII text, with %XX for what is none."""
    return quote_from_bytes(os.fsencode(path))


def path_of(text: str) -> Path:
    """Return the path that `text_of` was given."""
    return Path(os.fsdecode(unquote_to_bytes(text)))

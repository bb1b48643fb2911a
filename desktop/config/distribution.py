"""What the package says of itself: one small file among the resources. Any thread.

Whoever packs Lapis writes it (`installers/`). What cannot be read, or makes no sense, is a checkout
that asks nobody: a slip in a package must never lead to questions that nobody wanted.
"""

import base64
import binascii
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from desktop.base.json_values import object_in
from desktop.base.paths import resources
from desktop.domain.distribution import Distribution, Kind

FILE_NAME: Final = "distribution.json"
MOST_KEYS: Final = 8
KEY_BYTES: Final = 32
_MOST_BYTES: Final = 16 * 1024
_LONGEST_ADDRESS: Final = 300

_log = logging.getLogger(__name__)


def read_distribution(file: Path | None = None) -> Distribution:
    """Return what `file` says, by default the one of this Lapis; never fails."""
    try:
        return _distribution(object_in(file or resources() / FILE_NAME, _MOST_BYTES))
    except (OSError, ValueError):
        _log.warning("what this Lapis was packed as cannot be read")
        return Distribution()


def is_update_address(text: str) -> bool:
    """Return whether `text` can be the address of the signed file: https, a host, no query."""
    if not 0 < len(text) <= _LONGEST_ADDRESS or not (text.isascii() and text.isprintable()):
        return False
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and has_place
        and parts.username is None
        and not set(text) & set("?# \\")
    )


def is_update_key(text: str) -> bool:
    """Return whether `text` is 32 bytes in base64."""
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _distribution(said: Mapping[str, object]) -> Distribution:
    """Return what a file says; raises ValueError for a kind that nobody knows."""
    kind = Kind(str(said.get("kind")))
    address, keys = said.get("update_address"), said.get("update_keys")
    listed = keys if isinstance(keys, list) else []
    good = [key for key in listed if isinstance(key, str) and is_update_key(key)]
    return Distribution(
        kind,
        address if isinstance(address, str) and is_update_address(address) else "",
        tuple(dict.fromkeys(good[:MOST_KEYS])),
    )

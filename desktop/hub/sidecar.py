"""What is written beside a part file: whose bytes these are, and how far they are known.

No address is in it, since addresses are signed and expire, and no token. Any thread, under the
lock of the target.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from desktop.base.files import opened_at_once, write_alone
from desktop.domain.repository import Source
from desktop.hub.beside import sidecar_path

_SCHEMA: Final = 1
_MOST_BYTES: Final = 64 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which bytes are wanted. The hash says it alone; without one all the rest must be the same."""

    source: Source
    repository: str
    commit: str
    path: str
    size: int
    sha256: str

    def has_bytes_of(self, other: "Identity") -> bool:
        """Return whether a part of `other` is a part of this."""
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256 and self.size == other.size
        return self == replace(other, sha256=self.sha256)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`hashed` bytes are on the disk for sure, and `state` (hex) is that of their hash."""

    identity: Identity
    hashed: int = 0
    state: str = ""
    schema: int = _SCHEMA


def read_sidecar(target: Path) -> Sidecar | None:
    """Return what is known of the part of `target`; None if there is nothing to rely on."""
    import msgspec

    path = sidecar_path(target)
    try:
        with opened_at_once(path) as stream:
            content = stream.read(_MOST_BYTES) or b""
        found = msgspec.json.decode(content, type=Sidecar)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        # msgspec's errors are ValueErrors; their words quote nothing but types.
        _log.warning("a sidecar cannot be read: %s", type(error).__name__)
        return None
    return found if found.schema == _SCHEMA and found.hashed >= 0 else None


def write_sidecar(target: Path, sidecar: Sidecar) -> None:
    """Replace the sidecar of `target`; raises OSError, and then the old one is whole."""
    import msgspec

    write_alone(sidecar_path(target), msgspec.json.encode(sidecar))

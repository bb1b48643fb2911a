"""A file that has its final name already, though nobody wrote down that it was finished.

So it is after a `kill -9` between the last rename and the bookkeeping, or where a person put the
same file by hand. It is taken for done only if it is the right one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from desktop.hub.beside import sidecar_path
from desktop.hub.fetch_values import Fetched
from desktop.hub.part_file import remove_leftovers
from desktop.hub.running_hash import new_hash
from desktop.hub.sidecar import Identity

_BLOCK: Final = 1 << 20
MAGIC: Final = b"GGUF"


def adopted(target: Path, identity: Identity, checking: Callable[[], None]) -> Fetched | None:
    """Return `target` as done if it is the file of `identity`, byte by byte; None if it is not.

    Where no hash is known, size and beginning decide. `checking` is called for every megabyte that
    was read and may raise. Raises OSError.
    """
    if not target.is_file() or target.stat().st_size != identity.size:
        return None
    digest = new_hash()
    buffer = memoryview(bytearray(_BLOCK))
    with target.open("rb", buffering=0) as stream:
        is_model = stream.read(len(MAGIC)) == MAGIC
        stream.seek(0)
        while count := stream.readinto(buffer):
            digest.update(buffer[:count])
            checking()
    sha256 = digest.hexdigest()
    if sha256 != identity.sha256 and (identity.sha256 or not is_model):
        return None
    # Its sidecar goes last of all: where there is one, a download of ours made the file.
    was_there = not sidecar_path(target).exists()
    remove_leftovers(target)
    return Fetched(target, identity.size, sha256, was_there)

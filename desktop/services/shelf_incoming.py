"""Where models gather that are not whole yet: a hidden folder of the models folder.

What is refused, fails or is stopped on its way leaves nothing behind; after a kill the next Lapis
removes what is there. Any thread.
"""

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from desktop.base.owner import is_mark, is_orphan, mark

INCOMING: Final = ".incoming"


@contextmanager
def gathering(folder: Path) -> Iterator[Path]:
    """Yield a place inside the models folder `folder`, not made yet; what is left there is removed.

    It is on the same disk, so what is whole can be renamed.
    """
    place = folder / INCOMING / mark()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        with contextlib.suppress(OSError):
            place.parent.rmdir()


def remove_leftovers(folder: Path) -> None:
    """Remove what processes have left in the models folder `folder` that were killed.

    A disk may come from elsewhere with a link instead, to what is nobody's to remove.
    """
    if (folder / INCOMING).is_symlink():
        return
    try:
        waiting = list((folder / INCOMING).iterdir())
    except OSError:
        return
    for place in waiting:
        if is_mark(place.name) and is_orphan(place.name):
            shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):
        (folder / INCOMING).rmdir()

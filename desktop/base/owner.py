"""Marks that tell later whether the process that left them still runs. Any thread."""

import os
import re
import secrets
from typing import Final

_MARK: Final = re.compile(r"[0-9]{1,10}-[0-9]{1,12}-[0-9a-f]{1,32}")


def mark() -> str:
    """Return a new mark of this process, fit to be a file's name: no two are the same."""
    return f"{_ours()}{secrets.token_hex(4)}"


def is_mark(name: str) -> bool:
    """Return whether `name` is a mark of some process: then it leads nowhere else as a file's name."""
    return _MARK.fullmatch(name) is not None


def is_ours(name: str) -> bool:
    """Return whether this very process left the mark."""
    return name.startswith(_ours())


def is_orphan(name: str) -> bool:
    """Return whether the process that left the mark is gone; its number may be another's now.

    What is no mark has no owner.
    """
    import psutil

    pid, _, rest = name.partition("-")
    started = rest.partition("-")[0]
    if not (pid.isascii() and pid.isdecimal() and started.isascii() and started.isdecimal()):
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - int(started)) > 2
    except psutil.AccessDenied:
        return False
    except (psutil.Error, OverflowError):
        return True


def _ours() -> str:
    # Only where it is needed: the library costs more than a list of models may.
    import psutil

    return f"{os.getpid()}-{int(psutil.Process().create_time())}-"

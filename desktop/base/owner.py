"""Marks that tell later whether the process that left them still runs. Any thread."""

import os
import secrets

import psutil


def mark() -> str:
    """Return a new mark of this process, fit to be a file's name: no two are the same."""
    started = int(psutil.Process().create_time())
    return f"{os.getpid()}-{started}-{secrets.token_hex(4)}"


def is_ours(name: str) -> bool:
    """Return whether this very process left the mark."""
    return name.startswith(f"{os.getpid()}-{int(psutil.Process().create_time())}-")


def is_orphan(name: str) -> bool:
    """Return whether the process that left the mark is gone; its number may be another's now.

    What is no mark has no owner.
    """
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

"""What every process for native or untrusted work does first and last. Runs inside of it.

Such a process ends when its parent closes the pipe or dies; it has no network, no display, no
secrets, leaves no core dump, and is the first to go when memory runs out.
"""

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

EXIT_BROKEN: Final = 71
EXIT_DEFECT: Final = 1
TEMPLATE_SECONDS: Final = 5.0
_LOOK_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def claim_output() -> BinaryIO:
    """Keep the pipe for reports and send everything printed by libraries to stderr instead."""
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return reports


def harden(parent: int) -> None:
    """Die with the process `parent`, dump nothing, be the first to go when memory runs out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":
        _fail_silently_on_windows()
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return
    # First, for what cannot be dumped belongs to root, this file of it too.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def limit_memory(most: int) -> None:
    """Let this process have `most` bytes; what asks for more fails, or ends it.

    Linux refuses them. Elsewhere nothing does, so a thread looks how many there are, and one that
    takes too many at once may have them for a moment.
    """
    if sys.platform.startswith("linux"):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    else:
        threading.Thread(target=_end_above, args=(most,), daemon=True).start()


def _end_above(most: int) -> None:
    import psutil

    own = psutil.Process()
    while own.memory_info().rss <= most:
        time.sleep(_LOOK_SECONDS)
    # As the system says it where it refuses memory, and read like that (see `backends.ladder`).
    os.write(2, b"MemoryError\n")
    os._exit(EXIT_DEFECT)


def end_with(failure: BaseException | None) -> NoReturn:
    """End the process, its last words on stderr.

    The interpreter's own end waits for threads and aborts where one still reads; and a process with
    one thread gone would be neither alive nor dead.
    """
    try:
        traceback.print_exception(failure)
        sys.stderr.flush()
    finally:
        os._exit(EXIT_DEFECT)


@contextlib.contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """End the process when what is inside takes longer; the exit code is then EXIT_DEFECT.

    A loop cannot be interrupted from inside, and code that never lets go of the interpreter stops
    every thread of it; this watchdog is not one of them.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _fail_silently_on_windows() -> None:
    """No crash dialog and no dump: SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX."""
    ctypes.CDLL("kernel32").SetErrorMode(0x0001 | 0x0002)

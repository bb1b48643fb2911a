"""How a process ends: never by pulling its memory from under a thread that still waits."""

import contextlib
import os
import sys
import threading
import time
from typing import Final, NoReturn

PATIENCE_SECONDS: Final = 10.0
"""What other threads are at takes no longer; one that waits for work would wait for ever."""


def leave(code: int) -> NoReturn:
    """End this process with `code`, once what is written is out and threads that work are done.

    Main thread. Python takes its memory down while threads that nobody waits for may still be about
    to wake, from a connection that is just being closed for example; Python 3.11 crashed so. Where
    there are such threads the process ends without that.
    """
    here = threading.current_thread()
    others = [thread for thread in threading.enumerate() if thread is not here]
    if not any(thread.daemon for thread in others):
        sys.exit(code)
    last = time.monotonic() + PATIENCE_SECONDS
    # Whoever presses Ctrl+C now does not want to wait.
    with contextlib.suppress(KeyboardInterrupt):
        for thread in others:
            # Listed already, but not alive: Ctrl+C came while it was being started.
            if not thread.daemon and thread.is_alive():
                thread.join(max(0.0, last - time.monotonic()))
    # Help and the version end without it.
    if (logging := sys.modules.get("logging")) is not None:
        logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        # Closed, or nobody reads it any more.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)

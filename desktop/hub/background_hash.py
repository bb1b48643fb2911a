"""A hash counted beside the writing of a file: together they are as slow as the slower of the two.

Its thread is fed by the thread that writes, and by nobody else.
"""

import queue
import threading
from typing import Final

from desktop.hub.running_hash import RunningHash

_BACKLOG: Final = 16


class BackgroundHash:
    """Feeds blocks to a hash in a thread of its own, at most 16 of them behind; close it."""

    def __init__(self, digest: RunningHash) -> None:
        """Go on from `digest`; the thread starts with the first block."""
        self._digest = digest
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(_BACKLOG)
        self._thread: threading.Thread | None = None

    def feed(self, block: bytes) -> None:
        """Count `block` soon; waits while too much is waiting."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="download-hash", daemon=True)
            thread.start()
            self._thread = thread
        self._room.acquire()
        self._waiting.put(block)

    def settle(self) -> RunningHash:
        """Return the hash once everything that was fed is counted; the thread has ended then."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None
        return self._digest

    def _run(self) -> None:
        while (block := self._waiting.get()) is not None:
            self._digest.update(block)
            self._room.release()

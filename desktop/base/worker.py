"""One named thread with an inbox: how work leaves the thread that asked for it.

Everything sent to a worker is handled in its own thread, one item after another, in the order of
arrival; whoever sends never waits.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from desktop.base.guard import guarded

Item = TypeVar("Item")


class Worker(Generic[Item]):
    """A thread that handles items. A failing item is logged as a defect; the thread goes on."""

    def __init__(
        self,
        name: str,
        handle: Callable[[Item], None],
        *,
        tick: Callable[[], None] | None = None,
        tick_seconds: float = 1.0,
    ) -> None:
        """Start the thread; `tick` runs in it about every `tick_seconds`, however many items come."""
        self._inbox: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._handle = guarded(handle, f"worker {name}")
        self._tick = None if tick is None else guarded(tick, f"worker {name}")
        self._tick_seconds = tick_seconds
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def send(self, item: Item) -> None:
        """Queue `item`; returns at once."""
        self._inbox.put(item)

    def stop(self, timeout: float) -> bool:
        """End the thread after what is queued; return whether it ended within `timeout` seconds."""
        self._inbox.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def leftover(self) -> list[Item]:
        """Return what was sent too late for a thread that has ended."""
        items: list[Item] = []
        while True:
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                return items
            if item is not None:
                items.append(item)

    def _run(self) -> None:
        due = time.monotonic() + self._tick_seconds
        while True:
            wait = None if self._tick is None else max(0.0, due - time.monotonic())
            try:
                item = self._inbox.get(timeout=wait)
            except queue.Empty:
                pass
            else:
                if item is None:
                    return
                self._handle(item)
            if self._tick is not None and time.monotonic() >= due:
                self._tick()
                due = time.monotonic() + self._tick_seconds

"""Waiting left to another thread: whoever takes from a pump can always be stopped.

Names are looked up, connections made and answers awaited in calls that nobody can interrupt. Here
they block a thread of their own, and the download asks now and then whether something came. What
is given up ends by itself, at the latest when its time limits are over, and touches nothing but its
own connection.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
_CHECK_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.1


class Nothing(Enum):
    """What is there instead of an item."""

    YET = auto()
    MORE = auto()


class Pump(Generic[Item]):
    """Items of an iterator that runs in a daemon thread, at most `room` of them ahead."""

    def __init__(self, items: Callable[[], Iterator[Item]], room: int = 8) -> None:
        """Start; `items` is called in the thread."""
        self._items = items
        self._made: queue.SimpleQueue[Item | BaseException | Nothing] = queue.SimpleQueue()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(room):
            self._room.put(None)
        self._given_up = threading.Event()
        threading.Thread(target=self._run, name="download-line", daemon=True).start()

    def take(self, seconds: float) -> Item | Nothing:
        """Return the next item; `Nothing.YET` after `seconds`, `Nothing.MORE` at the end.

        Raises what the iterator raised.
        """
        try:
            item = self._made.get(timeout=seconds)
        except queue.Empty:
            return Nothing.YET
        self._room.put(None)
        if isinstance(item, BaseException):
            raise item
        return item

    def give_up(self) -> None:
        """Let the thread end as soon as it can; nothing more is taken."""
        self._given_up.set()

    def _run(self) -> None:
        last: BaseException | Nothing = Nothing.MORE
        try:
            items = self._items()
            for item in items:
                if not self._has_room():
                    break
                self._made.put(item)
        except Exception as error:  # noqa: BLE001 - raised again where it is taken
            last = error
        self._made.put(last)

    def _has_room(self) -> bool:
        while not self._given_up.is_set():
            try:
                self._room.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                continue
            return True
        return False


def asked(
    question: Callable[[], Item], seconds: float, check: Callable[[], None]
) -> Item | Nothing:
    """Return what `question` returns, asked in a thread of its own; `Nothing.YET` after `seconds`.

    `check` is called ten times a second, and ends the waiting by raising something. Raises what
    `question` raises.
    """
    pump = Pump(lambda: iter((question(),)))
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            check()
            answer = pump.take(_LOOK_SECONDS)
            if not isinstance(answer, Nothing):
                return answer
    finally:
        pump.give_up()
    return Nothing.YET

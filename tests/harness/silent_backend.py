"""A model of a server that says nothing until it is stopped, or what a test has it say."""

import threading
from array import array
from collections.abc import Callable, Sequence

from desktop.backends.base import CountListener, Listener
from desktop.domain.chat import ChatRequest, Event, Failed, Finished, StopReason, Usage

NOTHING = Usage(0, 0, 0, 0.0, 0.0, 0.0)


class SilentBackend:
    """Keeps what was asked; `says` are the events of each answer, none for silence."""

    def __init__(self, *says: Event) -> None:
        """Begin without requests."""
        self.requests: list[ChatRequest] = []
        self.cancelled: list[int] = []
        self._says = says
        self._lock = threading.Lock()
        self._waiting: dict[int, Listener] = {}

    def submit(self, request: ChatRequest, listener: Listener) -> int:
        """Queue a request; what is said comes from a thread of its own."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            self._waiting[number] = listener
        if self._says:
            threading.Thread(target=self._speak, args=(number,)).start()
        return number

    def say(self, number: int, *events: Event) -> None:
        """Say something to a request, from the thread of the test."""
        with self._lock:
            listener = self._waiting[number]
            if isinstance(events[-1], Finished | Failed):
                del self._waiting[number]
        for event in events:
            listener(event)

    def cancel(self, request: int) -> None:
        """Stop a request."""
        with self._lock:
            listener = self._waiting.pop(request, None)
        if listener is not None:
            self.cancelled.append(request)
            stopped = Finished(StopReason.STOPPED, NOTHING)
            threading.Thread(target=listener, args=(stopped,)).start()

    def embed(
        self,
        texts: Sequence[str],
        deliver: Callable[[list["array[float]"]], None],
        listener: Listener,
    ) -> int:
        """Make a vector of each text that has its length in it."""
        with self._lock:
            self.requests.append(ChatRequest())
            number = len(self.requests)

        def speak() -> None:
            deliver([array("f", [len(text), 1.0]) for text in texts])
            listener(Finished(StopReason.STOP, NOTHING))

        threading.Thread(target=speak).start()
        return number

    def count(self, requests: Sequence[ChatRequest], listener: CountListener, purpose: int) -> None:
        """Know nothing."""
        listener(None)

    def unload(self) -> None:
        """Hold no memory."""

    def close(self) -> None:
        """End what is under way."""
        for number in list(self._waiting):
            self.cancel(number)

    def _speak(self, number: int) -> None:
        for event in self._says:
            with self._lock:
                listener = self._waiting.get(number)
            if listener is not None:
                listener(event)
        with self._lock:
            if isinstance(self._says[-1], Finished):
                self._waiting.pop(number, None)

"""What every engine can do, whether it is llama.cpp in its process or a server elsewhere.

All methods may be called from any thread and return at once; listeners are called from a thread of
the backend and must not block it. Of a request the last event is `Finished` or `Failed`.
"""

from array import array
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from desktop.domain.chat import ChatRequest, Event
from desktop.domain.errors import LapisError

Listener: TypeAlias = Callable[[Event], None]
CountListener: TypeAlias = Callable[[tuple[int, ...] | LapisError | None], None]


class Backend(Protocol):
    """An engine that answers with one model."""

    def submit(self, request: ChatRequest, listener: Listener) -> int:
        """Queue a request and return its number, which `cancel` takes."""
        ...

    def embed(
        self,
        texts: Sequence[str],
        deliver: Callable[[list["array[float]"]], None],
        listener: Listener,
    ) -> int:
        """Queue texts to be turned into vectors, given to `deliver` before `Finished`."""
        ...

    def count(self, requests: Sequence[ChatRequest], listener: CountListener, purpose: int) -> None:
        """Have the prompts of `requests` counted, or call `listener` with None: it cannot be told."""
        ...

    def cancel(self, request: int) -> None:
        """Stop a request; what came of it stays, and it ends as `STOPPED` within 100 ms."""
        ...

    def unload(self) -> None:
        """Give the memory back that the model takes; the next request has it loaded again."""
        ...

    def close(self) -> None:
        """End what is under way as stopped; idempotent."""
        ...

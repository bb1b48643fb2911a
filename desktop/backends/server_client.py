"""What one server can be asked, whatever protocol it speaks: the seam behind `ServerBackend`.

Everything here runs in the thread of `ServerLoop`, and nowhere else. A client translates what its
library raises: it lets nothing out but LapisError (and the loop's own cancelling), and holds what
the server says to be hostile: types, sizes and ends are checked, names are nobody's paths.
"""

from array import array
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from desktop.domain.chat import ChatRequest, Event
from desktop.domain.connection import ServedModel


@dataclass(frozen=True, slots=True)
class Embedded:
    """A vector (`array("f")`) for each text, in their order, and the tokens read; 0: not told."""

    vectors: Sequence["array[float]"]
    tokens: int = 0


class ServerClient(Protocol):
    """One server.

    What the errors mean to whoever asks: TooManyRequests and ServerBusy are tried again after a
    while, ConnectionRefused once, everything else is final. A client itself never tries again.
    """

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server has, as much as a single question tells of each."""
        ...

    async def details(self, model: str) -> ServedModel:
        """Return all that the server tells of one model; raises ModelNotServed."""
        ...

    def stream(self, model: str, request: ChatRequest, n_ctx: int) -> AsyncGenerator[Event, None]:
        """Yield what becomes of a request, at last `Finished`.

        `n_ctx` is the context window to be had in tokens, 0 where it is left to the server. Counts
        and speeds of the usage are those that the server tells, 0 for others; times are measured
        by whoever asks. Raises LapisError where the answer cannot begin or go on; what was yielded
        before stays. When it is closed in the middle, so is the connection, at once. It waits
        for the next piece as long as it takes: `ServerBackend` has the patience.
        """
        ...

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        """Return a vector for each text."""
        ...

    async def unload(self, model: str) -> None:
        """Have the server give back the memory of a model; nothing where that cannot be asked."""
        ...

    async def close(self) -> None:
        """End all connections."""
        ...

"""What every measure of a benchmark works with, and the labels of what is compared."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from desktop.domain.chat import ChatRequest
from desktop.domain.engine import LoopTimes
from desktop.domain.errors import LapisError, OutOfMemory
from desktop.domain.model import GgufInfo, KvType, LoadedModel
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.models.fit import compute_bytes
from desktop.models.hardware import memory
from desktop.models.kv_cache import kv_bytes
from desktop.services.bench_asking import Answered, Asking, Watching, ask
from desktop.services.bench_texts import Texts
from desktop.services.bench_values import Effort, Item, Side, Skipped
from desktop.services.engine import Engine

_SPARE = 16
_RAW_BATCH = 512


@dataclass(frozen=True, slots=True)
class Desk:
    """An engine with a loaded model, and questions for it. Main thread only."""

    engine: Engine
    info: GgufInfo
    loaded: LoadedModel
    texts: Texts
    watching: Watching
    effort: Effort
    cancel: threading.Event

    def ask(self, request: ChatRequest) -> Answered:
        """Ask and wait; raises LapisError or Stopped."""
        return ask(self.engine, request, self.cancel)

    def begin(self, request: ChatRequest) -> Asking:
        """Ask without waiting."""
        return Asking(self.engine, request, self.cancel)

    def raw_loop(self, prompt: int, answer: int, *, keeps: bool = False) -> LoopTimes:
        """Time llama.cpp's bare loop; raises LapisError, also where its context has no room.

        `keeps`: the next run of the same size need not read its prompt.
        """
        if not self.loaded.offloaded_layers:
            # The system would not refuse memory that it has not got, but end a process later.
            needed = _context_bytes(self.info, prompt + answer)
            free = memory().available
            if needed > free:
                raise OutOfMemory(
                    Text(
                        "llama.cpp's bare loop needs {needed} of memory, and {free} are free",
                        {"needed": sized(needed), "free": sized(free)},
                    ),
                    Text("Close other programs, or take a smaller model."),
                )
        return self.engine.raw_loop(prompt, answer, self.cancel, keeps=keeps)

    def room_for(self, tokens: int, answer: int) -> int:
        """Return `tokens`, or as many as the context window holds beside an answer."""
        return max(_SPARE, min(tokens, self.loaded.n_ctx - answer - _SPARE))

    def seconds(self, reading: int, writing: int) -> float:
        """Return about how long it takes to read and write so many tokens."""
        return reading / self.texts.reading_speed + writing / self.texts.writing_speed


def or_skipped(name: str, sentence: Text, items: Iterator[Item]) -> Iterator[Item]:
    """Yield `items`; what cannot be measured is said, and the rest goes on."""
    try:
        yield from items
    except LapisError as error:
        yield Skipped(name, sentence, error.title)


def _context_bytes(info: GgufInfo, tokens: int) -> int:
    """Return the bytes of the bare loop's own context."""
    cache = kv_bytes(info, tokens, KvType.F16, micro_batch=_RAW_BATCH, slots=1)
    return cache + compute_bytes(info, tokens, micro_batch=_RAW_BATCH, slots=1, rows=1)


def raw_side(values: Sequence[float]) -> Side:
    """Return the side of llama.cpp's bare loop."""
    return Side("raw_loop", Text("llama.cpp's bare loop"), tuple(values))


def bindings_side(values: Sequence[float]) -> Side:
    """Return the side of llama-cpp-python."""
    return Side("llama_cpp_python", Text("llama-cpp-python"), tuple(values))


def lapis_side(values: Sequence[float]) -> Side:
    """Return the side of Lapis."""
    return Side("lapis", Text("Lapis"), tuple(values))


def guessing_side(values: Sequence[float]) -> Side:
    """Return the side of Lapis with guesses allowed."""
    return Side("lapis_guessing", Text("Lapis, guessing ahead"), tuple(values))

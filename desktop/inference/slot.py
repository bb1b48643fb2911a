"""One place in the context where an answer is written. Runs inside the engine process."""

import codecs
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from desktop.inference.messages import Delta, Done, Generate
from desktop.inference.reasoning import ThinkingSplitter
from desktop.inference.runtime import Runtime
from desktop.inference.sampling import Sampler
from desktop.inference.template import Prompt
from desktop.inference.textstream import StopFinder


@dataclass(frozen=True, slots=True)
class Job:
    """A request that waits or runs: what was asked, its prompt, when it came (monotonic)."""

    order: Generate
    prompt: Prompt
    arrived: float


class Answer:
    """The answer to one job while it is written: sampling, text, counts and times."""

    def __init__(self, runtime: Runtime, job: Job, cached: int) -> None:
        """Begin; `cached` prompt tokens need not be decoded."""
        self.job = job
        self.cached = cached
        self.generated = 0
        self._runtime = runtime
        self._sampler = Sampler(runtime, job.order.sampling, job.prompt.tokens)
        # A character can be spread over several tokens; an incomplete one waits.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = StopFinder(job.order.stop)
        self._thinking = ThinkingSplitter(
            thinking=job.prompt.opens_thinking, trim=runtime.template is not None
        )
        self._started = time.monotonic()
        self._first = 0.0

    def next_token(self, row: int) -> int:
        """Choose the token after `row` of the last batch."""
        token = self._runtime.sample(self._sampler.chain, row)
        if self._first == 0.0:
            self._first = time.monotonic()
        return token

    def take(self, token: int) -> Iterator[Delta]:
        """Count `token` as part of the answer and yield the text that is certain now."""
        self.generated += 1
        piece = self._runtime.piece(token, special=token in self._runtime.thinking_tokens)
        text = self._decoder.decode(piece)
        if text:
            yield from self._deltas(self._thinking.feed(text))

    @property
    def complete(self) -> bool:
        """Whether a stop string was met."""
        return self._stop.found

    def finish(self, reason: str) -> Iterator[Delta | Done]:
        """End for `reason`; yields what was held back, then the account. Frees the sampler."""
        yield from self._deltas(self._thinking.feed(self._decoder.decode(b"", final=True)))
        yield from self._deltas(self._thinking.rest())
        if rest := self._stop.rest():
            yield Delta(id=self.job.order.id, text=rest, thinking=False)
        now = time.monotonic()
        first = self._first or now
        prompt = len(self.job.prompt.tokens)
        reading, writing = first - self._started, now - first
        self.close()
        yield Done(
            id=self.job.order.id,
            reason=reason,
            prompt_tokens=prompt,
            cached_tokens=self.cached,
            completion_tokens=self.generated,
            ttft_ms=(first - self.job.arrived) * 1000,
            prefill_tps=(prompt - self.cached) / reading if reading > 0 else 0.0,
            decode_tps=(self.generated - 1) / writing if self.generated > 1 and writing else 0.0,
        )

    def close(self) -> None:
        """Free the sampler; idempotent."""
        self._sampler.close()

    def _deltas(self, pieces: Iterable[tuple[str, bool]]) -> Iterator[Delta]:
        """Yield what may be shown; stop strings count in the answer, not in the thinking."""
        for piece, thinking in pieces:
            text = piece if thinking else self._stop.feed(piece)
            if text:
                yield Delta(id=self.job.order.id, text=text, thinking=thinking)


class Slot:
    """A sequence of the KV cache: `tokens` as they should be, of which `decoded` are in it."""

    def __init__(self, index: int) -> None:
        """Begin empty; `index` is the native sequence id."""
        self.index = index
        self.tokens: list[int] = []
        self.decoded = 0
        self.used = 0
        self.answer: Answer | None = None

    @property
    def cached(self) -> list[int]:
        """The tokens that are in the KV cache."""
        return self.tokens[: self.decoded]

    def common_prefix(self, prompt: list[int]) -> int:
        """Return how many leading tokens of `prompt` this slot has decoded already."""
        limit = min(self.decoded, len(prompt))
        if self.tokens[:limit] == prompt[:limit]:
            return limit
        return next(i for i in range(limit) if self.tokens[i] != prompt[i])

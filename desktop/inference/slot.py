"""One place in the context where an answer is written. Runs inside the engine process."""

import codecs
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from desktop.inference.formats import Piece, Said, Thought
from desktop.inference.guessing import Guesser
from desktop.inference.logprobs import logprobs
from desktop.inference.messages import Adapter, Called, Delta, Done, Generate, Report, ToolCall
from desktop.inference.outlet import Outlet
from desktop.inference.prefix import common_prefix
from desktop.inference.runtime import Runtime
from desktop.inference.sampling import Sampler
from desktop.inference.template import Prompt
from desktop.inference.textstream import StopFinder

# How far ahead the best token must be, in logits, to be the best one also where sums are rounded
# otherwise. Between a row alone and the same row among others lay up to 0.2 in the guide and 0.4 in
# 256,000 scores of random weights: flash attention sums up one row in parts, once it sees 512 cells,
# and repacked weights are multiplied otherwise from four rows on.
_CLEAR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """A request that waits or runs: what was asked, its prompt, when it came (`perf_counter`).

    `grammar` is checked GBNF, or empty.
    """

    order: Generate
    prompt: Prompt
    grammar: str
    arrived: float


class Answer:
    """The answer to one job while it is written: sampling, text, counts and times.

    `unsettled`: the last choice was left open, see `choose`.
    """

    def __init__(self, runtime: Runtime, job: Job, cached: int) -> None:
        """Begin; `cached` prompt tokens need not be decoded. Raises SamplerRefused."""
        self.job = job
        self.cached = cached
        self.generated = 0
        self._runtime = runtime
        self._sampler = Sampler(runtime, job.order.sampling, job.grammar, job.prompt.tokens)
        self._guesser: Guesser | None = None
        self._drafted = self._accepted = 0
        self.unsettled = False
        # A character can be spread over several tokens; an incomplete one waits.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = StopFinder(job.order.stop)
        self._splitter = job.prompt.splitter(job.order.id)
        self._called = False
        self._outlet = Outlet()
        self._started = time.perf_counter()
        self._first = 0.0

    def draft(self, costs: Sequence[float], make: Callable[[], Guesser]) -> list[int]:
        """Return guesses for the next tokens; none where that does not pay.

        `costs` as in `Lookup.draft`; `make` gives what guesses, when it is asked for first. A draw
        that has a seed gets none: rounded otherwise, the same number falls on another word.
        """
        if self.unsettled or (self.job.order.repeatable and not self._sampler.greedy):
            return []
        if self._guesser is None:
            self._guesser = make()
        limit = self.job.order.max_tokens
        return self._guesser.draft(costs[: limit - self.generated] if limit else costs)

    def choose(self, row: int, guesses: Sequence[int]) -> list[int]:
        """Choose the tokens after `row` of the last batch, whose next rows hold `guesses`.

        The first is what the model would write without guesses, and so is each further one: it
        goes on only as long as the guess was what it chose itself. A greedy choice that is too
        close to trust among guesses ends them, as `unsettled`: the token before it is to be decoded
        once more, without any. Raises SamplerRefused.
        """
        chosen: list[int] = []
        # A state of layers without attention cannot go back behind the first token of a batch.
        goes_back = self._runtime.memory.cuttable
        self.unsettled = False
        for guess in (*guesses, None):
            token = self._choice(
                row + len(chosen), certain=not guesses or not (chosen or goes_back)
            )
            if token is None:
                self.unsettled = True
                break
            chosen.append(token)
            if token != guess or self.ends(token):
                break
        if chosen and self._first == 0.0:
            self._first = time.perf_counter()
        if self._guesser is not None and guesses:
            right = sum(one == other for one, other in zip(chosen, guesses, strict=False))
            self._guesser.judge(len(guesses), right, settled=not self.unsettled)
            self._drafted += len(guesses)
            self._accepted += right
        return chosen

    def _choice(self, row: int, *, certain: bool) -> int | None:
        """Return the choice after `row`, unless it is greedy, not `certain`, and a close thing."""
        if certain or not self._sampler.greedy:
            return self._sampler.choose(row)
        return self._sampler.choose_clear(row, _CLEAR)

    def take(self, token: int, row: int) -> Iterator[Report]:
        """Count `token`, chosen after `row`, as part of the answer; yield what is certain now."""
        self.generated += 1
        if self._guesser is not None:
            self._guesser.append(token)
        yield from self._outlet.feed(self._pieces(token, row))

    def held(self) -> Iterator[Report]:
        """Yield what waits to be sent with the next tokens; call before a long batch."""
        yield from self._outlet.rest()

    def _pieces(self, token: int, row: int) -> Iterator[Report]:
        order = self.job.order
        if order.logprobs >= 0:
            yield logprobs(self._runtime, order.id, row, token, order.logprobs)
        piece = self._runtime.piece(token, special=token in self.job.prompt.shown)
        text = self._decoder.decode(piece)
        if text:
            yield from self._reports(self._splitter.feed(text))

    def ends(self, token: int) -> bool:
        """Whether `token` ends the answer."""
        return self._runtime.ends(token) or token in self.job.prompt.ends

    @property
    def complete(self) -> bool:
        """Whether a stop string was met."""
        return self._stop.found

    def finish(self, reason: str) -> Iterator[Report]:
        """End for `reason`; yields what was held back, then the account. Frees the sampler."""
        yield from self._outlet.feed(self._last_pieces())
        yield from self._outlet.rest()
        now = time.perf_counter()
        first = self._first or now
        prompt = len(self.job.prompt.tokens)
        reading, writing = first - self._started, now - first
        self.close()
        yield Done(
            id=self.job.order.id,
            reason="tool_calls" if self._called and reason == "stop" else reason,
            prompt_tokens=prompt,
            cached_tokens=self.cached,
            completion_tokens=self.generated,
            ttft_ms=(first - self.job.arrived) * 1000,
            prefill_tps=(prompt - self.cached) / reading if reading > 0 else 0.0,
            decode_tps=(self.generated - 1) / writing if self.generated > 1 and writing else 0.0,
            drafted_tokens=self._drafted,
            accepted_tokens=self._accepted,
        )

    def close(self) -> None:
        """Free the sampler; idempotent."""
        self._sampler.close()

    def _last_pieces(self) -> Iterator[Report]:
        yield from self._reports(self._splitter.feed(self._decoder.decode(b"", final=True)))
        yield from self._reports(self._splitter.rest())
        if rest := self._stop.rest():
            yield Delta(id=self.job.order.id, text=rest, thinking=False)

    def _reports(self, pieces: Iterable[Piece]) -> Iterator[Report]:
        """Yield what may be shown; stop strings count in the answer, not in the thinking."""
        request = self.job.order.id
        for piece in pieces:
            match piece:
                case ToolCall():
                    self._called = True
                    yield Called(id=request, call=piece)
                case Thought(text):
                    yield Delta(id=request, text=text, thinking=True)
                case Said(said):
                    if text := self._stop.feed(said):
                        yield Delta(id=request, text=text, thinking=False)


def never_begun(job: Job) -> Done:
    """Return the account of a job that was stopped while it waited for a slot."""
    return Done(
        id=job.order.id,
        reason="stopped",
        prompt_tokens=len(job.prompt.tokens),
        cached_tokens=0,
        completion_tokens=0,
        ttft_ms=(time.perf_counter() - job.arrived) * 1000,
        prefill_tps=0.0,
        decode_tps=0.0,
    )


class Slot:
    """A sequence of the KV cache: `tokens` as they should be, of which `decoded` are in it.

    `adapters` were active when they were decoded. `may_be_kept` says whether its state may go to
    the disk. `guessed` tokens behind the decoded ones are in the cache as well, until confirmed, or
    only fill a batch up. The first `whole` tokens were read in whole chunks: an answer that is
    `repeatable` builds on no other.
    """

    def __init__(self, index: int) -> None:
        """Begin empty; `index` is the native sequence id."""
        self.index = index
        self.tokens: list[int] = []
        self.decoded = 0
        self.guessed = 0
        self.used = 0
        self.adapters: tuple[Adapter, ...] = ()
        self.may_be_kept = True
        self.repeatable = False
        self.whole = 0
        self.answer: Answer | None = None

    @property
    def cached(self) -> list[int]:
        """The tokens that are in the KV cache."""
        return self.tokens[: self.decoded]

    @property
    def missing(self) -> int:
        """How many tokens are still to be decoded; an answer being written misses one."""
        return len(self.tokens) - self.decoded

    @property
    def is_patient(self) -> bool:
        """Whether the answer being written here is one that lets all others go first."""
        return self.answer is not None and self.answer.job.order.patient

    def common_prefix(self, prompt: Sequence[int]) -> int:
        """Return how many leading tokens of `prompt` this slot has decoded already."""
        return min(self.decoded, common_prefix(self.tokens, prompt))


def slot_for(prompt: list[int], adapters: tuple[object, ...], free: list[Slot]) -> Slot:
    """Return the slot that shares most with `prompt`, if it is mostly the same conversation.

    All conversations share the head of the template; a slot that shares no more than that is worth
    keeping for its own conversation, so the least recently used one is overwritten instead.
    """

    def shared(slot: Slot) -> int:
        return slot.common_prefix(prompt) if slot.adapters == adapters else 0

    best = max(free, key=shared)
    if shared(best) and 2 * shared(best) >= min(len(prompt), best.decoded):
        return best
    return min(free, key=lambda slot: (slot.decoded > 0, slot.used))

"""Slots over one unified KV cache: who is decoded next. Runs inside the engine process.

A request takes a slot, and with it as much of its prompt as was computed before (`prefix_cache`);
without a free slot it waits its turn (`waiting`). Each step decodes one batch (`batch`).
Reading and writing are one mechanism: a slot's tokens that are not in the cache yet go into the
next batches.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

from desktop.inference.batch import Batch, Share, reading, writing
from desktop.inference.batch_cost import BatchCost
from desktop.inference.chunks import WHOLE_CHUNK, GpuChunks, ProcessorChunks
from desktop.inference.guessing import Guesser
from desktop.inference.messages import Reading, Refused, Report, Waiting
from desktop.inference.prefix_cache import PrefixCache
from desktop.inference.runtime import AdapterRefused, DecodeStatus, Runtime
from desktop.inference.sampling import SamplerRefused
from desktop.inference.slot import Answer, Job, Slot, never_begun, slot_for
from desktop.inference.threads import ThreadKeeper
from desktop.inference.waiting import WaitingJobs

# Tokens that every answer gets between two chunks of a prompt being read beside it.
_OWED_TO_WRITERS: Final = 3


class Scheduler:
    """Answers requests on one loaded model. Every method belongs to the main thread."""

    def __init__(
        self,
        runtime: Runtime,
        cache: PrefixCache,
        slots: int,
        chunks: ProcessorChunks | GpuChunks,
        draft_tokens: int,
        costs: BatchCost,
        threads: ThreadKeeper,
        emit: Callable[[Report], None],
    ) -> None:
        """Start with `slots` empty slots; reports go to `emit`."""
        self._threads = threads
        self._runtime = runtime
        self._cache = cache
        self._emit = emit
        self._slots = [Slot(index) for index in range(slots)]
        self._waiting = WaitingJobs(slots)
        self._chunks = chunks
        self._draft_tokens = min(draft_tokens, runtime.memory.takes_back)
        self._costs = costs
        self._extras = True  # Rows that a batch could do without may be in the next one.
        self._unshared = False
        self._owed = 0
        self._group = 0
        self._turn = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._waiting and all(slot.answer is None for slot in self._slots)

    def submit(self, job: Job) -> None:
        """Take in a request."""
        if self.idle:
            self._threads.resume()
        self._waiting.add(job)
        self._assign()

    def cancel(self, request: int) -> None:
        """Stop a request wherever it is; unknown ones have just ended."""
        for job in self._waiting:
            if job.order.id == request:
                self._waiting.remove(job)
                self._emit(never_begun(job))
                self._announce_places()
                return
        for slot in self._slots:
            if slot.answer is not None and slot.answer.job.order.id == request:
                self._end(slot, "stopped")
                return

    def forget(self) -> None:
        """Drop every finished conversation, in memory and on the disk."""
        for slot in self._slots:
            slot.may_be_kept = False
            if slot.answer is None:
                self._cache.empty(slot)
        self._cache.clear_disk()

    def retire(self) -> None:
        """Write what is worth keeping to the disk."""
        for slot in sorted(self._slots, key=lambda slot: slot.used):
            self._cache.keep_on_disk(slot)
        self._cache.settle()

    def step(self) -> None:
        """Decode one batch and report what came of it."""
        active = self._active()
        if not active:
            return
        self._choose_threads(active)
        self._runtime.use_adapters(active[0].adapters)
        batch = self._next_batch(active)
        status = self._runtime.decode(batch.rows)
        self._extras = True
        match status:
            case DecodeStatus.DONE:
                self._unshared = False
                self._advance(batch)
            case DecodeStatus.NO_ROOM if batch.extras:
                self._extras = False
            case DecodeStatus.NO_ROOM if not self._unshared:
                self._unshared = True
                if not self._cache.unshare(self._slots):
                    self._make_room()
            case DecodeStatus.NO_ROOM:
                self._make_room()
            case DecodeStatus.ABORTED:
                for share in batch.shares:
                    self._cache.take_back(share.slot)
            case DecodeStatus.FAILED | DecodeStatus.NO_MEMORY:
                kind = "decode" if status is DecodeStatus.FAILED else "memory"
                for share in batch.shares:
                    self._give_up(share.slot, kind, "")

    def _choose_threads(self, active: list[Slot]) -> None:
        """Leave cores to others, but not while an answer must come out the same again.

        Attention over a long text is summed up by as many threads as there are.
        """
        keeper = self._threads
        if any(slot.answer is not None and slot.answer.job.order.repeatable for slot in active):
            self._runtime.set_threads(keeper.most)
        elif keeper.due(time.monotonic()):
            self._runtime.set_threads(keeper.look())
        else:
            self._runtime.set_threads(keeper.threads)

    def _next_batch(self, active: list[Slot]) -> Batch:
        """Return the next batch: a chunk of the prompts, or a token for every answer.

        After each chunk those who write are owed a few tokens before the next one is read.
        """
        writers = [slot for slot in active if slot.missing == 1]
        readers = self._not_following([slot for slot in active if slot.missing > 1], writers)
        if readers and (not writers or self._owed == 0):
            self._owed = _OWED_TO_WRITERS if writers else 0
            for slot in writers:
                if slot.answer is not None:
                    self._report(slot.answer.held())
            return self._reading(readers, beside=bool(writers))
        self._owed = max(0, self._owed - 1)
        return writing(self._writing_together(writers), self._draft)

    def _reading(self, readers: list[Slot], *, beside: bool) -> Batch:
        """Return a batch of prompts; who must be repeatable reads alone, in whole chunks."""
        first = min(readers, key=lambda slot: slot.used)
        if first.repeatable:
            whole = min(WHOLE_CHUNK, self._chunks.n_batch)
            batch = reading([first], whole, min, self._cache.checkpoint_at)
        else:
            others = [slot for slot in readers if not slot.repeatable]
            size = self._chunks.size(beside=beside)
            batch = reading(others, size, self._chunks.part, self._cache.checkpoint_at)
        if self._extras:
            batch.fill_up(self._chunks.filling)
        return batch

    def _writing_together(self, writers: list[Slot]) -> list[Slot]:
        """Return who writes in the next batch; who must be repeatable takes turns with the rest."""
        alone = [[slot] for slot in writers if slot.repeatable]
        if not alone or len(writers) == 1:
            return writers
        rest = [slot for slot in writers if not slot.repeatable]
        groups = [*alone, rest] if rest else alone
        self._group += 1
        return groups[self._group % len(groups)]

    def _active(self) -> list[Slot]:
        """Return the slots to decode next: those that share the adapters of the oldest turn."""
        active = [slot for slot in self._slots if slot.answer is not None]
        active.sort(key=lambda slot: slot.used)
        kinds = {slot.adapters for slot in active}
        if len(kinds) > 1:
            # Only one set of adapters acts in a batch: the sets take turns.
            self._turn += 1
            wanted = active[self._turn % len(active)].adapters
            active = [slot for slot in active if slot.adapters == wanted]
        return active

    def _not_following(self, readers: list[Slot], writers: list[Slot]) -> list[Slot]:
        """Return `readers` without those that wait for another one to read what they share.

        Several answers to one question, or questions under the same instructions, come at once: one
        slot reads the common head, and the others take it over when it has.
        """
        going: list[Slot] = []
        for slot in readers if self._runtime.memory.cuttable else ():
            leader = None
            if not slot.repeatable:
                leader = self._cache.leader(slot, [*going, *writers])
            if leader is None:
                going.append(slot)
            elif self._cache.take_over(slot, leader):
                going.append(slot)
                if slot.answer is not None:
                    slot.answer.cached = slot.decoded
                    self._report_reading(slot, slot.answer)
        return going if self._runtime.memory.cuttable else readers

    def _draft(self, slot: Slot, writers: int, used: int) -> list[int]:
        answer = slot.answer
        if answer is None or not answer.job.order.speculate or not self._extras:
            return []
        repeatable, length = answer.job.order.repeatable, len(slot.tokens)
        most = min(self._draft_tokens - used, self._runtime.n_ctx - length)
        if most <= 0:
            return []
        # Not even a guess may follow the clock where the answer must come out the same again.
        if repeatable:
            costs = self._costs.usual_of_guesses(writers + used, most, length)
        else:
            costs = self._costs.of_guesses(writers + used, most)

        def guesser() -> Guesser:
            runtime = self._runtime
            # What these guess depends on how far they have read along, cold or warm.
            source = None if repeatable else runtime.draft_model or runtime.heads
            return Guesser(slot.tokens, slot.index, source, runtime.guess_cost)

        return answer.draft(costs, guesser)

    def _advance(self, batch: Batch) -> None:
        if batch.reads:
            self._chunks.took(len(batch.rows), self._runtime.last_decode)
        else:
            self._costs.observe(len(batch.rows), self._runtime.last_decode)
        for share in batch.shares:
            slot = share.slot
            if batch.reads and slot.whole == slot.decoded and share.count == WHOLE_CHUNK:
                slot.whole += WHOLE_CHUNK
            slot.decoded += share.count
            slot.guessed = len(share.guesses) + share.filling
        for share in batch.shares:
            answer = share.slot.answer
            if answer is None:
                continue
            if answer.generated == 0:
                self._report_reading(share.slot, answer)
            if share.slot.missing == 0:
                self._write(share, answer)

    def _report_reading(self, slot: Slot, answer: Answer) -> None:
        total = len(answer.job.prompt.tokens)
        self._emit(Reading(id=answer.job.order.id, done=slot.decoded, total=total))
        if slot.decoded == self._cache.checkpoint_at(slot):
            self._cache.note(slot)

    def _write(self, share: Share, answer: Answer) -> None:
        slot = share.slot
        try:
            chosen = answer.choose(share.row, share.guesses)
        except SamplerRefused:
            self._give_up(slot, "grammar", "no token of this model fits here")
            return
        for place, token in enumerate(chosen):
            if not self._extend(slot, answer, token, share.row + place):
                return
            if place < len(share.guesses) and token == share.guesses[place]:
                slot.decoded += 1
                slot.guessed -= 1
        if answer.unsettled:
            slot.decoded -= 1
            slot.guessed += 1
        if slot.guessed:
            self._cache.take_back(slot)

    def _extend(self, slot: Slot, answer: Answer, token: int, row: int) -> bool:
        """Add `token` to the answer; return whether the answer goes on."""
        if answer.ends(token):
            self._end(slot, "stop")
            return False
        self._report(answer.take(token, row))
        slot.tokens.append(token)
        limit = answer.job.order.max_tokens
        if answer.complete:
            self._end(slot, "stop")
        elif 0 < limit <= answer.generated or len(slot.tokens) >= self._runtime.n_ctx:
            self._end(slot, "length")
        return slot.answer is answer

    def _assign(self) -> None:
        """Give waiting jobs to free slots, in order, as long as the cache can hold them.

        Those who wait on are told their place.
        """
        while self._waiting:
            free = [slot for slot in self._slots if slot.answer is None]
            busy = sum(len(slot.tokens) for slot in self._slots if slot.answer is not None)
            job = self._waiting.next(len(free))
            if job is None or (busy and busy + len(job.prompt.tokens) >= self._runtime.n_ctx):
                break
            self._waiting.remove(job)
            self._begin(job, free)
        self._announce_places()

    def _begin(self, job: Job, free: list[Slot]) -> None:
        order, prompt = job.order, job.prompt.tokens
        adapters = tuple(order.adapters)
        try:
            self._runtime.use_adapters(adapters)
        except AdapterRefused as error:
            self._emit(Refused(id=order.id, kind="adapter", detail=str(error)))
            return
        slot = slot_for(prompt, adapters, free)
        slot.decoded = self._cache.begin(
            slot, prompt, adapters, self._slots, repeatable=order.repeatable
        )
        slot.tokens = list(prompt)
        slot.adapters = adapters
        slot.repeatable = order.repeatable
        slot.may_be_kept = order.keep_state and not adapters
        self._turn += 1
        slot.used = self._turn
        try:
            slot.answer = Answer(self._runtime, job, slot.decoded)
        except SamplerRefused:
            slot.tokens = slot.cached
            self._emit(Refused(id=order.id, kind="grammar", detail=""))
            return
        self._emit(Reading(id=order.id, done=slot.decoded, total=len(prompt)))

    def _make_room(self) -> None:
        """Drop the oldest finished conversation, else end the newest answer, patient ones first."""
        finished = [slot for slot in self._slots if slot.answer is None and slot.decoded]
        if finished:
            oldest = min(finished, key=lambda slot: slot.used)
            self._cache.keep_on_disk(oldest)
            self._cache.empty(oldest)
            return
        active = [slot for slot in self._slots if slot.answer is not None]
        newest = max(active, key=lambda slot: (slot.is_patient, slot.used))
        answer = newest.answer
        if answer is None or answer.generated:
            self._end(newest, "length")
        elif len(active) > 1:
            self._waiting.add_back(answer.job)
            answer.close()
            newest.answer = None
            self._cache.empty(newest)
        else:
            self._give_up(newest, "decode", "no room")

    def _end(self, slot: Slot, reason: str) -> None:
        answer = slot.answer
        if answer is None:
            return
        slot.answer = None
        slot.tokens = slot.cached
        if slot.guessed:
            self._cache.take_back(slot)
        self._report(answer.finish(reason))
        self._go_on()

    def _give_up(self, slot: Slot, kind: str, detail: str) -> None:
        answer = slot.answer
        slot.answer = None
        self._cache.empty(slot)
        if answer is not None:
            answer.close()
            self._emit(Refused(id=answer.job.order.id, kind=kind, detail=detail))
        self._go_on()

    def _go_on(self) -> None:
        """Let those who wait have what a slot has left."""
        self._assign()
        if self.idle:
            self._threads.pause()

    def _report(self, reports: Iterable[Report]) -> None:
        for report in reports:
            self._emit(report)

    def _announce_places(self) -> None:
        for place, job in enumerate(self._waiting, start=1):
            self._emit(Waiting(id=job.order.id, place=place))

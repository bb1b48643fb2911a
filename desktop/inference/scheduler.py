"""Slots over one unified KV cache: who is decoded next. Runs inside the engine process.

Each step decodes one batch: the newest token of every answer being written, and a chunk of the
prompts that are being read. A request takes the slot with the longest common prefix, of which
nothing is decoded again; without a free slot it waits its turn (first in, first out). Reading and
writing are one mechanism: a slot's tokens that are not in the cache yet go into the next batches.
"""

import time
from collections import deque
from collections.abc import Callable

from desktop.inference.messages import Generate, Reading, Refused, Report, Waiting
from desktop.inference.runtime import BatchToken, DecodeStatus, Runtime
from desktop.inference.slot import Answer, Job, Slot
from desktop.inference.template import PromptMaker, TemplateFailed

# A chunk bounds how long a new question waits behind a long prompt, and it is a constant: chunks
# that followed the clock would make seeded answers differ from run to run.
_CHUNK_CPU = 128
# Characters: hardly any token is longer, and most are about as long.
_LONGEST_TOKEN = 64
_USUAL_TOKEN = 4


class Scheduler:
    """Answers requests on one loaded model. Every method belongs to the main thread."""

    def __init__(
        self,
        runtime: Runtime,
        prompts: PromptMaker,
        slots: int,
        n_batch: int,
        emit: Callable[[Report], None],
    ) -> None:
        """Start with `slots` empty slots; reports go to `emit`."""
        self._runtime = runtime
        self._prompts = prompts
        self._emit = emit
        self._slots = [Slot(index) for index in range(slots)]
        self._waiting: deque[Job] = deque()
        self._n_batch = n_batch
        self._chunk = n_batch if runtime.offloaded else min(n_batch, _CHUNK_CPU)
        self._turn = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._waiting and all(slot.answer is None for slot in self._slots)

    def submit(self, order: Generate) -> None:
        """Take in a request; a prompt that cannot be made or cannot fit is refused at once."""
        room = self._runtime.n_ctx - 1
        size = sum(len(turn.content) for turn in order.turns)
        if size > room * _LONGEST_TOKEN:
            # Not worth the seconds that exact counting would take.
            self._refuse_length(order, size // _USUAL_TOKEN, room)
            return
        try:
            prompt = self._prompts.prompt(order.turns)
        except TemplateFailed as error:
            self._emit(Refused(id=order.id, kind="template", detail=str(error)))
            return
        if len(prompt.tokens) > room:
            self._refuse_length(order, len(prompt.tokens), room)
            return
        if not prompt.tokens:
            self._emit(Refused(id=order.id, kind="template", detail="empty prompt"))
            return
        self._waiting.append(Job(order, prompt, time.monotonic()))
        self._assign()
        self._announce_places()

    def _refuse_length(self, order: Generate, needed: int, room: int) -> None:
        self._emit(Refused(id=order.id, kind="overflow", detail="", needed=needed, available=room))

    def cancel(self, request: int) -> None:
        """Stop a request wherever it is; unknown ones have just ended."""
        for job in self._waiting:
            if job.order.id == request:
                self._waiting.remove(job)
                self._report_end(Answer(self._runtime, job, 0), "stopped")
                self._announce_places()
                return
        for slot in self._slots:
            if slot.answer is not None and slot.answer.job.order.id == request:
                self._end(slot, "stopped")
                return

    def step(self) -> None:
        """Decode one batch and report what came of it."""
        batch, taken = self._next_batch()
        if not batch:
            return
        status = self._runtime.decode(batch)
        match status:
            case DecodeStatus.DONE:
                self._advance(batch, taken)
            case DecodeStatus.NO_ROOM:
                self._make_room()
            case DecodeStatus.ABORTED:
                for slot in taken:
                    slot.decoded = self._runtime.keep(slot.index, slot.decoded)
            case DecodeStatus.FAILED:
                for slot in taken:
                    self._give_up(slot, Refused(id=0, kind="decode", detail=""))

    def _next_batch(self) -> tuple[list[BatchToken], dict[Slot, int]]:
        batch: list[BatchToken] = []
        taken: dict[Slot, int] = {}
        active = [slot for slot in self._slots if slot.answer is not None]
        # Writers first: each needs one token, and nobody who reads may hold them up.
        active.sort(key=lambda slot: (len(slot.tokens) - slot.decoded > 1, slot.used))
        budget = self._n_batch
        for slot in active:
            missing = len(slot.tokens) - slot.decoded
            count = min(missing, budget, max(1, self._chunk - len(batch)) if missing > 1 else 1)
            if count <= 0:
                break
            for position in range(slot.decoded, slot.decoded + count):
                last = position == len(slot.tokens) - 1
                batch.append(BatchToken(slot.tokens[position], position, slot.index, last))
            taken[slot] = count
            budget -= count
            if missing > 1 and len(batch) >= self._chunk:
                break
        return batch, taken

    def _advance(self, batch: list[BatchToken], taken: dict[Slot, int]) -> None:
        rows = {entry.sequence: row for row, entry in enumerate(batch) if entry.logits}
        for slot, count in taken.items():
            slot.decoded += count
            answer = slot.answer
            if answer is None:
                continue
            if answer.generated == 0:
                total = len(answer.job.prompt.tokens)
                self._emit(Reading(id=answer.job.order.id, done=slot.decoded, total=total))
            if slot.index in rows:
                self._extend(slot, answer, rows[slot.index])

    def _extend(self, slot: Slot, answer: Answer, row: int) -> None:
        token = answer.next_token(row)
        if self._runtime.ends(token):
            self._end(slot, "stop")
            return
        for delta in answer.take(token):
            self._emit(delta)
        slot.tokens.append(token)
        limit = answer.job.order.max_tokens
        if answer.complete:
            self._end(slot, "stop")
        elif 0 < limit <= answer.generated or len(slot.tokens) >= self._runtime.n_ctx:
            self._end(slot, "length")

    def _assign(self) -> None:
        """Give waiting jobs to free slots, in order, as long as the cache can hold them."""
        while self._waiting:
            job = self._waiting[0]
            prompt = job.prompt.tokens
            free = [slot for slot in self._slots if slot.answer is None]
            busy = sum(len(slot.tokens) for slot in self._slots if slot.answer is not None)
            if not free or (busy and busy + len(prompt) >= self._runtime.n_ctx):
                return
            slot = _slot_for(prompt, free)
            self._waiting.popleft()
            # At least one token must be decoded to have something to sample from.
            shared = min(slot.common_prefix(prompt), len(prompt) - 1)
            slot.decoded = self._runtime.keep(slot.index, shared)
            slot.tokens = list(prompt)
            self._turn += 1
            slot.used = self._turn
            slot.answer = Answer(self._runtime, job, slot.decoded)
            self._emit(Reading(id=job.order.id, done=slot.decoded, total=len(prompt)))

    def _make_room(self) -> None:
        """Drop the least recently used finished conversation, else end the newest answer."""
        finished = [slot for slot in self._slots if slot.answer is None and slot.decoded]
        if finished:
            self._forget(min(finished, key=lambda slot: slot.used))
            return
        active = [slot for slot in self._slots if slot.answer is not None]
        newest = max(active, key=lambda slot: slot.used)
        answer = newest.answer
        if answer is None or answer.generated:
            self._end(newest, "length")
        elif len(active) > 1:
            self._waiting.appendleft(answer.job)
            answer.close()
            newest.answer = None
            self._forget(newest)
        else:
            self._give_up(newest, Refused(id=0, kind="decode", detail="no room"))

    def _end(self, slot: Slot, reason: str) -> None:
        answer = slot.answer
        if answer is None:
            return
        slot.answer = None
        slot.tokens = slot.cached
        self._report_end(answer, reason)
        self._assign()
        self._announce_places()

    def _give_up(self, slot: Slot, refusal: Refused) -> None:
        answer = slot.answer
        slot.answer = None
        self._forget(slot)
        if answer is not None:
            answer.close()
            self._emit(Refused(id=answer.job.order.id, kind=refusal.kind, detail=refusal.detail))
        self._assign()

    def _forget(self, slot: Slot) -> None:
        slot.decoded = self._runtime.keep(slot.index, 0)
        slot.tokens = []

    def _report_end(self, answer: Answer, reason: str) -> None:
        for report in answer.finish(reason):
            self._emit(report)

    def _announce_places(self) -> None:
        for place, job in enumerate(self._waiting, start=1):
            self._emit(Waiting(id=job.order.id, place=place))


def _slot_for(prompt: list[int], free: list[Slot]) -> Slot:
    """Return the slot that shares most with `prompt`, if it is mostly the same conversation.

    All conversations share the head of the template; a slot that shares no more than that is worth
    keeping for its own conversation, so the least recently used one is overwritten instead.
    """
    best = max(free, key=lambda slot: slot.common_prefix(prompt))
    shared = best.common_prefix(prompt)
    if shared and 2 * shared >= min(len(prompt), best.decoded):
        return best
    return min(free, key=lambda slot: slot.used)

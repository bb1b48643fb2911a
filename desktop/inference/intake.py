"""From a request as it came to a job that can run, or to the reason why not. Engine process only.

Everything that can be refused is refused here, before a slot is taken: a prompt that cannot be made
or cannot fit, and a grammar that would bring native code down.
"""

import time
from collections.abc import Callable

from desktop.inference.gbnf import GrammarRefused
from desktop.inference.grammar import checked_grammar
from desktop.inference.messages import Generate, Refused, Turn
from desktop.inference.sandbox import PromptRefused
from desktop.inference.slot import Job
from desktop.inference.template import Prompt

# Characters: hardly any token is longer, and most are about as long.
_LONGEST_TOKEN = 64
_USUAL_TOKEN = 4
_LONGEST_REASON = 300


def job_for(order: Generate, make: Callable[[Generate], Prompt], n_ctx: int) -> Job | Refused:
    """Return `order` as a job for a context of `n_ctx` tokens; `make` renders and tokenises."""
    arrived = time.perf_counter()
    room = n_ctx - 1
    if (refused := _far_too_long(order, room)) is not None:
        return refused
    try:
        prompt = make(order)
        sampling = order.sampling
        kind = sampling.grammar_kind
        grammar = checked_grammar(kind, sampling.grammar) if kind else ""
    except PromptRefused as error:
        return Refused(id=order.id, kind=error.kind, detail=str(error)[:_LONGEST_REASON])
    except GrammarRefused as error:
        return Refused(id=order.id, kind="grammar", detail=str(error)[:_LONGEST_REASON])
    if len(prompt.tokens) > room:
        return _too_long(order, len(prompt.tokens), room)
    if not prompt.tokens:
        return Refused(id=order.id, kind="template", detail="empty prompt")
    return Job(order, prompt, grammar, arrived)


def count_of(order: Generate, make: Callable[[Generate], Prompt], n_ctx: int) -> int | Refused:
    """Return the tokens of the prompt of `order`, also of one that does not fit into `n_ctx`."""
    if (refused := _far_too_long(order, n_ctx - 1)) is not None:
        return refused
    try:
        return len(make(order).tokens)
    except PromptRefused as error:
        return Refused(id=order.id, kind=error.kind, detail=str(error)[:_LONGEST_REASON])


def _far_too_long(order: Generate, room: int) -> Refused | None:
    size = sum(_size(turn) for turn in order.turns) + sum(map(len, order.tools))
    size += len(order.prompt or "") + len(order.suffix or "")
    if size <= room * _LONGEST_TOKEN:
        return None
    # Not worth the seconds that exact counting would take.
    return _too_long(order, size // _USUAL_TOKEN, room)


def _size(turn: Turn) -> int:
    """Return the characters of a turn, thinking and calls included."""
    calls = sum(len(call.name) + len(call.arguments) for call in turn.tool_calls)
    return len(turn.content) + len(turn.reasoning) + calls


def _too_long(order: Generate, needed: int, room: int) -> Refused:
    return Refused(id=order.id, kind="overflow", detail="", needed=needed, available=room)

"""What a parsed grammar means: whether llama.cpp can run it without crash, hang or dead end.

Runs in any process; pure Python, every walk iterative and bounded. llama.cpp keeps each reading
of the text so far as a stack of its own. A rule that starts with itself makes such a stack grow
for ever; many ways to read the same start make as many stacks; and where no stack can go on, it
aborts.
"""

from collections.abc import Callable, Sequence

from desktop.inference.gbnf import Body, CharSet, GrammarRefused, Rules, parse
from desktop.inference.gbnf_stacks import probe

ROOT = "root"
MAX_READINGS = 2_000


def check(text: str) -> str:
    """Return `text` if llama.cpp can run it from its rule `root`; raises GrammarRefused.

    What is accepted was parsed as llama.cpp does it, has no rule that starts with itself or never
    ends, and stays within the bounds of this module and of `gbnf`.
    """
    rules = parse(text)
    bodies = _defined(rules)
    root = rules.numbers.get(ROOT)
    if root is None:
        raise GrammarRefused(f"there is no rule “{ROOT}”")
    ending = _least(bodies, characters=True)
    for number, ends in enumerate(ending):
        if not ends:
            raise GrammarRefused(f"the rule “{rules.names[number][:40]}” can never end")
    empty = _least(bodies, characters=False)
    order = _without_left_recursion(rules, bodies, empty)
    _bound_readings(rules, bodies, empty, order)
    probe(bodies, root)
    return text


def _defined(rules: Rules) -> list[Body]:
    bodies = []
    for number, body in enumerate(rules.bodies):
        if body is None:
            raise GrammarRefused(f"the rule “{rules.names[number][:40]}” is defined nowhere")
        bodies.append(body)
    return bodies


def _least(bodies: Sequence[Body], *, characters: bool) -> list[bool]:
    """Return which rules can be read to their end: with `characters`, at all; without, as "".

    A sequence counts as read once all rules it refers to are; the wave starts at those that refer
    to none.
    """
    done = [False] * len(bodies)
    waiting: list[list[int]] = [[] for _ in bodies]
    missing: list[int] = []
    owners: list[int] = []
    ready: list[int] = []
    for number, body in enumerate(bodies):
        for sequence in body:
            references = [element for element in sequence if isinstance(element, int)]
            if not characters and len(references) < len(sequence):
                continue
            for reference in references:
                waiting[reference].append(len(missing))
            if not references:
                ready.append(number)
            missing.append(len(references))
            owners.append(number)
    while ready:
        number = ready.pop()
        if done[number]:
            continue
        done[number] = True
        for sequence_index in waiting[number]:
            missing[sequence_index] -= 1
            if missing[sequence_index] == 0:
                ready.append(owners[sequence_index])
    return done


def _leftmost(body: Body, empty: Sequence[bool]) -> list[int]:
    """Return the rules that a rule may start with."""
    found = []
    for sequence in body:
        for element in sequence:
            if isinstance(element, CharSet):
                break
            found.append(element)
            if not empty[element]:
                break
    return found


def _without_left_recursion(
    rules: Rules, bodies: Sequence[Body], empty: Sequence[bool]
) -> list[int]:
    """Return all rules, each after those it may start with; raises if there is no such order."""
    order: list[int] = []
    fresh, open_, closed = 0, 1, 2
    state = [fresh] * len(bodies)
    for first in range(len(bodies)):
        if state[first] != fresh:
            continue
        state[first] = open_
        path = [(first, iter(_leftmost(bodies[first], empty)))]
        while path:
            number, heads = path[-1]
            head = next(heads, None)
            if head is None:
                state[number] = closed
                order.append(number)
                path.pop()
            elif state[head] == open_:
                raise GrammarRefused(
                    f"the rule “{rules.names[head][:40]}” can start with itself, "
                    "or repeats something that may be empty"
                )
            elif state[head] == fresh:
                state[head] = open_
                path.append((head, iter(_leftmost(bodies[head], empty))))
    return order


def _bound_readings(
    rules: Rules, bodies: Sequence[Body], empty: Sequence[bool], order: Sequence[int]
) -> None:
    """Refuse where the stacks made by entering one rule may be too many.

    The count also bounds llama.cpp's own search for left recursion, which follows every path.
    """
    readings = [0] * len(bodies)
    for number in order:
        count = 1
        for sequence in bodies[number]:
            count += _readings_of(sequence, readings, empty.__getitem__)
        if count > MAX_READINGS:
            raise GrammarRefused(
                f"the rule “{rules.names[number][:40]}” can start in more than "
                f"{MAX_READINGS:,} ways"
            )
        readings[number] = count


def _readings_of(
    sequence: Sequence[int | CharSet], readings: Sequence[int], may_be_empty: Callable[[int], bool]
) -> int:
    count = 0
    for element in sequence:
        if isinstance(element, CharSet):
            return count + 1
        count += readings[element]
        if not may_be_empty(element):
            return count
    return count + 1

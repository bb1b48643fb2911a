"""Reading a text along a grammar the way llama.cpp does it: as a set of stacks.

Runs in any process; pure Python. A stack is a tuple of places, the innermost last; its innermost
place is a character to come, and the empty stack is a finished text. A grammar may be sound rule
by rule and yet double its stacks with each character; `probe` looks for that along the characters
that make most of them.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from desktop.inference.gbnf import Body, CharSet, GrammarRefused

Place: TypeAlias = tuple[int, int, int]
"""Rule, alternative, index of the element."""
Stack: TypeAlias = tuple[Place, ...]

MAX_STACKS = 2_000
_PROBE_STEPS = 40
_PROBE_CHARACTERS = 12
_PROBE_WORK = 20_000
_PROBE_SAMPLES = tuple(map(ord, 'a0 "\n'))


class Reader:
    """The stacks of one grammar; `bodies` must have passed the check for left recursion."""

    def __init__(self, bodies: Sequence[Body], root: int) -> None:
        """Start in front of the text."""
        self._bodies = bodies
        self.work = 0
        self.start = self._settled([(place,) if place else () for place in self._entries(root)])

    def after(self, stacks: Iterable[Stack], code_point: int) -> set[Stack]:
        """Return the stacks once the character is read; none where the grammar forbids it.

        Raises GrammarRefused for more than MAX_STACKS.
        """
        moved = []
        for stack in stacks:
            if stack and self.character(stack).matches(code_point):
                following = self._next(stack[-1])
                moved.append((*stack[:-1], following) if following else stack[:-1])
        return self._settled(moved)

    def character(self, stack: Stack) -> CharSet:
        """Return what may come next; `stack` is settled and not empty."""
        rule, alternative, index = stack[-1]
        element = self._bodies[rule][alternative][index]
        assert isinstance(element, CharSet)  # noqa: S101
        return element

    def _entries(self, rule: int) -> list[Place | None]:
        body = self._bodies[rule]
        return [(rule, index, 0) if sequence else None for index, sequence in enumerate(body)]

    def _next(self, place: Place) -> Place | None:
        rule, alternative, index = place
        more = index + 1 < len(self._bodies[rule][alternative])
        return (rule, alternative, index + 1) if more else None

    def _settled(self, todo: list[Stack]) -> set[Stack]:
        """Enter rules until each stack waits for a character or is finished."""
        settled: set[Stack] = set()
        seen: set[Stack] = set()
        while todo:
            stack = todo.pop()
            if stack in seen:
                continue
            seen.add(stack)
            self.work += 1
            if len(seen) > 4 * MAX_STACKS or len(settled) > MAX_STACKS:
                raise GrammarRefused(
                    "the grammar can read one text in too many ways; "
                    "make alternatives differ in their first characters"
                )
            rule, alternative, index = stack[-1] if stack else (0, 0, 0)
            element = self._bodies[rule][alternative][index] if stack else None
            if not isinstance(element, int):
                settled.add(stack)
                continue
            following = self._next(stack[-1])
            outer = (*stack[:-1], following) if following else stack[:-1]
            todo += [(*outer, place) if place else outer for place in self._entries(element)]
        return settled


def probe(bodies: Sequence[Body], root: int) -> None:
    """Refuse a grammar whose stacks multiply along a text made for that.

    A search with bounded work, not a proof: it follows, character by character, what leaves the
    most stacks.
    """
    reader = Reader(bodies, root)
    stacks = reader.start
    for step in range(_PROBE_STEPS):
        best: set[Stack] = set()
        samples = _samples({reader.character(stack) for stack in stacks if stack})
        turn = step % len(samples) if samples else 0
        for code_point in (*samples[turn:], *samples[:turn])[:_PROBE_CHARACTERS]:
            found = reader.after(stacks, code_point)
            if len(found) > len(best):
                best = found
            if reader.work > _PROBE_WORK:
                return
        if not best:
            return
        stacks = best


def _samples(sets: Iterable[CharSet]) -> list[int]:
    """Return characters that the sets are made of, the most shared first."""
    points: dict[int, int] = {}
    wanted = list(sets)
    for entry in wanted:
        named = [low for low, _high in entry.ranges[:8]]
        for code_point in (*named, *(_PROBE_SAMPLES if entry.negated else ())):
            points[code_point] = 0
    if len(wanted) * len(points) <= 10_000:
        for code_point in points:
            points[code_point] = sum(entry.matches(code_point) for entry in wanted)
    return sorted(points, key=lambda code_point: (-points[code_point], code_point))

"""The end of a prompt that goes on with an answer instead of beginning one.

Runs inside the engine process. What the model wrote so far is put behind what the template writes
before an answer, the way the model would have written it: so it goes on in the middle of a
sentence, and what was computed for the answer before is used again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from desktop.inference.formats import Format, Marks
from desktop.inference.messages import Turn

_ANALYSIS = "<|channel|>analysis<|message|>"
_FINAL = "<|channel|>final<|message|>"
_NEXT = "<|end|><|start|>assistant"


@dataclass(frozen=True, slots=True)
class Begun:
    """A prompt up to the answer (`head`), and the pieces of the answer that follow it.

    Each piece is told with whether it is a mark of the template's kind, and not what was written.
    `opens` is the mark that the thinking stands behind which the model is in; empty after it.
    """

    head: str
    pieces: tuple[tuple[str, bool], ...]
    opens: str


def apart_from_begun(turns: Sequence[Turn], *, goes_on: bool) -> tuple[Sequence[Turn], Turn | None]:
    """Return the turns before the answer to go on with, and it: None if there is nothing of it."""
    last = turns[-1] if turns and goes_on else None
    if last is None or last.role != "assistant":
        return turns, None
    return turns[:-1], last if last.content or last.reasoning else None


def begun(head: str, opens: str, look_for: Format, source: str, turn: Turn) -> Begun:
    """Return the prompt `head`, which `opens` thinking by itself or does not, with `turn` begun.

    `look_for` and `source` are those of its template.
    """
    if look_for.channels:
        return _in_channels(head, opens, turn)
    marks = _marks(opens, look_for, source)
    gap = "" if marks.opening.startswith("[") or marks.opening.endswith("|>") else "\n"
    if not turn.reasoning:
        if opens:
            head = f"{head.rstrip()}\n\n{marks.closing}\n\n"
        return Begun(head, ((turn.content, False),), "")
    pieces = [(turn.reasoning, False)]
    if not opens:
        head = _without_empty_thought(head, marks)
        pieces.insert(0, (f"{marks.opening}{gap}", True))
    if not turn.content:
        return Begun(head, tuple(pieces), marks.opening)
    closing = (f"{gap}{marks.closing}{gap * 2}", True)
    return Begun(head, (*pieces, closing, (turn.content, False)), "")


def _in_channels(head: str, opens: str, turn: Turn) -> Begun:
    thinks = "final" not in opens and bool(turn.reasoning)
    pieces: list[tuple[str, bool]] = []
    if thinks:
        pieces += [] if opens else [(_ANALYSIS, True)]
        pieces.append((turn.reasoning, False))
    if not turn.content:
        return Begun(head, tuple(pieces), _ANALYSIS if thinks else opens)
    if thinks or (opens and "final" not in opens):
        pieces.append((_NEXT, True))
        opens = ""
    pieces += [] if opens else [(_FINAL, True)]
    return Begun(head, (*pieces, (turn.content, False)), _FINAL)


def _marks(opens: str, look_for: Format, source: str) -> Marks:
    """Return the marks that thinking stands between: those opened, else those of the template."""
    pairs = (*look_for.thinking, *look_for.inner_thinking)
    if opens:
        return next(marks for marks in pairs if marks.opening == opens)
    return next((marks for marks in pairs if marks.opening in source), pairs[0])


def _without_empty_thought(head: str, marks: Marks) -> str:
    """Leave out the thinking that a template writes where there shall be none: there was some."""
    opening, closing = re.escape(marks.opening), re.escape(marks.closing)
    return re.sub(rf"{opening}\s*{closing}\s*\Z", "", head)

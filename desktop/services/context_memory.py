"""What a model is given of a conversation, and which turns leave when it no longer fits.

A chat keeps everything; `MemoryStart` on one of its messages says from where on the model is given
what was said. Pure functions over values, any thread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desktop.domain.chat import Message, Role
from desktop.domain.history import StoredMessage
from desktop.domain.settings import Language
from desktop.services.attachment_text import with_attachments
from desktop.services.context_estimate import estimated_total
from desktop.services.own_language import is_in
from desktop.services.pictures import pictures_of

# Of the window stays free: then the beginning changes, and is read anew, once in many turns.
_FREE_SHARE: Final = 4

_NOTE = "What was said before, in short:\n{summary}"
_NOTE_ZH = "之前对话的摘要：\n{summary}"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with what was answered; `answer` is None for the question to be answered now."""

    question: StoredMessage
    answer: StoredMessage | None

    @property
    def messages(self) -> tuple[Message, ...]:
        """Both, as the model reads them."""
        along = self.question.attachments
        asked = Message(
            Role.USER,
            with_attachments(self.question.content, along),
            pictures=pictures_of(along),
        )
        if self.answer is None:
            return (asked,)
        return asked, Message(Role.ASSISTANT, self.answer.content)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the model is given of a branch: the first turn, if it stays, and the newest ones.

    `summary` stands for what lies between. `turns` ends with the question to be answered.
    """

    first: Turn | None
    summary: str
    turns: tuple[Turn, ...]

    def messages(self, system: str) -> tuple[Message, ...]:
        """Return it as it is sent, `system` first, with the summary in its end."""
        turns = self.turns if self.first is None else (self.first, *self.turns)
        said = (message for turn in turns for message in turn.messages)
        return (*self.opening(system), *said)

    def opening(self, system: str) -> tuple[Message, ...]:
        """Return what stands before all turns."""
        head = "\n\n".join(part for part in (system.strip(), _noted(self.summary)) if part)
        return (Message(Role.SYSTEM, head),) if head else ()


@dataclass(frozen=True, slots=True)
class Cut:
    """From which of the turns on the model remembers, and whether the first one stays as well."""

    start: int
    keeps_first: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """The `turns` that leave, and the question that the model remembers from then on."""

    turns: tuple[Turn, ...]
    start: StoredMessage
    keeps_first: bool


def remembered(branch: Sequence[StoredMessage]) -> Remembered:
    """Return what the model is given of `branch`, which ends with the question to answer.

    A question that got no answer is left out with it, so that speakers alternate.
    """
    marks = [place for place, each in enumerate(branch) if each.memory is not None]
    start = marks[-1] if marks else 0
    memory = branch[start].memory if branch else None
    if start == 0 or memory is None:
        return Remembered(None, "" if memory is None else memory.summary, turns_of(branch))
    before = turns_of(branch[:start])
    first = before[0] if memory.keeps_first and before and before[0].answer is not None else None
    return Remembered(first, memory.summary, turns_of(branch[start:]))


def sent(system: str, branch: Sequence[StoredMessage]) -> tuple[Message, ...]:
    """Return the messages of a request: `system`, what is remembered of `branch`, its question."""
    return remembered(branch).messages(system)


def turns_of(messages: Sequence[StoredMessage]) -> tuple[Turn, ...]:
    """Return the questions that have an answer with text, and the last one where it has none yet."""
    turns: list[Turn] = []
    asked: StoredMessage | None = None
    for message in messages:
        if message.role is Role.USER:
            asked = message
        elif message.role is Role.ASSISTANT and asked is not None and message.content.strip():
            turns.append(Turn(asked, message))
            asked = None
    if asked is not None and asked is messages[-1]:
        turns.append(Turn(asked, None))
    return tuple(turns)


def cut(turns: Sequence[int], *, first: int, fixed: int, room: int) -> Cut | None:
    """Return which turns stay, the oldest leaving first; None where not even the last one fits.

    `turns` are the tokens of each, the last of them the question to be answered; `first` those of a
    first turn that was kept apart (0: it is the first of `turns`), `fixed` of the system prompt and
    all else that is always sent; `room` is the context window. A quarter of it is left free, so
    that the beginning, and with it what the engine has read, stays the same for many turns.
    """
    if not turns or fixed + turns[-1] >= room:
        return None
    apart = first or (turns[0] if len(turns) > 1 else 0)
    most = room - room // _FREE_SHARE
    keeps_first = fixed + apart + turns[-1] <= most
    taken = fixed + turns[-1] + (apart if keeps_first else 0)
    start = len(turns) - 1
    # The first turn is counted apart, wherever it stands.
    earliest = 0 if first else 1
    while start > earliest and taken + turns[start - 1] <= most:
        start -= 1
        taken += turns[start]
    return Cut(start, keeps_first)


def leaving(kept: Remembered, *, total: int, fixed: int, room: int) -> Leaving | None:
    """Return which turns of `kept` have to leave a window of `room` tokens; None if none can.

    `total` tokens are what all of it takes, `fixed` what is always sent beside the turns. What the
    single turns take is estimated, so that it adds up to the rest.
    """
    apart = () if kept.first is None else (kept.first,)
    guesses = [estimated_total(turn.messages) for turn in (*apart, *kept.turns)]
    scale = max(0, total - fixed) / max(1, sum(guesses))
    sizes = [math.ceil(guess * scale) for guess in guesses]
    first = sizes.pop(0) if apart else 0
    found = cut(sizes, first=first, fixed=fixed, room=room)
    if found is None:
        return None
    start, first_stays = found.start, found.keeps_first
    gone = kept.turns[:start] if apart or not first_stays else kept.turns[1:start]
    if apart and not first_stays:
        gone = (*apart, *gone)
    if not gone:
        return None
    return Leaving(gone, kept.turns[start].question, keeps_first=first_stays)


def _noted(summary: str) -> str:
    summary = summary.strip()
    if not summary:
        return ""
    return (_NOTE_ZH if is_in(summary, Language.CHINESE) else _NOTE).format(summary=summary)

"""How much of the context window a question would take, by parts, from as few counts as possible.

The engine counts whole prompts (`Engine.count`); what a part takes is the difference between two.
What does not change while somebody types is counted once. One thread: whoever owns a
`ContextParts` asks and tells it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from desktop.domain.chat import ChatRequest, Message, Role
from desktop.domain.context import ContextCount
from desktop.domain.history import Attachment
from desktop.domain.sight import without_pictures
from desktop.services.attachment_text import with_attachments
from desktop.services.context_estimate import (
    AROUND,
    estimated_attachment,
    estimated_tokens,
    estimated_total,
)
from desktop.services.pictures import pictures_of


@dataclass(frozen=True, eq=False)
class Opening:
    """What stands before a question; compared by identity, so that a long chat costs nothing.

    `messages` are those after the system prompt. `model` is what is loaded (any value that changes
    with it), `template` and `thinking` are as in `ChatRequest`.
    """

    system: str
    messages: tuple[Message, ...] = ()
    model: object = None
    template: str = ""
    thinking: bool | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that is being written."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()


class Part(Enum):
    """A prompt that is counted.

    `BARE` the template alone, `SYSTEM` with the system prompt, `OPENING` with all that was said;
    `ATTACHED` with attachments as well, `WHOLE` with everything. `SHORT` is the draft's text alone
    after the template: it costs little and changes by as much as the whole does.
    """

    BARE = auto()
    SYSTEM = auto()
    OPENING = auto()
    ATTACHED = auto()
    WHOLE = auto()
    SHORT = auto()


class ContextParts:
    """Knows what was counted of one opening and one draft."""

    def __init__(self) -> None:
        """Know nothing."""
        self._opening = Opening("")
        self._draft = Draft()
        self._known: dict[Part, int] = {}
        self._adds_up = False
        self._estimated: dict[Part, int] = {}

    def take(self, opening: Opening, draft: Draft) -> None:
        """Speak of these from now on; what was counted of them before stays known."""
        if opening is not self._opening:
            self._known.clear()
            self._estimated.clear()
            self._adds_up = False
        if draft.attachments != self._draft.attachments:
            self._forget(Part.ATTACHED, Part.WHOLE)
        if draft.text != self._draft.text:
            self._forget(Part.WHOLE, Part.SHORT)
        self._opening, self._draft = opening, draft

    def missing(self, *, settled: bool) -> dict[Part, ChatRequest]:
        """Return what is to be counted now; nothing when all of it is known.

        While somebody types (not `settled`) the draft is counted alone, once it was seen that
        what it adds to the whole is what it adds to an empty conversation.
        """
        wanted = [Part.BARE, Part.SYSTEM, Part.OPENING]
        if self._draft.attachments:
            wanted.append(Part.ATTACHED)
        if self._draft.text.strip():
            wanted.append(Part.SHORT)
            if settled or not self._adds_up:
                wanted.append(Part.WHOLE)
        return {part: self._request(part) for part in wanted if part not in self._known}

    def learn(self, counted: dict[Part, int]) -> None:
        """Take what was counted of what was `missing`; nothing else may have been taken since."""
        self._known |= counted
        whole, short = self._known.get(Part.WHOLE), self._known.get(Part.SHORT)
        if whole is not None and short is not None:
            self._adds_up = whole == self._added(short)

    def count(self, room: int) -> ContextCount | None:
        """Return the parts in a window of `room` tokens, or None while too little was counted."""
        known = self._known
        if not {Part.BARE, Part.SYSTEM, Part.OPENING} <= known.keys():
            return None
        before = known[Part.OPENING]
        attached = known.get(Part.ATTACHED) if self._draft.attachments else before
        whole = self._whole(attached)
        if attached is None or whole is None:
            return None
        system = min(known[Part.SYSTEM], before)
        return ContextCount(
            room, system, before - system, max(0, attached - before), max(0, whole - attached)
        )

    def estimate(self, room: int) -> ContextCount:
        """Return the parts as they can be guessed without a model."""
        guessed = self._estimated
        if not guessed:
            opening = self._opening
            guessed[Part.SYSTEM] = AROUND + estimated_tokens(opening.system)
            guessed[Part.OPENING] = estimated_total(opening.messages)
        return ContextCount(
            room,
            system=guessed[Part.SYSTEM],
            history=guessed[Part.OPENING],
            attachments=sum(AROUND + estimated_attachment(a) for a in self._draft.attachments),
            draft=estimated_tokens(self._draft.text),
            exact=False,
        )

    def _whole(self, attached: int | None) -> int | None:
        if not self._draft.text.strip():
            return attached
        short = self._known.get(Part.SHORT)
        counted = self._known.get(Part.WHOLE)
        return self._added(short) if counted is None and short is not None else counted

    def _added(self, short: int) -> int | None:
        """Return what the whole takes if the draft adds to it what it adds to nothing."""
        place = Part.ATTACHED if self._draft.attachments else Part.OPENING
        before, bare = self._known.get(place), self._known.get(Part.BARE)
        return None if before is None or bare is None else before + short - bare

    def _forget(self, *parts: Part) -> None:
        for part in parts:
            self._known.pop(part, None)

    def _request(self, part: Part) -> ChatRequest:
        opening = self._opening
        along = tuple(each for each in self._draft.attachments if not each.is_picture)
        draft = Draft(self._draft.text, along)
        match part:
            case Part.BARE:
                messages = _asked("")
            case Part.SHORT:
                messages = _asked(draft.text)
            case Part.SYSTEM:
                messages = (*_system(opening.system), *_asked(""))
            case Part.OPENING:
                messages = request_messages(opening, Draft())
            case Part.ATTACHED:
                messages = request_messages(opening, Draft("", draft.attachments))
            case Part.WHOLE:
                messages = request_messages(opening, draft)
        # Only models of this computer are counted with, and none of them sees.
        return ChatRequest(
            without_pictures(messages),
            builtin_template=opening.template,
            thinking=opening.thinking,
        )


def request_messages(opening: Opening, draft: Draft) -> tuple[Message, ...]:
    """Return the messages of the request that asking `draft` would make."""
    along = draft.attachments
    asked = Message(Role.USER, with_attachments(draft.text, along), pictures=pictures_of(along))
    return (*_system(opening.system), *opening.messages, asked)


def _system(text: str) -> Sequence[Message]:
    return (Message(Role.SYSTEM, text),) if text else ()


def _asked(text: str) -> tuple[Message, ...]:
    return (Message(Role.USER, text),)

"""Chats as they are kept: a tree of messages in each chat, chats in folders."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from desktop.domain.chat import Role, ToolCall, Usage


class MessageState(StrEnum):
    """How far a message came.

    `streaming` is on disk only while an answer is being written; found at start-up, it means the
    program was killed, and it becomes `interrupted`.
    """

    COMPLETE = "complete"
    STREAMING = "streaming"
    STOPPED = "stopped"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class AttachmentKind(StrEnum):
    """What goes beside a question, and where it came from.

    The text of a `picture` is the picture itself, as a `data:` address. That of an `action` is the
    whole question: what a quick action tells the model to do, and the text it is to be done with.
    Its name says both in short, and is what people see.
    """

    FILE = "file"
    PASTE = "paste"
    SELECTION = "selection"
    ACTION = "action"
    PICTURE = "picture"


class TitleSource(StrEnum):
    """Who named a chat; what a person wrote is never replaced."""

    QUESTION = "question"
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Attachment:
    """What goes with a question; `name` is that of the file or action, else empty.

    `pages` of a document that has some; 0 for everything else.
    """

    kind: AttachmentKind
    name: str
    text: str
    pages: int = 0

    @property
    def is_picture(self) -> bool:
        """Whether it is looked at, and not read."""
        return self.kind is AttachmentKind.PICTURE

    @property
    def words(self) -> str:
        """What can be read of it, counted and searched: nothing of a picture."""
        return "" if self.is_picture else self.text


@dataclass(frozen=True, slots=True)
class MemoryStart:
    """From the message that carries this on, the model is given what was said.

    Of what came before it is given `summary` (empty: nothing) and, with `keeps_first`, the first
    question with its answer. The system prompt always stays.
    """

    summary: str = ""
    keeps_first: bool = True


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the sidebar."""

    id: int
    name: str
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """A line of the sidebar. Times are Unix seconds (UTC). An empty title means "New chat".

    A `temporary` chat is kept in memory alone. `icon` is that of its persona, or empty. One that is
    `deleted` can be brought back for a while.
    """

    id: int
    title: str
    created: float
    updated: float
    folder: int | None = None
    pinned: bool = False
    archived: bool = False
    temporary: bool = False
    icon: str = ""
    titled_by: TitleSource = TitleSource.QUESTION
    deleted: bool = False


class MessageRef(NamedTuple):
    """A message of a branch without its text; `place` (from 1) of `siblings` with its parent.

    A tuple, because ten thousand of them are made when a long chat is opened.
    """

    id: int
    role: Role
    place: int = 1
    siblings: int = 1


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One node of a chat's tree; `parent` None is a first message.

    `note` is a JSON object with what ended the answer (error title and hint), or empty.
    `thinking_seconds` is how long the model thought before it spoke. `edited` is set when a person
    wrote an answer, or changed it. With `memory` the model remembers from this message on.
    """

    id: int
    chat: int
    parent: int | None
    role: Role
    content: str
    reasoning: str
    state: MessageState
    model: str
    usage: Usage | None
    note: str
    created: float
    attachments: tuple[Attachment, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    thinking_seconds: float | None = None
    edited: bool = False
    memory: MemoryStart | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where searched words stand.

    `snippet` is a piece of the text in one line, `marks` where in it the words are (start and end
    in characters). `message` None: they are in the chat's title, which is the snippet then.
    """

    chat: int
    title: str
    message: int | None
    role: Role
    snippet: str
    marks: tuple[tuple[int, int], ...] = ()
    created: float = 0.0

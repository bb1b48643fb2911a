"""Chats as they are kept: a tree of messages in each chat."""

from dataclasses import dataclass
from enum import StrEnum

from desktop.domain.chat import Role, Usage


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


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """A line of the sidebar. Times are Unix seconds (UTC). An empty title means "New chat"."""

    id: int
    title: str
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One node of a chat's tree; `parent` None is a first message.

    `note` is a JSON object with what ended the answer (error title and hint), or empty.
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

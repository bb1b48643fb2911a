"""A chat on its way into a file or out of one: everything that is in it, and no ids of a database."""

from dataclasses import dataclass, field

from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, MemoryStart, MessageState, TitleSource


@dataclass(frozen=True, slots=True)
class CarriedMessage:
    """One node of the tree; `key` and `parent` name it within the chat alone.

    `created` in Unix seconds, 0 where nobody knows.
    """

    key: str
    parent: str | None
    role: Role
    content: str
    reasoning: str = ""
    state: MessageState = MessageState.COMPLETE
    model: str = ""
    usage: Usage | None = None
    created: float = 0.0
    attachments: tuple[Attachment, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    thinking_seconds: float | None = None
    edited: bool = False
    memory: MemoryStart | None = None


@dataclass(frozen=True, slots=True)
class CarriedChat:
    """A whole chat; parents stand before their children. `tip` is the key of the active end.

    `folder` is a name, empty for none; times are Unix seconds, 0 where nobody knows.
    """

    title: str
    messages: tuple[CarriedMessage, ...]
    tip: str = ""
    created: float = 0.0
    updated: float = 0.0
    folder: str = ""
    pinned: bool = False
    archived: bool = False
    icon: str = ""
    titled_by: TitleSource = TitleSource.PERSON
    settings: ChatSettings = field(default_factory=ChatSettings)

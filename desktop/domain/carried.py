"""A chat on its way into a file or out of one: everything that is in it, and no ids of a database."""

import hashlib
from dataclasses import dataclass, field

from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, MemoryStart, MessageState, TitleSource
from desktop.domain.text import Text


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


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be taken over: the `name` of a file, or of a chat in one, and why."""

    name: str
    why: Text


def active_branch(chat: CarriedChat) -> tuple[CarriedMessage, ...]:
    """Return the messages from the first to the tip, or to the last one if the tip names none."""
    by_key = {message.key: message for message in chat.messages}
    branch: list[CarriedMessage] = []
    message = by_key.get(chat.tip) or next(reversed(by_key.values()), None)
    # No message stands twice in a branch, whatever the parents say.
    while message is not None and len(branch) < len(by_key):
        branch.append(message)
        message = None if message.parent is None else by_key.get(message.parent)
    return tuple(reversed(branch))


def fingerprint(chat: CarriedChat) -> str:
    """Return the SHA-256, in hex, of who says what in the active branch.

    The same for the same words, whatever the title, the times and the model are.
    """
    digest = hashlib.sha256()
    for message in active_branch(chat):
        content = message.content.encode(errors="surrogatepass")
        digest.update(f"{message.role.value} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ChatsRead:
    """What could be read of a file, and what could not."""

    chats: tuple[CarriedChat, ...] = ()
    unread: tuple[Unread, ...] = ()

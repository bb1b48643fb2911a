"""Messages as rows: how a branch is read, and from a row to its value and back.

Pure functions, any thread.
"""

from collections.abc import Container, Iterable
from typing import Any, TypeAlias

from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.history import Attachment, MemoryStart, MessageState, StoredMessage
from desktop.store.json_columns import read, written

_ROLES = frozenset(Role)
_STATES = frozenset(MessageState)

# Foreign code is untyped: SQLite returns what is in the file.
Row: TypeAlias = tuple[Any, ...]

COLUMNS = (
    "id, chat, parent, role, content, reasoning, state, model, usage, note, created,"
    " attachments, tool_calls, thinking_seconds, edited, memory"
)

# A parent is always older; the comparison ends the walk in a damaged tree too.
BRANCH = f"""
WITH RECURSIVE walk (id, parent) AS (
    SELECT id, parent FROM messages WHERE id = ?
    UNION ALL
    SELECT messages.id, messages.parent FROM messages
    JOIN walk ON messages.id = walk.parent AND messages.id < walk.id
)
SELECT {COLUMNS} FROM messages WHERE id IN (SELECT id FROM walk) ORDER BY id
"""  # noqa: S608 names of our own columns


def stored(row: Row, *, writing: Container[int]) -> StoredMessage:
    """Return the message in `row`, selected as `COLUMNS`.

    `writing` are the answers being written now; any other that seems to be was interrupted.
    A flipped bit in a role or a state, which no check finds, must not hide the chat.
    """
    number, chat, parent, role, content, reasoning, state, model, usage, note, created = row[:11]
    attachments, tool_calls, thinking_seconds, edited, memory = row[11:]
    shown = MessageState(state) if state in _STATES else MessageState.INTERRUPTED
    if shown is MessageState.STREAMING and number not in writing:
        shown = MessageState.INTERRUPTED
    return StoredMessage(
        id=number,
        chat=chat,
        parent=parent,
        role=role_in(role),
        content=content,
        reasoning=reasoning,
        state=shown,
        model=model,
        usage=read(usage, Usage, None),
        note=note,
        created=created,
        attachments=attachments_in(attachments),
        tool_calls=read(tool_calls, tuple[ToolCall, ...], ()),
        thinking_seconds=thinking_seconds if isinstance(thinking_seconds, float) else None,
        edited=bool(edited),
        memory=read(memory, MemoryStart, None),
    )


def role_in(column: object) -> Role:
    """Return the role that a column holds."""
    return Role(column) if isinstance(column, str) and column in _ROLES else Role.ASSISTANT


def attachments_in(column: str) -> tuple[Attachment, ...]:
    """Return the attachments that a column holds."""
    return read(column, tuple[Attachment, ...], ())


def usage_column(usage: Usage | None) -> str | None:
    """Return the counts as they are kept: JSON, or nothing."""
    return None if usage is None else written(usage)


def list_column(values: Iterable[object]) -> str:
    """Return values as they are kept: a JSON list, or nothing."""
    kept = list(values)
    return written(kept) if kept else ""

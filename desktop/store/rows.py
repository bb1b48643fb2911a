"""Messages as rows: how a branch is read, and from a row to its value and back.

Pure functions, any thread.
"""

from collections.abc import Container
from typing import Any, TypeAlias

import msgspec

from desktop.domain.chat import Role, Usage
from desktop.domain.history import MessageState, StoredMessage

# Foreign code is untyped: SQLite returns what is in the file.
Row: TypeAlias = tuple[Any, ...]

# A parent is always older; the comparison ends the walk in a damaged tree too.
BRANCH = """
WITH RECURSIVE walk (id, parent) AS (
    SELECT id, parent FROM messages WHERE id = ?
    UNION ALL
    SELECT messages.id, messages.parent FROM messages
    JOIN walk ON messages.id = walk.parent AND messages.id < walk.id
)
SELECT id, chat, parent, role, content, reasoning, state, model, usage, note, created
FROM messages WHERE id IN (SELECT id FROM walk) ORDER BY id
"""


def stored(row: Row, *, writing: Container[int]) -> StoredMessage:
    """Return the message in `row`, as `BRANCH` selects it.

    `writing` are the answers being written now; any other that seems to be was interrupted.
    A flipped bit in a role or a state, which no check finds, must not hide the chat.
    """
    number, chat, parent, role, content, reasoning, state, model, usage, note, created = row
    shown = MessageState(state) if state in set(MessageState) else MessageState.INTERRUPTED
    if shown is MessageState.STREAMING and number not in writing:
        shown = MessageState.INTERRUPTED
    return StoredMessage(
        id=number,
        chat=chat,
        parent=parent,
        role=Role(role) if role in set(Role) else Role.ASSISTANT,
        content=content,
        reasoning=reasoning,
        state=shown,
        model=model,
        usage=_usage(usage),
        note=note,
        created=created,
    )


def usage_column(usage: Usage | None) -> str | None:
    """Return the counts as they are kept: JSON, or nothing."""
    return None if usage is None else msgspec.json.encode(usage).decode()


def _usage(column: str | None) -> Usage | None:
    if column is None:
        return None
    try:
        return msgspec.json.decode(column, type=Usage)
    except msgspec.MsgspecError:
        # Counts are an ornament; a damaged one must not hide the answer.
        return None

"""The messages of a chat: a tree, of which one branch is active.

A message is always newer than its parent. Runs in the thread that owns the session.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.history import (
    Attachment,
    MemoryStart,
    MessageRef,
    MessageState,
    StoredMessage,
)
from desktop.domain.text import encodable
from desktop.store.faults import gone
from desktop.store.json_columns import written
from desktop.store.rows import (
    BRANCH,
    COLUMNS,
    list_column,
    stored,
    usage_column,
)
from desktop.store.session import Session

# Texts from a file are looked at one by one, numbers are not.
_ROLES = (Role.ASSISTANT, Role.USER, Role.SYSTEM, Role.TOOL)
_TREE = """
SELECT id, parent, CASE role WHEN 'user' THEN 1 WHEN 'system' THEN 2 WHEN 'tool' THEN 3 ELSE 0 END
FROM messages WHERE chat = ?
"""

_NEWEST_BELOW = """
WITH RECURSIVE below (id) AS (
    SELECT id FROM messages WHERE id = ?
    UNION ALL
    SELECT messages.id FROM messages JOIN below
    ON messages.parent = below.id AND messages.id > below.id
)
SELECT max(id) FROM below
"""


def tip(session: Session, chat: int) -> int | None:
    """Return the last message of the active branch; None for an empty chat."""
    rows = session.rows("SELECT tip FROM chats WHERE id = ?", chat)
    found: int | None = rows[0][0] if rows else None
    return found


def branch(session: Session, message: int) -> list[StoredMessage]:
    """Return the messages from the first one to `message`."""
    return [stored(row, writing=session.writing) for row in session.rows(BRANCH, message)]


def messages_of(session: Session, ids: Sequence[int]) -> list[StoredMessage]:
    """Return the messages of `ids` that exist, in that order."""
    rows = session.rows(
        f"SELECT {COLUMNS} FROM messages WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608
        json.dumps(list(ids)),
    )
    found = {row[0]: stored(row, writing=session.writing) for row in rows}
    return [found[each] for each in ids if each in found]


def refs(session: Session, chat: int) -> list[MessageRef]:
    """Return the active branch of a chat, first to last, without its texts."""
    # Read whole from the index: a walk from message to message costs several times as much.
    rows = session.rows(_TREE, chat)
    tree = {row[0]: row for row in rows}
    counts = Counter(row[1] for row in rows)
    beside: dict[int | None, list[int]] = {}
    for number, parent, _ in rows:
        if counts[parent] > 1:
            beside.setdefault(parent, []).append(number)
    found: list[MessageRef] = []
    at = tip(session, chat)
    while at is not None and at in tree:
        _, parent, role = tree[at]
        if counts[parent] == 1:
            found.append(MessageRef(at, _ROLES[role]))
        else:
            place = sorted(beside[parent]).index(at) + 1
            found.append(MessageRef(at, _ROLES[role], place, counts[parent]))
        # As in a branch: a parent that is not older can only come from damage.
        at = parent if parent is not None and parent < at else None
    found.reverse()
    return found


def siblings(session: Session, message: int) -> list[int]:
    """Return the messages with the same parent in order of creation, `message` among them."""
    rows = session.rows(
        "SELECT other.id FROM messages AS one JOIN messages AS other"
        " ON other.chat = one.chat AND other.parent IS one.parent"
        " WHERE one.id = ? ORDER BY other.id",
        message,
    )
    return [number for (number,) in rows]


def choose(session: Session, message: int) -> None:
    """Let the active branch of its chat go through `message`, to the newest message below it."""
    with session.transaction():
        ((newest,),) = session.rows(_NEWEST_BELOW, message)
        session.write_one(
            "UPDATE chats SET tip = ? WHERE id = (SELECT chat FROM messages WHERE id = ?)",
            newest,
            message,
        )


def add(
    session: Session,
    chat: int,
    parent: int | None,
    role: Role,
    content: str,
    *,
    state: MessageState,
    model: str,
    attachments: Iterable[Attachment],
    edited: bool,
) -> StoredMessage:
    """Append a message below `parent`; it ends the active branch, its chat is the last used."""
    now = session.now()
    content, model = encodable(content), encodable(model)
    beside = list_column(attachments)
    with session.transaction():
        number = session.insert(
            "INSERT INTO messages"
            " (chat, parent, role, content, reasoning, state, model, note, created,"
            " attachments, edited) VALUES (?, ?, ?, ?, '', ?, ?, '', ?, ?, ?)",
            *(chat, parent, role, content, state, model, now, beside, edited),
        )
        session.write_one(
            "UPDATE chats SET tip = ?, updated = ?,"
            " position = (SELECT coalesce(max(position), 0) + 1 FROM chats) WHERE id = ?",
            *(number, now, chat),
        )
        session.index_later(number)
    _note_state(session, number, state)
    (message,) = messages_of(session, [number])
    return message


def update(
    session: Session,
    message: int,
    *,
    content: str,
    reasoning: str,
    state: MessageState,
    usage: Usage | None,
    note: str,
    thinking_seconds: float | None,
    tool_calls: Iterable[ToolCall],
) -> None:
    """Replace what changes while an answer is written."""
    session.unindex(message)
    with session.transaction():
        session.write_one(
            "UPDATE messages SET content = ?, reasoning = ?, state = ?, usage = ?, note = ?,"
            " thinking_seconds = ?, tool_calls = ? WHERE id = ?",
            *(
                encodable(content),
                encodable(reasoning),
                state,
                usage_column(usage),
                encodable(note),
            ),
            *(thinking_seconds, list_column(tool_calls), message),
        )
        if state is not MessageState.STREAMING:
            session.index_later(message)
    _note_state(session, message, state)


def set_memory(session: Session, message: int, memory: MemoryStart | None) -> None:
    """Let the model remember from `message` on, or, with None, as if nothing had been set there."""
    column = "" if memory is None else written(memory)
    session.write_one("UPDATE messages SET memory = ? WHERE id = ?", column, message)


def copy_branch(session: Session, message: int, chat: int) -> None:
    """Copy the branch that ends at `message` into the empty `chat`."""
    with session.transaction():
        parent: int | None = None
        for (old,) in session.rows(f"SELECT id FROM ({BRANCH})", message):  # noqa: S608
            parent = session.insert(
                "INSERT INTO messages (chat, parent, role, content, reasoning, state, model, usage,"
                " note, created, attachments, tool_calls, thinking_seconds, edited, memory)"
                " SELECT ?, ?, role, content, reasoning,"
                " CASE state WHEN 'streaming' THEN ? ELSE state END, model, usage,"
                " note, created, attachments, tool_calls, thinking_seconds, edited, memory"
                " FROM messages WHERE id = ?",
                *(chat, parent, MessageState.INTERRUPTED, old),
            )
            session.index_later(parent)
        if parent is None:
            raise gone()
        session.write_one("UPDATE chats SET tip = ? WHERE id = ?", parent, chat)


def _note_state(session: Session, message: int, state: MessageState) -> None:
    if state is MessageState.STREAMING:
        session.writing.add(message)
    else:
        session.writing.discard(message)

"""Whole chats on their way out of the database and into it.

What goes out keeps its tree, its times and its arrangement; what comes in is a chat like any other.
Runs in the thread that owns the session; a `ChatReader` may be opened in any.
"""

import math
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.history import ChatSummary, MessageState
from desktop.domain.text import encodable
from desktop.store import folders, listing, tree
from desktop.store.connection import connect_reader
from desktop.store.faults import translated
from desktop.store.json_columns import written
from desktop.store.rows import COLUMNS, list_column, stored, usage_column
from desktop.store.session import Session

# What is written at once, so that a window that writes is not held up.
PORTION_MESSAGES = 300
PORTION_CHARACTERS = 1_000_000

_END_OF_TIME = 253_402_300_799.0
_ADD_CHAT = """
INSERT INTO chats
(title, created, updated, position, pinned, archived, titled_by, icon, folder, settings, deleted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_MESSAGE = """
INSERT INTO messages
(id, chat, parent, role, state, model, usage, note, created, content, reasoning,
attachments, tool_calls, thinking_seconds, edited, memory)
VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?)
"""


class ChatReader:
    """Reads chats beside the window: everything of one at a time. Raises StorageError."""

    def __init__(self, session: Session) -> None:
        """Read over `session`, which nobody else uses."""
        self._session = session

    def chats(self) -> list[ChatSummary]:
        """Return all chats that are not deleted, those in the archive last."""
        now, archived = (
            listing.listed(self._session, archived=archived, temporary=False)
            for archived in (False, True)
        )
        return [*now, *archived]

    def carried(self, chat: int) -> CarriedChat:
        """Return everything of one chat."""
        return carried(self._session, chat)


@contextmanager
def reading(path: Path) -> Iterator[ChatReader]:
    """Open the database at `path` for reading alone, in any thread; raises StorageError."""
    with translated(path):
        connection = connect_reader(path)
    with closing(connection):
        yield ChatReader(Session(connection, path, time.time, read_only=True))


def carried(session: Session, chat: int) -> CarriedChat:
    """Return everything of one chat; its messages have their numbers within it as keys."""
    summary = listing.chat(session, chat, temporary=False)
    rows = session.rows(f"SELECT {COLUMNS} FROM messages WHERE chat = ? ORDER BY id", chat)  # noqa: S608
    keys = {row[0]: str(place) for place, row in enumerate(rows, start=1)}
    messages = []
    for row in rows:
        message = stored(row, writing=session.writing)
        is_older = message.parent is not None and message.parent < message.id
        parent = keys.get(message.parent) if message.parent is not None and is_older else None
        is_growing = message.state is MessageState.STREAMING
        messages.append(
            CarriedMessage(
                key=keys[message.id],
                parent=parent,
                role=message.role,
                content=message.content,
                reasoning=message.reasoning,
                state=MessageState.INTERRUPTED if is_growing else message.state,
                model=message.model,
                usage=message.usage,
                created=message.created,
                attachments=message.attachments,
                tool_calls=message.tool_calls,
                thinking_seconds=message.thinking_seconds,
                edited=message.edited,
                memory=message.memory,
            )
        )
    tip = tree.tip(session, chat)
    names = {folder.id: folder.name for folder in folders.folders(session)}
    return CarriedChat(
        title=summary.title,
        messages=tuple(messages),
        tip=keys.get(tip, "") if tip is not None else "",
        created=summary.created,
        updated=summary.updated,
        folder=names.get(summary.folder, "") if summary.folder is not None else "",
        pinned=summary.pinned,
        archived=summary.archived,
        icon=summary.icon,
        titled_by=summary.titled_by,
        settings=listing.settings(session, chat),
    )


def take_in(session: Session, chat: CarriedChat, fingerprint: str) -> int | None:
    """Add a chat at once; return its number, None if it is here already."""
    steps = taking_in(session, chat, fingerprint)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            taken: int | None = end.value
            return taken


def taking_in(
    session: Session, chat: CarriedChat, fingerprint: str
) -> Generator[None, None, int | None]:
    """Add a chat, a portion with each step; return its number, None if it is here already.

    It is here if one with its fingerprint was taken in, or one begun at the same time says the
    same, and was not deleted since. It appears when all of it is there: until then it counts as
    deleted, and what a kill leaves of it goes as deleted chats do.
    """
    if _is_known(session, chat, fingerprint):
        return None
    portions = _portions(chat)
    numbers: dict[str, int] = {}
    with session.transaction():
        number = _add_chat(session, chat)
        _add_messages(session, number, portions[0], numbers)
        if len(portions) == 1:
            _appear(session, number, chat, numbers, fingerprint)
    for place, portion in enumerate(portions[1:], start=2):
        yield
        with session.transaction():
            _add_messages(session, number, portion, numbers)
            if place == len(portions):
                _appear(session, number, chat, numbers, fingerprint)
    return number


def _is_known(session: Session, chat: CarriedChat, fingerprint: str) -> bool:
    if fingerprint and session.rows(
        "SELECT 1 FROM taken_in JOIN chats ON chats.id = chat"
        " WHERE fingerprint = ? AND deleted IS NULL",
        encodable(fingerprint),
    ):
        return True
    if not chat.created:
        return False
    alike = session.rows(
        "SELECT id FROM chats WHERE created = ? AND deleted IS NULL"
        " AND (SELECT count(*) FROM messages WHERE chat = chats.id) = ?",
        *(chat.created, len(chat.messages)),
    )
    if not alike:
        return False
    said = _renumbered(chat)
    return any(carried(session, number).messages == said for (number,) in alike)


def _renumbered(chat: CarriedChat) -> tuple[CarriedMessage, ...]:
    """Return the messages of a chat with their numbers within it as keys."""
    keys = {message.key: str(place) for place, message in enumerate(chat.messages, start=1)}
    return tuple(
        replace(
            message,
            key=str(place),
            parent=None if message.parent is None else keys.get(message.parent),
        )
        for place, message in enumerate(chat.messages, start=1)
    )


def _portions(chat: CarriedChat) -> list[list[CarriedMessage]]:
    portions: list[list[CarriedMessage]] = [[]]
    characters = 0
    for message in chat.messages:
        length = len(message.content) + len(message.reasoning)
        length += sum(len(each.text) for each in message.attachments)
        is_full = len(portions[-1]) >= PORTION_MESSAGES or characters + length > PORTION_CHARACTERS
        if portions[-1] and is_full:
            portions.append([])
            characters = 0
        portions[-1].append(message)
        characters += length
    return portions


def _add_chat(session: Session, chat: CarriedChat) -> int:
    known = [when for message in chat.messages if (when := _time(message.created))]
    created = _time(chat.created) or min(known, default=session.now())
    updated = _time(chat.updated) or max(known, default=created)
    return session.insert(
        _ADD_CHAT,
        *(encodable(chat.title), created, updated, _place(session, updated)),
        *(_pin(session) if chat.pinned else None, chat.archived, chat.titled_by),
        *(encodable(chat.icon), _folder(session, chat.folder)),
        *(listing.settings_column(chat.settings), session.now()),
    )


def _place(session: Session, updated: float) -> int:
    """Return the place in the list by time, made free among those used before and after."""
    ((above,),) = session.rows(
        "SELECT min(position) FROM chats WHERE updated > ? AND deleted IS NULL", updated
    )
    if above is None:
        ((last,),) = session.rows("SELECT coalesce(max(position), 0) + 1 FROM chats")
        return int(last)
    session.write("UPDATE chats SET position = position + 1 WHERE position >= ?", above)
    return int(above)


def _pin(session: Session) -> int:
    ((last,),) = session.rows("SELECT coalesce(max(pinned), 0) + 1 FROM chats")
    return int(last)


def _folder(session: Session, name: str) -> int | None:
    """Return the folder of that name, made if there is none; None without a name."""
    if not name.strip():
        return None
    wanted = encodable(name)
    found = next((each for each in folders.folders(session) if each.name == wanted), None)
    return (found or folders.add(session, wanted)).id


def _add_messages(
    session: Session, chat: int, messages: list[CarriedMessage], numbers: dict[str, int]
) -> None:
    ((begun,),) = session.rows("SELECT created FROM chats WHERE id = ?", chat)
    with session.change() as connection:
        ((last,),) = session.rows(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0)"
        )
        rows = []
        for number, message in enumerate(messages, start=last + 1):
            rows.append((number, chat, *_columns(message, begun, numbers)))
            numbers[message.key] = number
        # At once: so many are written that each call counts.
        connection.executemany(_ADD_MESSAGE, rows)
        session.index_later(*range(last + 1, last + 1 + len(rows)))


def _columns(
    message: CarriedMessage, begun: float, numbers: Mapping[str, int]
) -> tuple[object, ...]:
    # What refers to nothing, or to itself, is a beginning.
    parent = numbers.get(message.parent) if message.parent is not None else None
    growing = message.state is MessageState.STREAMING
    seconds = message.thinking_seconds
    return (
        *(parent, message.role),
        MessageState.INTERRUPTED if growing else message.state,
        *(encodable(message.model), usage_column(message.usage)),
        *(_time(message.created) or begun, encodable(message.content)),
        *(encodable(message.reasoning), list_column(message.attachments)),
        list_column(message.tool_calls),
        None if seconds is None or not math.isfinite(seconds) else float(seconds),
        *(message.edited, "" if message.memory is None else written(message.memory)),
    )


def _appear(
    session: Session, number: int, chat: CarriedChat, numbers: dict[str, int], fingerprint: str
) -> None:
    tip = numbers.get(chat.tip) or max(numbers.values(), default=None)
    session.write_one("UPDATE chats SET tip = ?, deleted = NULL WHERE id = ?", tip, number)
    if fingerprint:
        session.write(
            "INSERT OR REPLACE INTO taken_in (fingerprint, chat) VALUES (?, ?)",
            *(encodable(fingerprint), number),
        )


def _time(seconds: float) -> float:
    return float(seconds) if 0 < seconds < _END_OF_TIME else 0.0

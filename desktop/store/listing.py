"""The list of chats: what it shows, and how a person arranges it.

Chats come by `position`, a counter of use that dragging changes too; pinned ones by a place of
their own, which use does not change. Runs in the thread that owns the session.
"""

from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import ChatSummary, TitleSource
from desktop.domain.text import encodable
from desktop.store.faults import gone
from desktop.store.json_columns import read, written
from desktop.store.rows import Row
from desktop.store.session import Session

# The folder of a chat counts only while it is there.
_SUMMARY = """
SELECT chats.id, title, created, updated, folders.id, pinned, archived, icon, titled_by,
chats.deleted IS NOT NULL
FROM chats LEFT JOIN folders ON folders.id = chats.folder AND folders.deleted IS NULL
"""
_SOURCES = frozenset(TitleSource)


def listed(session: Session, *, archived: bool, temporary: bool) -> list[ChatSummary]:
    """Return the chats that are not deleted: pinned ones first, then the one last used."""
    rows = session.rows(
        f"{_SUMMARY} WHERE chats.deleted IS NULL AND archived = ?"
        " ORDER BY pinned IS NULL, pinned, chats.position DESC",
        archived,
    )
    return [_known(session, row, temporary=temporary) for row in rows]


def chat(session: Session, number: int, *, temporary: bool) -> ChatSummary:
    """Return one chat, deleted or not."""
    rows = session.rows(f"{_SUMMARY} WHERE chats.id = ?", number)
    if not rows:
        raise gone()
    return _summary(rows[0], temporary=temporary)


def create(
    session: Session, title: str, folder: int | None, settings: ChatSettings, icon: str
) -> int:
    """Add an empty chat, as the last used, and return its number."""
    now = session.now()
    return session.insert(
        "INSERT INTO chats (title, created, updated, folder, settings, icon, position)"
        " VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM chats))",
        *(encodable(title), now, now, folder, settings_column(settings), encodable(icon)),
    )


def rename(session: Session, number: int, title: str, by: TitleSource) -> bool:
    """Give a chat a title; return False if it has one by a person, which only they replace."""
    with session.transaction():
        rows = session.rows("SELECT titled_by FROM chats WHERE id = ?", number)
        if not rows:
            raise gone()
        if rows[0][0] == TitleSource.PERSON and by is not TitleSource.PERSON:
            return False
        session.write_one(
            "UPDATE chats SET title = ?, titled_by = ? WHERE id = ?", encodable(title), by, number
        )
    return True


def set_pinned(session: Session, number: int, *, pinned: bool) -> None:
    """Pin a chat below those already pinned, or return it to its place by use."""
    if pinned:
        session.write_one(
            "UPDATE chats SET pinned = coalesce"
            "(pinned, (SELECT coalesce(max(pinned), 0) + 1 FROM chats)) WHERE id = ?",
            number,
        )
    else:
        session.write_one("UPDATE chats SET pinned = NULL WHERE id = ?", number)


def move(session: Session, number: int, folder: int | None, before: int | None) -> None:
    """Put a chat into `folder` (None: none) and above the chat `before` (None: to the end).

    A pinned chat moves among the pinned ones, others among the others; beside one of the other
    kind it goes to the edge that is nearest.
    """
    with session.change():
        session.write_one("UPDATE chats SET folder = ? WHERE id = ?", folder, number)
        if before == number:
            return
        ((is_pinned,),) = session.rows("SELECT pinned IS NOT NULL FROM chats WHERE id = ?", number)
        rows = session.rows("SELECT pinned, position FROM chats WHERE id = ?", before)
        pinned, position = rows[0] if rows else (None, None)
        if is_pinned:
            _move_pinned(session, number, pinned)
        elif pinned is not None:
            _move_to_top(session, number)
        elif position is None:
            session.write_one(
                "UPDATE chats SET position = (SELECT min(position) - 1 FROM chats) WHERE id = ?",
                number,
            )
        else:
            session.write("UPDATE chats SET position = position + 1 WHERE position > ?", position)
            session.write_one("UPDATE chats SET position = ? WHERE id = ?", position + 1, number)


def set_icon(session: Session, number: int, icon: str) -> None:
    """Note the icon that a chat is shown with."""
    session.write_one("UPDATE chats SET icon = ? WHERE id = ?", encodable(icon), number)


def copy(session: Session, message: int, title: str) -> int:
    """Add an empty chat arranged and set as the one of `message`; return its number."""
    now = session.now()
    return session.insert(
        "INSERT INTO chats (title, created, updated, folder, settings, icon, titled_by, position)"
        " SELECT ?, ?, ?, folder, settings, icon, titled_by,"
        " (SELECT max(position) + 1 FROM chats)"
        " FROM chats WHERE id = (SELECT chat FROM messages WHERE id = ?)",
        *(encodable(title), now, now, message),
    )


def settings(session: Session, number: int) -> ChatSettings:
    """Return what a chat sets for itself; what cannot be read sets nothing."""
    rows = session.rows("SELECT settings FROM chats WHERE id = ?", number)
    nothing = ChatSettings()
    return read(rows[0][0], ChatSettings, nothing) if rows else nothing


def set_settings(session: Session, number: int, values: ChatSettings) -> None:
    """Replace what a chat sets for itself."""
    session.write_one("UPDATE chats SET settings = ? WHERE id = ?", settings_column(values), number)


def settings_column(values: ChatSettings) -> str:
    """Return what a chat sets for itself as it is kept: JSON, or nothing."""
    return "" if values == ChatSettings() else written(values)


def _move_pinned(session: Session, number: int, before: int | None) -> None:
    if before is None:
        session.write_one(
            "UPDATE chats SET pinned = (SELECT max(pinned) + 1 FROM chats) WHERE id = ?", number
        )
    else:
        session.write("UPDATE chats SET pinned = pinned + 1 WHERE pinned >= ?", before)
        session.write_one("UPDATE chats SET pinned = ? WHERE id = ?", before, number)


def _move_to_top(session: Session, number: int) -> None:
    session.write_one(
        "UPDATE chats SET position = (SELECT max(position) + 1 FROM chats) WHERE id = ?", number
    )


def _known(session: Session, row: Row, *, temporary: bool) -> ChatSummary:
    """Return the chat of `row`, the same object as long as it is the same: it is read often."""
    known = session.summaries.get(row[0])
    if known is None or known[0] != row:
        known = session.summaries[row[0]] = (row, _summary(row, temporary=temporary))
    return known[1]


def _summary(row: Row, *, temporary: bool) -> ChatSummary:
    number, title, created, updated, folder, pinned, archived, icon, titled_by, deleted = row
    return ChatSummary(
        id=number,
        title=title,
        created=created,
        updated=updated,
        folder=folder,
        pinned=pinned is not None,
        archived=bool(archived),
        temporary=temporary,
        icon=icon,
        titled_by=TitleSource(titled_by) if titled_by in _SOURCES else TitleSource.QUESTION,
        deleted=bool(deleted),
    )

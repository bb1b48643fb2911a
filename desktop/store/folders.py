"""Folders of the sidebar. Runs in the thread that owns the session.

A deleted folder stays for 30 days, empty to everybody else, so that it comes back with its chats.
"""

from desktop.domain.history import Folder
from desktop.domain.text import encodable
from desktop.store.session import Session


def folders(session: Session) -> list[Folder]:
    """Return all folders, first to last."""
    rows = session.rows(
        "SELECT id, name, is_open FROM folders WHERE deleted IS NULL ORDER BY position, id"
    )
    return [Folder(number, name, bool(is_open)) for number, name, is_open in rows]


def add(session: Session, name: str) -> Folder:
    """Add a folder below the others and return it."""
    name = encodable(name)
    number = session.insert(
        "INSERT INTO folders (name, position)"
        " VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM folders))",
        name,
    )
    return Folder(number, name)


def rename(session: Session, folder: int, name: str) -> None:
    """Give a folder another name."""
    session.write_one("UPDATE folders SET name = ? WHERE id = ?", encodable(name), folder)


def delete(session: Session, folder: int) -> None:
    """Take a folder away; its chats stay, outside of it."""
    session.write_one("UPDATE folders SET deleted = ? WHERE id = ?", session.now(), folder)


def restore(session: Session, folder: int) -> None:
    """Undo `delete`; the chats that have found no other folder are in it again."""
    session.write_one("UPDATE folders SET deleted = NULL WHERE id = ?", folder)


def set_open(session: Session, folder: int, *, is_open: bool) -> None:
    """Note whether a folder shows its chats."""
    session.write_one("UPDATE folders SET is_open = ? WHERE id = ?", is_open, folder)


def move(session: Session, folder: int, before: int | None) -> None:
    """Put a folder above the folder `before`, or (None) below all others."""
    if before == folder:
        return
    with session.change():
        rows = session.rows("SELECT position FROM folders WHERE id = ?", before)
        if rows:
            ((place,),) = rows
            session.write("UPDATE folders SET position = position + 1 WHERE position >= ?", place)
        else:
            ((place,),) = session.rows("SELECT max(position) + 1 FROM folders")
        session.write_one("UPDATE folders SET position = ? WHERE id = ?", place, folder)

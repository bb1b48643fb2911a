"""What people keep for chats to come: personas and prompts, as JSON that others read and write.

Runs in the thread that owns the session.
"""

from desktop.domain.text import encodable
from desktop.store.session import Session


def saved(session: Session, kind: str) -> list[tuple[str, str]]:
    """Return id and JSON of all that is kept of `kind`, in the order in which it was added."""
    return [
        (number, text)
        for number, text in session.rows(
            "SELECT id, json FROM saved WHERE kind = ? ORDER BY position, id", kind
        )
    ]


def save(session: Session, kind: str, number: str, text: str) -> None:
    """Keep `text` under that id, in the place of what was kept under it before."""
    session.write(
        "INSERT INTO saved (kind, id, json, position)"
        " VALUES (?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM saved))"
        " ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json",
        *(encodable(kind), encodable(number), encodable(text)),
    )


def remove(session: Session, kind: str, number: str) -> None:
    """Forget what is kept under that id, if anything."""
    session.write("DELETE FROM saved WHERE kind = ? AND id = ?", kind, number)

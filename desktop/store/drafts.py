"""What was typed: drafts not yet sent, and questions sent before.

Runs in the thread that owns the session.
"""

from desktop.domain.text import encodable
from desktop.store.session import Session

_NEW_CHAT = "draft"


def draft(session: Session, chat: int | None) -> str:
    """Return the text typed and not sent in `chat`; None is the chat not yet created."""
    rows = (
        session.rows("SELECT value FROM meta WHERE key = ?", _NEW_CHAT)
        if chat is None
        else session.rows("SELECT draft FROM chats WHERE id = ?", chat)
    )
    return rows[0][0] if rows else ""


def save_draft(session: Session, chat: int | None, text: str) -> None:
    """Keep the text typed and not sent; costs nothing when it is the one already kept."""
    text = encodable(text)
    if text == draft(session, chat):
        return
    if chat is None:
        session.write("INSERT OR REPLACE INTO meta VALUES (?, ?)", _NEW_CHAT, text)
    else:
        session.write_one("UPDATE chats SET draft = ? WHERE id = ?", text, chat)


def sent(session: Session, limit: int) -> list[str]:
    """Return the texts sent last, newest first, each of them once."""
    rows = session.rows(
        "SELECT content FROM messages JOIN chats ON chats.id = messages.chat"
        " WHERE role = 'user' AND content != '' AND chats.deleted IS NULL"
        " ORDER BY messages.id DESC LIMIT ?",
        limit,
    )
    return list(dict.fromkeys(text for (text,) in rows))

"""Chats of Ollama's own app: `db.sqlite` in its folder for data (`app/store/store.go`).

The tables are those of `app/store/database.go` of ollama/ollama up to version 18 of its schema;
older versions lack some columns. Go writes times as `2025-08-01 10:00:00.123456789+02:00`. For a
thread that may wait.
"""

import json
from collections.abc import Iterator
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role, ToolCall
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from desktop.domain.text import Text
from desktop.services.foreign_files import text_of
from desktop.services.foreign_thinking import without_thinking
from desktop.services.foreign_trees import MOST_MESSAGES, line_of
from desktop.services.foreign_values import (
    IMAGE,
    Unreadable,
    block,
    file_mark,
    joined,
    json_text,
    label,
    seconds,
    titled,
    words,
)
from desktop.store.foreign_database import ForeignDatabase, NotReadable, Value

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")

Row = dict[str, Value]


def is_ollama(database: ForeignDatabase) -> bool:
    """Tell whether it is the database of Ollama's app."""
    return database.has("chats", "id", "title") and database.has(
        "messages", "id", "chat_id", "role", "content"
    )


def ollama_chats(database: ForeignDatabase) -> Iterator[CarriedChat | tuple[str, Unreadable]]:
    """Yield every chat, or its title and why it cannot be read; raises Unreadable."""
    try:
        chats = list(database.rows("chats", ("id", "title", "created_at"), order="created_at"))
    except NotReadable as error:
        raise Unreadable(Text("The database is damaged.")) from error
    for chat in chats:
        try:
            yield _chat(database, chat)
        except NotReadable:
            yield label(chat["title"]), Unreadable(Text("It is damaged."))
        except Unreadable as why:
            yield label(chat["title"]), why


def _chat(database: ForeignDatabase, chat: Row) -> CarriedChat:
    columns = ("id", "role", "content", "thinking", "model_name", "created_at", "updated_at")
    more = ("stream", "thinking_time_start", "thinking_time_end", "tool_result")
    rows = list(
        database.rows(
            "messages",
            (*columns, *more),
            order="id",
            where=("chat_id", chat["id"]),
            most=MOST_MESSAGES,
        )
    )
    messages, tip = line_of(each for row in rows if (each := _message(database, row)) is not None)
    title, by = titled(chat["title"], messages)
    created = seconds(chat["created_at"])
    return CarriedChat(
        title=title,
        messages=messages,
        tip=tip,
        created=created,
        updated=max((seconds(row["updated_at"]) for row in rows), default=created),
        titled_by=by,
    )


def _message(database: ForeignDatabase, row: Row) -> CarriedMessage | None:
    role = _ROLES.get(words(row["role"]))
    if role is None:
        return None
    begun, done = seconds(row["thinking_time_start"]), seconds(row["thinking_time_end"])
    said = without_thinking(words(row["content"]))
    files, marks = _attachments(database, row["id"]) if role is Role.USER else ((), "")
    text = block(said.content or _result(row)) if role is Role.TOOL else said.content
    return CarriedMessage(
        key="",
        parent=None,
        role=role,
        content=joined(text, marks),
        reasoning=joined(words(row["thinking"]), said.reasoning),
        state=MessageState.INTERRUPTED if row["stream"] == 1 else MessageState.COMPLETE,
        model=label(row["model_name"]) if role is Role.ASSISTANT else "",
        created=seconds(row["created_at"]),
        attachments=files,
        tool_calls=_calls(database, row["id"]) if role is Role.ASSISTANT else (),
        thinking_seconds=done - begun if 0 < begun < done else None,
    )


def _result(row: Row) -> str:
    """Return what a tool gave back, which is kept as JSON."""
    text = words(row["tool_result"])
    try:
        value: object = json.loads(text) if text else ""
    except (ValueError, RecursionError):
        return text
    return words(value) if isinstance(value, str) else text


def _calls(database: ForeignDatabase, message: Value) -> tuple[ToolCall, ...]:
    wanted = ("function_name", "function_arguments")
    if not database.has("tool_calls", "message_id", *wanted):
        return ()
    rows = database.rows("tool_calls", wanted, order="id", where=("message_id", message), most=1000)
    return tuple(
        ToolCall(
            str(place),
            label(row["function_name"]) or "tool",
            json_text(words(row["function_arguments"]) or {}),
        )
        for place, row in enumerate(rows)
    )


def _attachments(database: ForeignDatabase, message: Value) -> tuple[tuple[Attachment, ...], str]:
    if not database.has("attachments", "message_id", "filename", "data"):
        return (), ""
    found: list[Attachment] = []
    marks: list[str] = []
    rows = database.rows(
        "attachments", ("filename", "data"), order="id", where=("message_id", message), most=1000
    )
    for row in rows:
        name, data = label(row["filename"]), row["data"]
        content = data if isinstance(data, bytes) else words(data).encode()
        text = words(text_of(content))
        if content.startswith(_PICTURES):
            marks.append(IMAGE)
        elif text.strip():
            found.append(Attachment(AttachmentKind.FILE, name, text))
        else:
            marks.append(file_mark(name))
    return tuple(found), "\n".join(marks)

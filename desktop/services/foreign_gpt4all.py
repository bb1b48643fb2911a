"""Chats of GPT4All: `gpt4all-<id>.chat` beside its models, written with Qt's `QDataStream`.

After a magic number and a version come the chat (`gpt4all-chat/src/chat.cpp` of nomic-ai/gpt4all),
up to version 10 what the model had computed (`chatllm.cpp`), and the messages (`chatmodel.h`, later
`chatmodel.cpp`); version 12 is the last one, with tools and thinking below an answer. Files of the
first releases have neither number nor version. Pure.
"""

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from desktop.domain.carried import CarriedChat, CarriedMessage, Unread
from desktop.domain.chat import Role, ToolCall
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from desktop.domain.text import Text
from desktop.services.foreign_files import text_of
from desktop.services.foreign_thinking import without_thinking
from desktop.services.foreign_trees import MOST_MESSAGES, line_of
from desktop.services.foreign_values import (
    Unreadable,
    block,
    file_mark,
    joined,
    label,
    measure,
    seconds,
    titled,
    words,
)
from desktop.services.qt_stream import QtStream, StreamEnded

MAGIC: Final = (0xF5D553CC).to_bytes(4, "big")
_NEWEST: Final = 12
_DEEPEST: Final = 8
# Bytes that the smallest message takes.
_SMALLEST: Final = 16
_ROLES: Final = {"Prompt: ": Role.USER, "Response: ": Role.ASSISTANT}


@dataclass(slots=True)
class _Below:
    """What stands below an answer, in order."""

    texts: list[str] = field(default_factory=list[str])
    thoughts: list[str] = field(default_factory=list[str])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    thinking_ms: float = 0.0


def gpt4all_chat(content: bytes, name: str) -> tuple[CarriedChat, Unread | None]:
    """Return the chat, and what is missing if the file ends too early; raises Unreadable.

    `name` is that of the file.
    """
    stream = QtStream(content)
    version = 0
    if content.startswith(MAGIC):
        stream.skip(4)
        version = stream.int32() if stream.left >= 4 else -1
        if version > _NEWEST:
            raise Unreadable(Text("A newer version of the program wrote it."))
        if version < 1:
            raise Unreadable(Text("It is damaged."))
    messages: list[CarriedMessage] = []
    try:
        created = stream.int64()
        stream.string()  # its number
        title = stream.string()
        stream.string()  # the name of the person, never used
        model = label(stream.string())
        if version >= 3:
            stream.strings()  # collections of documents
        if version < 11:
            _skip_state(stream, version)
        count = stream.size32(_SMALLEST)
    except StreamEnded as error:
        raise Unreadable(Text("It is damaged.")) from error
    missing = None
    try:
        messages.extend(_message(stream, version, model) for _ in range(min(count, MOST_MESSAGES)))
    except StreamEnded:
        missing = Unread(name, Text("The file is cut off; what comes before was read."))
    tree, tip = line_of(messages)
    title, by = titled(title, tree)
    when = seconds(created)
    chat = CarriedChat(title, tree, tip, created=when, updated=when, titled_by=by)
    return chat, missing


def _skip_state(stream: QtStream, version: int) -> None:
    """Pass over what the model had computed (`ChatLLM::deserialize`)."""
    has_state = stream.boolean() if version >= 6 else True
    if version >= 2:
        stream.skip(8)  # kind of model, version of its state
    stream.string()
    stream.string()
    stream.skip(4)
    if not has_state:
        return
    if version < 4:
        stream.skip(4)
    stream.skip(4)
    if version >= 7:
        stream.skip(4)
    if version < 9:
        stream.skip(stream.size(4) * 4)
    stream.skip(stream.size(4) * 4)
    stream.blob()


def _message(stream: QtStream, version: int, model: str) -> CarriedMessage:
    """Read one message (`ChatItem::deserialize`)."""
    if version < 12:
        stream.skip(4)
    kind = stream.string()
    role = _ROLES.get(kind)
    if role is None and kind != "System: ":
        raise StreamEnded
    value = stream.string()
    if version < 10:
        stream.string()
    newer = stream.string()
    stream.boolean()  # being written
    stopped = stream.boolean()
    stream.skip(2)  # thumbs
    failed = stream.boolean() if version >= 11 and role is Role.ASSISTANT else False
    _skip_sources(stream, version)
    files, marks = _attachments(stream) if version >= 10 else ((), "")
    below = _Below()
    if version >= 12:
        _read_below(stream, below)
    said = without_thinking(words(newer or value))
    return CarriedMessage(
        key="",
        parent=None,
        role=role or Role.SYSTEM,
        # What a system message would say is not part of the talk.
        content="" if role is None else joined(*below.texts, said.content, marks),
        reasoning=joined(*below.thoughts, said.reasoning),
        state=MessageState.FAILED
        if failed
        else MessageState.STOPPED
        if stopped
        else MessageState.COMPLETE,
        model=model if role is Role.ASSISTANT else "",
        attachments=files,
        tool_calls=tuple(below.calls),
        thinking_seconds=below.thinking_ms / 1000 or None,
    )


def _skip_sources(stream: QtStream, version: int) -> None:
    """Pass over the places in documents that an answer was given."""
    if version >= 8:
        for _ in range(stream.size(40)):
            for _ in range(7):
                stream.string()
            stream.skip(12)
    elif version >= 3:
        stream.string()
        stream.strings()


def _attachments(stream: QtStream) -> tuple[tuple[Attachment, ...], str]:
    found: list[Attachment] = []
    marks: list[str] = []
    for _ in range(stream.size(8)):
        address, content = stream.blob(), stream.blob()
        name = _file_name(address)
        text = "" if content.startswith(b"PK") else words(text_of(content))
        if text:
            found.append(Attachment(AttachmentKind.FILE, name, text))
        else:
            marks.append(file_mark(name))
    return tuple(found), "\n".join(marks)


def _file_name(address: bytes) -> str:
    try:
        path = urlsplit(address.decode(errors="replace")).path
    except ValueError:
        return ""
    return label(unquote(path).replace("\\", "/").rpartition("/")[2])


def _read_below(stream: QtStream, below: _Below, depth: int = 0) -> None:
    """Read what an answer consists of (`ChatItem::deserializeSubItems`)."""
    if depth > _DEEPEST:
        raise StreamEnded
    for _ in range(stream.size(12)):
        kind = stream.string()
        value = words(stream.string())
        match kind:
            case "Response: " | "Text: ":
                below.texts.append(value)
            case "Think: ":
                below.thoughts.append(without_thinking(value).reasoning or value)
                below.thinking_ms += measure(stream.int32())
            case "ToolCall: ":
                _read_call(stream, below)
            case "ToolResponse: ":
                below.texts.append(block(value))
            case _:
                raise StreamEnded
        _read_below(stream, below, depth + 1)


def _read_call(stream: QtStream, below: _Below) -> None:
    """Read what was asked of a tool (`ToolCallInfo::deserialize` of `tool.cpp`)."""
    name = label(stream.string()) or "tool"
    given: dict[str, object] = {}
    for _ in range(stream.size(13)):
        key = words(stream.string())
        stream.skip(4)
        value = stream.variant()
        given[key] = words(value) if isinstance(value, str) else value
    stream.string()  # what it gave back, which follows as a message of its own
    stream.skip(4)
    stream.string()
    number = str(len(below.calls))
    below.calls.append(ToolCall(number, name, json.dumps(given, ensure_ascii=False)))

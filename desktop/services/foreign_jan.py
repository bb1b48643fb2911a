"""Chats of Jan: a folder for each below `threads`, with `thread.json` and `messages.jsonl`.

The files are written by `src-tauri/src/core/threads/helpers.rs` of janhq/jan; what is in them are
the types in `core/src/types/thread/threadEntity.ts` and `message/messageEntity.ts`. Older versions
keep thinking within the text, and calls of tools in the metadata (`web-app/src/lib/messages.ts`).
Pure.
"""

from collections.abc import Iterator
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage, Unread
from desktop.domain.chat import Role, ToolCall
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.text import Text
from desktop.services.foreign_json import lines
from desktop.services.foreign_thinking import without_thinking
from desktop.services.foreign_trees import MOST_MESSAGES, line_of
from desktop.services.foreign_values import (
    IMAGE,
    Object,
    Unreadable,
    block,
    ended,
    items,
    joined,
    json_text,
    label,
    mapping,
    mappings,
    seconds,
    titled,
    words,
)

MESSAGES: Final = "messages.jsonl"
THREAD: Final = "thread.json"

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}


def jan_chat(thread: Object, content: bytes, name: str) -> tuple[CarriedChat, Unread | None]:
    """Return the chat of a thread, and what is missing of it; raises Unreadable.

    `content` is that of `messages.jsonl`, `name` what to call it; an empty `thread` is one whose
    own file cannot be read.
    """
    assistant = next(iter(mappings(thread.get("assistants"))), {})
    model = label(mapping(assistant.get("model")).get("id"))
    model = model or label(mapping(thread.get("model")).get("id"))
    messages: list[CarriedMessage] = []
    lost = 0
    for value in lines(content):
        if isinstance(value, Unreadable) or not isinstance(value, dict):
            lost += 1
            continue
        if len(messages) >= MOST_MESSAGES:
            raise Unreadable(Text("The chat is too long."))
        message = _message(value, model)
        if message is not None:
            messages.append(message)
    if lost and not messages:
        raise Unreadable(Text("It is damaged."))
    tree, tip = line_of(messages)
    title, by = titled(thread.get("title"), tree)
    prompt = words(assistant.get("instructions")).strip()
    chat = CarriedChat(
        title=title,
        messages=tree,
        tip=tip,
        created=seconds(thread.get("created")) or min((each.created for each in tree), default=0.0),
        updated=seconds(thread.get("updated")) or max((each.created for each in tree), default=0.0),
        titled_by=by,
        settings=ChatSettings(system_prompt=prompt or None),
    )
    words_lost = Text("Messages that could not be read: {count}", {"count": lost})
    return chat, Unread(title or name, words_lost) if lost else None


def _message(value: Object, model: str) -> CarriedMessage | None:
    role = _ROLES.get(words(value.get("role")))
    if role is None:
        return None
    about = mapping(value.get("metadata"))
    content = value.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else mappings(content)
    texts: list[str] = []
    thoughts: list[str] = []
    calls = list(_older_calls(about, texts))
    for part in parts:
        match part.get("type"):
            case "text":
                said = without_thinking(_value(part.get("text")))
                texts.append(said.content)
                thoughts.append(said.reasoning)
            case "reasoning":
                thoughts.append(_value(part.get("text")))
            case "image_url" | "image":
                texts.append(IMAGE)
            case "tool_call":
                calls.append(
                    ToolCall(
                        label(part.get("tool_call_id")) or str(len(calls)),
                        label(part.get("tool_name")) or "tool",
                        json_text(part.get("input") or {}),
                    )
                )
                texts.extend(_outputs(part.get("output")))
            case _:
                pass
    own = label(about.get("modelId")) or label(mapping(about.get("model")).get("id"))
    text = joined(*texts)
    return CarriedMessage(
        key="",
        parent=None,
        role=role,
        content=block(text) if role is Role.TOOL else text,
        reasoning=joined(*thoughts),
        state=ended(value.get("status")),
        model=own or model if role is Role.ASSISTANT else "",
        created=seconds(value.get("created_at")),
        attachments=tuple(_files(about)),
        tool_calls=tuple(calls),
    )


def _value(text: object) -> str:
    return words(text) if isinstance(text, str) else words(mapping(text).get("value"))


def _older_calls(about: Object, texts: list[str]) -> Iterator[ToolCall]:
    for place, each in enumerate(mappings(about.get("tool_calls"))):
        tool = mapping(each.get("tool"))
        function = mapping(tool.get("function"))
        yield ToolCall(
            label(tool.get("id")) or str(place),
            label(function.get("name")) or "tool",
            json_text(function.get("arguments") or {}),
        )
        texts.extend(_outputs(each.get("response")))


def _outputs(value: object) -> Iterator[str]:
    """Yield what a tool gave back: a text, or MCP's list of parts with texts."""
    if isinstance(value, str):
        yield block(words(value))
    parts = value if isinstance(value, list) else items(mapping(value).get("content"))
    for part in parts:
        yield block(words(mapping(part).get("text")))


def _files(about: Object) -> Iterator[Attachment]:
    for each in mappings(about.get("inline_file_contents")):
        text = words(each.get("content"))
        if text:
            yield Attachment(AttachmentKind.FILE, label(each.get("name")), text)

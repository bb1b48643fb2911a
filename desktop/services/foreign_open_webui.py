"""Chats of Open WebUI: the JSON that its settings export, a list of chats.

Each is a `ChatResponse` (`backend/open_webui/models/chats.py` of open-webui/open-webui), whose
`chat` holds `history`: messages by id, each with `parentId` and `childrenIds`, and `currentId`, the
one that is shown last (`src/lib/components/chat/Chat.svelte`). Several models that answer at once
are siblings. Thinking and tools stand in the text (`foreign_thinking`). Pure.
"""

from collections.abc import Iterator
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role, Usage
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from desktop.services.foreign_thinking import Said, without_details
from desktop.services.foreign_trees import Node, tree_of
from desktop.services.foreign_values import (
    IMAGE,
    Object,
    count,
    file_mark,
    items,
    joined,
    label,
    mapping,
    mappings,
    measure,
    seconds,
    titled,
    words,
)

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT}


def is_open_webui(value: Object) -> bool:
    """Tell whether `value` is a chat of Open WebUI."""
    chat = mapping(value.get("chat")) or value
    return isinstance(mapping(chat.get("history")).get("messages"), dict)


def open_webui_chat(value: Object) -> CarriedChat:
    """Return one chat; raises Unreadable."""
    chat = mapping(value.get("chat")) or value
    history = mapping(chat.get("history"))
    nodes = [
        Node(
            key,
            parent if isinstance(parent := node.get("parentId"), str) else None,
            _message(node),
            [child for child in items(node.get("childrenIds")) if isinstance(child, str)],
        )
        for key, each in mapping(history.get("messages")).items()
        if (node := mapping(each))
    ]
    current = history.get("currentId")
    messages, tip = tree_of(nodes, current if isinstance(current, str) else "")
    title, by = titled(label(value.get("title")) or chat.get("title"), messages)
    prompt = words(mapping(chat.get("params")).get("system")) or words(chat.get("system"))
    created = seconds(value.get("created_at")) or seconds(chat.get("timestamp"))
    return CarriedChat(
        title=title,
        messages=messages,
        tip=tip,
        created=created,
        updated=seconds(value.get("updated_at")) or created,
        pinned=value.get("pinned") is True,
        archived=value.get("archived") is True,
        titled_by=by,
        settings=ChatSettings(system_prompt=prompt.strip() or None),
    )


def _message(value: Object) -> CarriedMessage | None:
    role = _ROLES.get(words(value.get("role")))
    if role is None:
        return None
    files = mappings(value.get("files"))
    found = tuple(_texts(files))
    text = _content(value.get("content"))
    said = without_details(text) if role is Role.ASSISTANT else Said(text)
    own = words(value.get("reasoning_content") or value.get("reasoning"))
    return CarriedMessage(
        key="",
        parent=None,
        role=role,
        content=joined(said.content, "\n".join(_marks(files))),
        reasoning=joined(said.reasoning, own),
        state=_state(value) if role is Role.ASSISTANT else MessageState.COMPLETE,
        model=_model(value) if role is Role.ASSISTANT else "",
        usage=_usage(value) if role is Role.ASSISTANT else None,
        created=seconds(value.get("timestamp")),
        attachments=found,
        tool_calls=said.tool_calls,
        thinking_seconds=said.thinking_seconds,
    )


def _content(content: object) -> str:
    """Return the text of a message, which may be a list of parts as OpenAI's server takes them."""
    if isinstance(content, str):
        return words(content)
    return joined(
        *(
            IMAGE if part.get("type") == "image_url" else words(part.get("text"))
            for part in mappings(content)
        )
    )


def _model(value: Object) -> str:
    return label(value.get("modelName")) or label(value.get("model"))


def _state(value: Object) -> MessageState:
    if value.get("error"):
        return MessageState.FAILED
    return MessageState.INTERRUPTED if value.get("done") is False else MessageState.COMPLETE


def _text_in(file: Object) -> str:
    """Return the text that was read from a file, which is kept with it."""
    inner = mapping(file.get("file"))
    return words(mapping(inner.get("data")).get("content")) or words(file.get("content"))


def _name_of(file: Object) -> str:
    inner = mapping(file.get("file"))
    return label(file.get("name")) or label(inner.get("filename")) or label(inner.get("name"))


def _is_image(file: Object) -> bool:
    kind = words(file.get("content_type")) or words(file.get("url"))
    return file.get("type") == "image" or kind.startswith(("image/", "data:image/"))


def _texts(files: list[Object]) -> Iterator[Attachment]:
    for file in files:
        text = "" if _is_image(file) else _text_in(file)
        if text:
            yield Attachment(AttachmentKind.FILE, _name_of(file), text)


def _marks(files: list[Object]) -> Iterator[str]:
    for file in files:
        if _is_image(file):
            yield IMAGE
        elif not _text_in(file) and (mark := file_mark(_name_of(file))):
            yield mark


def _usage(value: Object) -> Usage | None:
    told = mapping(value.get("usage")) or mapping(value.get("info"))
    written = count(told.get("completion_tokens")) or count(told.get("eval_count"))
    if not written:
        return None
    return Usage(
        prompt_tokens=count(told.get("prompt_tokens")) or count(told.get("prompt_eval_count")),
        cached_tokens=0,
        completion_tokens=written,
        ttft_ms=0.0,
        prefill_tps=measure(told.get("prompt_token/s")),
        decode_tps=measure(told.get("response_token/s")),
    )

"""Chats of LM Studio: a `….conversation.json` for each, in folders below `~/.lmstudio/conversations`.

LM Studio does not describe these files. What is known here: the kinds of parts and of styles in
`packages/lms-shared-types/src/ChatHistoryData.ts` and `llm/ContentBlockStyle.ts` of
lmstudio-ai/lmstudio.js, and what programs that read and write such files agree upon
(YorkieDev/lm-studio-conversation-converter, ThreadShelf for 0.4): each message has `versions`, of
which `currentlySelected` is shown; one is a `singleStep` with `content`, or a `multiStep` with
`steps`, of which a `contentBlock` in the style `thinking` is what the model thought. Pure.
"""

from collections.abc import Iterator
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from desktop.services.foreign_attached import Attached
from desktop.services.foreign_thinking import without_thinking
from desktop.services.foreign_trees import Node, tree_of
from desktop.services.foreign_values import (
    IMAGE,
    Object,
    block,
    count,
    ended,
    file_mark,
    items,
    joined,
    json_text,
    label,
    mapping,
    mappings,
    measure,
    seconds,
    titled,
    words,
)

ENDING: Final = ".conversation.json"

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT}
_PROMPT: Final = "llm.prediction.systemPrompt"
_OWN_KEYS: Final = ("lastUsedModel", "perChatPredictionConfig", "userLastMessagedAt", "tokenCount")


def is_lm_studio(value: Object) -> bool:
    """Tell whether `value` is a conversation of LM Studio."""
    messages = mappings(value.get("messages"))
    if messages:
        return isinstance(messages[0].get("versions"), list)
    return isinstance(value.get("messages"), list) and any(key in value for key in _OWN_KEYS)


def lm_studio_chat(value: Object, folder: str, attached: Attached) -> CarriedChat:
    """Return one conversation, which lies in `folder`; raises Unreadable."""
    messages, tip = tree_of(*_nodes(value, attached))
    title, by = titled(value.get("name"), messages)
    spoken = (seconds(value.get(key)) for key in ("userLastMessagedAt", "assistantLastMessagedAt"))
    created = seconds(value.get("createdAt"))
    return CarriedChat(
        title=title,
        messages=messages,
        tip=tip,
        created=created,
        updated=max(created, *spoken),
        folder=folder,
        pinned=value.get("pinned") is True,
        titled_by=by,
        settings=ChatSettings(system_prompt=_system_prompt(value) or None),
    )


def folder_of(name: str) -> str:
    """Return the folder that a conversation is in, by the name of its file."""
    folders = name.split("/")[:-1]
    if "conversations" in folders:
        folders = folders[folders.index("conversations") + 1 :]
    return label(" / ".join(folders))


def _nodes(value: Object, attached: Attached) -> tuple[list[Node], str]:
    nodes: list[Node] = []
    tip: str | None = None
    for place, slot in enumerate(mappings(value.get("messages"))):
        versions = mappings(slot.get("versions")) or [slot]
        chosen = min(count(slot.get("currentlySelected")), len(versions) - 1)
        for number, version in enumerate(versions):
            nodes.append(Node(f"{place}/{number}", tip, _message(version, value, attached)))
        tip = f"{place}/{chosen}"
    return nodes, tip or ""


def _message(version: Object, chat: Object, attached: Attached) -> CarriedMessage | None:
    role = _ROLES.get(words(version.get("role")))
    if role is None:
        return None
    steps = [step for step in mappings(version.get("steps")) if step.get("type") == "contentBlock"]
    found = [_block(step, attached) for step in steps or [version]]
    about = mapping(next((step["genInfo"] for step in reversed(steps) if "genInfo" in step), None))
    stats = mapping(about.get("stats"))
    sender = mapping(version.get("senderInfo")).get("senderName")
    model = label(about.get("identifier")) or label(sender)
    model = model or label(mapping(chat.get("lastUsedModel")).get("identifier"))
    content = joined(*(each.content for each in found))
    said = without_thinking(content)
    stamp = words(steps[0].get("stepIdentifier")).partition("-")[0] if steps else ""
    return CarriedMessage(
        key="",
        parent=None,
        role=role,
        content=said.content,
        reasoning=joined(*(each.reasoning for each in found), said.reasoning),
        state=ended(stats.get("stopReason")) if stats else MessageState.COMPLETE,
        model=model if role is Role.ASSISTANT else "",
        usage=_usage(stats) if role is Role.ASSISTANT else None,
        created=seconds(int(stamp[:18])) if stamp.isascii() and stamp.isdigit() else 0.0,
        attachments=tuple(one for each in found for one in each.attachments),
        tool_calls=tuple(call for each in found for call in each.tool_calls),
    )


def _block(step: Object, attached: Attached) -> CarriedMessage:
    """Return one step as a message."""
    paragraphs: list[list[str]] = [[]]
    calls: list[ToolCall] = []
    files: list[Attachment] = []
    content = step.get("content")
    parts: list[Object] = mappings(content)
    if isinstance(content, str):
        parts = [{"type": "text", "text": content}]
    for part in parts:
        match part.get("type"):
            case "text":
                # One text may be in many parts, as it came.
                paragraphs[-1].append(words(part.get("text")))
            case "file":
                mark, found = _file(part, attached)
                paragraphs += [[mark], []]
                files += found
            case "toolCallRequest":
                calls.append(_call(part, len(calls)))
            case "toolCallResult":
                paragraphs += [[joined(*_results(part.get("content")))], []]
            case _:
                pass
    text = joined(*("".join(pieces).strip() for pieces in paragraphs))
    thinks = mapping(step.get("style")).get("type") == "thinking"
    return CarriedMessage(
        key="",
        parent=None,
        role=Role.ASSISTANT,
        content="" if thinks else text,
        reasoning=_bare(text) if thinks else "",
        attachments=tuple(files),
        tool_calls=tuple(calls),
    )


def _bare(text: str) -> str:
    """Return thoughts without the model's own tags around them."""
    return text.removeprefix("<think>").removesuffix("</think>").strip()


def _file(part: Object, attached: Attached) -> tuple[str, list[Attachment]]:
    """Return what stands for a file in the text, or the file itself."""
    if part.get("fileType") == "image":
        return IMAGE, []
    identifier = words(part.get("fileIdentifier") or part.get("identifier"))
    original, text = attached(identifier)
    name = label(part.get("name")) or original or label(identifier)
    if text:
        return "", [Attachment(AttachmentKind.FILE, name, text)]
    return file_mark(name), []


def _call(part: Object, place: int) -> ToolCall:
    inner = mapping(part.get("toolCallRequest")) or part
    given = inner.get("arguments") if "arguments" in inner else inner.get("parameters")
    number = inner.get("toolCallRequestId") or inner.get("id") or inner.get("callId")
    return ToolCall(
        label(number) or str(place), label(inner.get("name")) or "tool", json_text(given or {})
    )


def _results(content: object) -> Iterator[str]:
    """Yield what a tool gave back: a text, or a list of parts with texts."""
    if isinstance(content, str):
        yield block(words(content))
    for part in items(content):
        yield block(words(mapping(part).get("text")))


def _usage(stats: Object) -> Usage | None:
    told = count(stats.get("predictedTokensCount"))
    if not told:
        return None
    return Usage(
        prompt_tokens=count(stats.get("promptTokensCount")),
        cached_tokens=0,
        completion_tokens=told,
        ttft_ms=measure(stats.get("timeToFirstTokenSec")) * 1000,
        prefill_tps=0.0,
        decode_tps=measure(stats.get("tokensPerSecond")),
    )


def _system_prompt(value: Object) -> str:
    for field in mappings(mapping(value.get("perChatPredictionConfig")).get("fields")):
        if field.get("key") == _PROMPT and (own := words(field.get("value")).strip()):
            return own
    return words(value.get("systemPrompt")).strip()

"""Chats of ChatGPT: `conversations.json` of its data export, or `conversations-000.json` and so on.

OpenAI publishes no description of the format. What is known here is what many readers of real
exports agree upon (openai chats in `src/lib/utils/index.ts` of open-webui/open-webui, chat2poster,
ThreadShelf, and descriptions of exports up to 2026): a tree in `mapping` whose shown end is
`current_node`; nodes without a message, and such as are not shown; an answer spread over several
nodes (`thoughts`, `reasoning_recap`, `code` for a tool, `execution_output`, `text`). Pure.
"""

import json
import re
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role
from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.foreign_attached import Attached
from desktop.services.foreign_trees import Node, tree_of
from desktop.services.foreign_values import (
    IMAGE,
    Object,
    block,
    ended,
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

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}
# What the model is told about a person, and what programs tell each other.
_UNSEEN: Final = frozenset(
    {
        *("user_editable_context", "model_editable_context", "app_pairing_content"),
        *("tether_browsing_display", "tether_quote", "super_widget", "system_error"),
    }
)
_RUNNERS: Final = ("python", "code_interpreter", "container")
_DRAWERS: Final = ("dalle", "image_gen", "t2uay3k", "computer")
_WRITER: Final = "canmore"
# Marks of sources and names, between letters that have no shape.
_MARK: Final = re.compile("\ue200([^\ue200\ue201]*)\ue201")
_SOURCE: Final = re.compile(r"【[\d:]{1,12}†[^【】]{0,200}】")


def is_chatgpt(value: Object) -> bool:
    """Tell whether `value` is a conversation of ChatGPT."""
    return isinstance(value.get("mapping"), dict)


def chatgpt_chat(value: Object, attached: Attached) -> CarriedChat:
    """Return one conversation; raises Unreadable."""
    nodes = [
        Node(
            key,
            parent if isinstance(parent := node.get("parent"), str) else None,
            _message(mapping(node.get("message")), attached),
            [child for child in items(node.get("children")) if isinstance(child, str)],
        )
        for key, each in mapping(value.get("mapping")).items()
        if (node := mapping(each)) or each == {}
    ]
    current = value.get("current_node")
    messages, tip = tree_of(nodes, current if isinstance(current, str) else "")
    title, by = titled(value.get("title"), messages)
    return CarriedChat(
        title=title,
        messages=messages,
        tip=tip,
        created=seconds(value.get("create_time")),
        updated=seconds(value.get("update_time")),
        pinned=value.get("is_starred") is True,
        archived=value.get("is_archived") is True,
        titled_by=by,
    )


def _message(value: Object, attached: Attached) -> CarriedMessage | None:
    author = mapping(value.get("author"))
    role = _ROLES.get(words(author.get("role")))
    about = mapping(value.get("metadata"))
    content = mapping(value.get("content"))
    if role is None or about.get("is_visually_hidden_from_conversation") is True:
        return None
    kind = words(content.get("content_type"))
    if kind in _UNSEEN:
        return None
    text, reasoning, took = "", "", None
    if kind == "thoughts":
        reasoning = joined(*(_thought(each) for each in mappings(content.get("thoughts"))))
    elif kind == "reasoning_recap":
        took = measure(about.get("finished_duration_sec")) or None
    elif role is Role.TOOL:
        text = _of_tool(label(author.get("name")), content)
    elif role is Role.ASSISTANT and (to := words(value.get("recipient")) or "all") != "all":
        text = _for_tool(to, content)
    elif role is Role.ASSISTANT and value.get("channel") == "analysis":
        reasoning = _text(content)
    else:
        text = _unmarked(_text(content)) if role is Role.ASSISTANT else _text(content)
    files, marks = _files(about, attached) if role is Role.USER else ((), "")
    return CarriedMessage(
        key="",
        parent=None,
        role=role,
        content=joined(text, marks),
        reasoning=reasoning,
        state=ended(mapping(about.get("finish_details")).get("type")),
        model=label(about.get("model_slug")) if role is Role.ASSISTANT else "",
        created=seconds(value.get("create_time")),
        attachments=files,
        thinking_seconds=took,
    )


def _thought(value: Object) -> str:
    summary, content = words(value.get("summary")).strip(), words(value.get("content")).strip()
    return joined(f"**{summary}**" if summary else "", content)


def _text(content: Object) -> str:
    """Return what a message says, in one of the many forms that there are."""
    kind = content.get("content_type")
    if kind == "code":
        language = label(content.get("language"))
        code = words(content.get("text")) or _parts(content)
        return block(code, "" if language == "unknown" else language)
    return _parts(content) or words(content.get("text")) or words(content.get("content"))


def _parts(content: Object) -> str:
    return joined(*(_part(each) for each in items(content.get("parts"))))


def _part(part: object) -> str:
    if isinstance(part, str):
        return words(part)
    value = mapping(part)
    kind = words(value.get("content_type"))
    if "image" in kind:
        return IMAGE
    return words(value.get("text")) or ("[audio]" if "audio" in kind else "")


def _of_tool(name: str, content: Object) -> str:
    """Return what a tool gave back, where a person would see it."""
    if name.startswith(_RUNNERS):
        shown = words(content.get("text")) or words(content.get("output_str")) or _parts(content)
        return block(shown)
    if name.startswith(_DRAWERS) or IMAGE in _parts(content):
        return IMAGE if IMAGE in _parts(content) else ""
    return ""


def _for_tool(to: str, content: Object) -> str:
    """Return what the model gave to a tool, where it is a work of its own: code, a document."""
    text = words(content.get("text")) or _parts(content)
    if to.startswith(_RUNNERS):
        return block(text, "python")
    if not to.startswith(_WRITER):
        return ""
    try:
        work = mapping(json.loads(text))
    except (ValueError, RecursionError):
        return block(text)
    document = words(work.get("content"))
    language = label(work.get("type")).partition("/")
    if language[0] == "code":
        return block(document, language[2])
    return document or block(json.dumps(work.get("updates")) if "updates" in work else "", "json")


def _files(about: Object, attached: Attached) -> tuple[tuple[Attachment, ...], str]:
    """Return the texts of the files beside a question, and marks for those that are not there."""
    found: list[Attachment] = []
    marks: list[str] = []
    for each in mappings(about.get("attachments")):
        name, kind = label(each.get("name")), words(each.get("mime_type") or each.get("mimeType"))
        if kind.startswith("image/"):  # among the parts already
            continue
        _, text = attached(words(each.get("id")))
        if text:
            found.append(Attachment(AttachmentKind.FILE, name, text))
        else:
            marks.append(file_mark(name))
    return tuple(found), "\n".join(marks)


def _unmarked(text: str) -> str:
    if "\ue200" in text:
        text = _MARK.sub(_marked, text)
    return _SOURCE.sub("", text) if "†" in text else text


def _marked(found: re.Match[str]) -> str:
    """Return what to show for a mark: the name of a thing, and nothing for a source."""
    kind, _, rest = found[1].partition("\ue202")
    if kind != "entity":
        return ""
    try:
        named = items(json.loads(rest))
    except (ValueError, RecursionError):
        return ""
    return words(named[1]) if len(named) > 1 else ""

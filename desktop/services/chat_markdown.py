"""A chat as Markdown that people read and paste: the branch that is shown, as it was written.

What a message leaves open (a fence, a folded part) is closed, so that it does not swallow the next.
Pure; any thread.
"""

import re
from collections.abc import Iterator
from typing import Final

from desktop.domain.carried import CarriedChat, CarriedMessage, active_branch
from desktop.domain.chat import Role, ToolCall
from desktop.domain.history import Attachment
from desktop.services.chat_telling import Teller
from desktop.services.fences import fenced, language_of

__all__ = ["markdown_of"]

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_FOLD: Final = re.compile(r"<(?=\s*/?\s*(?:details|summary)\b)", re.IGNORECASE)


def markdown_of(chat: CarriedChat, teller: Teller) -> str:
    """Return the title, what the chat sets as system prompt, and each message with its foot."""
    return "\n\n".join(_pieces(chat, teller)) + "\n"


def _pieces(chat: CarriedChat, teller: Teller) -> Iterator[str]:
    yield f"# {_plain(teller.title(chat))}"
    if head := teller.head(chat):
        yield f"*{_plain(head)}*"
    if prompt := (chat.settings.system_prompt or "").strip():
        yield _folded(teller.speaker(Role.SYSTEM), prompt)
    for message in active_branch(chat):
        if message.memory is not None:
            yield f"*— {_plain(teller.memory())} —*"
            if message.memory.summary.strip():
                yield _folded(teller.summary(), message.memory.summary)
        if message.role is Role.USER:
            yield "---"
        yield from _message(message, teller)


def _message(message: CarriedMessage, teller: Teller) -> Iterator[str]:
    yield f"**{_plain(teller.speaker(message.role))}**"
    for attachment in message.attachments:
        yield _attachment(attachment, teller)
    if message.reasoning.strip():
        yield _folded(teller.thinking(message), message.reasoning)
    if message.role is Role.TOOL:
        yield fenced(message.content)
    elif message.content.strip():
        yield _closed(message.content.strip("\n"))
    for call in message.tool_calls:
        yield _call(call)
    if foot := teller.foot(message):
        yield f"*{_plain(foot)}*"


def _attachment(attachment: Attachment, teller: Teller) -> str:
    name = teller.attachment(attachment)
    if attachment.is_picture:
        # It would be a line of a million letters; in JSON it is whole.
        return f"*{_plain(teller.picture(attachment))}*"
    return f"{_plain(name)}:\n\n{fenced(attachment.text, language_of(name))}"


def _call(call: ToolCall) -> str:
    return fenced(f"{call.name}({call.arguments})")


def _folded(title: str, text: str) -> str:
    """Return `text` folded under `title`; nothing in it can close the fold."""
    inside = _FOLD.sub("&lt;", _closed(text.strip()))
    return f"<details>\n<summary>{_plain(title)}</summary>\n\n{inside}\n\n</details>"


def _closed(text: str) -> str:
    """Return `text` with the fence closed that it leaves open, if there is one."""
    open_fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found is None:
            continue
        fence, after = found[1], found[2]
        if not open_fence:
            # A line of backquotes with more of them behind is code within a line.
            open_fence = "" if fence[0] == "`" and "`" in after else fence
        elif fence.startswith(open_fence) and not after.strip():
            open_fence = ""
    return f"{text}\n{open_fence}" if open_fence else text


def _plain(text: str) -> str:
    """Return `text` on one line, with nothing in it that Markdown would take for its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))

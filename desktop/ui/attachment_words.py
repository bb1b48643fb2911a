"""What something beside a question is called, wherever it is shown as a chip. GUI thread."""

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.text import Text, printable
from desktop.ui.icons import IconName
from desktop.ui.translation import say

__all__ = ["attachment_icon", "attachment_size", "attachment_start", "attachment_title"]

_PREVIEW = 40


def attachment_title(attachment: Attachment) -> str:
    """Return the name of a file or an action; of other texts, where they came from."""
    match attachment.kind:
        case AttachmentKind.FILE:
            return printable(attachment.name)
        case AttachmentKind.ACTION:
            return printable(attachment.name, " ") or say(Text("Quick action"))
        case AttachmentKind.SELECTION:
            return say(Text("Selected text"))
        case AttachmentKind.PASTE:
            return say(Text("Pasted text"))
        case AttachmentKind.PICTURE:
            return printable(attachment.name, " ").strip() or say(Text("Picture"))


def attachment_start(attachment: Attachment) -> str:
    """Return how a text without a name begins, in one line; empty for others."""
    if attachment.kind not in {AttachmentKind.PASTE, AttachmentKind.SELECTION}:
        return ""
    return printable(" ".join(attachment.text[: _PREVIEW * 2].split())[:_PREVIEW], " ")


def attachment_size(attachment: Attachment, tokens: int) -> str:
    """Return how long a text is: its pages, if it has some, and its `tokens`."""
    size = (
        say(Text("about 1 token"))
        if tokens == 1
        else say(Text("about {count} tokens", {"count": f"{tokens:,}"}))
    )
    match attachment.pages:
        case 0:
            return size
        case 1:
            pages = say(Text("1 page"))
        case _:
            pages = say(Text("{count} pages", {"count": f"{attachment.pages:,}"}))
    return f"{pages} · {size}"


def attachment_icon(kind: AttachmentKind) -> IconName:
    """Return the icon of a kind."""
    match kind:
        case AttachmentKind.FILE:
            return "file"
        case AttachmentKind.ACTION:
            return "spark"
        case AttachmentKind.PICTURE:
            return "picture"
        case _:
            return "copy"

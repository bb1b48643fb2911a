"""What is typed and not sent, with what goes along, as one text that can be kept.

Pure functions; any thread. Separators are control characters, which mean nothing in a text.
"""

from collections.abc import Sequence

from desktop.domain.history import Attachment, AttachmentKind

_PART = "\x1d"
_FIELD = "\x1f"
_WITHOUT_SEPARATORS = str.maketrans("", "", _PART + _FIELD)


def draft_of(typed: str, attachments: Sequence[Attachment]) -> str:
    """Return one text for both; empty when there is nothing to keep."""
    if not typed and not attachments:
        return ""
    return _PART.join((_plain(typed), *map(_part, attachments)))


def read_draft(draft: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return what `draft_of` put together; parts of older drafts are pasted texts."""
    typed, *parts = draft.split(_PART)
    return typed, tuple(_attachment(part) for part in parts)


def _part(attachment: Attachment) -> str:
    fields = [attachment.kind, _plain(attachment.name), _plain(attachment.text)]
    if attachment.pages:
        fields.append(str(attachment.pages))
    return _FIELD.join(fields)


def _plain(text: str) -> str:
    return text.translate(_WITHOUT_SEPARATORS)


def _attachment(part: str) -> Attachment:
    match part.split(_FIELD):
        case [kind, name, text, *pages] if kind in set(AttachmentKind):
            count = pages[0] if pages and pages[0].isdecimal() else "0"
            return Attachment(AttachmentKind(kind), name, text, int(count))
    return Attachment(AttachmentKind.PASTE, "", part)

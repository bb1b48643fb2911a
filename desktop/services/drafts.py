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
    parts = (_FIELD.join((each.kind, *map(_plain, (each.name, each.text)))) for each in attachments)
    return _PART.join((_plain(typed), *parts))


def read_draft(draft: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return what `draft_of` put together; parts of older drafts are pasted texts."""
    typed, *parts = draft.split(_PART)
    return typed, tuple(_attachment(part) for part in parts)


def _plain(text: str) -> str:
    return text.translate(_WITHOUT_SEPARATORS)


def _attachment(part: str) -> Attachment:
    kind, name, text, *rest = (*part.split(_FIELD, 2), "", "")
    if rest and kind in set(AttachmentKind):
        return Attachment(AttachmentKind(kind), name, text)
    return Attachment(AttachmentKind.PASTE, "", part)

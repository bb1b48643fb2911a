"""What goes with a question, as the model reads it: named and fenced, before the question.

Pure functions; any thread. The words are English whatever the surface speaks, so that a
conversation stays the same for the model when a person changes the language.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.fences import fenced, language_of

_LONGEST_NAME: Final = 120


def with_attachments(text: str, attachments: Sequence[Attachment]) -> str:
    """Return the question `text` with all that goes along before it."""
    return "\n\n".join(filter(None, (*map(attachment_text, attachments), text)))


def attachment_text(attachment: Attachment) -> str:
    """Return one attachment: a line that names it, and its text between fences it cannot close.

    Nothing of a picture, which models are given apart (`pictures`). An action is asked word for
    word: its beginning is what the engine has computed beforehand.
    """
    match attachment.kind:
        case AttachmentKind.ACTION:
            return attachment.text
        case AttachmentKind.PICTURE:
            return ""
        case _:
            return _named(attachment)


def _named(attachment: Attachment) -> str:
    name = _plain(attachment.name)
    match attachment.kind:
        case AttachmentKind.PASTE:
            head = "Pasted text:"
        case AttachmentKind.SELECTION:
            head = "Selected text:"
        case _:
            head = f'File "{name}":' if name else "File:"
    return f"{head}\n{fenced(attachment.text, language_of(name))}"


def _plain(name: str) -> str:
    """Return a file's name on one line, without quotes that would end it or invisible marks."""
    shown = "".join(
        letter for letter in " ".join(name.split()) if unicodedata.category(letter)[0] != "C"
    )
    return shown.replace('"', "'")[-_LONGEST_NAME:]

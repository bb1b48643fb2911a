"""Documents that go with a question: their text, read in a process of its own.

A PDF or a Word document may have been made to break whoever opens it. So this process looks at how the
file begins and how large it is, and no further. Whoever calls waits: call it off the GUI thread.
"""

import os
import stat
import tempfile
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Final

from desktop.backends.ladder import Cause
from desktop.backends.side_job import Cancelled, JobDied, JobRefused, run_job
from desktop.base.cancelling import never
from desktop.base.files import opened_at_once
from desktop.domain.errors import LapisError
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.text import Text
from desktop.inference.documents.reading import OLE, PDF, PDF_WITHIN, ZIP
from desktop.inference.side_messages import DocumentRead, ReadDocument
from desktop.services.text_files import MOST_BYTES, refused, why_no_text

__all__ = ["MOST_FILE_BYTES", "ReadingStopped", "read_document"]

MOST_FILE_BYTES: Final = 100_000_000
"""Bytes of a document, most of which are pictures; of its text goes along what `MOST_BYTES` holds."""

# Without a word from the process; a single page takes a fraction of a second.
_PATIENCE: Final = 30.0
_MEMORY: Final = frozenset({Cause.MEMORY, Cause.NO_MEMORY, Cause.CARD_MEMORY})


class ReadingStopped(LapisError):
    """Nobody wants to know any more what is in the document."""


def read_document(
    path: Path,
    cancelled: Callable[[], bool] = never,
    tick: Callable[[int | None], None] = lambda _hundredths: None,
) -> Attachment | None:
    """Return the text of the document at `path`, None if it is none; raises NotReadable.

    A file that cannot be read at all is no document either: who reads texts says why. `tick` is
    called a few times a second, with the hundredths that are read or None; so is `cancelled`, which
    raises ReadingStopped.
    """
    head = _head(path)
    if head is None:
        return None
    try:
        # Its folder is empty, and no folder of the engine's: a document needs no graphics card.
        with tempfile.TemporaryDirectory(prefix="lapis-", ignore_cleanup_errors=True) as folder:
            order = ReadDocument(os.fsencode(path.absolute()), MOST_BYTES)
            found = run_job(
                Path(folder),
                order,
                DocumentRead,
                patience=_PATIENCE,
                cancelled=cancelled,
                tick=tick,
            )
    except Cancelled as error:
        raise ReadingStopped(
            Text("“{name}” was not read to its end", {"name": path.name}),
            Text("Nothing of it goes with the question."),
        ) from error
    except JobRefused as error:
        raise refused(path.name, _hint(error, path.name, head)) from error
    except JobDied as death:
        raise refused(path.name, _last_words(death.cause)) from death
    if len(found.text.encode()) > MOST_BYTES:
        raise refused(path.name, _too_much())
    return Attachment(AttachmentKind.FILE, path.name, found.text, max(0, found.pages))


def _head(path: Path) -> bytes | None:
    """Return how a document begins, None for another file; raises NotReadable for a huge one."""
    try:
        with BufferedReader(opened_at_once(path)) as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                return None
            head = stream.read(PDF_WITHIN)
    except OSError:
        return None
    if PDF not in head and not head.startswith((ZIP, OLE)):
        return None
    if about.st_size > MOST_FILE_BYTES:
        values: dict[str, str | int | float] = {
            "size": f"{about.st_size / 1e6:.0f}",
            "most": MOST_FILE_BYTES // 1_000_000,
        }
        raise refused(
            path.name, Text("It has {size} MB; documents of up to {most} MB can be read.", values)
        )
    return head


def _hint(refusal: JobRefused, name: str, head: bytes) -> Text:
    match refusal.kind:
        case "disk":
            return Text("The system says: {reason}", {"reason": refusal.detail})
        case "empty":
            return Text("There is no text in it.")
        case "foreign":
            return why_no_text(name, head)
        case "large":
            return _too_much()
        case "memory":
            return _last_words(Cause.MEMORY)
        case "old":
            return Text("It is in Word's format of before 2007. Save it as .docx, and take that.")
        case "password":
            return Text("It opens with a password only. Save a copy without one, and take that.")
        case "pictures":
            return Text(
                "This PDF holds pictures of pages and no text. A program that recognises text in "
                "pictures (OCR) makes one that can be read."
            )
        case "unpacks":
            return Text("Far more comes out of it than a document holds, so it was not read.")
        case _:
            return _broken()


def _last_words(cause: Cause) -> Text:
    if cause in _MEMORY:
        return Text("Reading it takes more memory than any document should.")
    if cause is Cause.SILENCE:
        return Text("Reading it takes too long.")
    if cause is Cause.REPLACED:
        return Text("Lapis was renewed meanwhile. Quit it and start it again.")
    return _broken()


def _broken() -> Text:
    return Text(
        "It is damaged, or made in a way that cannot be read. Where another program opens it, save "
        "it anew there."
    )


def _too_much() -> Text:
    return Text(
        "Its text has more than {most} MB, and no more can go with a question. Take a part of it.",
        {"most": MOST_BYTES // 1_000_000},
    )

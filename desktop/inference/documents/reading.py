"""Which kind of document a file is, told by how it begins, and its text.

Runs in a process of its own, on its main thread. Names of files mean nothing here: a PDF is often
called something else.
"""

import time
from collections.abc import Callable
from typing import Final, TypeAlias

from desktop.domain.text import encodable
from desktop.inference.documents.bounds import Fault, Unreadable
from desktop.inference.side_messages import DocumentRead, ReadDocument

__all__ = ["OLE", "PDF", "PDF_WITHIN", "ZIP", "Told", "read"]

Told: TypeAlias = Callable[[int, int], None]
"""(parts read, parts in all): how far the reading is; pages of a PDF, bytes of others."""

PDF: Final = b"%PDF-"
PDF_WITHIN: Final = 1024
"""Bytes at the beginning in which that may stand: mail programs put something before it."""
ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Word before 2007, and Word documents with a password."""

_PAUSE: Final = 0.1


def read(order: ReadDocument, tell: Callable[[int], None]) -> DocumentRead:
    """Return the text of a file; raises Unreadable, OSError.

    `tell` is given hundredths of the work that are done, a few times a second.
    """
    with open(order.path, "rb") as stream:  # noqa: PTH123 - the path is bytes, as the system has it
        data = stream.read()
    told = _Paced(tell)
    pages = 0
    if PDF in data[:PDF_WITHIN]:
        from desktop.inference.documents.pdf import pdf_text

        text, pages = pdf_text(data, order.most, told)
    elif data.startswith(ZIP):
        from desktop.inference.documents.archive import archive_text

        text = archive_text(data, order.most, told)
    else:
        raise Unreadable(_of_old(data))
    if not text.strip():
        raise Unreadable("empty")
    return DocumentRead(encodable(text), pages)


def _of_old(data: bytes) -> Fault:
    if data.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return "password"
        if "WordDocument".encode("utf-16-le") in data:
            return "old"
    return "foreign"


class _Paced:
    """Passes on how far it is, but not each of a thousand pages."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._next = time.monotonic() + _PAUSE

    def __call__(self, done: int, whole: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PAUSE
            self._tell(min(99, 100 * done // max(1, whole)))

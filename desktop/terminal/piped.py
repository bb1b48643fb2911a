"""What another program pipes into `lapis ask`: read, decoded, and set apart from the question."""

import codecs
import locale
from typing import BinaryIO

from desktop.domain.errors import UserFixable
from desktop.domain.quantities import sized
from desktop.domain.text import Text

MAX_BYTES = 8_000_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UnusableInput(UserFixable):
    """What was piped in is too long, or is no text."""


def read_piped(stream: BinaryIO) -> str:
    """Return everything piped in as text, stripped; empty if nothing came. Raises UnusableInput.

    Blocks until the other program ends. Reads UTF-8, UTF-16 with its mark, the system's own
    encoding, or the Chinese GB 18030.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnusableInput(
            Text("More than {limit} of text was piped in", {"limit": sized(MAX_BYTES)}),
            Text("No model can read that much at once. Pipe in a part of it."),
        )
    return _decoded(data).replace("\r\n", "\n").strip()


def with_context(question: str, context: str) -> str:
    """Return the question with the piped text before it, between marks that the text lacks."""
    if not context:
        return question
    tag = "context"
    count = 1
    while f"</{tag}>" in context:
        count += 1
        tag = f"context-{count}"
    return f'<{tag} source="standard input">\n{context}\n</{tag}>\n\n{question}'


def _decoded(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data:
        raise UnusableInput(
            Text("What was piped in is not text"),
            Text("Lapis reads plain text. Convert the file first, for example with pdftotext."),
        )
    for encoding in ("utf-8", locale.getpreferredencoding(do_setlocale=False), "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", errors="replace")

"""Files as text, to go with a question: read whole, with a bound, in whatever encoding they are.

Plain functions; they wait for the disk, so call them off the GUI thread.
"""

import codecs
import stat
from io import BufferedReader
from pathlib import Path
from typing import Final

from desktop.base.files import opened_at_once
from desktop.domain.errors import UserFixable
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.text import Text

MOST_BYTES: Final = 4_000_000
"""Bytes of one file; no model's context window holds more text."""

_MARKED = (b"%PDF-", b"{\\rtf")
"""How documents begin whose words are not simply there."""
_OFFICE = (
    ".doc",
    ".docx",
    ".epub",
    ".odp",
    ".ods",
    ".odt",
    ".pages",
    ".ppt",
    ".pptx",
    ".xls",
    ".xlsx",
)
_SAMPLE = 65_536
_CONTROLS = frozenset(range(32)) - {9, 10, 11, 12, 13, 27}
_MOST_CONTROLS = 0.01
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In this order: what GB 18030 reads as common Chinese signs is hardly ever anything else.
_CHINESE = ("gb18030", "big5")
_OTHERS = ("cp1252", "cp1251", "cp1250", "cp1253", "koi8_r")
_SIGNS = (range(0x4E00, 0xA000), range(0x3000, 0x3040), range(0xFF00, 0xFFF0))


class NotReadable(UserFixable):
    """A file cannot be read as text."""


def read_text_file(path: Path) -> Attachment:
    """Return the text of the file at `path`; raises NotReadable with the reason.

    A file that is no text (a picture, a program, an archive) is refused, never shown as garbage.
    """
    name = path.name
    try:
        raw = _bytes_of(path)
    except OSError as error:
        raise refused(
            name, Text("The system says: {reason}", {"reason": _reason(error)})
        ) from error
    text = decode(raw)
    if text is None:
        raise refused(name, why_no_text(name, raw))
    if not text.strip():
        raise refused(name, Text("There is no text in it."))
    return Attachment(AttachmentKind.FILE, name, text)


def decode(raw: bytes) -> str | None:
    """Return `raw` as text with line feeds, or None if it is none.

    Marks at the beginning are believed, then UTF-8; what is left is Chinese where it reads as
    Chinese, else the encoding that charset-normalizer finds.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _lines(raw.decode(encoding, errors="replace"))
    if _is_binary(raw[:_SAMPLE]):
        return None
    try:
        return _lines(raw.decode())
    except UnicodeDecodeError:
        return _lines(_guessed(raw))


def _bytes_of(path: Path) -> bytes:
    _check_kind(path)
    # It may have become another one since: a pipe would never end.
    with BufferedReader(opened_at_once(path)) as stream:
        return stream.read(MOST_BYTES)


def _check_kind(path: Path) -> None:
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise refused(path.name, Text("It is a folder. Add the files in it instead."))
    if not stat.S_ISREG(found.st_mode):
        raise refused(path.name, Text("It is not a file that holds text."))
    if found.st_size > MOST_BYTES:
        raise refused(
            path.name,
            Text(
                "It has {size} MB; texts of up to {most} MB can go with a question.",
                {"size": f"{found.st_size / 1e6:.1f}", "most": MOST_BYTES // 1_000_000},
            ),
        )


def why_no_text(name: str, raw: bytes) -> Text:
    """Return what to do about a file called `name` that is no text; `raw` is how it begins."""
    if raw.startswith(_MARKED) or name.lower().endswith(_OFFICE):
        return Text(
            "Of documents Lapis reads PDF, .docx and .odt. Save it as one of these, or copy what "
            "matters and paste it here."
        )
    return Text("It is neither a text nor a picture that can be read.")


def _is_binary(sample: bytes) -> bool:
    if b"\0" in sample or sample.startswith((*_MARKED, b"PK\x03\x04")):
        return True
    controls = sum(sample.count(bytes([code])) for code in _CONTROLS)
    return controls > len(sample) * _MOST_CONTROLS


def _guessed(raw: bytes) -> str:
    for encoding in _CHINESE:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _reads_as_chinese(text):
            return text
    from charset_normalizer import from_bytes

    found = sorted(
        from_bytes(raw[:_SAMPLE], cp_isolation=list(_OTHERS)),
        key=lambda match: (
            round(match.chaos, 1),
            -round(match.coherence, 1),
            _OTHERS.index(match.encoding),
        ),
    )
    return raw.decode(found[0].encoding if found else _OTHERS[0], errors="replace")


def _reads_as_chinese(text: str) -> bool:
    """Tell whether nearly all signs beyond ASCII are Chinese ones."""
    foreign = [ord(letter) for letter in text[:_SAMPLE] if letter > "\x7f"]
    signs = sum(any(code in signs for signs in _SIGNS) for code in foreign)
    return bool(foreign) and signs >= len(foreign) * 0.9


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def refused(name: str, hint: Text) -> NotReadable:
    """Return the error for the file `name`; `hint` is the reason."""
    return NotReadable(Text("“{name}” cannot go with the question", {"name": name}), hint)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__

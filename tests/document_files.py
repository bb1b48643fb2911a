"""Small real documents, written byte for byte: PDF as ISO 32000-1 has it, .docx, .odt.

Without the programs that make such files, so that a test says itself what is in one.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_ID = bytes(range(16))
_MAY_ALL = -4
# Any number: a picture of one grey point.
_PICTURE = b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
_FONTS = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H "
        b"/DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>] >>"
    ),
)


def write_pdf(path: Path, pages: Sequence[str], *, password: str = "") -> Path:
    """Write a PDF with a page for each of `pages`, an empty one as a picture; return `path`.

    Lines in Chinese are in a font that the file names and does not hold, as is usual. With a
    `password` the file says that it is encrypted, and what is in it means nothing.
    """
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", *_FONTS]
    objects.append(_PICTURE + b" /BitsPerComponent 8 /Length 1 >>\nstream\n\x80\nendstream")
    kids = []
    for page in pages:
        content = _content(page)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources "
            b"<< /Font << /A 3 0 R /B 4 0 R >> /XObject << /P 5 0 R >> >> >>" % (len(objects) + 2)
        )
        kids.append(b"%d 0 R" % len(objects))
        objects.append(stream(content))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    trailer = b"/Root 1 0 R"
    if password:
        objects.append(_lock(password.encode()))
        trailer += b" /Encrypt %d 0 R /ID [<%s> <%s>]" % (len(objects), _hex(_ID), _hex(_ID))
    path.write_bytes(assembled(objects, trailer))
    return path


def stream(data: bytes, filters: bytes = b"") -> bytes:
    """Return an object of a PDF with `data` in it."""
    return b"<< /Length %d %s>>\nstream\n%s\nendstream" % (len(data), filters, data)


def assembled(objects: Sequence[bytes], trailer: bytes) -> bytes:
    """Return a PDF of `objects`, the first of which is number 1."""
    file = io.BytesIO()
    file.write(b"%PDF-1.4\n")
    places = []
    for number, each in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, each))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    file.write(b"trailer\n<< /Size %d %s >>\n" % (len(objects) + 1, trailer))
    file.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return file.getvalue()


def write_docx(path: Path, body: str, parts: Mapping[str, str] | None = None) -> Path:
    """Write a Word document with the XML `body`; `parts` are others, as in "styles"; return `path`."""
    named = {"document": f"<w:body>{body}</w:body>", **(parts or {})}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        for name, words in named.items():
            root = f'<w:{name} xmlns:w="{W}" xmlns:mc="{_MC}">{words}</w:{name}>'
            file.writestr(f"word/{name}.xml", f'<?xml version="1.0" encoding="UTF-8"?>{root}')
    return path


def paragraph(words: str, properties: str = "") -> str:
    """Return a paragraph of a Word document."""
    return (
        f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr><w:b/></w:rPr>"
        f'<w:t xml:space="preserve">{escape(words)}</w:t></w:r></w:p>'
    )


def write_odt(path: Path, body: str, manifest: str = "<manifest/>") -> Path:
    """Write a document of LibreOffice with the XML `body`; return `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text", zipfile.ZIP_STORED)
        file.writestr("META-INF/manifest.xml", manifest)
        file.writestr(
            "content.xml",
            f'<o:document-content xmlns:o="{_OFFICE}:office:1.0" xmlns:t="{_OFFICE}:text:1.0" '
            f'xmlns:b="{_OFFICE}:table:1.0"><o:body>{body}</o:body></o:document-content>',
        )
    return path


def _content(page: str) -> bytes:
    if not page:
        return b"q 595 0 0 842 0 0 cm /P Do Q"
    shown = []
    for line in page.split("\n"):
        if line.isascii():
            words = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            shown.append(b"/A 12 Tf (%s) Tj T*" % words.encode())
        else:
            shown.append(b"/B 12 Tf <%s> Tj T*" % _hex(line.encode("utf-16-be")))
    return b"BT 14 TL 40 800 Td %s ET" % b" ".join(shown)


def _lock(password: bytes) -> bytes:
    """Return the dictionary of a PDF that opens with `password`: 40 bits, algorithms 2 to 4."""
    padded = (password + _PADDING)[:32]
    owner = _rc4(_md5(padded)[:5], padded)
    key = _md5(padded + owner + _MAY_ALL.to_bytes(4, "little", signed=True) + _ID)[:5]
    user = _rc4(key, _PADDING)
    return b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P %d >>" % (
        *(_hex(owner), _hex(user)),
        _MAY_ALL,
    )


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    other = 0
    for place in range(256):
        other = (other + state[place] + key[place % len(key)]) % 256
        state[place], state[other] = state[other], state[place]
    out, first, second = bytearray(), 0, 0
    for byte in data:
        first = (first + 1) % 256
        second = (second + state[first]) % 256
        state[first], state[second] = state[second], state[first]
        out.append(byte ^ state[(state[first] + state[second]) % 256])
    return bytes(out)


def _hex(data: bytes) -> bytes:
    return data.hex().encode()

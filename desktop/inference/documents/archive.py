"""Documents that are XML in a ZIP archive, unpacked with bounds. Runs in the process that reads them.

Written over `zipfile` and expat rather than taken from a library: those that read .docx unpack whatever
an archive holds, and build all of it as a tree. Here nothing is written to the disk, a member is
unpacked in pieces into a parser that keeps nothing, and what declares entities is not read at all.
"""

import io
import itertools
import zipfile
import zlib
from typing import Final
from xml.parsers import expat

from desktop.inference.documents.bounds import Unreadable
from desktop.inference.documents.reading import Told

__all__ = ["Archive", "Handler", "archive_text"]

_ODT: Final = b"application/vnd.oasis.opendocument.text"
_PIECE: Final = 64 * 1024
_MOST_XML: Final = 128 * 1024 * 1024
# Some ten seconds; the longest novel has a tenth of them.
_MOST_ELEMENTS: Final = 4_000_000


class Handler:
    """Hears of the elements of one member; names are local ones, without their namespace."""

    def begin(self, name: str, values: dict[str, str]) -> None:
        """Hear that an element begins; `values` are its attributes."""

    def end(self, name: str) -> None:
        """Hear that it ends."""

    def text(self, text: str) -> None:
        """Hear a piece of what stands in it."""


class Archive:
    """An opened archive."""

    def __init__(self, data: bytes) -> None:
        """Read the list of what is in it; raises Unreadable."""
        try:
            self._members = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise Unreadable("damaged") from error
        self._names = frozenset(self._members.namelist())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def head(self, name: str) -> bytes:
        """Return the first bytes of a member, none where there is none; raises Unreadable."""
        if name not in self._names:
            return b""
        try:
            with self._members.open(name) as stream:
                return stream.read(256)
        except _BROKEN as error:
            raise Unreadable("damaged") from error

    def parse(self, name: str, handler: Handler, told: Told | None = None) -> None:
        """Read the XML of a member, nothing where there is none; raises Unreadable."""
        if name not in self._names:
            return
        parser = _parser(handler)
        about = self._members.getinfo(name)
        if about.flag_bits & 1:
            raise Unreadable("password")
        done = 0
        try:
            with self._members.open(about) as stream:
                while piece := stream.read(_PIECE):
                    done += len(piece)
                    if done > _MOST_XML:
                        raise Unreadable("unpacks")
                    parser.Parse(piece, False)
                    if told is not None:
                        told(done, about.file_size)
            parser.Parse(b"", True)
        except _BROKEN as error:
            raise Unreadable("damaged") from error


def archive_text(data: bytes, most: int, told: Told) -> str:
    """Return the text of a .docx or .odt document; raises Unreadable."""
    archive = Archive(data)
    if "word/document.xml" in archive:
        from desktop.inference.documents.docx import docx_text

        return docx_text(archive, most, told)
    if archive.head("mimetype").startswith(_ODT):
        from desktop.inference.documents.odt import odt_text

        return odt_text(archive, most, told)
    raise Unreadable("foreign")


def _parser(handler: Handler) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    elements = itertools.count(1)

    def begin(name: str, values: dict[str, str]) -> None:
        if next(elements) > _MOST_ELEMENTS:
            raise Unreadable("unpacks")
        handler.begin(_local(name), {_local(key): value for key, value in values.items()})

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _no_types
    return parser


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition(" ")[2]


def _no_types(*_declared: object) -> None:
    """Refuse a declaration of a document type: neither format has any, and entities need one."""
    raise Unreadable("damaged")


_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeError,
    ValueError,
)

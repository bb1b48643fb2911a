"""Pictures that go with a question: which files are some, how they are kept, who can be shown them.

A picture is kept as the text of its attachment, a `data:` address, which is read with distrust: it
may have come out of a file. No Qt, nothing is decoded here. Any thread; only `read_picture_file`
waits for the disk.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import Final

from desktop.base.files import opened_at_once
from desktop.domain.chat import ChatRequest, Picture
from desktop.domain.errors import NotSupported
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.model import InstalledModel
from desktop.domain.sight import is_about_pictures, without_pictures
from desktop.domain.text import Text
from desktop.services.text_files import NotReadable

__all__ = [
    "MOST_FILE_BYTES",
    "MOST_PICTURES",
    "address_of",
    "attached",
    "beginning_of",
    "blind",
    "files_are_blind",
    "for_blind",
    "media_type_of",
    "picture_in",
    "picture_of",
    "pictures_of",
    "read_picture_file",
]

MOST_FILE_BYTES: Final = 20_000_000
"""Bytes of a file that is made smaller before it goes along."""
MOST_PICTURES: Final = 10
"""Pictures that go with one question."""

_MOST_BYTES: Final = 4_000_000
_HEAD: Final = 32
_BEGINNING: Final = 65_536
_ADDRESS: Final = re.compile(
    r"data:(image/(?:png|jpeg|webp|gif));base64,([A-Za-z0-9+/]+={0,2})", re.ASCII
)
_LONGEST_ADDRESS: Final = _MOST_BYTES * 4 // 3 + 64
_BMP: Final = "image/bmp"


def media_type_of(data: bytes) -> str:
    """Return the media type of the picture in `data` by how it begins; empty: none we know."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    # "BM" alone begins many a word: the four bytes after the size are nothing.
    if data[:2] == b"BM" and data[6:10] == bytes(4):
        return _BMP
    return ""


def read_picture_file(path: Path) -> bytes | None:
    """Return the file at `path` if it is a picture, None if not; raises NotReadable.

    A file that cannot be read at all is no picture either: who reads texts says why.
    """
    try:
        with BufferedReader(opened_at_once(path)) as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                return None
            head = stream.read(_HEAD)
            if not media_type_of(head):
                return None
            if found.st_size > MOST_FILE_BYTES:
                raise _too_large(path.name, found.st_size)
            return head + stream.read(MOST_FILE_BYTES - len(head))
    except OSError:
        return None


def address_of(picture: Picture) -> str:
    """Return `picture` as a `data:` address."""
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def attached(picture: Picture, name: str = "") -> Attachment:
    """Return `picture` as what goes with a question; `name` is that of its file."""
    return Attachment(AttachmentKind.PICTURE, name, address_of(picture))


def picture_in(address: str) -> Picture | None:
    """Return the picture that a `data:` address holds; None for anything but a small picture.

    Its bytes have to begin as its media type says. Whether the rest can be decoded is not known.
    """
    if len(address) > _LONGEST_ADDRESS:
        return None
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    try:
        data = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return None
    if len(data) > _MOST_BYTES or media_type_of(data[:_HEAD]) != found[1]:
        return None
    return Picture(found[1], data)


def beginning_of(attachment: Attachment) -> bytes:
    """Return the first bytes of a picture, in which its size mostly stands; empty if it is none."""
    begins = attachment.text[:_BEGINNING] if attachment.is_picture else ""
    found = _ADDRESS.match(begins)
    if found is None:
        return b""
    whole = found[2].rstrip("=")
    return base64.b64decode(whole[: len(whole) // 4 * 4])


def picture_of(attachment: Attachment) -> Picture | None:
    """Return the picture that `attachment` is, None where it is none or cannot be one."""
    return picture_in(attachment.text) if attachment.is_picture else None


def pictures_of(attachments: Sequence[Attachment]) -> tuple[Picture, ...]:
    """Return the pictures among `attachments`; what cannot be one is left out."""
    return tuple(found for each in attachments if (found := picture_of(each)) is not None)


def files_are_blind(model: InstalledModel) -> bool | None:
    """Return whether `model` sees as far as is known without asking: files of this computer do not."""
    return None if model.is_served else False


def for_blind(request: ChatRequest) -> ChatRequest:
    """Return `request` for a model that does not see; raises NotSupported.

    It is refused where the question itself comes with pictures. Of those that came earlier in the
    chat the model is only told.
    """
    if is_about_pictures(request):
        raise blind()
    return replace(request, messages=without_pictures(request.messages))


def blind() -> NotSupported:
    """Return the error of a picture for a model that does not see."""
    return NotSupported(
        Text("This model cannot see pictures"),
        Text("Choose a model of a server that sees, or take the picture away."),
    )


def _too_large(name: str, size: int) -> NotReadable:
    most = MOST_FILE_BYTES // 1_000_000
    values: dict[str, str | int | float] = {"size": f"{size / 1e6:.0f}", "most": most}
    return NotReadable(
        Text("“{name}” cannot go with the question", {"name": name}),
        Text("It has {size} MB; pictures of up to {most} MB can be looked at.", values),
    )

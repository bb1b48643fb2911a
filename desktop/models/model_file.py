"""Opening what is said to be a model file, and telling what it is when it is no GGUF.

Nothing here can hang: pipes, devices and folders are refused before and after opening, and the
file is opened without waiting. Runs in whichever thread asks.
"""

import errno
import os
import stat
from io import FileIO
from pathlib import Path
from typing import Final

from desktop.base.files import opened_at_once
from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text

MAGIC: Final = b"GGUF"
SMALLEST: Final = 24
_HEAD: Final = 4096
_PAGES: Final = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")
_ARCHIVES: Final = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a")
_OLD_MAGICS: Final = (b"tjgg", b"fmgg", b"lmgg", b"algg")


def check_path(path: Path) -> int:
    """Return the size in bytes of the regular file `path`; raises ModelFileError."""
    try:
        status = path.stat()
    except ValueError:
        raise _missing() from None
    except OSError as error:
        raise unreadable(path, error) from error
    _check_regular(status)
    return status.st_size


def open_model_file(path: Path) -> tuple[FileIO, int]:
    """Return the opened file and its size in bytes; raises ModelFileError for anything else.

    The first bytes have been looked at: what comes back begins like a GGUF file of at least 24
    bytes, and is read from its start.
    """
    check_path(path)
    try:
        stream = opened_at_once(path)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        status = os.fstat(stream.fileno())
        _check_regular(status)
        _check_beginning(path, stream.read(_HEAD) or b"", status.st_size)
        stream.seek(0)
    except OSError as error:
        stream.close()
        raise unreadable(path, error) from error
    except ModelFileError:
        stream.close()
        raise
    return stream, status.st_size


def incomplete_header() -> ModelFileError:
    """Return the error for a file that ends before its header does."""
    return ModelFileError(
        Text("This file is incomplete"),
        Text("It ends in the middle of its header: the download broke off. Download it again."),
    )


def unreadable(path: Path, error: OSError) -> ModelFileError:
    """Return the error for a model file that the system does not hand out."""
    match error.errno:
        case errno.ENOENT if path.is_symlink():
            return ModelFileError(
                Text("This link to a model file leads nowhere"),
                Text("The file behind it was moved or deleted. Choose the file itself."),
            )
        case errno.ENOENT | errno.ENOTDIR | errno.ENAMETOOLONG:
            return _missing()
        case errno.ELOOP:
            return ModelFileError(
                Text("This link to a model file leads in a circle"),
                Text("Choose the file itself instead of the link."),
            )
        case errno.EACCES | errno.EPERM:
            return ModelFileError(
                Text("This model file may not be read"),
                Text("Give your account the right to read it, or copy it to your own folder."),
            )
        case _:
            return ModelFileError(
                Text("This model file cannot be read"),
                Text(
                    "The system says: {reason}. Check the disk, or download the file again.",
                    {"reason": error.strerror or type(error).__name__},
                ),
            )


def _missing() -> ModelFileError:
    return ModelFileError(
        Text("This model file does not exist"),
        Text("It may have been moved, renamed or deleted. Choose the file again."),
    )


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ModelFileError(
            Text("This is a folder, not a model file"),
            Text("Open the .gguf file inside it."),
        )
    if not stat.S_ISREG(status.st_mode):
        raise ModelFileError(
            Text("This is not an ordinary file"),
            Text("It is a pipe or a device. Choose a .gguf file."),
        )


def _check_beginning(path: Path, head: bytes, size: int) -> None:
    if size == 0:
        raise ModelFileError(
            Text("This file is empty"),
            Text("The download did not begin, or the disk was full. Download it again."),
        )
    if head.startswith(MAGIC) and size >= SMALLEST:
        return
    if head.startswith(MAGIC) or MAGIC.startswith(head):
        raise incomplete_header()
    if not head.strip(b"\0"):
        raise ModelFileError(
            Text("This file is incomplete"),
            Text("It begins with nothing but zeros: the download broke off. Download it again."),
        )
    raise _foreign(path, head)


def _foreign(path: Path, head: bytes) -> ModelFileError:
    """Return the error for a file of another kind, by its first bytes."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PAGES):
        return ModelFileError(
            Text("This file is a web page, not a model"),
            Text("The browser saved the page. Use the download button beside the .gguf file."),
        )
    if head.startswith(b"version https://git-lfs"):
        return ModelFileError(
            Text("This file is only a pointer to a model"),
            Text("It was copied from a repository without its content. Download the file itself."),
        )
    if head.startswith(_ARCHIVES):
        return ModelFileError(
            Text("This file is an archive, not a model"),
            Text("If a .gguf file is in it, unpack it and open that."),
        )
    if head[8:10] == b'{"':
        return ModelFileError(
            Text("This file is a safetensors model"),
            Text("Lapis needs the GGUF format: look for the same model with GGUF in its name."),
        )
    if head.startswith(_OLD_MAGICS):
        return ModelFileError(
            Text("This model file has a format of 2023 that is no longer read"),
            Text("Download the model again as a GGUF file."),
        )
    title = Text("This file is not a GGUF model")
    if path.suffix.casefold() == ".gguf":
        return ModelFileError(
            title,
            Text("The name ends in .gguf, but the content is something else. Download it again."),
        )
    return ModelFileError(
        title, Text("Choose a file that ends with .gguf, or download the model again.")
    )

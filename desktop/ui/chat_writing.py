"""Chats to a file in one of the formats, whatever is in the way told in words. No widgets.

For a thread that may wait: it reads chats one at a time and holds one at a time. A file appears
under its name when it is complete.
"""

import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Final, Self

from desktop.base.cancelling import never
from desktop.base.disk_faults import told_about
from desktop.base.files import replaced
from desktop.domain.carried import CarriedChat
from desktop.domain.errors import UserFixable
from desktop.domain.text import Text
from desktop.services.chat_json import json_pieces
from desktop.services.chat_markdown import markdown_of
from desktop.services.chat_telling import Teller
from desktop.services.export_names import FileNames, safe_name
from desktop.ui.chat_html import HtmlLook, html_of
from desktop.ui.typeset_messages import Order, Reply
from desktop.ui.typeset_process import TypesetProcess

__all__ = ["Format", "Stopped", "Telling", "write_chat", "write_chats"]

_FIRST_ZIP_YEAR: Final = 1980
_LAST_ZIP_YEAR: Final = 2107


class Format(Enum):
    """How a chat is written; the values are endings."""

    MARKDOWN = ".md"
    HTML = ".html"
    PDF = ".pdf"
    JSON = ".json"


class Stopped(UserFixable):
    """The writing was given up; nothing was left behind."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How the words around are said, and in which colours."""

    teller: Teller
    look: HtmlLook


def write_chat(
    path: Path,
    chat: CarriedChat,
    how: Format,
    telling: Telling,
    is_stopped: Callable[[], bool] = never,
) -> None:
    """Write one chat to `path`; raises StorageError, and Stopped once `is_stopped`."""
    with told_about(path.parent), replaced(path) as stream:
        match how:
            case Format.JSON:
                stream.writelines(json_pieces([chat]))
            case Format.PDF:
                from desktop.ui.chat_pdf import write_pdf

                with _Typesetting() as typeset:
                    write_pdf(stream, chat, telling.teller, typeset, partial(_go_on, is_stopped))
            case _:
                with _Typesetting() as typeset:
                    _write_text(stream, chat, how, telling, typeset, is_stopped)


def write_chats(path: Path, chats: Iterable[CarriedChat], how: Format, telling: Telling) -> int:
    """Write many chats: JSON as one file, others as a ZIP archive; return how many.

    Raises StorageError; what `chats` raises passes, and no file is left.
    """
    counted = _Counted(chats)
    with told_about(path.parent), replaced(path) as stream:
        if how is Format.JSON:
            stream.writelines(json_pieces(counted))
        else:
            with (
                zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
                _Typesetting() as typeset,
            ):
                _pack(archive, counted, how, telling, typeset)
    return counted.count


def _pack(
    archive: zipfile.ZipFile,
    chats: Iterable[CarriedChat],
    how: Format,
    telling: Telling,
    typeset: "_Typesetting",
) -> None:
    names = FileNames()
    untitled = telling.teller.say(Text("New chat"))
    for chat in chats:
        folder = safe_name(chat.folder, "") if chat.folder else ""
        name = safe_name(chat.title, safe_name(untitled, "Chat"))
        whole = names.free(f"{folder}/{name}" if folder else name, how.value)
        entry = zipfile.ZipInfo(whole, _zip_time(chat.updated))
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as stream:
            _write_text(stream, chat, how, telling, typeset)


def _write_text(
    stream: IO[bytes],
    chat: CarriedChat,
    how: Format,
    telling: Telling,
    typeset: "_Typesetting",
    is_stopped: Callable[[], bool] = never,
) -> None:
    text = TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="\n")
    if how is Format.HTML:
        for piece in html_of(chat, telling.teller, telling.look, typeset):
            _go_on(is_stopped)
            text.write(piece)
    else:
        text.write(markdown_of(chat, telling.teller))
    text.detach()


def _go_on(is_stopped: Callable[[], bool]) -> None:
    """Raise Stopped if nobody waits any more."""
    if is_stopped():
        raise Stopped(Text("Stopped"), Text("Nothing was written."))


def _zip_time(moment: float) -> tuple[int, int, int, int, int, int]:
    try:
        found = time.localtime(moment)
    except (OverflowError, ValueError, OSError):
        found = time.localtime(0)
    if not _FIRST_ZIP_YEAR <= found.tm_year <= _LAST_ZIP_YEAR:
        return (_FIRST_ZIP_YEAR, 1, 1, 0, 0, 0)
    return found[:6]


class _Counted:
    """Chats that are counted as they go through."""

    def __init__(self, chats: Iterable[CarriedChat]) -> None:
        self._chats = chats
        self.count = 0

    def __iter__(self) -> Iterator[CarriedChat]:
        for chat in self._chats:
            yield chat
            self.count += 1


class _Typesetting:
    """Colours and drawings from a process of its own, started with the first order.

    An order that is too much for it costs that order alone.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: TypesetProcess | None = None

    def __call__(self, order: Order) -> Reply | None:
        """Return the reply, None where there is none."""
        try:
            process = self._process = self._process or TypesetProcess()
        except OSError:
            return None
        reply = process.ask(order)
        if reply is None:
            process.close()
            self._process = None
        return reply

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

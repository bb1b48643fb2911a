"""Chats from other programs: what somebody chose is looked into, and every chat in it comes out.

Which program wrote a file is told by what is in it; nobody is asked. A file, a ZIP archive or a
folder of both; what is damaged is named and costs nothing else. Nothing in these files is run,
followed or fetched. For a thread that may wait; nothing is kept but the chat that is being read.
"""

import logging
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from desktop.base.cancelling import never
from desktop.domain.carried import CarriedChat, Unread, fingerprint
from desktop.domain.text import Text
from desktop.models.effort import Effort
from desktop.services import chat_json
from desktop.services.foreign_attached import Attached, attached_in
from desktop.services.foreign_chatgpt import chatgpt_chat, is_chatgpt
from desktop.services.foreign_files import (
    ZIP_START,
    Bundle,
    Folder,
    archive,
    sibling,
    start_of,
)
from desktop.services.foreign_gpt4all import MAGIC, gpt4all_chat
from desktop.services.foreign_jan import MESSAGES, THREAD, jan_chat
from desktop.services.foreign_json import elements, looks_like_json, parsed
from desktop.services.foreign_lm_studio import ENDING, folder_of, is_lm_studio, lm_studio_chat
from desktop.services.foreign_ollama import is_ollama, ollama_chats
from desktop.services.foreign_open_webui import is_open_webui, open_webui_chat
from desktop.services.foreign_values import Object, Unreadable, label, mapping
from desktop.store.foreign_database import START, NotReadable, foreign_database

__all__ = ["MOST_CHATS", "read_chats"]

MOST_CHATS: Final = 100_000

Found: TypeAlias = CarriedChat | Unread

_SQLITE: Final = (".sqlite", ".sqlite3", ".db")
# Files that certainly hold chats: when they do not, that is worth a word.
_SURELY: Final = re.compile(
    r"(?:^|/)(?:conversations(?:-\d+)?\.json|[^/]*\.conversation\.json|messages\.jsonl"
    r"|gpt4all-[^/]*\.chat|chat-export-\d+\.json|db\.sqlite)$"
)

_log = logging.getLogger(__name__)


def read_chats(path: Path, *, cancelled: Callable[[], bool] = never) -> Iterator[Found]:
    """Yield every chat at `path`, each once, and what could not be read; raises nothing.

    At most 100,000 chats. `cancelled` is asked between files and between chats.
    """
    seen: set[str] = set()
    told = 0
    for found in _everything(path, cancelled):
        if cancelled():
            return
        if isinstance(found, CarriedChat):
            if not found.messages:
                continue
            mark = f"{fingerprint(found)} {found.created:.0f}"
            if mark in seen:
                continue
            if len(seen) >= MOST_CHATS:
                yield Unread(
                    _shown(path.name), Text("There are more chats than can be taken over.")
                )
                return
            seen.add(mark)
        told += 1
        yield found
    if not told and not cancelled():
        yield Unread(
            _shown(path.name), Text("There are no chats in it that Lapis knows how to read.")
        )
    _log.info("chats were read from a file of another program: %d", len(seen))


def _everything(path: Path, cancelled: Callable[[], bool]) -> Iterator[Found]:
    try:
        if path.is_dir():
            yield from _in_folder(path, cancelled)
        else:
            yield from _in_file(path, cancelled)
    except Unreadable as why:
        yield Unread(_shown(path.name), why.hint)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        yield Unread(_shown(path.name), Text("The system says: {reason}", {"reason": reason}))


def _in_folder(path: Path, cancelled: Callable[[], bool]) -> Iterator[Found]:
    folder = Folder(path, effort=Effort(cancelled))
    yield from _in_bundle(folder, cancelled, attached_in(folder, path))
    for name in folder.names:
        place = folder.path(name)
        if cancelled():
            return
        if name.endswith(_SQLITE) and start_of(place).startswith(START):
            yield from _guarded(name, _in_database(place))
        elif name.lower().endswith(".zip"):
            yield from _guarded(name, _in_archive(place, cancelled, chosen=False))


def _in_file(path: Path, cancelled: Callable[[], bool]) -> Iterator[Found]:
    start = start_of(path)
    if start.startswith(ZIP_START):
        yield from _in_archive(path, cancelled)
    elif start.startswith(START):
        yield from _in_database(path, chosen=True)
    else:
        name = MESSAGES if path.name == THREAD else path.name
        folder = Folder(path.parent, only=name)
        yield from _in_entry(folder, name, attached_in(folder, path.parent))


def _in_archive(
    source: Path, cancelled: Callable[[], bool], *, chosen: bool = True
) -> Iterator[Found]:
    with archive(source) as opened:
        if not chosen and not any(map(_SURELY.search, opened.names)):
            return
        yield from _in_bundle(opened, cancelled, attached_in(opened))
        for name in opened.names:
            if name.endswith(_SQLITE) and not cancelled():
                yield from _guarded(name, _in_packed(opened, name))


def _in_bundle(
    bundle: Bundle, cancelled: Callable[[], bool], attached: Attached
) -> Iterator[Found]:
    for name in bundle.names:
        if cancelled():
            return
        if name.endswith((".json", ".jsonl", ".chat")) and PurePosixPath(name).name != THREAD:
            yield from _guarded(name, _in_entry(bundle, name, attached))


def _guarded(name: str, chats: Iterator[Found]) -> Iterator[Found]:
    """Yield what is found, and the reason why no more is, if there should have been some."""
    try:
        yield from chats
    except Unreadable as why:
        if _SURELY.search(name):
            yield Unread(_shown(name), why.hint)


def _in_entry(bundle: Bundle, name: str, attached: Attached) -> Iterator[Found]:
    """Yield the chats of one file, whatever wrote it; raises Unreadable."""
    content = bundle.read(name)
    if content.startswith(MAGIC) or name.endswith(".chat"):
        chat, missing = gpt4all_chat(content, _shown(name))
        yield chat
        if missing is not None:
            yield missing
    elif PurePosixPath(name).name == MESSAGES:
        yield from _in_thread(bundle, name, content)
    elif chat_json.is_chat_json(content[:4096]):
        yield from _in_own_file(content, name)
    elif looks_like_json(content):
        yield from _in_json(content, name, attached)
    elif _SURELY.search(name):
        yield Unread(_shown(name), Text("It is damaged."))


def _in_own_file(content: bytes, name: str) -> Iterator[Found]:
    try:
        found = chat_json.read_chats(content, _shown(name))
    except chat_json.ChatFileError as error:
        raise Unreadable(error.hint) from error
    yield from found.chats
    yield from found.unread


def _in_thread(bundle: Bundle, name: str, content: bytes) -> Iterator[Found]:
    try:
        thread = mapping(parsed(bundle.read(sibling(name, THREAD))))
    except Unreadable:
        thread = {}
    chat, missing = jan_chat(thread, content, _shown(name))
    yield chat
    if missing is not None:
        yield missing


def _in_json(content: bytes, name: str, attached: Attached) -> Iterator[Found]:
    known = _SURELY.search(name) is not None
    for value in elements(content):
        if isinstance(value, Unreadable):
            if known:
                yield Unread(_shown(name), value.hint)
            continue
        one = mapping(value)
        try:
            chat = _chat(one, name, attached)
        except Unreadable as why:
            yield Unread(_title(one) or _shown(name), why.hint)
            continue
        if chat is not None:
            # Of such a file even the end is worth a word.
            known = True
            yield chat


def _chat(value: Object, name: str, attached: Attached) -> CarriedChat | None:
    """Return the chat that a JSON object is, None for anything else; raises Unreadable."""
    if is_chatgpt(value):
        return chatgpt_chat(value, attached)
    if is_open_webui(value):
        return open_webui_chat(value)
    if is_lm_studio(value):
        return lm_studio_chat(value, folder_of(name) if name.endswith(ENDING) else "", attached)
    return None


def _in_database(path: Path, *, chosen: bool = False) -> Iterator[Found]:
    try:
        with foreign_database(path) as database:
            if is_ollama(database):
                for found in ollama_chats(database):
                    if isinstance(found, CarriedChat):
                        yield found
                    else:
                        yield Unread(found[0] or _shown(path.name), found[1].hint)
            elif chosen:
                yield Unread(
                    _shown(path.name), Text("It is no database with chats that Lapis knows.")
                )
    except NotReadable as error:
        raise Unreadable(Text("The database is damaged.")) from error


def _in_packed(opened: Bundle, name: str) -> Iterator[Found]:
    """Yield the chats of a database within an archive."""
    content = opened.read(name)
    if content.startswith(START):
        with tempfile.TemporaryDirectory(prefix="lapis-", ignore_cleanup_errors=True) as folder:
            place = Path(folder) / "packed.db"
            place.write_bytes(content)
            yield from _in_database(place)


def _title(value: Object) -> str:
    return label(value.get("title")) or label(value.get("name"))


def _shown(name: str) -> str:
    return label(PurePosixPath(name).name)

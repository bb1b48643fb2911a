"""Chats in Lapis's own JSON, with everything that is in them; nothing of it is ever run.

One chat stands on each line, so that a file that was cut off or damaged in one place gives back all
the others. Pure functions, any thread.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from desktop.base.paths import resources
from desktop.domain.carried import CarriedChat, CarriedMessage, ChatsRead, Unread
from desktop.domain.chat import Role
from desktop.domain.errors import UserFixable
from desktop.domain.history import TitleSource
from desktop.domain.text import Text, printable, shortened
from desktop.services.library_checks import Refused, icon_from, settings_from
from desktop.services.pictures import picture_of

__all__ = ["FORMAT", "ChatFileError", "is_chat_json", "json_pieces", "read_chats"]

FORMAT: Final = "lapis-chats"
_VERSION: Final = 1
_MOST_CHATS: Final = 100_000
_MOST_MESSAGES: Final = 200_000
_LONGEST_TITLE: Final = 1_000
_LONGEST_PERSONA: Final = 200
_SHOWN: Final = 60
_HEAD: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_TITLE: Final = re.compile(rb'^\{"title":("(?:[^"\\]|\\.)*")')
_DAMAGED: Final = Text("A part of the file is damaged.")

_BESIDE: Final = frozenset(field.name for field in dataclasses.fields(CarriedMessage)) - {
    *("key", "parent", "role", "content")
}

Value = TypeVar("Value")


class ChatFileError(UserFixable):
    """A file holds no chats that could be read, or cannot be written."""


class _File(msgspec.Struct):
    format: str
    version: int
    chats: list[msgspec.Raw]


def json_pieces(chats: Iterable[CarriedChat]) -> Iterator[bytes]:
    """Yield the file with `chats` piece by piece.

    Models are named only as names: a path would tell how this computer's folders are called.
    """
    head = {"format": FORMAT, "version": _VERSION}
    yield msgspec.json.encode(head)[:-1] + b',"chats":['
    before = b"\n"
    for chat in chats:
        yield before + _encoded(_told(chat))
        before = b",\n"
    yield b"\n]}\n"


def is_chat_json(data: bytes) -> bool:
    """Return whether `data`, the beginning of a file, looks like one that `json_pieces` made."""
    head = data[:_HEAD].removeprefix(_BOM).lstrip()
    return head.startswith(b"{") and f'"{FORMAT}"'.encode() in head


def read_chats(data: bytes, name: str) -> ChatsRead:
    """Return the chats in `data`, the content of the file `name`; raises ChatFileError."""
    data = data.removeprefix(_BOM)
    if not is_chat_json(data):
        raise _foreign(name, Text("It is of another kind. Choose a file that Lapis has exported."))
    unread: list[Unread] = []
    try:
        whole = msgspec.json.decode(data, type=_File)
        raw, version = [bytes(each) for each in whole.chats], whole.version
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        # Cut off or damaged: what stands in lines of its own may still be whole.
        raw, version = _lines(data), _VERSION
        unread.append(Unread(name, Text("The file is damaged; what could be read was read.")))
    if version > _VERSION:
        unread.append(
            Unread(name, Text("A newer Lapis has written it; what is new in it is left out."))
        )
    chats: list[CarriedChat] = []
    for each in raw[:_MOST_CHATS]:
        chat = _chat(each, unread)
        if chat is not None:
            chats.append(chat)
    if len(raw) > _MOST_CHATS:
        more = {"count": len(raw) - _MOST_CHATS}
        unread.append(Unread(name, Text("{count} more chats do not fit.", more)))
    return ChatsRead(tuple(chats), tuple(unread))


def _lines(data: bytes) -> list[bytes]:
    lines = (line.strip().removesuffix(b",") for line in data.split(b"\n"))
    return [line for line in lines if line.startswith(b"{") and b'"messages"' in line]


def _chat(raw: bytes, unread: list[Unread]) -> CarriedChat | None:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        unread.append(Unread(_title_in(raw), _DAMAGED))
        return None
    if not isinstance(found, dict) or not isinstance(found.get("messages"), list):
        unread.append(Unread("", _DAMAGED))
        return None
    title = found.get("title")
    title = title[:_LONGEST_TITLE] if isinstance(title, str) else ""
    name = shortened(printable(title, ""), _SHOWN)
    messages, lost = _messages(found["messages"])
    if lost:
        words = Text("Messages that could not be read: {count}", {"count": lost})
        unread.append(Unread(name, words))
    try:
        settings = settings_from(found.get("settings"))
    except Refused as refused:
        unread.append(Unread(name, refused.why))
        settings = settings_from(None)
    own = found.get("settings")
    persona = own.get("persona") if isinstance(own, dict) else ""
    return CarriedChat(
        title=title,
        messages=messages,
        tip=_or(found.get("tip"), str, ""),
        created=_or(found.get("created"), float, 0.0),
        updated=_or(found.get("updated"), float, 0.0),
        folder=_or(found.get("folder"), str, "")[:_LONGEST_TITLE],
        pinned=_or(found.get("pinned"), bool, False),
        archived=_or(found.get("archived"), bool, False),
        icon=_icon(found.get("icon")),
        titled_by=_or(found.get("titled_by"), TitleSource, TitleSource.PERSON),
        settings=replace(settings, persona=_or(persona, str, "")[:_LONGEST_PERSONA]),
    )


def _title_in(raw: bytes) -> str:
    """Return the title that can still be found in what is left of a chat."""
    found = _TITLE.search(raw[:_HEAD])
    try:
        title = msgspec.json.decode(found[1], type=str) if found else ""
    except (msgspec.MsgspecError, UnicodeDecodeError):
        title = ""
    return shortened(printable(title, ""), _SHOWN)


def _icon(raw: object) -> str:
    """Return an emoji, or the name of an icon that there is."""
    icon = icon_from(raw)
    is_known = not icon.isascii() or (resources() / "icons" / f"{icon}.svg").is_file()
    return icon if is_known else ""


def _messages(raw: list[Any]) -> tuple[tuple[CarriedMessage, ...], int]:
    """Return the messages, and how many could not be read; what followed one of those stays."""
    found: list[CarriedMessage] = []
    known: set[str] = set()
    followed: dict[str, str | None] = {}
    lost = max(0, len(raw) - _MOST_MESSAGES)
    for each in raw[:_MOST_MESSAGES]:
        message = _message(each)
        if message is None or message.key in known:
            lost += 1
            if isinstance(each, dict) and isinstance(each.get("key"), str):
                followed.setdefault(each["key"], _or(each.get("parent"), str, None))
            continue
        parent = _still_there(message.parent, known, followed)
        known.add(message.key)
        found.append(replace(message, parent=parent))
    return tuple(found), lost


def _still_there(key: str | None, known: set[str], followed: dict[str, str | None]) -> str | None:
    """Return `key`, or else whom it `followed` that is `known`; None if there is nobody."""
    passed: list[str] = []
    while key is not None and key not in known and key in followed:
        passed.append(key)
        # Taken out, so that a ring ends; put back in one piece, so that nobody walks it again.
        key = followed.pop(key)
    followed.update(dict.fromkeys(passed, key))
    return key if key in known else None


def _message(raw: object) -> CarriedMessage | None:
    if not isinstance(raw, dict):
        return None
    try:
        return _with_pictures(msgspec.convert(raw, CarriedMessage))
    except msgspec.ValidationError:
        pass
    key, role, content = raw.get("key"), _or(raw.get("role"), Role, None), raw.get("content")
    if not isinstance(key, str) or role is None or not isinstance(content, str):
        return None
    # Something beside the text makes no sense: the text stays, and what else does.
    sure = {"key": key, "parent": _or(raw.get("parent"), str, None), "role": role}
    usable: dict[str, Any] = {**sure, "content": content}
    for name in raw.keys() & _BESIDE:
        try:
            msgspec.convert({**usable, name: raw[name]}, CarriedMessage)
        except msgspec.ValidationError:
            continue
        usable[name] = raw[name]
    return _with_pictures(msgspec.convert(usable, CarriedMessage))


def _with_pictures(message: CarriedMessage) -> CarriedMessage:
    """Return `message` without what is said to be a picture, and is none."""
    kept = tuple(
        each for each in message.attachments if not each.is_picture or picture_of(each) is not None
    )
    return message if kept == message.attachments else replace(message, attachments=kept)


def _or(raw: object, kind: Any, otherwise: Value) -> Any | Value:
    """Return `raw` if it is of that kind, else `otherwise`."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return otherwise


def _told(chat: CarriedChat) -> Any:
    settings = chat.settings
    if settings.model is not None and {"/", "\\"} & set(settings.model):
        settings = replace(settings, model=None)
    return {"title": chat.title, **_plain(replace(chat, settings=settings))}


def _plain(value: Any) -> Any:
    """Return `value` for JSON; what is as usual is left out."""
    if dataclasses.is_dataclass(value):
        told = {}
        for field in dataclasses.fields(value):
            each = getattr(value, field.name)
            if each != _default(field):
                told[field.name] = _plain(each)
        return told
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _default(field: Any) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _encoded(value: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # Half of a pair of surrogates has no form in UTF-8.
        return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _foreign(name: str, hint: Text) -> ChatFileError:
    return ChatFileError(Text("{name} holds no chats", {"name": name}), hint)

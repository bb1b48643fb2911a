"""Where a chat or a folder goes when a person moves it, by pointer or key. Values only. GUI thread.

What is dragged may be let go anywhere: a place that means nothing changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from desktop.domain.history import ChatSummary, Folder
from desktop.ui.chat_rows import (
    ArchiveRow,
    Area,
    ChatRow,
    Content,
    EmptyRow,
    FolderRow,
    Heading,
    HeadingRow,
    Row,
)

__all__ = [
    "Box",
    "ChatPlace",
    "Drop",
    "FolderPlace",
    "Line",
    "Mark",
    "chat_drop",
    "folder_drop",
    "stepped_chat",
    "stepped_folder",
]


@dataclass(frozen=True, slots=True)
class ChatPlace:
    """Where a chat goes: `before` another one of the same area, None after the last."""

    area: Area
    folder: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """Where a folder goes: `before` another one, None after the last."""

    before: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line over `row`; one past the end is under the last row."""

    row: int
    is_indented: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A frame around the rows from `first` to `last`."""

    first: int
    last: int


Mark: TypeAlias = Line | Box


@dataclass(frozen=True, slots=True)
class Drop:
    """What letting go would do, and how the list shows it beforehand."""

    place: ChatPlace | FolderPlace
    mark: Mark


def chat_drop(
    rows: Sequence[Row], content: Content, chat: ChatSummary, row: int, *, lower: bool
) -> Drop | None:
    """Return what letting `chat` go over `row` does; None for nothing.

    `lower` is the lower half of the row; a row past the end is the empty room below.
    """
    under = rows[row] if row < len(rows) else None
    match under:
        case ChatRow(other, Area.PINNED):
            return _between(content.pinned, chat, other, row, Area.PINNED, lower=lower)
        case HeadingRow(Heading.PINNED):
            return _between(content.pinned, chat, content.pinned[0], row + 1, Area.PINNED)
        case ChatRow(other, Area.FOLDER):
            beside = content.inside.get(other.folder or 0, [])
            return _between(beside, chat, other, row, Area.FOLDER, lower=lower)
        case FolderRow(folder, _):
            return _into(content, chat, folder.id, row)
        case EmptyRow(folder):
            return _into(content, chat, folder, row - 1)
        case ArchiveRow() | ChatRow(_, Area.ARCHIVE):
            if chat.archived:
                return None
            first = next(at for at, each in enumerate(rows) if isinstance(each, ArchiveRow))
            return Drop(ChatPlace(Area.ARCHIVE), Box(first, first))
        case HeadingRow(Heading.FOLDERS):
            return None
        case _:
            return _into_time(rows, chat)


def _between(
    beside: Sequence[ChatSummary],
    chat: ChatSummary,
    other: ChatSummary,
    row: int,
    area: Area,
    *,
    lower: bool = False,
) -> Drop | None:
    ids = [each.id for each in beside]
    at = ids.index(other.id) + lower
    before = ids[at] if at < len(ids) else None
    if chat.id in ids and at - ids.index(chat.id) in {0, 1}:
        return None
    folder = other.folder if area is Area.FOLDER else None
    return Drop(ChatPlace(area, folder, before), Line(row + lower, area is Area.FOLDER))


def _into(content: Content, chat: ChatSummary, folder: int, row: int) -> Drop | None:
    others = [each.id for each in content.inside[folder]]
    if chat.id in others:
        return None
    before = others[0] if others else None
    return Drop(ChatPlace(Area.FOLDER, folder, before), Box(row, row))


def _into_time(rows: Sequence[Row], chat: ChatSummary) -> Drop | None:
    if not (chat.pinned or chat.archived or chat.folder is not None):
        return None
    members = [at for at, each in enumerate(rows) if _is_by_time(each)]
    mark: Mark = Box(members[0], members[-1]) if members else Line(len(rows))
    return Drop(ChatPlace(Area.TIME), mark)


def _is_by_time(row: Row) -> bool:
    match row:
        case HeadingRow(Heading.PINNED | Heading.FOLDERS):
            return False
        case HeadingRow() | ChatRow(_, Area.TIME):
            return True
        case _:
            return False


def folder_drop(rows: Sequence[Row], folder: Folder, row: int, *, lower: bool) -> Drop | None:
    """Return what letting `folder` go over `row` does: it goes between the folders next to it."""
    blocks = _blocks(rows)
    ids = [identity for identity, _start, _end in blocks]
    at = len(blocks)
    for number, (_identity, start, end) in enumerate(blocks):
        # Twice the rows, so that the middle of an odd number is a whole one.
        if 2 * row + lower < start + end:
            at = number
            break
    if folder.id not in ids or at - ids.index(folder.id) in {0, 1}:
        return None
    before = ids[at] if at < len(ids) else None
    line = blocks[at][1] if at < len(ids) else blocks[-1][2]
    return Drop(FolderPlace(before), Line(line))


def _blocks(rows: Sequence[Row]) -> list[tuple[int, int, int]]:
    """Return each folder with its first row and the row after its last."""
    blocks: list[tuple[int, int, int]] = []
    for at, row in enumerate(rows):
        match row:
            case FolderRow(folder, _):
                blocks.append((folder.id, at, at + 1))
            case EmptyRow() | ChatRow(_, Area.FOLDER) if blocks:
                blocks[-1] = (*blocks[-1][:2], at + 1)
            case _:
                pass
    return blocks


def stepped_chat(content: Content, chat: ChatSummary, step: int) -> ChatPlace | None:
    """Return where `chat` goes by a step up (-1) or down (1) among its like; None at the end."""
    ids = [each.id for each in content.beside(chat)]
    moved, before = _stepped(ids, chat.id, step)
    if not moved:
        return None
    if chat.pinned:
        return ChatPlace(Area.PINNED, None, before)
    return ChatPlace(Area.FOLDER, chat.folder, before)


def stepped_folder(content: Content, folder: Folder, step: int) -> FolderPlace | None:
    """Return where `folder` goes by a step up (-1) or down (1); None at the end."""
    moved, before = _stepped([each.id for each in content.folders], folder.id, step)
    return FolderPlace(before) if moved else None


def _stepped(ids: Sequence[int], one: int, step: int) -> tuple[bool, int | None]:
    if one not in ids:
        return False, None
    at = ids.index(one)
    if not 0 <= at + step < len(ids):
        return False, None
    target = at - 1 if step < 0 else at + 2
    return True, ids[target] if target < len(ids) else None

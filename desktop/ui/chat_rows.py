"""Which lines the list of chats has: pinned, folders, by time, archive. Values only. GUI thread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import NamedTuple, TypeAlias

from desktop.domain.history import ChatSummary, Folder
from desktop.domain.text import Text
from desktop.ui.translation import say

__all__ = [
    "ArchiveRow",
    "Area",
    "ChatRow",
    "Content",
    "EmptyRow",
    "FolderRow",
    "Heading",
    "HeadingRow",
    "Row",
    "heading_words",
    "rows_of",
    "shown_name",
    "shown_title",
]

_WEEK = 7


class Heading(Enum):
    """What stands over a group of lines; the last four are days of the person's own calendar."""

    PINNED = "pinned"
    FOLDERS = "folders"
    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    OLDER = "older"


class Area(Enum):
    """Where in the list a chat stands."""

    PINNED = "pinned"
    FOLDER = "folder"
    TIME = "time"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class HeadingRow:
    """A few words over a group."""

    heading: Heading


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder with the number of its chats that are not pinned."""

    folder: Folder
    count: int


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """Stands in an open folder without chats."""

    folder: int


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """The archive, which opens like a folder."""

    count: int
    is_open: bool


class ChatRow(NamedTuple):
    """A chat; made by the thousand, hence of the kind that is made fastest."""

    chat: ChatSummary
    area: Area


Row: TypeAlias = HeadingRow | FolderRow | EmptyRow | ArchiveRow | ChatRow


@dataclass(frozen=True, slots=True)
class Content:
    """What there is to list, everything in its order."""

    chats: Sequence[ChatSummary] = ()
    folders: Sequence[Folder] = ()
    archived: Sequence[ChatSummary] = ()
    pinned: Sequence[ChatSummary] = field(init=False)
    inside: dict[int, list[ChatSummary]] = field(init=False)
    loose: Sequence[ChatSummary] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the chats into those that are pinned, in folders, and neither."""
        inside: dict[int, list[ChatSummary]] = {folder.id: [] for folder in self.folders}
        pinned: list[ChatSummary] = []
        loose: list[ChatSummary] = []
        for chat in self.chats:
            if chat.pinned:
                pinned.append(chat)
            elif chat.folder is not None and chat.folder in inside:
                inside[chat.folder].append(chat)
            else:
                loose.append(chat)
        object.__setattr__(self, "pinned", pinned)
        object.__setattr__(self, "inside", inside)
        object.__setattr__(self, "loose", loose)

    def beside(self, chat: ChatSummary) -> Sequence[ChatSummary]:
        """Return the chats among which a person may move `chat`, itself included."""
        if chat.archived:
            return ()
        if chat.pinned:
            return self.pinned
        return self.inside.get(chat.folder, ()) if chat.folder is not None else ()


def rows_of(content: Content, now: float, *, archive_open: bool) -> list[Row]:
    """Return the lines for `content` at `now` (Unix seconds)."""
    rows: list[Row] = []
    if content.pinned:
        rows.append(HeadingRow(Heading.PINNED))
        rows.extend(ChatRow(chat, Area.PINNED) for chat in content.pinned)
    if content.folders:
        rows.append(HeadingRow(Heading.FOLDERS))
        for folder in content.folders:
            rows.extend(_folder_rows(folder, content.inside[folder.id]))
    rows.extend(_rows_by_time(content.loose, now))
    if content.archived:
        rows.append(ArchiveRow(len(content.archived), archive_open))
        if archive_open:
            rows.extend(ChatRow(chat, Area.ARCHIVE) for chat in content.archived)
    return rows


def _folder_rows(folder: Folder, chats: Sequence[ChatSummary]) -> Iterable[Row]:
    yield FolderRow(folder, len(chats))
    if folder.is_open:
        if not chats:
            yield EmptyRow(folder.id)
        for chat in chats:
            yield ChatRow(chat, Area.FOLDER)


def _rows_by_time(chats: Sequence[ChatSummary], now: float) -> Iterable[Row]:
    calendar = _Calendar(now)
    groups: dict[Heading, list[ChatSummary]] = {
        Heading.TODAY: [],
        Heading.YESTERDAY: [],
        Heading.WEEK: [],
        Heading.OLDER: [],
    }
    for chat in chats:
        groups[calendar.heading(chat.updated)].append(chat)
    for heading, members in groups.items():
        if members:
            yield HeadingRow(heading)
            for chat in members:
                yield ChatRow(chat, Area.TIME)


class _Calendar:
    """Where the days before now begin, so that thousands of chats ask no clock."""

    def __init__(self, now: float) -> None:
        today = datetime.fromtimestamp(now).astimezone().date()
        self._today = _start(today)
        self._yesterday = _start(today - timedelta(days=1))
        self._week = _start(today - timedelta(days=_WEEK))

    def heading(self, updated: float) -> Heading:
        """Return the group of a chat that was last changed at `updated`."""
        if updated >= self._today:
            return Heading.TODAY
        if updated >= self._yesterday:
            return Heading.YESTERDAY
        return Heading.WEEK if updated >= self._week else Heading.OLDER


def _start(day: date) -> float:
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def shown_title(chat: ChatSummary) -> str:
    """Return the title of a chat, or the words for one without."""
    title = " ".join(chat.title.split())
    if title:
        return title
    return say(Text("Temporary chat")) if chat.temporary else say(Text("New chat"))


def shown_name(folder: Folder) -> str:
    """Return the name of a folder, or the word for one without."""
    return " ".join(folder.name.split()) or say(Text("Folder"))


def heading_words(heading: Heading) -> str:
    """Return what a heading says."""
    match heading:
        case Heading.PINNED:
            return say(Text("Pinned"))
        case Heading.FOLDERS:
            return say(Text("Folders"))
        case Heading.TODAY:
            return say(Text("Today"))
        case Heading.YESTERDAY:
            return say(Text("Yesterday"))
        case Heading.WEEK:
            return say(Text("Previous 7 days"))
        case Heading.OLDER:
            return say(Text("Older"))

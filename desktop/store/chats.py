"""Chats on disk: the one door to them for everybody else.

Lives in the thread that opened it (the GUI thread); SQLite refuses every other. What a method has
returned from is on the disk, or for a temporary chat in memory. Order comes from counters, never
from the clock.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from desktop.domain.chat import Role, ToolCall, Usage
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import (
    Attachment,
    ChatSummary,
    Folder,
    Hit,
    MemoryStart,
    MessageRef,
    MessageState,
    StoredMessage,
    TitleSource,
)
from desktop.store import drafts, folders, listing, saved, tree
from desktop.store.connection import PATIENCE_SECONDS
from desktop.store.opening import Database, open_database
from desktop.store.restoring import carry_out
from desktop.store.search import Search
from desktop.store.session import Session
from desktop.store.settling import settle, tidy
from desktop.store.temporary import is_temporary, open_memory

if TYPE_CHECKING:
    from desktop.domain.carried import CarriedChat

PURGE_SECONDS = 30 * 86400.0
# Longer than what our own threads write in one go takes, and no longer than a hiccup.
WINDOW_PATIENCE_SECONDS = 0.5
_NOTHING_SET = ChatSettings()


class ChatStore:
    """All chats. Every method raises StorageError when the disk or the file does not play along.

    A temporary chat is kept in memory alone; every method that takes a chat or a message takes
    those of temporary chats too, and nothing of them reaches the disk.
    """

    def __init__(self, database: Database, path: Path, now: Callable[[], float]) -> None:
        self._disk = Session(database.connection, path, now, database.read_only)
        self._search = Search(self._disk)
        # Made with the first temporary chat.
        self._memory: Session | None = None
        self._memory_search: Search | None = None
        self.read_only = database.read_only
        self.notice = database.notice

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        patience: float = PATIENCE_SECONDS,
    ) -> Self:
        """Open the database at `path`, made or migrated where needed; raises StorageError.

        An answer that was being written when Lapis was killed becomes interrupted; chats and
        folders deleted more than 30 days ago go for good. Afterwards `notice` is what a person has
        to be told (a damaged file was recovered …) or None, and `read_only` says whether saving is
        impossible. `now` returns Unix seconds; `patience` in seconds is how long a lock is waited
        for here. Once it is open no call waits longer than a window may stand still.
        """
        real = path.resolve()
        restored = carry_out(real)
        database = open_database(real, tidy, patience=patience, now=now())
        store = cls(database, real, now)
        store.notice = database.notice or restored
        if not store.read_only:
            settle(database.connection, now() - PURGE_SECONDS)
        store._disk.wait_at_most(min(patience, WINDOW_PATIENCE_SECONDS))
        return store

    def wait_longer(self) -> None:
        """Wait for locks as at the start from now on: what is not saved in the end is lost."""
        self._disk.wait_at_most(PATIENCE_SECONDS)

    def close(self) -> None:
        """Close the file, and forget temporary chats; idempotent."""
        if self._memory is not None:
            self._memory.close()
        self._disk.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is written inside one commit: all of it or, after an error, nothing."""
        with self._disk.transaction():
            if self._memory is None:
                yield
            else:
                with self._memory.transaction():
                    yield

    # The list of chats.

    def chats(self, *, archived: bool = False) -> list[ChatSummary]:
        """Return the chats that are not deleted: pinned ones first, then the one last used.

        Temporary chats come before the others of their kind. With `archived` only archived ones.
        """
        kept = listing.listed(self._disk, archived=archived, temporary=False)
        if self._memory is None:
            return kept
        passing = listing.listed(self._memory, archived=archived, temporary=True)
        return sorted([*passing, *kept], key=lambda chat: not chat.pinned)

    def archived(self) -> list[ChatSummary]:
        """Return the archived chats."""
        return self.chats(archived=True)

    def chat(self, chat: int) -> ChatSummary:
        """Return one chat, deleted or not."""
        return listing.chat(self._of(chat), chat, temporary=is_temporary(chat))

    def create(
        self,
        title: str = "",
        *,
        folder: int | None = None,
        temporary: bool = False,
        settings: ChatSettings = _NOTHING_SET,
        icon: str = "",
    ) -> ChatSummary:
        """Add an empty chat and return it; a temporary one is in no folder."""
        session = self._in_memory() if temporary else self._disk
        return self.chat(
            listing.create(session, title, None if temporary else folder, settings, icon)
        )

    def rename(self, chat: int, title: str, by: TitleSource = TitleSource.PERSON) -> bool:
        """Give a chat a title; its place in the list stays.

        What a person wrote is replaced by a person alone: otherwise nothing changes and False is
        returned.
        """
        return listing.rename(self._of(chat), chat, title, by)

    def set_pinned(self, chat: int, pinned: bool) -> None:
        """Pin a chat below those already pinned, or return it to its place by use."""
        listing.set_pinned(self._of(chat), chat, pinned=pinned)

    def set_archived(self, chat: int, archived: bool) -> None:
        """Put a chat away, or back into the list."""
        self._of(chat).write_one("UPDATE chats SET archived = ? WHERE id = ?", archived, chat)

    def set_icon(self, chat: int, icon: str) -> None:
        """Note the icon of the persona that a chat is held with."""
        listing.set_icon(self._of(chat), chat, icon)

    def move(self, chat: int, folder: int | None, before: int | None) -> None:
        """Put a chat into `folder` (None: none) and above the chat `before` (None: to the end).

        A pinned chat moves among the pinned ones, others among the others. A temporary chat is in
        no folder.
        """
        session = self._of(chat)
        if session is not self._disk:
            folder = None
        if before is not None and self._of(before) is not session:
            before = None
        listing.move(session, chat, folder, before)

    def delete(self, chat: int) -> None:
        """Take a chat out of the list; `restore` brings it back for 30 days."""
        session = self._of(chat)
        session.write_one("UPDATE chats SET deleted = ? WHERE id = ?", session.now(), chat)

    def restore(self, chat: int) -> None:
        """Undo `delete`; the chat returns to its place."""
        self._of(chat).write_one("UPDATE chats SET deleted = NULL WHERE id = ?", chat)

    def settings(self, chat: int) -> ChatSettings:
        """Return what a chat sets for itself; what cannot be read sets nothing."""
        return listing.settings(self._of(chat), chat)

    def set_settings(self, chat: int, settings: ChatSettings) -> None:
        """Replace what a chat sets for itself."""
        listing.set_settings(self._of(chat), chat, settings)

    # Folders.

    def folders(self) -> list[Folder]:
        """Return all folders, first to last."""
        return folders.folders(self._disk)

    def add_folder(self, name: str) -> Folder:
        """Add a folder below the others and return it."""
        return folders.add(self._disk, name)

    def rename_folder(self, folder: int, name: str) -> None:
        """Give a folder another name."""
        folders.rename(self._disk, folder, name)

    def delete_folder(self, folder: int) -> None:
        """Take a folder away; its chats stay, outside of it."""
        folders.delete(self._disk, folder)

    def restore_folder(self, folder: int) -> None:
        """Undo `delete_folder`; the chats that have found no other folder are in it again."""
        folders.restore(self._disk, folder)

    def set_folder_open(self, folder: int, is_open: bool) -> None:
        """Note whether a folder shows its chats."""
        folders.set_open(self._disk, folder, is_open=is_open)

    def move_folder(self, folder: int, before: int | None) -> None:
        """Put a folder above the folder `before`, or (None) below all others."""
        folders.move(self._disk, folder, before)

    # Messages.

    def refs(self, chat: int) -> list[MessageRef]:
        """Return the active branch of a chat, first to last, without its texts."""
        return tree.refs(self._of(chat), chat)

    def messages(self, chat: int) -> list[StoredMessage]:
        """Return the active branch of a chat, first to last."""
        tip = self.tip(chat)
        return [] if tip is None else self.branch(tip)

    def tip(self, chat: int) -> int | None:
        """Return the last message of the active branch; None for an empty chat."""
        return tree.tip(self._of(chat), chat)

    def branch(self, message: int) -> list[StoredMessage]:
        """Return the messages from the first one to `message`."""
        return tree.branch(self._of(message), message)

    def messages_of(self, ids: Sequence[int]) -> list[StoredMessage]:
        """Return the messages of `ids` that exist, in that order."""
        passing = [each for each in ids if is_temporary(each)]
        if not passing:
            return tree.messages_of(self._disk, ids)
        kept = [each for each in ids if not is_temporary(each)]
        found = {
            message.id: message
            for session, group in ((self._disk, kept), (self._of(passing[0]), passing))
            for message in tree.messages_of(session, group)
        }
        return [found[each] for each in ids if each in found]

    def siblings(self, message: int) -> list[int]:
        """Return the messages with the same parent in order of creation, itself among them."""
        return tree.siblings(self._of(message), message)

    def choose(self, message: int) -> None:
        """Let the active branch go through `message`, to the newest message below it."""
        tree.choose(self._of(message), message)

    def add(
        self,
        chat: int,
        parent: int | None,
        role: Role,
        content: str,
        *,
        state: MessageState = MessageState.COMPLETE,
        model: str = "",
        attachments: Iterable[Attachment] = (),
        edited: bool = False,
    ) -> StoredMessage:
        """Append a message below `parent`; it ends the active branch, its chat is the last used."""
        return tree.add(
            self._of(chat),
            chat,
            parent,
            role,
            content,
            state=state,
            model=model,
            attachments=attachments,
            edited=edited,
        )

    def update(
        self,
        message: int,
        *,
        content: str,
        reasoning: str,
        state: MessageState,
        usage: Usage | None = None,
        note: str = "",
        thinking_seconds: float | None = None,
        tool_calls: Iterable[ToolCall] = (),
    ) -> None:
        """Replace all of what changes while an answer is written."""
        tree.update(
            self._of(message),
            message,
            content=content,
            reasoning=reasoning,
            state=state,
            usage=usage,
            note=note,
            thinking_seconds=thinking_seconds,
            tool_calls=tool_calls,
        )

    def set_memory(self, message: int, memory: MemoryStart | None) -> None:
        """Let the model remember from `message` on; None takes that back."""
        tree.set_memory(self._of(message), message, memory)

    def copy_branch(self, message: int, title: str) -> ChatSummary:
        """Make a chat of its own of the branch that ends at `message`, with the same settings."""
        session = self._of(message)
        with session.transaction():
            chat = listing.copy(session, message, title)
            tree.copy_branch(session, message, chat)
        return self.chat(chat)

    # Chats on their way to a file and from one.

    def carried(self, chat: int) -> "CarriedChat":
        """Return everything of a chat: its whole tree, its times, its settings."""
        from desktop.store import carrying

        return carrying.carried(self._of(chat), chat)

    def take_in(self, chat: "CarriedChat", fingerprint: str = "") -> ChatSummary | None:
        """Add a chat from elsewhere, with its times; None if it is here already.

        It is here if one with that fingerprint was taken in, or one begun at the same time says the
        same; deleted ones do not count. Its folder is found by its name, or made.
        """
        from desktop.store import carrying

        with self._disk.transaction():
            number = carrying.take_in(self._disk, chat, fingerprint)
        return None if number is None else self.chat(number)

    def taking_in(
        self, chat: "CarriedChat", fingerprint: str = ""
    ) -> Generator[None, None, ChatSummary | None]:
        """Do what `take_in` does, a portion with each step; it appears with the last one."""
        from desktop.store import carrying

        number = yield from carrying.taking_in(self._disk, chat, fingerprint)
        return None if number is None else self.chat(number)

    # What else people keep, and finding it again.

    def saved(self, kind: str) -> list[tuple[str, str]]:
        """Return id and JSON of all that is kept of `kind`, in the order in which it was added."""
        return saved.saved(self._disk, kind)

    def save(self, kind: str, id: str, json: str) -> None:  # noqa: A002 the words of the contract
        """Keep `json` under that id, in the place of what was kept under it before."""
        saved.save(self._disk, kind, id, json)

    def remove(self, kind: str, id: str) -> None:  # noqa: A002 the words of the contract
        """Forget what is kept under that id, if anything."""
        saved.remove(self._disk, kind, id)

    def search(self, words: str, limit: int = 50) -> list[Hit]:
        """Return where all of `words` stand: titles, then messages, newest first.

        What stands in quotation marks is looked for as it stands there; the last word may go on.
        Archived chats are searched, deleted ones are not.
        """
        found: list[Hit] = []
        for search in (self._memory_search, self._search):
            if search is not None:
                found += search.hits(words, limit)
        return sorted(found, key=lambda hit: hit.message is not None)[:limit]

    def draft(self, chat: int | None) -> str:
        """Return the text typed and not sent in `chat`; None is the chat not yet created."""
        return drafts.draft(self._of(chat), chat)

    def save_draft(self, chat: int | None, text: str) -> None:
        """Keep the text typed and not sent; costs nothing when it is the one already kept."""
        drafts.save_draft(self._of(chat), chat, text)

    def draft_history(self, limit: int = 100) -> list[str]:
        """Return the texts sent last, newest first, each once; none of temporary chats."""
        return drafts.sent(self._disk, limit)

    def _of(self, number: int | None) -> Session:
        """Return where the chat or message with that number is kept."""
        return self._in_memory() if number is not None and is_temporary(number) else self._disk

    def _in_memory(self) -> Session:
        if self._memory is None:
            self._memory = open_memory(self._disk.path, self._disk.now)
            self._memory_search = Search(self._memory, completes=True)
        return self._memory

"""Drafts of chats on their way to the disk: one that could not be kept there is not lost meanwhile.

Plain Python in the caller's thread (the one that owns the store).
"""

from desktop.domain.errors import StorageError
from desktop.store.chats import ChatStore


class KeptDrafts:
    """The draft of each chat; None is the chat not yet created."""

    def __init__(self, store: ChatStore) -> None:
        self._store = store
        self._waiting: dict[int | None, str] = {}

    def of(self, chat: int | None) -> str:
        """Return what is typed and not sent in `chat`; raises StorageError."""
        waiting = self._waiting.get(chat)
        return self._store.draft(chat) if waiting is None else waiting

    def waits(self, chat: int | None) -> bool:
        """Return whether the draft of `chat` is not on the disk as it is."""
        return chat in self._waiting

    def keep(self, chat: int | None, draft: str) -> None:
        """Keep `draft`, and what could not be kept before.

        Raises StorageError where something is not on the disk: it stays here, and is tried again
        the next time.
        """
        self._waiting[chat] = draft
        self.try_again()

    def try_again(self) -> None:
        """Keep what could not be kept before; raises StorageError where something still cannot."""
        problem: StorageError | None = None
        for each, waiting in list(self._waiting.items()):
            try:
                self._store.save_draft(each, waiting)
            except StorageError as error:
                problem = error
            else:
                del self._waiting[each]
        if problem is not None:
            raise problem

"""Chats begun in a special way: temporary, in a folder, with a persona. GUI thread.

Such a chat exists from the start, as its draft and its settings need a place; one that is left as
it was begun goes away by itself.
"""

from desktop.domain.chat_settings import ChatSettings
from desktop.store.chats import ChatStore

__all__ = ["ChatBeginnings"]

_NOTHING_SET = ChatSettings()


class ChatBeginnings:
    """Knows the chats begun in this run in which nothing was said yet."""

    def __init__(self, store: ChatStore) -> None:
        self._store = store
        self._begun: dict[int, ChatSettings] = {}

    def begin(
        self,
        *,
        folder: int | None = None,
        temporary: bool = False,
        settings: ChatSettings = _NOTHING_SET,
        icon: str = "",
    ) -> int:
        """Add an empty chat and return it; raises StorageError."""
        chat = self._store.create(
            folder=folder, temporary=temporary, settings=settings, icon=icon
        ).id
        self._begun[chat] = settings
        return chat

    def leave(self, chat: int | None) -> bool:
        """Take `chat` away if nothing was made of it, and return whether; raises StorageError."""
        if chat is None or chat not in self._begun:
            return False
        store = self._store
        is_untouched = (
            store.tip(chat) is None
            and not store.chat(chat).title
            and not store.draft(chat).strip()
            and store.settings(chat) == self._begun[chat]
        )
        if not is_untouched:
            return False
        store.delete(chat)
        del self._begun[chat]
        return True

"""Drafts reach the disk as they are typed; what it refused is tried again until it takes it.

GUI thread, which owns the store.
"""

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.errors import StorageError
from desktop.services.kept_drafts import KeptDrafts
from desktop.store.chats import ChatStore

__all__ = ["DraftSaving"]

_AGAIN_MS = 1000


class DraftSaving(QObject):
    """The draft of each chat; None is the chat not yet created."""

    not_saved = Signal(object)
    """(StorageError): it is not on the disk, but here, and will be tried again."""
    saved = Signal()
    """Every draft is on the disk."""

    def __init__(self, store: ChatStore, parent: QObject) -> None:
        """Start with what `store` has."""
        super().__init__(parent)
        self._drafts = KeptDrafts(store)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._try_again)

    def of(self, chat: int | None) -> str:
        """Return what is typed and not sent in `chat`; raises StorageError."""
        return self._drafts.of(chat)

    def waits(self, chat: int | None) -> bool:
        """Return whether the draft of `chat` is not on the disk as it is."""
        return self._drafts.waits(chat)

    def keep(self, chat: int | None, draft: str) -> None:
        """Keep `draft`, and what could not be kept before."""
        try:
            self._drafts.keep(chat, draft)
        except StorageError as error:
            self._again.start()
            self.not_saved.emit(error)
        else:
            self._again.stop()
            self.saved.emit()

    def close(self) -> None:
        """Try nothing again; idempotent."""
        self._again.stop()

    def _try_again(self) -> None:
        try:
            self._drafts.try_again()
        except StorageError:
            # It was told when it was kept.
            self._again.start()
        else:
            self.saved.emit()

"""Drafts that the disk refuses wait, and are kept when it takes them again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.errors import StorageError
from desktop.services.kept_drafts import KeptDrafts
from desktop.store.chats import ChatStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChatStore]:
    one = ChatStore.open(tmp_path / "lapis.db")
    yield one
    one.close()


def _refuse(store: ChatStore, *, refuse: bool) -> None:
    store._disk.connection.execute(f"PRAGMA query_only = {'ON' if refuse else 'OFF'}")


def test_what_the_disk_refused_is_kept_with_the_next_draft(store: ChatStore) -> None:
    chat, drafts = store.create("One").id, KeptDrafts(store)
    drafts.keep(chat, "before")
    _refuse(store, refuse=True)
    with pytest.raises(StorageError):
        drafts.keep(chat, "after")
    with pytest.raises(StorageError):
        drafts.keep(None, "new")

    assert (drafts.of(chat), drafts.waits(chat)) == ("after", True)
    assert store.draft(chat) == "before"
    _refuse(store, refuse=False)
    drafts.keep(None, "newer")
    assert (store.draft(chat), store.draft(None)) == ("after", "newer")
    assert not drafts.waits(chat)


def test_one_whose_chat_is_gone_keeps_no_other_from_the_disk(store: ChatStore) -> None:
    chat, drafts = store.create("One").id, KeptDrafts(store)
    with pytest.raises(StorageError):
        drafts.keep(9999, "lost")
    with pytest.raises(StorageError):
        drafts.keep(chat, "kept")

    assert store.draft(chat) == "kept"
    assert not drafts.waits(chat)

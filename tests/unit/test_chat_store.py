"""What the rest of Lapis can rely on when it keeps a chat."""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desktop.domain.chat import Role, Usage
from desktop.domain.errors import Defect, LapisError, StorageError
from desktop.domain.history import MessageState
from desktop.store.chats import PURGE_SECONDS, ChatStore
from desktop.store.connection import connect
from desktop.store.settling import tidy

DAY = 86400.0
USAGE = Usage(12, 3, 40, 210.5, 81.0, 9.5, drafted_tokens=52, accepted_tokens=38)


class Clock:
    """Wall-clock seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def reopen(path: Path, clock: Clock) -> Iterator[Callable[[], ChatStore]]:
    """Close the store and open it again, as a restart does."""
    opened: list[ChatStore] = []

    def again() -> ChatStore:
        for store in opened:
            store.close()
        opened.append(ChatStore.open(path, now=clock))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], ChatStore]) -> ChatStore:
    return reopen()


def talk(store: ChatStore, chat: int, *texts: str) -> list[int]:
    """Add alternating messages to the end of a chat; return their ids."""
    ids = []
    for place, text in enumerate(texts):
        role = Role.ASSISTANT if place % 2 else Role.USER
        ids.append(store.add(chat, store.tip(chat), role, text).id)
    return ids


def contents(store: ChatStore, chat: int) -> list[str]:
    return [message.content for message in store.messages(chat)]


def test_what_was_added_is_there_after_a_restart(
    store: ChatStore, reopen: Callable[[], ChatStore]
) -> None:
    chat = store.create("Kyoto")
    added = [
        store.add(chat.id, None, Role.USER, "When do the maples turn?"),
        store.add(chat.id, 1, Role.ASSISTANT, "In November.", model="guide"),
    ]

    again = reopen()

    assert again.notice is None
    assert again.messages(chat.id) == added
    assert [each.title for each in again.chats()] == ["Kyoto"]


def test_an_update_replaces_everything_that_changes(
    store: ChatStore, reopen: Callable[[], ChatStore]
) -> None:
    chat = store.create().id
    asked = store.add(chat, None, Role.USER, "?")
    answer = store.add(chat, asked.id, Role.ASSISTANT, "", state=MessageState.STREAMING)

    store.update(
        answer.id,
        content="a",
        reasoning="r",
        state=MessageState.LENGTH,
        usage=USAGE,
        note='{"n": 1}',
    )
    kept = reopen().messages(chat)[-1]

    assert (kept.content, kept.reasoning, kept.state, kept.usage, kept.note) == (
        "a",
        "r",
        MessageState.LENGTH,
        USAGE,
        '{"n": 1}',
    )


def test_the_chat_last_used_comes_first_even_when_the_clock_runs_back(
    store: ChatStore, clock: Clock
) -> None:
    first, second = store.create("first").id, store.create("second").id
    clock.now -= 365 * DAY
    talk(store, first, "later by order, earlier by clock")

    assert [each.id for each in store.chats()] == [first, second]


def test_messages_keep_their_order_when_the_clock_runs_back(store: ChatStore, clock: Clock) -> None:
    chat = store.create().id
    for number in range(4):
        clock.now -= 3600
        talk(store, chat, str(number))

    assert contents(store, chat) == ["0", "1", "2", "3"]


def test_a_rename_leaves_the_chat_in_its_place(store: ChatStore) -> None:
    older, newer = store.create("older").id, store.create("newer").id

    store.rename(older, "renamed")

    assert [(each.id, each.title) for each in store.chats()] == [
        (newer, "newer"),
        (older, "renamed"),
    ]


def test_a_deleted_chat_is_out_of_the_list_and_comes_back_whole_to_its_place(
    store: ChatStore, reopen: Callable[[], ChatStore]
) -> None:
    bottom, top = store.create("bottom").id, store.create("top").id
    talk(store, bottom, "kept")
    talk(store, top, "above")

    store.delete(bottom)
    store = reopen()
    assert [each.id for each in store.chats()] == [top]

    store.restore(bottom)
    assert [each.id for each in store.chats()] == [top, bottom]
    assert contents(store, bottom) == ["kept"]


def test_a_deleted_chat_goes_for_good_after_thirty_days_with_its_messages(
    store: ChatStore, reopen: Callable[[], ChatStore], clock: Clock, path: Path
) -> None:
    gone, kept = store.create("gone").id, store.create("kept").id
    talk(store, gone, "a", "b", "c")
    talk(store, kept, "d")
    store.delete(gone)

    clock.now += PURGE_SECONDS - 1
    reopen().restore(gone)
    store = reopen()
    assert contents(store, gone) == ["a", "b", "c"], "29 days later it can still be restored"
    store.delete(gone)
    clock.now += PURGE_SECONDS + 1
    reopen().close()

    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT id FROM chats").fetchall() == [(kept,)]
        assert raw.execute("SELECT content FROM messages").fetchall() == [("d",)]


def test_another_answer_is_a_sibling_and_the_first_one_is_kept(store: ChatStore) -> None:
    chat = store.create().id
    asked, first = talk(store, chat, "question", "first answer")

    second = store.add(chat, asked, Role.ASSISTANT, "second answer").id

    assert contents(store, chat) == ["question", "second answer"]
    assert [each.content for each in store.branch(first)] == ["question", "first answer"]
    assert store.tip(chat) == second


def test_branches_of_other_chats_do_not_mix_in(store: ChatStore) -> None:
    one, two = store.create().id, store.create().id
    for number in range(3):
        talk(store, one, f"one {number}")
        talk(store, two, f"two {number}")

    assert contents(store, one) == ["one 0", "one 1", "one 2"]
    assert contents(store, two) == ["two 0", "two 1", "two 2"]


def test_an_answer_being_written_is_streaming_now_and_interrupted_after_a_restart(
    store: ChatStore, reopen: Callable[[], ChatStore]
) -> None:
    chat = store.create().id
    answer = store.add(chat, None, Role.ASSISTANT, "half an", state=MessageState.STREAMING)
    assert store.messages(chat)[0].state is MessageState.STREAMING

    store = reopen()

    kept = store.messages(chat)[0]
    assert (kept.content, kept.state) == ("half an", MessageState.INTERRUPTED)
    store.update(answer.id, content="x", reasoning="", state=MessageState.STREAMING)
    assert store.messages(chat)[0].state is MessageState.STREAMING


def test_drafts_are_kept_for_each_chat_and_for_the_one_not_yet_created(
    store: ChatStore, reopen: Callable[[], ChatStore]
) -> None:
    chat = store.create().id
    assert store.draft(chat) == store.draft(None) == ""

    store.save_draft(chat, "half a question")
    store.save_draft(None, "另一个")
    store = reopen()
    assert (store.draft(chat), store.draft(None)) == ("half a question", "另一个")

    store.save_draft(chat, "")
    assert (reopen().draft(chat), reopen().draft(None)) == ("", "另一个")


def test_saving_the_same_draft_again_writes_nothing(store: ChatStore, path: Path) -> None:
    store.save_draft(None, "the same")
    journal = Path(f"{path}-wal")
    before = journal.read_bytes()

    store.save_draft(None, "the same")

    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    ["", "nul \0 inside", "😀👩‍👩‍👧 ़", "'; DROP TABLE chats; --", "line\r\nline", "长" * 300_000],
)
def test_any_text_comes_back_unchanged(store: ChatStore, text: str) -> None:
    chat = store.create(text).id
    talk(store, chat, text)
    store.save_draft(chat, text)

    assert contents(store, chat) == [text]
    assert store.draft(chat) == store.chat(chat).title == text


def test_half_a_surrogate_pair_is_kept_as_a_visible_mark(store: ChatStore) -> None:
    chat = store.create().id
    talk(store, chat, "a\ud83d b", "\ud83d\ude00")

    assert contents(store, chat) == ["a\ufffd b", "😀"]


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.add(99, None, Role.USER, "x"),
        lambda store: store.add(1, 99, Role.USER, "x"),
        lambda store: store.update(99, content="", reasoning="", state=MessageState.COMPLETE),
        lambda store: store.rename(99, "x"),
        lambda store: store.delete(99),
        lambda store: store.restore(99),
        lambda store: store.chat(99),
        lambda store: store.save_draft(99, "x"),
    ],
)
def test_using_a_chat_that_is_gone_says_so(
    store: ChatStore, use: Callable[[ChatStore], object]
) -> None:
    store.create()

    with pytest.raises(StorageError, match="no longer exists"):
        use(store)

    assert store.create("works on").title == "works on"


def test_reading_a_chat_that_is_gone_gives_nothing(store: ChatStore) -> None:
    assert (store.messages(99), store.tip(99), store.draft(99)) == ([], None, "")


def test_a_transaction_is_all_or_nothing(store: ChatStore, reopen: Callable[[], ChatStore]) -> None:
    chat = store.create("before").id

    def write_and_fail() -> None:
        with store.transaction():
            store.rename(chat, "after")
            talk(store, chat, "lost")
            store.rename(99, "there is no such chat")

    with pytest.raises(StorageError, match="no longer exists"):
        write_and_fail()

    store = reopen()
    assert (store.chat(chat).title, contents(store, chat)) == ("before", [])


def test_another_thread_is_refused_as_a_defect_of_ours(store: ChatStore) -> None:
    caught: list[LapisError] = []

    def use() -> None:
        try:
            store.chats()
        except LapisError as error:
            caught.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()

    assert [type(error) for error in caught] == [Defect]


def test_a_commit_waits_for_the_disk_and_references_hold(path: Path, store: ChatStore) -> None:
    store.create()
    with closing(connect(path)) as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        } | {"trusted_schema": connection.execute("PRAGMA trusted_schema").fetchone()[0]}

    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "trusted_schema": 0,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_files_are_readable_by_this_account_only(path: Path, store: ChatStore) -> None:
    store.create()

    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_closing_leaves_one_file(path: Path, store: ChatStore) -> None:
    store.create()
    store.close()
    store.close()

    assert [each.name for each in path.parent.iterdir()] == ["lapis.db"]


def test_opening_and_listing_read_no_messages(tmp_path: Path) -> None:
    def steps(name: str, messages: int) -> int:
        """Count the instructions SQLite runs to open and to list 200 chats."""
        path = tmp_path / name
        ChatStore.open(path).close()
        with closing(connect(path)) as connection:
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO chats (title, created, updated, position) VALUES ('t', 1, 1, ?)",
                [(number,) for number in range(200)],
            )
            connection.executemany(
                "INSERT INTO messages (chat, role, content, reasoning, state, model, note, created)"
                " VALUES (?, 'user', 'text', '', 'complete', '', '', 1)",
                [(1 + number % 200,) for number in range(messages)],
            )
            connection.execute("COMMIT")
            count = [0]

            def step() -> int:
                count[0] += 1
                return 0

            connection.set_progress_handler(step, 1)
            tidy(connection)
            listed = "SELECT id, title, created, updated FROM chats"
            connection.execute(f"{listed} WHERE deleted IS NULL ORDER BY position DESC").fetchall()
            return count[0]

    assert steps("many.db", 20_000) <= steps("none.db", 0) + 10


@contextmanager
def counted(store: ChatStore, most: int) -> Iterator[list[int]]:
    """Count SQLite's instructions; more than `most` end what is running with an error."""
    count = [0]

    def step() -> bool:
        count[0] += 1
        return count[0] > most

    store._disk.connection.set_progress_handler(step, 1)
    try:
        yield count
    finally:
        store._disk.connection.set_progress_handler(None, 0)


def test_a_branch_is_read_without_the_rest_of_the_messages(store: ChatStore, path: Path) -> None:
    chats = [store.create().id for _ in range(2)]
    talk(store, chats[0], "a", "b")
    with closing(connect(path)) as other:
        other.execute("BEGIN")
        other.executemany(
            "INSERT INTO messages (chat, role, content, reasoning, state, model, note, created)"
            " VALUES (?, 'user', 'text', '', 'complete', '', '', 1)",
            [(chats[1],)] * 5000,
        )
        other.execute("COMMIT")

    with counted(store, 500) as steps:
        assert contents(store, chats[0]) == ["a", "b"]

    assert steps[0] > 0


def test_a_tree_damaged_into_a_ring_is_still_read_to_an_end(store: ChatStore, path: Path) -> None:
    chat = store.create().id
    first, _, last = talk(store, chat, "a", "b", "c")
    with closing(connect(path)) as other:
        other.execute("UPDATE messages SET parent = ? WHERE id = ?", (last, first))

    with counted(store, 5000):
        assert contents(store, chat) == ["a", "b", "c"]

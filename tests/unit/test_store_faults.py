"""Whatever happens to the disk, the file or the process: no acknowledged message is lost silently.

Every fault is real: processes are killed, disks are full, bytes are overwritten.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, AttachmentKind, MemoryStart, MessageState
from desktop.store import opening
from desktop.store.chats import ChatStore
from desktop.store.indexing import index_missing
from desktop.store.migrations import create, keep_copy
from tests.unit.oldest_chats import OLDEST

HERE = Path(__file__).parent
ROUNDS = 15
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and file modes")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@contextmanager
def opened(path: Path, **how: Any) -> Iterator[ChatStore]:
    store = ChatStore.open(path, **how)
    try:
        yield store
    finally:
        store.close()


def fill(path: Path, chats: int = 8, messages: int = 6, **how: Any) -> list[str]:
    """Make a database with long messages; return their texts."""
    texts = []
    with opened(path, **how) as store, store.transaction():
        for number in range(chats):
            chat = store.create(f"chat {number}").id
            for place in range(messages):
                text = f"{number}/{place} " + "words that fill a page " * 40
                store.add(chat, store.tip(chat), Role.ASSISTANT if place % 2 else Role.USER, text)
                texts.append(text)
    return texts


def shown(store: ChatStore) -> list[str]:
    return sorted(each.content for chat in store.chats() for each in store.messages(chat.id))


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def run(code: str, *arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


# --- killed ---------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from desktop.domain.chat import Role
from desktop.domain.history import MessageState
from desktop.store.chats import ChatStore
store = ChatStore.open(Path(sys.argv[1]))
chat = store.create(sys.argv[2]).id
while True:
    asked = store.add(chat, store.tip(chat), Role.USER, "question")
    print("added", asked.id, flush=True)
    answer = store.add(chat, asked.id, Role.ASSISTANT, "", state=MessageState.STREAMING)
    print("added", answer.id, flush=True)
    for length in range(10, 40, 10):
        text = "x" * length
        store.update(answer.id, content=text, reasoning="", state=MessageState.STREAMING)
        print("text", answer.id, length, flush=True)
"""


@posix
def test_what_was_acknowledged_survives_kill_9_at_any_moment(path: Path) -> None:
    rng = random.Random(18)
    added: set[int] = set()
    written: dict[int, int] = {}
    for number in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"round {number}"],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(rng.randrange(1, 60))]
            writer.kill()
            lines += writer.stdout.readlines()
        for line in lines:
            match line.split():
                case ["added", message]:
                    added.add(int(message))
                case ["text", message, length] if line.endswith("\n"):
                    written[int(message)] = int(length)

        with opened(path) as store:
            assert store.notice is None
            assert len(store.chats()) == number + 1
            kept = {each.id: each for chat in store.chats() for each in store.messages(chat.id)}
        assert added <= kept.keys()
        assert all(len(kept[message].content) >= length for message, length in written.items())
        assert not any(each.state is MessageState.STREAMING for each in kept.values())
        assert_sound(path)
    assert added
    assert written


def test_a_chat_without_messages_is_no_damage_after_a_kill(path: Path, tmp_path: Path) -> None:
    with opened(path) as store:
        store.create("empty")

    with opened(left_by_a_kill(path, tmp_path / "left")) as store:
        assert store.notice is None
        assert [each.title for each in store.chats()] == ["in the journal", "empty"]


# --- full -----------------------------------------------------------------------------------


def small_disk(code: str, timeout: float = 60) -> dict[str, Any]:
    """Run `code` with `folder` on a file system of 1 MB; return the JSON it prints."""
    start = f"""
import json, sys
from pathlib import Path
sys.path.insert(0, {str(HERE.parent.parent)!r})
from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, AttachmentKind, MemoryStart, MessageState
from desktop.store.chats import ChatStore
folder = Path(sys.argv[1])
path = folder / "lapis.db"
filler = folder / "filler"

def take_all():
    for size in (4096, 1):
        try:
            with filler.open("ab", buffering=0) as stream:
                while True:
                    stream.write(bytes(size))
        except OSError:
            pass

def error_of(call, *arguments):
    try:
        call(*arguments)
    except StorageError as error:
        return str(error)
    return ""
"""
    with tempfile.TemporaryDirectory() as mount:
        script = Path(mount) / "script.py"
        script.write_text(start + code)
        folder = Path(mount) / "disk"
        folder.mkdir()
        done = subprocess.run(
            [
                *("unshare", "-Urm", "sh", "-c"),
                f"mount -t tmpfs -o size=1m none {folder} && exec {sys.executable} {script} {folder}",
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture
def user_namespaces() -> None:
    """Skip where an unprivileged user may not mount."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    tried = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"],
        capture_output=True,
        timeout=20,
        check=False,
    )
    if tried.returncode:
        pytest.skip("user namespaces are not allowed here")


@pytest.mark.usefixtures("user_namespaces")
def test_a_disk_that_fills_up_costs_nothing_and_goes_on_when_there_is_room() -> None:
    result = small_disk("""
store = ChatStore.open(path)
chat = store.create("chat").id
store.add(chat, None, Role.USER, "kept")
take_all()
refused = error_of(store.add, chat, store.tip(chat), Role.USER, "x" * 100_000)
during = [each.content for each in store.messages(chat)]
filler.unlink()
store.add(chat, store.tip(chat), Role.USER, "x" * 100_000)
after = [len(each.content) for each in store.messages(chat)]
print(json.dumps({"refused": refused, "during": during, "after": after}))
""")
    assert result == {
        "refused": "The disk is full, so chats cannot be saved",
        "during": ["kept"],
        "after": [4, 100_000],
    }


@pytest.mark.usefixtures("user_namespaces")
@pytest.mark.parametrize("ended", ["tidily", "killed"])
def test_chats_can_be_read_after_a_start_on_a_full_disk(ended: str) -> None:
    result = small_disk(f"""
import os, signal
child = os.fork()
if child == 0:
    store = ChatStore.open(path)
    chat = store.create("chat").id
    store.add(chat, None, Role.USER, "kept")
    store.add(chat, 1, Role.ASSISTANT, "half", state=MessageState.STREAMING)
    if {ended == "killed"}:
        os.kill(os.getpid(), signal.SIGKILL)
    store.close()
    os._exit(0)
os.waitpid(child, 0)
shared = folder / "lapis.db-shm"
shared.unlink(missing_ok=True)
take_all()
store = ChatStore.open(path)
during = [(each.content, each.state) for each in store.messages(1)]
refused = error_of(store.add, 1, 2, Role.USER, "x" * 100_000)
filler.unlink()
store.add(1, 2, Role.USER, "and on")
after = [each.content for each in store.messages(1)]
print(json.dumps({{"during": during, "refused": refused, "after": after}}))
""")
    assert result == {
        "during": [["kept", "complete"], ["half", "interrupted"]],
        "refused": "The disk is full, so chats cannot be saved",
        "after": ["kept", "half", "and on"],
    }


@pytest.mark.usefixtures("user_namespaces")
def test_a_full_disk_at_the_very_first_start_is_said_and_leaves_nothing_half_made() -> None:
    result = small_disk("""
take_all()
refused = error_of(ChatStore.open, path)
there = path.exists()
filler.unlink()
store = ChatStore.open(path)
print(json.dumps({"refused": refused, "there": there, "notice": store.notice}))
""")
    assert result == {
        "refused": "The disk is full, so chats cannot be saved",
        "there": False,
        "notice": None,
    }


@pytest.mark.usefixtures("user_namespaces")
def test_chats_of_an_earlier_version_wait_on_a_full_disk_until_there_is_room() -> None:
    result = small_disk(f"""
import sqlite3
old = sqlite3.connect(path)
old.executescript({OLDEST!r})
old.close()
take_all()
refused = error_of(ChatStore.open, path)
filler.unlink()
store = ChatStore.open(path)
titles = [chat.title for chat in store.chats()]
print(json.dumps({{"refused": refused, "titles": titles, "notice": store.notice}}))
""")
    assert result == {
        "refused": "The disk is full, so chats cannot be saved",
        "titles": ["Old chat"],
        "notice": None,
    }


LIMITED = """
import resource, signal, sys
from pathlib import Path
from desktop.domain.chat import Role
from desktop.domain.errors import StorageError
from desktop.store.chats import ChatStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = ChatStore.open(Path(sys.argv[1]))
chat = store.create("chat").id
store.add(chat, None, Role.USER, "kept")
soft = 200_000
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
try:
    store.add(chat, 1, Role.USER, "x" * 300_000)
except StorageError as error:
    print(error)
print([each.content for each in store.messages(chat)])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(len(store.add(chat, 1, Role.USER, "x" * 300_000).content))
store.close()
"""


@posix
def test_a_disk_that_refuses_to_write_costs_nothing_and_goes_on(path: Path) -> None:
    done = run(LIMITED, path)

    assert done.stdout.splitlines() == [
        "The disk did not accept or return the chats",
        "['kept']",
        "300000",
    ], done.stderr
    assert_sound(path)


# --- damaged --------------------------------------------------------------------------------


def zero_header(content: bytearray) -> None:
    content[:100] = bytes(100)


def zero_first_page(content: bytearray) -> None:
    content[:4096] = bytes(4096)


def overwrite_a_page(content: bytearray) -> None:
    pages = range(0, len(content), 4096)
    with_text = [at for at in pages if content.count(b"words that fill", at, at + 4096) > 3]
    middle = with_text[len(with_text) // 2]
    content[middle : middle + 4096] = random.Random(5).randbytes(4096)


def cut_in_half(content: bytearray) -> None:
    del content[len(content) // 2 :]


@pytest.mark.parametrize(
    ("damage", "least"),
    [(zero_header, 240), (zero_first_page, 240), (overwrite_a_page, 230), (cut_in_half, 80)],
)
def test_a_damaged_file_is_kept_aside_and_what_can_be_read_is_back(
    damage: Callable[[bytearray], None], least: int, path: Path
) -> None:
    texts = fill(path, chats=40)
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    Path(f"{path}-check").touch()

    with opened(path) as store:
        assert store.notice is not None
        assert "recovered" in str(store.notice.title)
        assert "lapis.db.damaged-1" in str(store.notice.hint)
        found = shown(store)
        whole = [text for text in found if text in texts]
        begun = [text for text in found if text not in texts]
        assert all(any(text.startswith(each) for text in texts) for each in begun)
        assert len(begun) <= 1, "a file can be cut within one text"
        assert len(whole) >= least
        assert store.add(store.create().id, None, Role.USER, "and on").id > 0

    assert path.with_name("lapis.db.damaged-1").read_bytes() == content
    assert_sound(path)
    with opened(path) as store:
        assert store.notice is None, "told once"
        assert len(shown(store)) == len(found) + 1


@pytest.mark.parametrize("damage", [zero_header, overwrite_a_page])
def test_folders_settings_and_all_that_goes_with_messages_are_recovered_too(
    damage: Callable[[bytearray], None], path: Path
) -> None:
    settings = ChatSettings(system_prompt="be brief", n_ctx=8192)
    notes = Attachment(AttachmentKind.FILE, "notes.txt", "beside it")
    with opened(path) as store:
        folder = store.add_folder("Work").id
        chat = store.create("kept", folder=folder, settings=settings, icon="pen").id
        asked = store.add(chat, None, Role.USER, "question", attachments=[notes])
        answer = store.add(chat, asked.id, Role.ASSISTANT, "answer", edited=True)
        store.set_memory(answer.id, MemoryStart("so far"))
        store.set_pinned(chat, True)
        store.rename(chat, "kept, by hand")
        store.save("persona", "p", '{"name": "P"}')
        before = (store.chats(), store.messages(chat))
    fill(path, chats=30)
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    Path(f"{path}-check").touch()

    with opened(path) as store:
        assert store.notice is not None
        assert "recovered" in str(store.notice.title)
        assert ([store.chat(chat)], store.messages(chat)) == before
        assert store.settings(chat) == settings
        assert [each.name for each in store.folders()] == ["Work"]
        assert store.saved("persona") == [("p", '{"name": "P"}')]
        index_missing(path, Event())
        assert [hit.message for hit in store.search("beside")] == [asked.id]
    assert_sound(path)


def test_no_random_damage_keeps_lapis_from_starting_or_passes_for_an_empty_history(
    tmp_path: Path,
) -> None:
    whole = tmp_path / "whole.db"
    texts = fill(whole)
    original = whole.read_bytes()
    for seed in range(25):
        rng = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        content = bytearray(original)
        for _ in range(rng.choice([1, 20, 400])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        if rng.random() < 0.3:
            del content[rng.randrange(1, len(content)) :]
        path = folder / "lapis.db"
        path.write_bytes(content)
        Path(f"{path}-check").touch()

        with opened(path) as store:
            complete = len(shown(store)) == len(texts)
            assert complete or store.notice is not None, f"seed {seed}"
        if store.notice is not None:
            aside = path.with_name("lapis.db.damaged-1")
            assert aside.read_bytes() == content, f"seed {seed}"


def test_an_emptied_file_is_not_taken_for_an_empty_history(path: Path) -> None:
    fill(path)
    path.write_bytes(b"")

    with opened(path) as store:
        assert store.chats() == []
        assert store.notice is not None
        assert "nothing in it could be read" in str(store.notice.title)

    assert path.with_name("lapis.db.damaged-1").stat().st_size == 0


def test_where_nothing_can_be_read_the_newest_copy_is_shown(path: Path) -> None:
    texts = fill(path)
    keep_copy(path)
    path.write_bytes(b"not a database any more " * 1000)

    with opened(path) as store:
        assert shown(store) == sorted(texts)
        assert store.notice is not None
        assert "newest copy" in str(store.notice.title)


def test_each_damaged_file_gets_a_name_of_its_own(path: Path) -> None:
    for number in (b"first " * 1000, b"second " * 1000):
        fill(path, chats=1)
        path.write_bytes(number)
        with opened(path) as store:
            assert store.notice is not None

    assert path.with_name("lapis.db.damaged-1").read_bytes() == b"first " * 1000
    assert path.with_name("lapis.db.damaged-2").read_bytes() == b"second " * 1000


def left_by_a_kill(path: Path, folder: Path) -> Path:
    """Return a copy of the database at `path` as a killed process leaves it: with a journal."""
    folder.mkdir()
    target = folder / "lapis.db"
    with opened(path) as store:
        store.create("in the journal")
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", f"{target}{suffix}")
    return target


def test_a_journal_of_another_database_does_not_reach_the_original(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"
    texts = fill(ours)
    fill(theirs, chats=40)
    path = left_by_a_kill(ours, tmp_path / "left")
    other = left_by_a_kill(theirs, tmp_path / "other")
    shutil.copyfile(f"{other}-wal", f"{path}-wal")
    before = path.read_bytes()

    with opened(path) as store:
        assert shown(store) == sorted(texts)
        assert [each.title for each in store.chats()] == [f"chat {n}" for n in range(7, -1, -1)]
        assert store.notice is not None
    assert path.with_name("lapis.db.damaged-1").read_bytes() == before


def test_a_lost_journal_costs_only_what_was_in_it(tmp_path: Path) -> None:
    source = tmp_path / "source.db"
    texts = fill(source)
    path = left_by_a_kill(source, tmp_path / "left")
    Path(f"{path}-wal").unlink()

    with opened(path) as store:
        assert shown(store) == sorted(texts)
    assert_sound(path)


def test_a_missing_file_is_told_when_there_was_one(path: Path) -> None:
    fill(path)
    keep_copy(path)
    path.unlink()

    with opened(path) as store:
        assert store.notice is not None
        assert "missing" in str(store.notice.title)


def test_a_stray_journal_is_not_mixed_into_a_new_file(tmp_path: Path) -> None:
    source = tmp_path / "source.db"
    fill(source)
    path = left_by_a_kill(source, tmp_path / "left")
    path.unlink()
    journal = Path(f"{path}-wal").read_bytes()

    with opened(path) as store:
        assert store.chats() == []
        assert store.notice is not None
    assert path.with_name("lapis.db.damaged-1-wal").read_bytes() == journal


def test_a_recovery_cut_short_before_its_last_step_is_finished(path: Path) -> None:
    texts = fill(path)
    path.replace(path.with_name("lapis.db-recovered"))
    path.with_name("lapis.db.damaged-1").write_bytes(b"damaged")

    with opened(path) as store:
        assert shown(store) == sorted(texts)
        assert store.notice is not None


def test_damage_met_while_running_is_told_and_repaired_at_the_next_start(path: Path) -> None:
    texts = fill(path, chats=40)
    content = bytearray(path.read_bytes())
    for start in range(8192, len(content), 4096):
        if b"20/3 words" in content[start : start + 4096]:
            content[start : start + 4096] = bytes(4096)
    path.write_bytes(content)

    with opened(path) as store:
        assert store.notice is None, "the tidy end of the last run gave no reason for a check"
        with pytest.raises(StorageError, match="is damaged"):
            shown(store)
    with opened(path) as store:
        assert store.notice is not None
        assert len(texts) - 10 <= len(shown(store)) < len(texts)


def test_a_hidden_damage_is_found_within_a_week(path: Path) -> None:
    start = 1_000_000_000.0
    fill(path, now=lambda: start)
    content = bytearray(path.read_bytes())
    overwrite_a_page(content)
    path.write_bytes(content)

    with opened(path, now=lambda: start + 6 * 86400) as store:
        assert store.notice is None
    with opened(path, now=lambda: start + 8 * 86400) as store:
        assert store.notice is not None


# --- foreign, locked, write-protected ----------------------------------------------------------


def test_a_database_of_another_program_is_refused_and_not_touched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()

    with pytest.raises(StorageError, match="another program") as caught:
        ChatStore.open(path)

    assert str(path) in str(caught.value.hint)
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_the_file_is_said(path: Path) -> None:
    path.mkdir()

    with pytest.raises(StorageError, match="cannot be opened"):
        ChatStore.open(path)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened"):
        ChatStore.open(tmp_path / "nowhere" / "lapis.db")


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_lock_of_another_process_is_waited_for_then_said_and_over_when_it_ends(
    path: Path,
) -> None:
    fill(path, chats=1)
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline().strip() == b"locked"

        with pytest.raises(StorageError, match="Another program is using"):
            ChatStore.open(path, patience=0.1)

        locker.communicate()
    with opened(path) as store:
        assert len(store.chats()) == 1


def test_a_lock_while_running_is_said_and_the_same_store_goes_on(path: Path) -> None:
    with opened(path, patience=0.1) as store:
        chat = store.create("mine").id
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="Another program is using"):
                store.add(chat, None, Role.USER, "x")
            assert [each.title for each in store.chats()] == ["mine"], "reading goes on"
            other.execute("ROLLBACK")
        assert store.add(chat, None, Role.USER, "x").content == "x"


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Give up root's right to write everywhere, for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that any account can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


@posix
@pytest.mark.parametrize("protected", ["file", "folder", "both"])
def test_write_protected_chats_can_be_read_and_saving_says_why_not(
    protected: str, open_folder: Path
) -> None:
    path = open_folder / "lapis.db"
    texts = fill(path)
    with opened(path) as store:
        store.add(1, store.tip(1), Role.ASSISTANT, "half", state=MessageState.STREAMING)
    path.chmod(0o644 if protected == "folder" else 0o444)
    open_folder.chmod(0o777 if protected == "file" else 0o555)

    with ordinary_user(), opened(path) as store:
        assert store.read_only
        assert shown(store) == sorted([*texts, "half"])
        assert store.messages(1)[-1].state is MessageState.INTERRUPTED
        for write in (lambda: store.create("x"), lambda: store.save_draft(None, "x")):
            with pytest.raises(StorageError, match="read but not saved"):
                write()


@posix
def test_a_damaged_file_that_cannot_be_recovered_yet_is_left_and_said(open_folder: Path) -> None:
    path = open_folder / "lapis.db"
    path.write_bytes(b"damaged " * 1000)
    path.chmod(0o444)
    open_folder.chmod(0o555)

    with ordinary_user(), pytest.raises(StorageError, match="could not be recovered yet"):
        ChatStore.open(path)

    assert [each.name for each in open_folder.iterdir()] == ["lapis.db"]


def test_a_network_folder_gets_a_journal_that_works_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = fill(path)
    monkeypatch.setattr("desktop.store.connection.is_remote", lambda _: True)

    with opened(path) as store, closing(sqlite3.connect(path)) as other:
        assert shown(store) == sorted(texts)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_change_cut_short_on_a_network_folder_is_undone(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.store.connection.is_remote", lambda _: True)
    texts = fill(path)
    left = tmp_path / "left" / "lapis.db"
    left.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE messages SET content = 'half done'")
        for suffix in ("", "-journal"):
            shutil.copyfile(f"{path}{suffix}", f"{left}{suffix}")
    assert b"half done" in left.read_bytes(), "the change has reached the file"

    with opened(left) as store:
        assert store.notice is None
        assert shown(store) == sorted(texts)


def test_a_new_database_is_examined_before_it_is_used(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(path)
    seen: list[Path] = []
    monkeypatch.setattr(opening, "_examine", lambda path, *_: seen.append(path))

    with opened(path):
        assert seen == [path]

"""Deleted models reach the real trash of the desktop, and come back from there by its own rules."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from desktop.services.shelf_bin import Bin
from desktop.system.trash import to_trash
from desktop.system.xdg_trash import to_xdg_trash
from tests.harness.models import Models
from tests.unit.shelf_room import Room

_OTHER_DISK = Path("/dev/shm")  # noqa: S108 - a real disk of its own on every Linux

pytestmark = pytest.mark.skipif(
    sys.platform in {"win32", "darwin"}, reason="the trash of Linux desktops"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of a person with a desktop."""
    home = tmp_path / "person"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    return home


@pytest.fixture
def room(home: Path, models: Models) -> Iterator[Room]:
    made = Room(home / "data", models.llama, to_trash)
    yield made
    made.shelf.close()


def trashed(home: Path) -> dict[str, str]:
    """Return where each file in the trash belongs, by its name there."""
    trash = home / "data" / "Trash"
    found = {}
    for note in (trash / "info").glob("*.trashinfo"):
        first, path, date = note.read_text(encoding="ascii").splitlines()
        assert first == "[Trash Info]"
        assert date.startswith("DeletionDate=20")
        found[note.name.removesuffix(".trashinfo")] = unquote(path.removeprefix("Path="))
    assert set(found) == {file.name for file in (trash / "files").iterdir()}
    return found


def test_a_deleted_model_is_ours_to_bring_back_until_lapis_ends(room: Room, home: Path) -> None:
    room.put("x/模型 1.gguf", "x/mmproj-F16.gguf")
    path = room.folder / "x" / "模型 1.gguf"
    content = path.read_bytes()
    room.shelf.delete(room.entry("模型 1"))
    assert not (home / "data" / "Trash").exists()

    room.shelf.close()

    assert trashed(home) == {
        "模型 1.gguf": str(path),
        "mmproj-F16.gguf": str(path.with_name("mmproj-F16.gguf")),
    }
    assert (home / "data" / "Trash" / "files" / "模型 1.gguf").read_bytes() == content
    assert room.files() == set()
    assert not (room.folder / ".trash").exists()
    assert room.another().deleted() == []


def test_what_is_gone_for_good_is_not_remembered(room: Room) -> None:
    (path,) = room.put("m.gguf")
    room.notes.remember_used(path)
    room.scan()
    room.shelf.delete(room.entry("m"))
    room.shelf.close()

    room.put("m.gguf")
    entry = room.entry("m")
    assert entry.record.used_at == 0
    assert entry.facts is None or room.scan() == 1


def test_files_of_one_name_do_not_overwrite_each_other_in_the_trash(room: Room, home: Path) -> None:
    for _ in range(3):
        room.put("m.gguf")
        room.shelf.delete(room.entry("m"))

    room.shelf.close()

    assert set(trashed(home)) == {"m.gguf", "m 2.gguf", "m 3.gguf"}


def test_a_file_of_that_name_without_a_note_is_not_overwritten(tmp_path: Path, home: Path) -> None:
    stray = home / "data" / "Trash" / "files" / "m.gguf"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"stray")
    model = tmp_path / "m.gguf"
    model.write_bytes(b"model")

    assert to_trash(model, model)

    assert stray.read_bytes() == b"stray"
    assert (stray.parent / "m 2.gguf").read_bytes() == b"model"


def test_without_a_desktop_and_a_trash_nothing_is_hidden_away(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY")
    model = tmp_path / "m.gguf"
    model.write_bytes(b"model")

    assert not to_trash(model, model)
    assert model.read_bytes() == b"model"
    assert not (home / "data" / "Trash").exists()

    (home / "data" / "Trash").mkdir(parents=True)
    assert to_trash(model, model)


def test_a_file_that_would_have_to_be_copied_stays_where_it_is(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(b"model")

    def apart(source: object, target: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "rename", apart)

    assert not to_trash(model, model)
    assert model.read_bytes() == b"model"
    assert list((home / "data" / "Trash" / "info").iterdir()) == []


def test_a_full_disk_leaves_no_note_of_what_is_not_in_the_trash(tmp_path: Path, home: Path) -> None:
    import resource

    model = tmp_path / "m.gguf"
    model.write_bytes(b"GGUF")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
    try:
        taken = to_trash(model, model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert not taken
    assert model.exists()
    assert trashed(home) == {}


def test_another_disk_has_its_own_trash(home: Path) -> None:
    if not _OTHER_DISK.is_mount() or _OTHER_DISK.stat().st_dev == home.stat().st_dev:
        pytest.skip("needs a second disk")
    folder = _OTHER_DISK / f"lapis-test-{os.getpid()}"
    folder.mkdir()
    trash = _OTHER_DISK / f".Trash-{os.getuid()}"
    existed = trash.exists()
    name = f"lapis test {os.getpid()}.gguf"
    model = folder / name
    model.write_bytes(b"model")
    try:
        assert to_xdg_trash(model, folder / "from here" / name, os.environ)

        note = trash / "info" / f"{name}.trashinfo"
        path = note.read_text(encoding="ascii").splitlines()[1]
        assert unquote(path) == f"Path={folder.name}/from here/{name}"
        assert (trash / "files" / name).read_bytes() == b"model"
    finally:
        (trash / "info" / f"{name}.trashinfo").unlink(missing_ok=True)
        (trash / "files" / name).unlink(missing_ok=True)
        model.unlink(missing_ok=True)
        folder.rmdir()
        if not existed:
            for each in (trash / "info", trash / "files", trash):
                each.rmdir()


def test_what_a_killed_lapis_deleted_is_handed_over_by_the_next(room: Room, home: Path) -> None:
    room.put("m.gguf", "keep.gguf")
    room.shelf.close()
    code = """
import os, signal, sys
from pathlib import Path
from desktop.services.shelf_bin import Bin
root = Path(sys.argv[1])
Bin(lambda: [root], lambda paths: None).put(root, "m", [root / "m.gguf"])
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(room.folder)], check=False)
    assert done.returncode == -signal.SIGKILL

    later = room.another()
    assert [each.name for each in later.deleted()] == ["m"]
    later.settle()

    assert set(trashed(home)) == {"m.gguf"}
    assert [entry.model.name for entry in later.entries()] == ["guide", "keep"]
    later.close()


def test_what_another_running_lapis_deleted_is_left_to_it(room: Room, home: Path) -> None:
    room.put("m.gguf")
    room.shelf.close()
    code = """
import sys
from pathlib import Path
from desktop.services.shelf_bin import Bin
root = Path(sys.argv[1])
Bin(lambda: [root], lambda paths: None).put(root, "m", [root / "m.gguf"])
print("deleted", flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(room.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == b"deleted\n"
        later = room.another()

        later.settle()
        later.close()

        assert not (home / "data" / "Trash").exists()
        assert later.empty_trash() == 0
        running.stdin.write(b"\n")
        running.stdin.close()


def test_a_model_that_was_only_half_deleted_comes_back(tmp_path: Path) -> None:
    root = tmp_path / "models"
    root.mkdir()
    files = [root / "a.gguf", root / "b.gguf"]
    for file in files:
        file.write_bytes(b"GGUF")
    held = Bin(lambda: [root], lambda _paths: None, trash=lambda _path, _original: True)
    held.put(root, "m", files)
    (note,) = (root / ".trash").glob("*.json")
    (note.with_suffix("") / "b.gguf").rename(root / "b.gguf")
    orphan = note.with_name("999999999-5-abcd.json")
    note.with_suffix("").rename(orphan.with_suffix(""))
    note.rename(orphan)

    held.settle()

    assert all(file.read_bytes() == b"GGUF" for file in files)
    assert not (root / ".trash").exists()


def test_a_note_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "models"
    (root / ".trash" / "999-5-ab").mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (root / ".trash" / "999-5-ab.json").write_text(
        '{"name": "m", "size": 1, "deleted_at": 1.0, "files": ["../../../victim", "/etc/x"]}',
        encoding="utf-8",
    )
    taken: list[Path] = []

    def take(path: Path, original: Path) -> bool:
        taken.append(path)
        return original.exists()

    held = Bin(lambda: [root], lambda _paths: None, trash=take)

    assert held.content() == []
    held.settle()
    held.empty()

    assert taken == []
    assert victim.read_bytes() == b"precious"

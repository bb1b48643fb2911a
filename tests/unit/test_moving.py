"""The models folder moves with everything in it, and no model is ever nowhere."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from desktop.domain.errors import LapisError
from desktop.domain.shelf import ModelDefaults
from desktop.services import shelf_moving
from desktop.services.models_folder import (
    UnfinishedMove,
    models_folder,
    note_move,
    unfinished_move,
)
from tests.harness.models import Models
from tests.unit.shelf_room import Room, nobody


@pytest.fixture
def room(tmp_path: Path, models: Models) -> Iterator[Room]:
    made = Room(tmp_path, models.llama)
    yield made
    made.shelf.close()


@pytest.fixture
def other_disk(room: Room, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that nothing can be renamed or linked into from outside."""
    target = room.root / "other disk"

    def apart(name: str) -> None:
        act = getattr(os, name)

        def inner(source: object, place: object, **more: object) -> None:
            if Path(str(source)).is_relative_to(target) != Path(str(place)).is_relative_to(target):
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            act(source, place, **more)

        monkeypatch.setattr(os, name, inner)

    for name in ("link", "rename", "replace"):
        apart(name)
    return target


class StopAfter(Event):
    """Is set once it was looked at so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0


def fill(room: Room) -> None:
    room.put("a.gguf", "b/b.gguf", "b/mmproj-F16.gguf")
    room.put(*(f"big-0000{part}-of-00002.gguf" for part in (1, 2)))
    room.write("b/notes.txt", b"read me")


def refused(room: Room, target: Path) -> LapisError:
    room.names()
    before = (room.files(room.root), room.settings())
    with pytest.raises(LapisError) as caught:
        room.shelf.move_folder(target, nobody, Event())
    assert (room.files(room.root), room.settings()) == before
    assert unfinished_move(room.paths) is None
    assert str(caught.value.hint)
    return caught.value


def test_without_a_setting_models_are_kept_in_the_data_folder(room: Room) -> None:
    settings = room.settings()
    assert models_folder(settings, room.paths) == room.paths.models

    room.keep_in(room.root / "x")
    assert models_folder(room.settings(), room.paths) == room.root / "x"


@pytest.mark.parametrize("disk", ["same", "other"])
def test_everything_moves_and_is_found_there(
    disk: str, room: Room, request: pytest.FixtureRequest
) -> None:
    target = room.root / "new" / "模型 Ü"
    if disk == "other":
        target = request.getfixturevalue("other_disk")
    fill(room)
    before, names = room.files(), room.names()
    room.scan()
    room.shelf.set_defaults(room.entry("b").model, ModelDefaults(n_ctx=7))
    room.change(
        lambda settings: replace(
            settings,
            model=str(room.folder / "a.gguf"),
            engine=replace(settings.engine, draft_model=str(room.folder / "b/b.gguf")),
        )
    )
    told: list[tuple[int, int]] = []

    assert room.shelf.move_folder(target, lambda done, total: told.append((done, total)), Event())

    assert room.folder == target
    assert (room.files(), room.names()) == (before, names)
    assert room.files(room.paths.models) == set()
    assert told[-1][0] == told[-1][1] > 0
    assert all(first[0] <= second[0] for first, second in pairwise(told))
    assert all(entry.facts for entry in room.shelf.entries() if entry.model.name != "big")
    assert room.shelf.defaults(room.entry("b").model) == ModelDefaults(n_ctx=7)
    assert room.settings().model == str(target / "a.gguf")
    assert room.settings().engine.draft_model == str(target / "b/b.gguf")
    assert unfinished_move(room.paths) is None


def test_back_in_the_data_folder_no_setting_is_needed(room: Room) -> None:
    fill(room)
    room.shelf.move_folder(room.root / "new", nobody, Event())
    room.shelf.move_folder(room.paths.models, nobody, Event())

    assert room.settings().library.folder == ""
    assert room.names() == ["guide", "a", "b", "big"]
    assert not (room.root / "new").exists()


def test_what_was_deleted_can_be_brought_back_at_the_new_place(room: Room) -> None:
    fill(room)
    deleted = room.shelf.delete(room.entry("b"))
    room.shelf.move_folder(room.root / "new", nobody, Event())

    room.shelf.undo(deleted)

    assert room.entry("b").model.path == room.root / "new" / "b" / "b.gguf"


def test_links_in_the_folder_still_lead_where_they_led(room: Room) -> None:
    room.put("m.gguf", folder=room.root / "beyond")
    (room.folder / "link").symlink_to(Path("../../beyond"))
    assert room.names() == ["guide", "m"]

    room.shelf.move_folder(room.root / "deep" / "new", nobody, Event())

    assert room.names() == ["guide", "m"]
    assert (room.root / "beyond" / "m.gguf").exists()


def test_a_move_that_is_stopped_loses_nothing_and_goes_on(room: Room, other_disk: Path) -> None:
    fill(room)
    names = room.names()

    assert not room.shelf.move_folder(other_disk, nobody, StopAfter(3))

    assert room.files(other_disk)
    assert room.names() == names
    assert room.shelf.unfinished_move is not None
    assert room.folder == room.paths.models
    assert room.shelf.move_folder(other_disk, nobody, Event())
    assert (room.names(), room.folder) == (names, other_disk)


def test_a_move_that_was_stopped_can_be_taken_back(room: Room, other_disk: Path) -> None:
    fill(room)
    before, names = room.files(), room.names()
    room.shelf.move_folder(other_disk, nobody, StopAfter(3))

    assert room.shelf.move_folder(room.paths.models, nobody, Event())

    assert (room.files(), room.names()) == (before, names)
    assert room.files(other_disk) == set()
    assert room.settings().library.folder == ""
    assert room.shelf.unfinished_move is None


def test_while_one_move_is_unfinished_no_other_begins(room: Room, other_disk: Path) -> None:
    fill(room)
    room.shelf.move_folder(other_disk, nobody, StopAfter(2))

    with pytest.raises(LapisError) as caught:
        room.shelf.move_folder(room.root / "third", nobody, Event())
    assert str(other_disk) in str(caught.value.title)

    note_move(
        room.paths,
        UnfinishedMove(room.paths.models, other_disk, f"{os.getppid()}-{_started(os.getppid())}-x"),
    )
    with pytest.raises(LapisError) as caught:
        room.shelf.move_folder(other_disk, nobody, Event())
    assert "already" in str(caught.value.title)


def _started(pid: int) -> int:
    import psutil

    return int(psutil.Process(pid).create_time())


def test_a_full_disk_half_way_loses_nothing(
    room: Room, other_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(room)
    names = room.names()
    fsync, calls = os.fsync, iter(range(100))

    def full(descriptor: int) -> None:
        if next(calls) > 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LapisError) as caught:
            room.shelf.move_folder(other_disk, nobody, Event())

    assert str(caught.value.title) == "The disk is full"
    assert room.names() == names
    assert not [name for name in room.files(other_disk) if name.endswith(".part")]
    assert room.shelf.move_folder(other_disk, nobody, Event())
    assert room.names() == names


def test_a_target_that_cannot_be_is_refused_before_anything_moves(room: Room) -> None:
    fill(room)
    (room.root / "file").write_bytes(b"x")
    (room.root / "taken").mkdir()
    (room.root / "taken" / "a.gguf").write_bytes(b"another")

    assert "already" in str(refused(room, room.paths.models).title)
    assert "inside" in str(refused(room, room.paths.models / "b").title)
    assert "inside" in str(refused(room, room.paths.data).title)
    assert "is a file" in str(refused(room, room.root / "file").title)
    assert "a.gguf" in str(refused(room, room.root / "taken").title)
    assert "whole path" in str(refused(room, Path("relative")).title)
    assert not (room.root / "taken" / "b").exists()


def test_a_target_on_a_drive_that_is_away_is_refused(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On Windows not even the root of a path need be there.
    fill(room)
    target = room.root / "away" / "models"
    look = Path.is_dir
    monkeypatch.setattr(
        Path,
        "is_dir",
        lambda path, **more: path not in (target, *target.parents) and look(path, **more),
    )

    assert "did not do" in str(refused(room, target).title)


@pytest.mark.skipif(
    os.name == "nt" or not os.access("/proc/sys/kernel", os.R_OK), reason="needs Linux"
)
def test_a_target_that_may_not_be_written_to_is_refused(room: Room) -> None:
    fill(room)

    assert str(refused(room, Path("/proc/sys/models")).hint)


def test_a_target_that_is_too_small_is_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(room)
    monkeypatch.setattr(shelf_moving, "_is_one_disk", lambda _source, _target: False)
    usage = shutil.disk_usage(room.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))

    assert "not enough room" in str(refused(room, room.root / "new").title)
    assert not (room.root / "new").exists()


def test_a_damaged_note_of_a_move_stops_nothing(room: Room) -> None:
    fill(room)
    room.paths.moving.write_bytes(b"{")

    assert room.names() == ["guide", "a", "b", "big"]
    assert room.shelf.move_folder(room.root / "new", nobody, Event())


@pytest.mark.skipif(os.name == "nt", reason="it forks")
@pytest.mark.parametrize("way", ["on", "back"])
@pytest.mark.parametrize("how", ["rename", "copy"])
def test_a_move_killed_at_any_step_leaves_every_model_here_or_there(
    how: str, way: str, tmp_path: Path, models: Models
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.killed_moves", tmp_path, models.llama, how, way],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 20

"""A move of the models folder, killed at each step in turn: run as a program of its own.

Every change of names on the disk is a step. After each death each model must be in the list,
whole, and the setting must name one of the two folders; then the move goes on, or is taken back.

`python -m tests.unit.killed_moves FOLDER SAMPLE rename|copy on|back`; prints the number of steps.
"""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

from desktop.services.models_folder import unfinished_move
from tests.unit.shelf_room import Room, nobody

_STEPS = ("link", "mkdir", "rename", "replace", "rmdir", "symlink", "unlink")
_NAMES = ["guide", "a", "b", "big", "deep"]
_PARTS = tuple(f"big/big-0000{part}-of-00003.gguf" for part in (1, 2, 3))
_MODELS = ("a.gguf", "b/b.gguf", "b/deeper/deep.gguf", *_PARTS)
_FILES = {*_MODELS, "b/notes.txt", "b/b.gguf.part"}


def main(arguments: list[str]) -> int:
    """Kill at step 1, 2, 3 … until a move is not reached by any kill."""
    folder, sample, how, way = Path(arguments[0]), Path(arguments[1]), arguments[2], arguments[3]
    for step in count(1):
        room = _room(folder / str(step), sample)
        target = room.root / "new place"
        before = _contents(room)
        child = os.fork()
        if child == 0:
            _die_at(step)
            if how == "copy":
                _keep_apart(target)
            room.shelf.move_folder(target, nobody, Event())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the move failed by itself"
            assert step > 20
            print(step - 1)
            return 0
        assert os.WTERMSIG(status) == signal.SIGKILL
        _check(room, before, {room.paths.models, target}, step)
        wish = target if way == "on" else room.paths.models
        if unfinished_move(room.paths) is not None:
            assert room.shelf.move_folder(wish, nobody, Event())
        elif room.folder != wish:
            assert not [path for path in room.files(target) if path.endswith(".gguf")]
            wish = room.folder
        _check(room, before, {wish}, step)
        left = target if wish != target else room.paths.models
        assert not left.exists() or room.files(left) == set(), (step, room.files(left))
        assert room.files(wish) == _FILES, (step, room.files(wish))
        assert unfinished_move(room.paths) is None
        room.shelf.close()
        shutil.rmtree(room.root)
    return 1


def _room(root: Path, sample: Path) -> Room:
    root.mkdir(parents=True)
    room = Room(root, sample)
    room.put(*_MODELS)
    room.write("b/notes.txt", b"read me")
    room.write("b/b.gguf.part", b"of a download")
    return room


def _contents(room: Room) -> dict[str, list[bytes]]:
    return {
        entry.model.name: [file.read_bytes() for file in entry.files]
        for entry in room.shelf.entries()
    }


def _check(room: Room, before: dict[str, list[bytes]], folders: set[Path], step: int) -> None:
    assert _contents(room) == before, f"not every model is there after step {step}"
    assert sorted(before) == sorted(_NAMES)
    assert room.folder in folders, f"the setting is wrong after step {step}"


def _die_at(step: int) -> None:
    left = step

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*args, **more)

        return inner

    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))


def _keep_apart(target: Path) -> None:
    """Make `target` look like another disk: nothing gets there but by copying."""

    def apart(act: Callable[..., Any]) -> Callable[..., Any]:
        def inner(source: Any, place: Any, **more: Any) -> Any:
            if Path(source).is_relative_to(target) != Path(place).is_relative_to(target):
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return act(source, place, **more)

        return inner

    for name in ("link", "rename", "replace"):
        setattr(os, name, apart(getattr(os, name)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

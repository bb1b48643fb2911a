"""A file written piece by piece is the old one or the whole new one."""

import os
from pathlib import Path

import pytest

from desktop.base import files
from desktop.base.files import make_folder, replaced, write_atomically


def test_it_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    with replaced(path) as stream:
        stream.write(b"new ")
        stream.write(b"one")
        assert path.read_bytes() == b"old"

    assert path.read_bytes() == b"new one"
    assert list(tmp_path.iterdir()) == [path]


def test_what_goes_wrong_leaves_the_old_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail() -> None:
        with replaced(path) as stream:
            stream.write(b"new")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_windows_is_asked_again_while_somebody_reads_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    rename, refusals = Path.replace, [PermissionError(13, "in use")] * times

    def windows(source: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", windows)
    monkeypatch.setattr(files, "_PAUSES", (0.0, 0.0))

    if times < 3:
        write_atomically(path, b"new")
    else:
        with pytest.raises(PermissionError):
            write_atomically(path, b"new")

    assert path.read_bytes() == (b"new" if times < 3 else b"old")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_made_though_another_process_removes_the_empty_one_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / ".incoming" / "mine"
    made = os.mkdir
    removed: list[Path] = []

    def mkdir(path: Path, mode: int = 0o777) -> None:
        if Path(path) == wanted and wanted.parent.exists() and len(removed) < 2:
            wanted.parent.rmdir()
            removed.append(wanted.parent)
        made(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir)

    make_folder(wanted)

    assert wanted.is_dir()
    assert len(removed) == 2

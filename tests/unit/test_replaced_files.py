"""A file written piece by piece is the old one or the whole new one."""

from pathlib import Path

import pytest

from desktop.base.files import replaced


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

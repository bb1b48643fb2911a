"""What `make` needs is there with the oldest Python that Lapis runs on, and nothing installed."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from installers.dev.archives import unpack
from installers.dev.places import ROOT


def _archive(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as content:
        member = tarfile.TarInfo("folder/file.txt")
        member.size = 4
        content.addfile(member, io.BytesIO(b"text"))
    return path


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    unpack(_archive(tmp_path / "a.tar.gz"), tmp_path)

    assert (tmp_path / "folder" / "file.txt").read_bytes() == b"text"


def test_an_archive_is_unpacked_where_python_knows_no_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with 3.11.2, whose `extractall` takes no such word."""
    whole = tarfile.TarFile.extractall
    data_filter = getattr(tarfile, "data_filter", None)

    def old(content: tarfile.TarFile, path: Path) -> None:
        whole(content, path, filter=data_filter)

    if data_filter is not None:
        monkeypatch.delattr(tarfile, "data_filter")
        monkeypatch.setattr(tarfile.TarFile, "extractall", old)

    unpack(_archive(tmp_path / "a.tar.gz"), tmp_path)

    assert (tmp_path / "folder" / "file.txt").read_bytes() == b"text"


def test_make_starts_with_nothing_installed() -> None:
    """A fresh checkout has no packages yet: those are what it sets up."""
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-m", "installers.dev", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Unknown target 'nothing'.")

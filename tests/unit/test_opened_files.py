"""What is looked at and is no file leaves nothing open behind it."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from desktop.base.files import opened_at_once
from desktop.domain.errors import LapisError
from desktop.hub.sidecar import read_sidecar
from desktop.models.foreign_files import read_text
from desktop.services.documents import read_document
from desktop.services.foreign_files import read_file
from desktop.services.pictures import read_picture_file


@pytest.mark.skipif(os.name == "nt", reason="counts descriptors, and no folder is opened there")
@pytest.mark.parametrize(
    "look",
    [
        opened_at_once,
        read_document,
        read_picture_file,
        read_file,
        read_text,
        lambda folder: read_sidecar(folder.parent / "a.gguf"),
    ],
)
def test_a_folder_in_place_of_a_file_is_not_kept_open(
    tmp_path: Path, look: Callable[[Path], object]
) -> None:
    folder = tmp_path / "a.gguf.part.json"
    folder.mkdir()
    before = psutil.Process().num_fds()

    for _ in range(5):
        with contextlib.suppress(OSError, LapisError):
            look(folder)

    assert psutil.Process().num_fds() == before

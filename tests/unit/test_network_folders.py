"""Folders on other computers are recognised by the kernel's own list."""

import sys
from pathlib import Path

import pytest

from desktop.store import network

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/ann/local ext4 rw 0 0
//nas/share /media/My\\040Share cifs rw 0 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the list is Linux's")
@pytest.mark.parametrize(
    ("folder", "remote"),
    [
        ("/var/lib", False),
        ("/home/ann/.local/share/lapis", True),
        ("/home/ann/local/lapis", False),
        ("/media/My Share/lapis", True),
        ("/media/My", False),
    ],
)
def test_the_innermost_mount_decides(
    folder: str, remote: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(network, "_MOUNTS", mounts)

    assert network.is_remote(Path(folder)) is remote


def test_a_folder_of_this_computer_is_not_remote(tmp_path: Path) -> None:
    assert network.is_remote(tmp_path) is False

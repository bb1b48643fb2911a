"""`kill -9` while a pack is unpacked, and a disk that gets full: a whole pack or none."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from desktop.backends import pack_folder
from desktop.domain.settings import LibrarySettings
from desktop.services.engine_packs import EnginePacks
from tests.harness.engine_packs import FILES, archive_of, listed

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")

# Brings the pack that it is told of, and dies by its own hand where it is told to.
CHILD = """
import os, signal, sys, threading
from pathlib import Path
sys.path.insert(0, {root!r})
from desktop.backends import pack_archive, pack_folder
from desktop.domain.errors import LapisError
from desktop.domain.settings import LibrarySettings
from desktop.services import engine_pack_shelf
from desktop.services.engine_packs import EnginePacks
from tests.harness.engine_packs import listed

home, archive, kill, reserve = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])

def dies_before(owner, name):
    setattr(owner, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))

match kill:
    case "between two files":
        original = pack_archive._write
        def write(*arguments):
            original(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        pack_archive._write = write
    case "before the record":
        dies_before(pack_folder, "write_record")
    case "before the name":
        dies_before(Path, "rename")
    case "before the trial":
        dies_before(engine_pack_shelf.PackShelf, "_put_to_use")

packs = EnginePacks(
    home / "engine packs", home / "engine", LibrarySettings, {{}},
    listed=lambda: (listed(archive.read_bytes()),), trial=lambda *_: None,
)
engine_pack_shelf.ROOM_TO_LEAVE = reserve
try:
    packs.bring(archive, lambda _count: None, threading.Event())
except LapisError as error:
    print(error)
finally:
    packs.close()
"""


def run(home: Path, archive: Path, kill: str = "", reserve: int = 0, *before: str) -> str:
    """Return what the child printed; empty for one that was killed."""
    script = home / "child.py"
    script.write_text(CHILD.format(root=str(ROOT)))
    done = subprocess.run(
        [*before, sys.executable, script, home, archive, kill, str(reserve)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == (-9 if kill else 0), done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(
    "kill", ["between two files", "before the record", "before the name", "before the trial"]
)
def test_a_kill_leaves_a_whole_pack_or_none_and_the_next_start_clears_up(
    kill: str, tmp_path: Path
) -> None:
    archive = tmp_path / "stick.tar.xz"
    archive.write_bytes(archive_of())
    pack = listed(archive.read_bytes())
    run(tmp_path, archive, kill)
    place = tmp_path / "engine packs" / pack.folder
    assert not place.exists() or pack_folder.is_sound(place)

    packs = EnginePacks(
        tmp_path / "engine packs",
        tmp_path / "engine",
        LibrarySettings,
        {},
        listed=lambda: (pack,),
        trial=lambda *_: None,
    )
    try:
        packs.settle()
        left = {path.name for path in (tmp_path / "engine packs").iterdir()}
        assert left <= {pack.folder, f"{pack.folder}.lock"}
    finally:
        packs.close()
    run(tmp_path, archive)
    assert pack_folder.handed_over(tmp_path / "engine")[0] == place


def test_a_disk_that_gets_full_while_unpacking_leaves_nothing() -> None:
    tried = shutil.which("unshare") and subprocess.run(
        ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"],
        capture_output=True,
        timeout=20,
        check=False,
    )
    if not tried or tried.returncode:
        pytest.skip("user namespaces are not allowed here")
    large = {name: content * 100 for name, content in FILES.items()}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        disk, archive = home / "disk", home / "stick.tar.xz"
        disk.mkdir()
        archive.write_bytes(archive_of(large))
        code = CHILD.format(root=str(ROOT)).replace(
            "listed(archive.read_bytes())",
            f"listed(archive.read_bytes(), {{name: content * 100 for name, content in {FILES!r}.items()}})",
        )
        script = home / "child.py"
        # Room enough by what the disk says, too little when it comes to it.
        filler = "import json; print(json.dumps(sorted(str(p) for p in home.rglob('*'))))"
        script.write_text(f"{code}\n{filler}")
        told = subprocess.run(
            [
                *("unshare", "-Urm", "sh", "-c"),
                f'mount -t tmpfs -o size=2m none {disk} && exec "$0" "$@"',
                *(sys.executable, script, disk, archive, "", str(-(10**9))),
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert told.returncode == 0, told.stderr[-2000:]
    words, left = told.stdout.splitlines()
    assert words == "The disk is full"
    assert [Path(path).name for path in json.loads(left)] == ["engine packs"]

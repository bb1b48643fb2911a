"""The C++ library that a frozen program is run with, and that of an older system beside it."""

import ctypes.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.backends.libraries import library_files
from desktop.base.cpp_library import newest_version, prefer_newer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="for Linux")
_CODE = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from desktop.backends.libraries import library_files
from desktop.base.cpp_library import prefer_newer
print(prefer_newer(Path(sys.argv[2]), [sys.argv[3]]))
ctypes.CDLL(sys.argv[4])
print({line.split()[-1] for line in open("/proc/self/maps") if "libstdc++" in line})
"""


@pytest.fixture
def system() -> Path:
    """Return the libstdc++ of this system."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"):
        path = Path(folder) / "libstdc++.so.6"
        if path.is_file():
            return path
    pytest.skip(f"not where it is looked for: {ctypes.util.find_library('stdc++')}")


def _older(folder: Path) -> Path:
    folder.mkdir()
    (folder / "libstdc++.so.6").write_bytes(b"\x7fELF\0GLIBCXX_3.4.9\0GLIBCXX_3.4.10\0")
    return folder


def _of_cpp() -> Path:
    """Return a library that needs libstdc++."""
    return next(path for path in library_files() if path.name.startswith("libllama."))


def _loaded(copy: Path, folder: Path) -> tuple[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", _CODE, root, str(copy), str(folder), str(_of_cpp())],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    chosen, places = done.stdout.splitlines()
    return chosen, places


def test_versions_are_numbers_and_no_words(tmp_path: Path, system: Path) -> None:
    assert newest_version(_older(tmp_path / "old") / "libstdc++.so.6") == 10
    assert newest_version(system) > 20


def test_without_a_copy_nothing_is_looked_at(tmp_path: Path) -> None:
    assert not prefer_newer(tmp_path / "fallback" / "libstdc++.so.6", [str(tmp_path)])


def test_a_system_that_is_new_enough_keeps_its_own(tmp_path: Path, system: Path) -> None:
    copy = Path(shutil.copy(system, tmp_path))

    chosen, places = _loaded(copy, system.parent)

    assert chosen == "False"
    assert "libstdc++" in places
    assert str(copy) not in places


def test_an_older_system_gets_the_copy_for_everything_loaded_later(
    tmp_path: Path, system: Path
) -> None:
    copy = Path(shutil.copy(system, tmp_path))

    chosen, places = _loaded(copy, _older(tmp_path / "old"))

    assert chosen == "True"
    assert places == repr({str(copy)})

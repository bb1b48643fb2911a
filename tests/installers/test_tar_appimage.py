"""The AppImage, as far as it can be made without its tool: the folder, its file system, its start."""

import shutil
import subprocess
from pathlib import Path

import pytest

from installers.linux import appimage
from installers.linux.contents import gather
from tests.installers.empty_system import System

MEGABYTE = 1_000_000
LARGEST = 100 * MEGABYTE

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def app_dir(tar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("appimage")
    bundle = folder / "bundle"
    bundle.mkdir()
    subprocess.run(["tar", "-xJf", tar, "-C", bundle, "--strip-components=1"], check=True)
    for each in list(bundle.iterdir()):
        if each.name not in {"lapis", "lapis-gui", "_internal"}:
            subprocess.run(["rm", "-r", each], check=True)
    made = folder / "Lapis.AppDir"
    appimage.make_dir(gather(bundle, 1_700_000_000), made)
    return made


def test_its_file_system_is_small_and_comes_out_the_same(app_dir: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        subprocess.run(
            ["mksquashfs", app_dir, tmp_path / name, "-comp", "zstd", "-all-root", "-quiet"],
            check=True,
            capture_output=True,
            env={"SOURCE_DATE_EPOCH": "1700000000", "PATH": "/usr/bin:/bin"},
        )
    assert (tmp_path / "one").stat().st_size < LARGEST
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_it_answers_where_it_is_mounted(app_dir: Path, deb: Path, system: System) -> None:
    system.install(deb, "--no-install-recommends")
    system.apt("remove", "lapis-assistant")
    place = system.root / "opt" / "mount 王"
    shutil.copytree(app_dir, place, symlinks=True)
    environment = {"APPDIR": "/opt/mount 王", "APPIMAGE": "/opt/Lapis.AppImage"}
    start = "/opt/mount 王/AppRun"
    assert system.run(start, "--version", environment=environment).stdout.startswith("Lapis ")
    said = system.run(start, "ask", "How do I change the hotkey?", environment=environment)
    assert said.stdout.strip()

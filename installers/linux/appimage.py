"""The AppImage: `python3 -m installers.linux.appimage BUNDLE TARGET`.

A folder in the form of an AppDir, and the call of appimagetool that packs it. The tool and the
runtime that goes in front of the file system come from no package archive; they are fetched from
the addresses in appimage/pins.toml, and taken only if they have the sums that stand there.
"""

import argparse
import hashlib
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from installers.dev.bundle import commit_time
from installers.dev.console import StepFailed, must
from installers.dev.places import ROOT, clean_environment
from installers.linux import fallback
from installers.linux.contents import (
    DESKTOP_ID,
    PROGRAMS,
    Contents,
    gather,
    lay_out,
    link_programs,
    settle,
)

_HERE = ROOT / "installers" / "linux" / "appimage"


def make_dir(contents: Contents, folder: Path) -> None:
    """Make the AppDir, a new folder. Raises StepFailed."""
    program = folder / "usr" / "lib" / "lapis"
    lay_out(contents, program, folder / "usr" / "share", "appimage")
    link_programs(folder)
    fallback.add(contents.needs, program)
    shutil.copyfile(_HERE / "AppRun", folder / "AppRun")
    for name in (
        f"applications/{DESKTOP_ID}.desktop",
        f"icons/hicolor/256x256/apps/{DESKTOP_ID}.png",
    ):
        (folder / Path(name).name).symlink_to(Path("usr", "share", name))
    (folder / ".DirIcon").symlink_to(f"{DESKTOP_ID}.png")
    programs = {program / name for name in PROGRAMS}
    settle(folder, contents.built, frozenset({*programs, folder / "AppRun"}))


def make(contents: Contents, work: Path, target: Path) -> Path:
    """Pack the AppImage into the folder `target`, by way of the folder `work`; return its path.

    Raises StepFailed, also where the tool or the runtime is another one than the pinned.
    """
    pins = pinned(platform.machine())
    tool, runtime = (fetch(pins[name], work / name) for name in ("appimagetool", "runtime"))
    folder = work / "Lapis.AppDir"
    shutil.rmtree(folder, ignore_errors=True)
    make_dir(contents, folder)
    made = target / f"Lapis-{contents.version}-{platform.machine()}.AppImage"
    tool.chmod(0o755)
    must(
        [
            *(tool, "--no-appstream", "--comp", "zstd", "--runtime-file", runtime),
            *(folder, made),
        ],
        cwd=work,
        # No FUSE is needed to run the tool, which is an AppImage itself.
        env=clean_environment(
            ARCH=platform.machine(),
            VERSION=contents.version,
            APPIMAGE_EXTRACT_AND_RUN="1",
            SOURCE_DATE_EPOCH=str(contents.built),
        ),
    )
    return made


def pinned(machine: str) -> Mapping[str, Mapping[str, str]]:
    """Return address and sum of the tool and of the runtime for `machine`; raises StepFailed."""
    pins = tomllib.loads((_HERE / "pins.toml").read_text(encoding="utf-8"))
    if machine not in pins:
        raise StepFailed(f"{_HERE / 'pins.toml'} names no tool that makes AppImages on {machine}.")
    found: Mapping[str, Mapping[str, str]] = pins[machine]
    return found


def fetch(pin: Mapping[str, str], path: Path) -> Path:
    """Fetch the file of `pin` to `path`, and return that. Raises StepFailed if it is another one."""
    command = ["curl", "--fail", "--silent", "--show-error", "--location", "--retry", "3"]
    must([*command, "--output", path, pin["address"]], cwd=path.parent)
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != pin["sha256"]:
        path.unlink()
        raise StepFailed(f"{pin['address']} is not what was pinned: its SHA-256 is {found}.")
    return path


def main(arguments: Sequence[str]) -> int:
    """Make what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m installers.linux.appimage")
    parser.add_argument("bundle", type=Path, help="the folder that `make bundle` made")
    parser.add_argument("target", type=Path, help="the folder for the AppImage")
    given = parser.parse_args(arguments)
    work = ROOT / "build" / "appimage"
    work.mkdir(parents=True, exist_ok=True)
    given.target.mkdir(parents=True, exist_ok=True)
    try:
        contents = gather(given.bundle.absolute(), commit_time())
        make(contents, work, given.target.absolute())
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

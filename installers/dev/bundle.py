"""`make bundle`: the program as it is shipped, which needs no Python on the computer it runs on.

PyInstaller makes it out of an environment that holds what Lapis needs and nothing else, at the
versions of `requirements-bundle.lock`, with llama.cpp for every processor. Made anew when anything
that goes into it has changed; two builds of one commit give the same files.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from installers.dev import bundle_finish, engine, environment, notices, sbom, shipped_engine
from installers.dev.bundle_size import check_size
from installers.dev.console import StepFailed, must_quietly, say, step
from installers.dev.lockfile import read_lock, without
from installers.dev.places import BUNDLE_LOCK, ROOT, Environment, clean_environment

BUNDLE: Final = Environment(ROOT / ".cache" / "bundle-venv")
_NAME: Final = "Lapis.app" if sys.platform == "darwin" else "lapis"
FOLDER: Final = ROOT / "build" / "bundle" / _NAME
ADDRESS: Final = "LAPIS_UPDATE_ADDRESS"
KEYS: Final = "LAPIS_UPDATE_KEYS"
_DISTRIBUTION: Final = "distribution.json"
_SPEC: Final = ROOT / "installers" / "lapis.spec"
# With the bindings come only these for parts of them that are left out; llama.cpp is put in below.
_LEFT_OUT: Final = (engine.PACKAGE, "diskcache", "numpy")
_INPUTS: Final = (
    *("desktop", "resources", "pyproject.toml", "requirements-bundle.lock"),
    *("installers/bundle", "installers/licences", "installers/lapis.spec", "installers/windows"),
    *("installers/macos", "installers/pictures", "installers/facts.py"),
    *(
        f"installers/dev/{name}.py"
        for name in (
            *("bundle", "bundle_finish", "components", "distribution_licences", "elf"),
            *("notices", "package_part", "sbom"),
        )
    ),
)
_LINK: Final = "lapis-engine.pth"


def make(arguments: Sequence[str]) -> None:
    """Make the bundle; with `--twice`, a second one beside it, and compare. Raises StepFailed."""
    if list(arguments) not in ([], ["--twice"]):
        raise StepFailed("make bundle takes nothing but --twice.")
    folder = ensure()
    say(f"Lapis lies in {folder.relative_to(ROOT)}")
    if arguments:
        _compare(folder)


def ensure() -> Path:
    """Return the folder of the bundle, made anew when its inputs have changed.

    Raises StepFailed.
    """
    libraries = shipped_engine.ensure()
    state = _state(libraries)
    stamp = FOLDER.with_name("lapis-bundle.txt")
    if FOLDER.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return FOLDER
    _make_environment(libraries)
    stamp.unlink(missing_ok=True)
    build(FOLDER)
    stamp.write_text(state, encoding="utf-8")
    return FOLDER


def build(folder: Path) -> None:
    """Make the bundle in `folder` from the environment as it is; raises StepFailed."""
    work = folder.parent / "work"
    epoch = commit_time()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with step("Bundling Lapis", "about 2 minutes"):
        _prepare(work / "prepared")
        must_quietly(
            [
                *(BUNDLE.python, "-m", "PyInstaller", "--clean", "--noconfirm"),
                *("--distpath", work / "made", "--workpath", work / "pyinstaller", _SPEC),
            ],
            cwd=ROOT,
            log=folder.parent / "pyinstaller.log",
            env=clean_environment(
                PYTHONHASHSEED="0",
                SOURCE_DATE_EPOCH=str(epoch),
                PYINSTALLER_CONFIG_DIR=str(work / "cache"),
                LAPIS_BUNDLE_PREPARED=str(work / "prepared"),
            ),
        )
        made = work / "made" / _NAME
        if sys.platform == "linux":
            bundle_finish.finish(made, epoch)
        notices.check(BUNDLE, made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
        shutil.rmtree(work)
    check_size(folder)


def commit_time() -> int:
    """Return when what is bundled was made: the last commit, or the newest file without git."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 and done.stdout.strip():
        return int(done.stdout)
    return int(max(path.stat().st_mtime for path in _inputs()))


def _prepare(folder: Path) -> None:
    """Write the resources that are made for a build: licences, and where updates come from."""
    licences = folder / "licences"
    notices.write(BUNDLE, licences)
    sbom.write(BUNDLE, licences / "sbom.cdx.json")
    known = json.loads((ROOT / "resources" / _DISTRIBUTION).read_text(encoding="utf-8"))
    known["update_address"] = os.environ.get(ADDRESS, "")
    known["update_keys"] = os.environ.get(KEYS, "").split()
    if sys.platform == "darwin":
        # Its packer finds the app signed, and can change nothing in it any more.
        known["kind"] = "macos"
    text = json.dumps(known, indent=2) + "\n"
    (folder / _DISTRIBUTION).write_text(text, encoding="utf-8")


def _compare(folder: Path) -> None:
    """Make a second bundle beside `folder` and compare; raises StepFailed where they differ."""
    libraries = shipped_engine.ensure()
    before = _state(libraries)
    second = folder.parent / "again" / folder.name
    build(second)
    if _state(libraries) != before:
        raise StepFailed("Files have changed between the two builds; make them once more.")
    hashes = [bundle_finish.tree_hash(place) for place in (folder, second)]
    say(f"  first  {hashes[0]}\n  second {hashes[1]}")
    if hashes[0] != hashes[1]:
        raise StepFailed(f"Two builds differ; compare {folder} and {second}.")
    shutil.rmtree(second.parent)


def _make_environment(libraries: Path) -> None:
    """Make the environment that is bundled, or keep the one that fits; add llama.cpp to it."""
    text = without(read_lock(BUNDLE_LOCK), *_LEFT_OUT)
    stamp = BUNDLE.folder / "lapis-bundle.txt"
    wanted = f"{sys.version}\n{hashlib.sha256(text.encode()).hexdigest()}\n"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(BUNDLE.folder, ignore_errors=True)
        environment.make_folder(BUNDLE)
        with step("Installing what is bundled", "about 120 MB to download"):
            environment.install_lock(BUNDLE, text)
        stamp.write_text(wanted, encoding="utf-8")
    link = shipped_engine.packages(BUNDLE) / _LINK
    link.write_text(f"{libraries}\n", encoding="utf-8")


def _state(libraries: Path) -> str:
    """Return what the bundle depends on; another state means that it is made anew."""
    total = hashlib.sha256()
    for path in _inputs():
        total.update(path.relative_to(ROOT).as_posix().encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    origin = [os.environ.get(name, "") for name in (ADDRESS, KEYS)]
    return "\n".join((sys.version, str(libraries), str(commit_time()), *origin, total.hexdigest()))


def _inputs() -> Iterator[Path]:
    for name in _INPUTS:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path

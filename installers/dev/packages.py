"""`make package`: .deb, .rpm and .tar.xz of the bundle, in `dist`.

The same sources give the same bytes. What grows beyond its budget fails.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop import __version__
from installers.dev import bundle
from installers.dev.console import StepFailed, say, step
from installers.dev.places import ROOT
from installers.linux import deb, rpm, tar
from installers.linux.contents import Contents, gather

DIST = ROOT / "dist"
_WORK = ROOT / "build" / "packages"
_STAMP = ROOT / "build" / "packages.json"
_RECIPES = (ROOT / "installers" / "linux", ROOT / "installers" / "pictures")
_MEGABYTE = 1_000_000
# Qt's wheels ask for this one; what asks for more shuts systems out that Qt would run on.
_OLDEST_GLIBC = "2.34"


@dataclass(frozen=True, slots=True)
class _Kind:
    make: Callable[[Contents, Path, Path], Path]
    budget: int
    """Megabytes that its file may take."""


_KINDS: Mapping[str, _Kind] = {
    "deb": _Kind(deb.make, 80),
    "rpm": _Kind(rpm.make, 85),
    "tar": _Kind(tar.make, 85),
}


def make(arguments: Sequence[str]) -> None:
    """Make the kinds of packages that `arguments` name, or all; raises StepFailed."""
    if sys.platform != "linux":
        raise StepFailed("These packages are made on Linux.")
    unknown = [name for name in arguments if name not in _KINDS]
    if unknown:
        raise StepFailed(f"There is no {unknown[0]!r}; there are: {', '.join(_KINDS)}.")
    program = bundle.ensure()
    if arguments:
        make_from(program, DIST, _WORK, arguments)
    else:
        _make_all(program)


def ensure() -> Mapping[str, Path]:
    """Return the packages in `dist` by their kinds, made anew if what they hold has changed.

    Raises StepFailed.
    """
    program = bundle.ensure()
    try:
        kept = json.loads(_STAMP.read_text(encoding="utf-8"))
    except FileNotFoundError:
        kept = {}
    made = {kind: Path(path) for kind, path in kept.get("files", {}).items()}
    if kept.get("state") == _state(program) and all(path.is_file() for path in made.values()):
        return made
    return _make_all(program)


def _make_all(program: Path) -> Mapping[str, Path]:
    """Make every kind in `dist` and note of what; raises StepFailed."""
    _STAMP.unlink(missing_ok=True)
    state = _state(program)
    made = make_from(program, DIST, _WORK, tuple(_KINDS))
    files = {kind: str(path) for kind, path in made.items()}
    _STAMP.write_text(json.dumps({"state": state, "files": files}, indent=2), encoding="utf-8")
    return made


def make_from(program: Path, target: Path, work: Path, names: Sequence[str]) -> Mapping[str, Path]:
    """Make packages of the bundle `program` into the folder `target`; `work` is taken for it.

    Returns them by their kinds. Raises StepFailed.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    target.mkdir(parents=True, exist_ok=True)
    with step("Gathering what goes into packages", "half a minute"):
        contents = gather(program, bundle.commit_time())
    if contents.needs.glibc != _OLDEST_GLIBC:
        say(f"  These run with glibc {contents.needs.glibc} or newer; a release asks for 2.34.")
    made = {}
    for name in names:
        kind = _KINDS[name]
        with step(f"Making the {name} package", "about 2 minutes"):
            made[name] = kind.make(contents, work, target)
        size = made[name].stat().st_size / _MEGABYTE
        say(f"  {made[name].name}: {size:.1f} MB of {kind.budget}")
        if size > kind.budget:
            raise StepFailed(f"{made[name].name} is larger than {kind.budget} MB.")
    shutil.rmtree(work)
    return made


def _state(program: Path) -> str:
    """Return a sum over all that packages are made of."""
    files = [
        *program.rglob("*"),
        *(path for place in _RECIPES for path in place.rglob("*") if path.suffix != ".pyc"),
        *(ROOT / "CHANGELOG.md", ROOT / "LICENSE"),
    ]
    total = hashlib.sha256(__version__.encode())
    for path in sorted(each for each in files if each.is_file()):
        total.update(os.fsencode(path))
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()

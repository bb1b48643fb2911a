"""`make lock`: the newest versions that fit `pyproject.toml`, written down with their hashes.

The compiler of locks (uv) comes into a throw-away environment. It resolves for every system and
every supported Python at once, and leaves the address of the package index out.
"""

import re
import sys
import tempfile
import tomllib
from pathlib import Path

from installers.dev.console import StepFailed, must, say, step
from installers.dev.places import (
    BUNDLE_LOCK,
    GUIDE_LOCK,
    LOCK,
    ROOT,
    Environment,
    clean_environment,
)

_OLDEST_PYTHON = "3.11"
_COMMAND = (
    *("pip", "compile", "--quiet", "--upgrade", "--universal"),
    *("--python-version", _OLDEST_PYTHON, "--generate-hashes", "--no-emit-index-url"),
    *("--no-annotate", "--custom-compile-command", "make lock"),
)
# torch pulls gigabytes of CUDA in and is only wanted to rebuild the guide: installed by name.
_UNLOCKED = "torch"
_ADDRESS = re.compile(r"://|--(?:extra-)?index|--find-links|\s@\s")


def write_locks() -> None:
    """Write the lock files; raises StepFailed."""
    with (
        step("Writing the lock files", "about half a minute"),
        tempfile.TemporaryDirectory(prefix="lapis-lock-") as name,
    ):
        folder = Path(name)
        compiler = _compiler(folder)
        _compile(compiler, LOCK, "pyproject.toml", "--extra", "build", "--extra", "dev")
        # What people get is what was tested: the same versions, without the tools of the tests.
        _compile(compiler, BUNDLE_LOCK, "pyproject.toml", "--extra", "bundle", "--constraint", LOCK)
        wanted = folder / "guide.in"
        wanted.write_text("\n".join(guide_requirements()), encoding="utf-8")
        _compile(compiler, GUIDE_LOCK, wanted, "--constraint", LOCK)


def guide_requirements() -> list[str]:
    """Return what the extra `guide` needs, without what is not locked."""
    return [name for name in _guide_extra() if not name.startswith(_UNLOCKED)]


def guide_unlocked() -> list[str]:
    """Return what `make guide` installs by name and version alone."""
    return [name for name in _guide_extra() if name.startswith(_UNLOCKED)]


def _guide_extra() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["optional-dependencies"]["guide"])


def _compiler(folder: Path) -> Path:
    place = Environment(folder / "venv")
    must([sys.executable, "-m", "venv", place.folder], cwd=ROOT, env=clean_environment())
    must([place.python, "-m", "pip", "install", "--quiet", "uv"], cwd=ROOT, env=clean_environment())
    return place.program("uv")


def _compile(compiler: Path, target: Path, *arguments: str | Path) -> None:
    must(
        [compiler, *_COMMAND, "--output-file", target, *arguments],
        cwd=ROOT,
        env=clean_environment(),
    )
    text = target.read_text(encoding="utf-8")
    for line in text.splitlines():
        if _ADDRESS.search(line):
            raise StepFailed(f"{target.name} names an address: {line}")
    say(f"  {target.name}: {len(re.findall('^[a-z0-9].*==', text, re.MULTILINE))} packages")

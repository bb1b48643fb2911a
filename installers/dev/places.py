"""Where things lie: the checkout, its virtual environment, and the cache beside the home."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
BUNDLE_LOCK = ROOT / "requirements-bundle.lock"
GUIDE_LOCK = ROOT / "requirements-guide.lock"
_FOREIGN = (
    *("PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX"),
)


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment in the checkout."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.program("python")

    def program(self, name: str) -> Path:
        """Return the path of a command that is installed in it."""
        if sys.platform == "win32":
            return self.folder / "Scripts" / f"{name}.exe"
        return self.folder / "bin" / name


MAIN = Environment(ROOT / ".venv")
GUIDE = Environment(ROOT / ".venv-guide")


def cache_folder() -> Path:
    """Return where built wheels are kept: `LAPIS_CACHE`, or `lapis-build` in the user's cache."""
    chosen = os.environ.get("LAPIS_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lapis-build"


def clean_environment(**extra: str) -> Mapping[str, str]:
    """Return our environment without what would lead pip or Python astray, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return kept | {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | extra

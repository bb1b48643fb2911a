"""What the tests of packages share: the packages themselves, and systems to put them into.

Run by `make test-installers`, which makes the packages and fetches what empty systems install.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installers.empty_system import System, empty_system


def made(kind: str) -> Path:
    """Return the package of this kind; skips the test, with the reason, where none was made."""
    path = os.environ.get(f"LAPIS_TEST_{kind.upper()}", "")
    if not path:
        pytest.skip(f"no .{kind} was made; `make test-installers` makes it")
    return Path(path)


@pytest.fixture(scope="session")
def deb() -> Path:
    """Return the .deb."""
    return made("deb")


@pytest.fixture(scope="session")
def rpm() -> Path:
    """Return the .rpm."""
    return made("rpm")


@pytest.fixture(scope="session")
def tar() -> Path:
    """Return the .tar.xz."""
    return made("tar")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Give a system on which nothing is installed."""
    with empty_system(tmp_path / "room") as made_system:
        yield made_system

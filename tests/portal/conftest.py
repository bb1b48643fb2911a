"""A nested desktop for all tests, and a Lapis in it for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.leftovers import Marker
from tests.harness.nested import Desktop, nested_desktop
from tests.harness.nested_lapis import NestedLapis
from tests.harness.program import unexpected
from tests.harness.tray_watcher import tray_watcher

# What Qt and the desktop say where no more than this of a desktop runs.
_KNOWN = (
    "qt.qpa.services: Failed to register with host portal",
    "Ignoring unexpected wl_keyboard",
    "org.freedesktop.portal",
)


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """Give the desktop, with a tray, and without the portal."""
    with nested_desktop(tmp_path_factory.mktemp("nested")) as one, tray_watcher(one.bus):
        yield one


@pytest.fixture
def lapis(desktop: Desktop, tmp_path: Path, marker: Marker) -> Iterator[NestedLapis]:
    """Give a Lapis that has not been started yet; what it says unasked fails the test."""
    one = NestedLapis(desktop, tmp_path, marker.environment)
    yield one
    one.end()
    assert unexpected(one.noise, _KNOWN) == []

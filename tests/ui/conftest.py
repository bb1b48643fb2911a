"""A window upon fresh data for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.desk import Desk, open_desk


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Return a window with a scripted engine; shown, and its guide ready."""
    with open_desk(tmp_path / "data") as one:
        one.window.show()
        qtbot.waitUntil(lambda: one.models.state.loaded is not None)
        yield one

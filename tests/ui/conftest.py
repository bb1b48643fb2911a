"""A window upon fresh data for each test."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Theme
from desktop.ui.picture_shelf import picture_shelf
from desktop.ui.theme import apply_theme
from desktop.ui.transcript import Transcript
from desktop.ui.typesetter import typesetter
from tests.ui.desk import Desk, open_desk
from tests.ui.marking import Marking
from tests.ui.views import Column

_MANY = 5_000
_YOUNG_ROUNDS = 10


@pytest.fixture(autouse=True)
def _bury() -> Iterator[None]:
    """Delete what a test's end gave up: where no event loop runs, it would wait for ever.

    Each widget that is left makes every later change of theme slower. The process that colours
    code waits for more of it, too. Garbage is collected here, as the window does it: in another
    thread a timer of an earlier test would end where it must not.
    """
    gc.disable()
    yield
    typesetter().close()
    picture_shelf().close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    if gc.get_count()[0] > _MANY:
        gc.collect(2 if gc.get_count()[2] > _YOUNG_ROUNDS else 1)


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Return a window with a scripted engine; shown, and its guide ready."""
    with open_desk(tmp_path / "data") as one:
        one.window.show()
        qtbot.waitUntil(lambda: one.models.state.loaded is not None)
        yield one


@pytest.fixture
def transcript(qtbot: QtBot, qapp: QApplication) -> Iterator[Transcript]:
    """Return an empty transcript, 800 by 600 pixels, light and shown."""
    apply_theme(qapp, Theme.LIGHT)
    one = Transcript()
    qtbot.addWidget(one)
    one.resize(800, 600)
    one.show()
    qtbot.waitExposed(one)
    yield one
    apply_theme(qapp, Theme.LIGHT)


@pytest.fixture
def column(qtbot: QtBot, qapp: QApplication) -> Iterator[Column]:
    """Return a place for single messages, light and shown."""
    yield Column(qtbot, qapp)
    apply_theme(qapp, Theme.LIGHT)


@pytest.fixture
def marking(qapp: QApplication) -> Iterator[Marking]:
    """Return a language in which every word is recognisable, to be installed."""
    translator = Marking()
    yield translator
    qapp.removeTranslator(translator)

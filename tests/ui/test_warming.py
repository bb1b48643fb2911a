"""Modules that are loaded while a person may be typing."""

import sys

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui import warming

_NAMES = ("one", "another", "the_last")


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was loaded so far, of modules that are not there."""
    names: list[str] = []
    monkeypatch.setattr(warming, "import_module", names.append)
    return names


@pytest.mark.usefixtures("qapp")
def test_what_others_do_comes_between_two_modules(loaded: list[str], qtbot: QtBot) -> None:
    owner = QObject()
    between: list[int] = []

    def look() -> None:
        between.append(len(loaded))
        if len(loaded) < len(_NAMES):
            QTimer.singleShot(0, look)

    done: list[None] = []
    warming.load_in_turns(owner, _NAMES, lambda: done.append(None))
    QTimer.singleShot(0, look)
    assert loaded == []
    qtbot.waitUntil(lambda: bool(done))

    assert loaded == list(_NAMES)
    assert {1, 2, 3} <= set(between)


@pytest.mark.usefixtures("qapp")
def test_it_ends_with_its_owner(loaded: list[str]) -> None:
    owner = QObject()
    warming.load_in_turns(owner, _NAMES, lambda: loaded.append("done"))
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete)
    QApplication.processEvents()

    assert loaded == []


@pytest.mark.parametrize("names", [warming.MODULES, warming.AROUND])
def test_all_of_them_are_there(names: tuple[str, ...]) -> None:
    for name in names:
        __import__(name)
        assert name in sys.modules

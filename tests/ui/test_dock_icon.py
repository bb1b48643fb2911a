"""Lapis is in the Dock of macOS while its window is open."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.dock_icon import DockIcon


def test_it_is_in_the_dock_while_the_window_is_open(qtbot: QtBot) -> None:
    window, owner = QWidget(), QObject()
    qtbot.addWidget(window)
    told: list[bool] = []

    DockIcon(window, owner, told.append)
    assert told == [False]
    window.show()
    assert told == [False, True]
    window.hide()
    assert told == [False, True, False]


def test_a_window_that_is_open_already_counts(qtbot: QtBot) -> None:
    window, owner = QWidget(), QObject()
    qtbot.addWidget(window)
    window.show()
    told: list[bool] = []

    DockIcon(window, owner, told.append)

    assert told == [True]


def test_it_is_in_the_dock_before_the_window_is_on_the_screen(qtbot: QtBot) -> None:
    window, owner = QWidget(), QObject()
    qtbot.addWidget(window)
    seen: list[bool] = []

    def look(is_shown: bool) -> None:
        seen.append(is_shown and window.windowHandle().isVisible())

    DockIcon(window, owner, look)
    window.show()

    assert seen == [False, False]


def test_a_minimised_window_is_still_open(qtbot: QtBot) -> None:
    window, owner = QWidget(), QObject()
    qtbot.addWidget(window)
    told: list[bool] = []
    DockIcon(window, owner, told.append)
    window.show()

    window.showMinimized()

    assert told == [False, True]

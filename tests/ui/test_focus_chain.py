"""Walking along the order of Tab leaves everything as it was."""

import gc

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.focus_chain import beside


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def _let_go(gone: QObject) -> None:
    gone.deleteLater()
    QApplication.sendPostedEvents(gone, QEvent.Type.DeferredDelete)


def test_the_order_is_a_ring_that_can_be_walked_both_ways(window: QWidget) -> None:
    first, second = QPushButton("first", window), QPushButton("second", window)

    assert beside(first, forward=True) is second
    assert beside(second, forward=True) is window
    assert beside(window, forward=False) is second


def test_what_stands_behind_a_widget_outlives_it(window: QWidget) -> None:
    first, second = QPushButton("first", window), QPushButton("second", window)
    # Made by Qt, and known to Python for as long as its parent is.
    action: QAction = second.addAction("entry")
    for place in (window, first, second):
        for forward in (True, False):
            beside(place, forward=forward)

    _let_go(first)

    assert action.text() == "entry"
    assert second.parentWidget() is window


def test_a_window_stays_where_and_what_it_was(window: QWidget) -> None:
    window.show()
    flags, place = window.windowFlags(), window.geometry()
    button = QPushButton("only", window)

    assert beside(button, forward=True) is window

    assert window.isVisible()
    assert (window.windowFlags(), window.geometry()) == (flags, place)


def test_parts_that_only_qt_has_made_stay_alive(window: QWidget) -> None:
    area = QScrollArea(window)
    inside = QPushButton("inside")
    area.setWidget(inside)
    window.show()
    for forward in (True, False):
        each = beside(area, forward=forward)
        while each is not None and each is not area:
            each = beside(each, forward=forward)
        gc.collect()

    area.verticalScrollBar().setValue(1)
    assert inside.isVisible()
    _let_go(area)
    assert beside(window, forward=True) is window

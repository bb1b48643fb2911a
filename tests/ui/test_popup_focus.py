"""A window that has the keyboard counts as having it, also where Qt overlooked that."""

import warnings

from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.popup_focus import PopupFocus


def _overlook(window: QWidget) -> None:
    """Bring about what a window finds that is hidden, shown and focused within a moment."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        QApplication.setActiveWindow(None)  # type: ignore[arg-type]
    assert not window.isActiveWindow()


def _shown(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def test_a_window_with_the_keyboard_has_it_and_another_one_has_not(qtbot: QtBot) -> None:
    window, other = _shown(qtbot), QWidget()
    qtbot.addWidget(other)
    focus, others = PopupFocus(window), PopupFocus(other)

    assert focus.has_keyboard
    assert not others.has_keyboard
    window.hide()
    assert not focus.has_keyboard


def test_overlooked_it_has_the_keyboard_and_becomes_active(qtbot: QtBot) -> None:
    window = _shown(qtbot)
    focus = PopupFocus(window)
    _overlook(window)
    assert focus.has_keyboard

    focus.look_soon()
    qtbot.waitUntil(window.isActiveWindow)


def test_a_window_that_another_one_is_in_front_of_is_left_there(qtbot: QtBot) -> None:
    window = _shown(qtbot)
    focus = PopupFocus(window)
    other = _shown(qtbot)
    focus.look_soon()
    qtbot.waitUntil(lambda: not focus._look.isActive())

    assert not focus.has_keyboard
    assert other.isActiveWindow()

"""Buttons with words."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.ui.buttons import TextButton


def test_space_presses_it_and_a_key_for_all_programs_does_not(qtbot: QtBot) -> None:
    button, presses = TextButton("Start"), list[str]()
    qtbot.addWidget(button)
    button.clicked.connect(lambda: presses.append("pressed"))
    ctrl, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(button, Qt.Key.Key_Space, ctrl | alt)
    assert presses == []

    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert presses == ["pressed"]

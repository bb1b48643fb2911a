"""Buttons with words, and links."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Theme
from desktop.ui.buttons import TextButton
from desktop.ui.link_button import LinkButton
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import LIGHT


def test_space_presses_it_and_a_key_for_all_programs_does_not(qtbot: QtBot) -> None:
    button, presses = TextButton("Start"), list[str]()
    qtbot.addWidget(button)
    button.clicked.connect(lambda: presses.append("pressed"))
    ctrl, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(button, Qt.Key.Key_Space, ctrl | alt)
    assert presses == []

    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert presses == ["pressed"]


def test_a_link_that_does_nothing_looks_so(qtbot: QtBot, qapp: QApplication) -> None:
    apply_theme(qapp, Theme.LIGHT)
    link = LinkButton()
    qtbot.addWidget(link)
    link.setText("Reset all")
    assert _is_blue(link)

    link.setEnabled(False)
    assert not _is_blue(link)


def _is_blue(link: LinkButton) -> bool:
    """Return whether anything in the picture of `link` has the colour of links."""
    picture, blue = link.grab().toImage(), QColor(LIGHT.accent).hue()
    return any(
        abs(picture.pixelColor(x, y).hue() - blue) < 20
        and picture.pixelColor(x, y).saturation() > 90
        for x in range(picture.width())
        for y in range(picture.height())
    )

"""The small window for the case in which there can be no big one."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.ui.labels import PlainLabel
from desktop.ui.start_failure import StartFailure


def _failure(qtbot: QtBot) -> StartFailure:
    error = StorageError(Text("<b>Full</b>"), Text("Free some space."))
    one = StartFailure(error)
    qtbot.addWidget(one)
    one.show()
    return one


def test_it_says_title_and_hint_letter_by_letter(qtbot: QtBot) -> None:
    failure = _failure(qtbot)
    words = [label.text() for label in failure.findChildren(PlainLabel)]

    assert "<b>Full</b>" in words
    assert "Free some space." in words


def test_it_offers_another_try_or_the_end(qtbot: QtBot) -> None:
    codes = []
    for name in ("Try again", "Quit"):
        one = _failure(qtbot)
        (button,) = [each for each in one.findChildren(QPushButton) if each.text() == name]
        button.click()
        codes.append(one.result())

    assert codes == [StartFailure.DialogCode.Accepted, StartFailure.DialogCode.Rejected]


def test_enter_presses_the_button_that_has_the_keyboard(qtbot: QtBot) -> None:
    for name, code in (("Try again", 1), ("Quit", 0)):
        one = _failure(qtbot)
        one.setResult(-1)
        (button,) = [each for each in one.findChildren(QPushButton) if each.text() == name]
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Return)
        assert one.result() == code

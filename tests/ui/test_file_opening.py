"""A file that the desktop asks the running program to open."""

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui.file_opening import FileOpening


def test_the_file_is_told_by_its_path(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    owner = QObject()
    opening = FileOpening(qapp, owner)
    path = str(tmp_path / "模型 1.gguf")

    with qtbot.waitSignal(opening.file_opened) as told:
        qapp.sendEvent(qapp, QFileOpenEvent(path))

    assert told.args == [path]

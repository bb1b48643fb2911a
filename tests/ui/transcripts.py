"""Reading a transcript as a person would: words, buttons, places."""

from typing import TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.history import MessageState
from desktop.ui.answer_view import AnswerView
from desktop.ui.buttons import IconButton
from desktop.ui.rich_text import RichText
from desktop.ui.transcript import Transcript

STREAMING = MessageState.STREAMING
Found = TypeVar("Found", bound=QObject)


def only(kind: type[Found], parent: QWidget, name: str = "") -> Found:
    """Return the only object of its kind (and name) in `parent`."""
    (found,) = [one for one in parent.findChildren(kind) if not name or one.objectName() == name]
    return found


def words(widget: QWidget) -> str:
    """Return everything that can be read in `widget`."""
    QGuiApplication.processEvents()
    texts = [part.toPlainText() for part in widget.findChildren(RichText) if not part.isHidden()]
    labels = [part.text() for part in widget.findChildren(QLabel) if not part.isHidden()]
    return "\n".join(texts + labels)


def answers(transcript: Transcript) -> list[AnswerView]:
    """Return the answers that are built, from top to bottom."""
    QGuiApplication.processEvents()
    built = [view for view in transcript.findChildren(AnswerView) if not view.isHidden()]
    return sorted(built, key=lambda view: view.y())


def button(widget: QWidget, name: str) -> QWidget:
    """Return the only button called `name` that can be used."""
    QGuiApplication.processEvents()
    (found,) = [
        one
        for kind in (IconButton, QPushButton)
        for one in widget.findChildren(kind)
        if name in {one.accessibleName(), one.text()} and not one.isHidden()
    ]
    return found


def click(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def rest_at_end(qtbot: QtBot, transcript: Transcript) -> None:
    """Wait until all heights are found and the end is seen."""
    seen: list[int] = []

    def is_at_rest() -> bool:
        seen.append(transcript.verticalScrollBar().maximum())
        return at_end(transcript) and len(seen) > 3 and len(set(seen[-3:])) == 1

    qtbot.waitUntil(is_at_rest)


def at_end(transcript: Transcript) -> bool:
    bar = transcript.verticalScrollBar()
    return bar.maximum() > 0 and bar.value() == bar.maximum()

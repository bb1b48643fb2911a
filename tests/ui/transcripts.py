"""Reading a transcript as a person would: words, buttons, places."""

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.history import MessageRef, MessageState, StoredMessage
from desktop.ui.answer_view import AnswerView
from desktop.ui.buttons import IconButton
from desktop.ui.figures_line import FiguresLine
from desktop.ui.message_actions import MessageActions
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
    lines = [part.text() for part in widget.findChildren(FiguresLine) if not part.isHidden()]
    return "\n".join(texts + labels + lines)


def answers(transcript: Transcript) -> list[AnswerView]:
    """Return the answers that are built, from top to bottom."""
    QGuiApplication.processEvents()
    built = [one for one in transcript.findChildren(AnswerView) if one.isVisibleTo(transcript)]
    return sorted(built, key=lambda view: view.mapTo(transcript, QPoint(0, 0)).y())


def button(widget: QWidget, name: str) -> QWidget:
    """Return the only button called `name` that can be used."""
    for actions in widget.findChildren(MessageActions):
        actions.want()
    QGuiApplication.processEvents()
    (found,) = [
        one
        for kind in (IconButton, QPushButton)
        for one in widget.findChildren(kind)
        if name in {one.accessibleName(), one.text()} and not one.isHidden()
    ]
    return found


def click(qtbot: QtBot, widget: QWidget) -> None:
    # What has just come into a row has its place once the row has grown.
    qtbot.waitUntil(
        lambda: widget.height() >= min(widget.minimumSizeHint().height(), widget.maximumHeight())
    )
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def double_click(qtbot: QtBot, widget: QWidget) -> None:
    """Click twice, as a hand that is used to it does; Qt's own is the second press alone."""
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)
    qtbot.mouseDClick(widget, Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton)


def show_chat(transcript: Transcript, messages: Sequence[StoredMessage]) -> None:
    """Show `messages` as a chat that is read when it is wanted; what is near the end is built."""
    known = {one.id: one for one in messages}
    refs = [MessageRef(one.id, one.role) for one in messages]
    transcript.show_chat(refs, lambda ids: [known[one] for one in ids if one in known])
    while transcript._filling.isActive():
        # A busy computer does not get as far at once.
        QGuiApplication.processEvents()


def stream(transcript: Transcript, text: str, *, thinking: bool) -> None:
    """Let the newest answer grow."""
    transcript.stream(transcript.rows.refs[-1].id, text, thinking)


def rest(qtbot: QtBot, transcript: Transcript) -> None:
    """Wait until everything near the reader is built."""
    QGuiApplication.processEvents()
    qtbot.waitUntil(lambda: not transcript._filling.isActive())
    QGuiApplication.processEvents()


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

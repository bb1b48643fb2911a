"""Single messages on the screen, without a chat around them."""

from typing import TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.history import StoredMessage
from desktop.domain.settings import Theme
from desktop.ui.answer_view import AnswerView
from desktop.ui.message_views import view_of
from desktop.ui.question_view import QuestionView
from desktop.ui.theme import apply_theme

POPS_UP = pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
"""For tests that open a menu or a card: the offscreen platform grabs nothing."""
Popover = TypeVar("Popover", bound=QWidget)


def opened(kind: type[Popover]) -> Popover:
    """Return the only popover of its kind that is open."""
    QGuiApplication.processEvents()
    (one,) = [
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, kind) and each.isVisible()
    ]
    return one


class Column(QWidget):
    """Messages one below the other, in a light window 760 pixels wide."""

    def __init__(self, qtbot: QtBot, app: QApplication) -> None:
        super().__init__()
        apply_theme(app, Theme.LIGHT)
        self.resize(760, 900)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addStretch(1)
        self._column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        qtbot.addWidget(self)
        self.show()
        self.activateWindow()
        qtbot.waitUntil(self.isActiveWindow)
        self.setFocus()

    def answer(self, message: StoredMessage) -> AnswerView:
        view = self._add(message)
        assert isinstance(view, AnswerView)
        return view

    def question(self, message: StoredMessage) -> QuestionView:
        view = self._add(message)
        assert isinstance(view, QuestionView)
        return view

    def settle(self) -> None:
        for _ in range(8):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        QGuiApplication.processEvents()

    def _add(self, message: StoredMessage) -> QuestionView | AnswerView:
        view = view_of(message)
        self._column.insertWidget(self._column.count() - 1, view)
        view.show()
        while isinstance(view, AnswerView) and view.build_more(1.0):
            pass
        self.settle()
        return view

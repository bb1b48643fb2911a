"""What was shown and is not any more is gone: a window that is open for weeks does not grow."""

import gc

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.ui.row_frame import RowFrame
from tests.ui.desk import DONE, Desk, say
from tests.ui.transcripts import rest

_ANSWER = (
    "Some **words**.\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n"
)
_CHATS = 12


def _alive() -> tuple[int, int]:
    """Return how many widgets there are, and how many rows of messages Python still knows."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    rows = sum(isinstance(one, RowFrame) for one in gc.get_objects())
    return len(QApplication.allWidgets()), rows


def test_chats_that_were_left_leave_nothing_behind(desk: Desk, qtbot: QtBot) -> None:
    chats = []
    for number in range(_CHATS):
        chat = desk.store.create(f"Chat {number}").id
        question = desk.store.add(chat, None, Role.USER, "Why?")
        desk.store.add(chat, question.id, Role.ASSISTANT, _ANSWER)
        chats.append(chat)
    desk.controller.list.refresh()

    def walk() -> tuple[int, int]:
        for chat in chats:
            desk.controller.open_chat(chat)
            rest(qtbot, desk.window.transcript)
        return _alive()

    first = walk()

    assert walk() == first
    assert walk() == first


def test_answers_that_were_written_leave_nothing_behind(desk: Desk, qtbot: QtBot) -> None:
    def ask_in_new_chats() -> tuple[int, int]:
        for _ in range(6):
            desk.controller.new_chat()
            desk.ask("How?")
            with qtbot.waitSignal(desk.chats.answer_finished):
                desk.engine.tell(len(desk.engine.requests), *say(*_ANSWER), DONE)
            rest(qtbot, desk.window.transcript)
        return _alive()

    first = ask_in_new_chats()

    assert ask_in_new_chats() == first
    assert ask_in_new_chats() == first

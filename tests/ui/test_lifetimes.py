"""What was shown and is not any more is gone: a window that is open for weeks does not grow."""

import gc
import weakref
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.history import MessageState
from desktop.ui.answer_view import AnswerView
from desktop.ui.fold_button import FoldButton
from desktop.ui.message_body import MessageBody
from desktop.ui.rich_text import RichText
from desktop.ui.row_frame import RowFrame
from desktop.ui.text_formulas import Formulas
from desktop.ui.throttle import Throttle
from desktop.ui.transcript import Transcript
from tests.ui.desk import DONE, Desk, say
from tests.ui.messages import answer, question
from tests.ui.transcripts import STREAMING, answers, only, rest, show_chat, stream

_ANSWER = (
    "Some **words**.\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n"
)
_NOTED = f"{_ANSWER}\nA line[^1] with $x^2$.\n\n[^1]: A note.\n"
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


def test_a_message_that_was_left_does_not_wait_for_the_collector(transcript: Transcript) -> None:
    assert not gc.isenabled()
    show_chat(transcript, [question(1), answer(2, _NOTED, reasoning="Hm.")])
    only(FoldButton, answers(transcript)[0]).setChecked(True)
    growing = answer(4, "", STREAMING)
    transcript.append(question(3))
    transcript.append(growing)
    stream(transcript, _NOTED, thinking=False)
    transcript.finish(replace(growing, content=_NOTED, state=MessageState.COMPLETE))
    kinds = (AnswerView, MessageBody, RichText, Formulas, Throttle)
    parts = [weakref.ref(one) for kind in kinds for one in transcript.canvas.findChildren(kind)]
    assert {type(one()) for one in parts} >= {AnswerView, MessageBody, Formulas, Throttle}

    transcript.show_chat([], lambda _ids: [])
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    assert [one() for one in parts if one() is not None] == []

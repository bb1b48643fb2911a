"""Larger contexts are looked for at an answer and at the ring, and neither waits in vain."""

import threading
from collections.abc import Callable, Sequence

from pytestqt.qtbot import QtBot

from desktop.domain.chat import ChatRequest
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.context import LargerContext
from desktop.domain.errors import LapisError
from desktop.services.planning import Known
from desktop.ui.chat_context import ChatContext
from desktop.ui.chat_manner import ChatManner
from tests.ui.desk import Desk, ScriptedEngine


class _Counting(ScriptedEngine):
    """An engine that never gets round to counting."""

    def count(
        self,
        requests: Sequence[ChatRequest],
        listener: Callable[[tuple[int, ...] | LapisError | None], None],
        *,
        purpose: int = 0,
    ) -> None:
        pass


def test_what_the_ring_asks_takes_no_answer_at_a_message_away(desk: Desk, qtbot: QtBot) -> None:
    goes_on = threading.Event()

    def known() -> Known:
        assert goes_on.wait(10)
        return Known()

    context = ChatContext(
        desk.window.composer,
        desk.window.transcript,
        desk.controller.wishes,
        desk.store,
        desk.chats,
        desk.preferences,
        desk.own,
        desk.bridge,
        lambda _chat: ChatSettings(),
        desk.window,
    )
    engine = _Counting()
    context.attach(engine, known)
    manner = ChatManner(desk.chats, desk.preferences, desk.own).of(ChatSettings())
    told: list[tuple[str, LargerContext | None]] = []
    at_answer, at_ring = context.overflow._larger, context.meter._larger
    assert at_answer is not None
    assert at_ring is not None

    at_answer.find(manner, 1024, 2000, lambda found: told.append(("answer", found)))
    at_ring.find(manner, 1024, 2000, lambda found: told.append(("ring", found)))
    goes_on.set()

    qtbot.waitUntil(lambda: sorted(told) == [("answer", None), ("ring", None)])
    context.close()
    engine.close()

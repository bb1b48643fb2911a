"""The ring says, to the token, what the answer will say was read."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.domain.chat import ChatRequest, Role
from desktop.domain.chat_settings import Overflow
from desktop.domain.context import LargerContext
from desktop.domain.engine import Phase
from desktop.domain.errors import LapisError
from desktop.domain.history import Attachment, AttachmentKind, MemoryStart
from tests import gguf_files
from tests.ui.context_desk import WAIT_MS, ContextDesk, context_desk

Outcome = tuple[int, ...] | LapisError | None

FILE = Attachment(AttachmentKind.FILE, "月亮.txt", "月亮升起来了。\nThe moon rose.\n" * 6)


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[ContextDesk]:
    model = gguf_files.write_llama(tmp_path / "m.gguf", answer="The moon is made of stone, mostly.")
    with context_desk(qtbot, tmp_path, model) as one:
        yield one


def settle(desk: ContextDesk) -> int:
    """Wait until nothing is counted any more, and return the figure."""
    desk.qtbot.waitUntil(
        lambda: not (desk.meter._rest.isActive() or desk.meter._asked or desk.meter._is_reading),
        timeout=WAIT_MS,
    )
    desk.wait_for_exact()
    return desk.shown.total


def test_the_ring_says_before_what_the_answer_says_after(desk: ContextDesk) -> None:
    chat = None
    for text in ("Where is the moon?", "月亮在哪里？ <|im_end|>", "and now?"):
        desk.meter.show_chat(chat)
        desk.composer.set_question(text, [FILE])
        told = settle(desk)
        assert desk.shown.room == 1024
        assert desk.shown.attachments > 20
        count = len(desk.finished)
        chat = desk.chats.ask(chat, text, [FILE])
        answer = desk.answer(count)
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == told
    desk.meter.show_chat(chat)
    settle(desk)
    assert desk.shown.history > 100


def test_what_is_typed_shows_at_once_and_goes_again(desk: ContextDesk) -> None:
    desk.meter.show_chat(None)
    empty = settle(desk)
    desk.composer.field.setPlainText("one two three")
    three = settle(desk)
    assert three > empty
    desk.composer.field.setPlainText("")
    assert settle(desk) == empty


def test_while_it_is_typed_the_whole_chat_is_not_counted_again(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, _ = desk.ask(None, "Where is the moon?")
    desk.meter.show_chat(chat)
    desk.composer.field.setPlainText("a")
    settle(desk)
    longest: list[int] = []
    count = desk.engine.count

    def spy(
        requests: Sequence[ChatRequest], listener: Callable[[Outcome], None], *, purpose: int = 0
    ) -> None:
        longest.append(max(len(each.messages) for each in requests))
        count(requests, listener, purpose=purpose)

    monkeypatch.setattr(desk.engine, "count", spy)
    desk.composer.field.setPlainText("and")
    desk.qtbot.waitUntil(lambda: bool(longest) and not desk.meter._asked, timeout=WAIT_MS)
    assert longest == [1]
    settle(desk)
    assert longest == [1, 3]


def test_nothing_is_counted_or_read_while_nothing_changes(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.meter.show_chat(None)
    settle(desk)
    called: list[object] = []
    monkeypatch.setattr(desk.engine, "count", lambda *_, **__: called.append(1))
    desk.composer.field.setPlainText("")
    desk.qtbot.waitUntil(lambda: not desk.meter._rest.isActive(), timeout=WAIT_MS)
    timers = [desk.meter._rest, desk.meter._typing._timer, desk.meter._reader._timer]
    desk.qtbot.waitUntil(lambda: not any(timer.isActive() for timer in timers))
    assert not called


def test_out_of_sight_nothing_is_counted_until_it_is_seen_again(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.meter.show_chat(None)
    empty = settle(desk)
    window = desk.composer.window()
    window.hide()
    with monkeypatch.context() as patch:
        patch.setattr(desk.engine, "count", lambda *_, **__: pytest.fail("counted"))
        desk.composer.set_question("what nobody sees")
        desk.meter.refresh()
        desk.qtbot.waitUntil(lambda: not desk.meter._rest.isActive(), timeout=WAIT_MS)
        assert desk.shown.total == empty
    window.show()
    desk.qtbot.waitUntil(lambda: desk.shown.total > empty, timeout=WAIT_MS)


def test_without_the_model_it_is_an_estimate_in_the_window_that_was(desk: ContextDesk) -> None:
    desk.meter.show_chat(None)
    settle(desk)
    model = desk.engine.state.model
    assert model is not None
    desk.engine.unload()
    desk.qtbot.waitUntil(lambda: not desk.shown.exact, timeout=WAIT_MS)
    assert desk.shown.room == 1024
    desk.composer.set_question("word " * 100)
    desk.qtbot.waitUntil(lambda: desk.shown.draft > 50)
    assert not desk.shown.exact
    assert desk.engine.engine_pid() is None
    desk.engine.choose(model)
    desk.room.until(Phase.READY)
    desk.wait_for_exact()


def test_from_the_mark_on_is_what_is_counted(desk: ContextDesk) -> None:
    chat, _ = desk.ask(None, "Where is the moon? " * 10)
    for _ in range(2):
        desk.ask(chat, "And the sun? " * 10)
    desk.meter.show_chat(chat)
    whole = settle(desk)
    newest = desk.store.refs(chat)[-2].id
    desk.store.set_memory(newest, MemoryStart(summary="They met.", keeps_first=False))
    desk.meter.refresh()
    desk.qtbot.waitUntil(lambda: desk.shown.total < whole, timeout=WAIT_MS)
    told = settle(desk)
    _, answer = desk.ask(chat, "")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == told


def test_a_very_long_chat_is_estimated_without_reading_all_of_it(desk: ContextDesk) -> None:
    chat = desk.store.create("long").id
    with desk.store.transaction():
        parent = None
        for number in range(400):
            role = Role.ASSISTANT if number % 2 else Role.USER
            parent = desk.store.add(chat, parent, role, "word " * 400).id
    desk.meter.show_chat(chat)
    desk.qtbot.waitUntil(lambda: desk.ring.count is not None, timeout=WAIT_MS)
    desk.qtbot.waitUntil(lambda: desk.meter._history.unread > 0, timeout=WAIT_MS)
    assert not desk.shown.exact
    assert 100_000 < desk.shown.total < 400_000
    assert len(desk.meter._history.messages) <= 100


def test_what_was_chosen_beforehand_is_done_when_the_question_does_not_fit(
    desk: ContextDesk,
) -> None:
    chat, _ = desk.ask(None, "Where is the moon? " * 20)
    while desk.store.messages(chat)[-1].state != "failed":
        desk.ask(chat, "And the sun? " * 20)
    desk.larger.context = LargerContext(2048, 1024, 1_000_000)
    desk.meter.show_chat(chat)
    desk.composer.set_question("And the sun? " * 20)
    settle(desk)
    desk.qtbot.mouseClick(desk.ring, Qt.MouseButton.LeftButton)
    assert desk.larger.asked[-1][0] == 1024
    assert desk.ring._card is not None
    desk.ring._card._drop.click()
    _, answer = desk.ask(chat, "And the sun? " * 20)
    if answer.state == "failed":
        answer = desk.answer(len(desk.finished))
    assert answer.state != "failed"
    assert any(each.memory is not None for each in desk.store.messages(chat))
    assert desk.store.settings(chat).overflow is Overflow.ASK


def test_what_is_far_too_long_is_not_sent_again_with_every_key(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.meter.show_chat(None)
    settle(desk)
    huge = Attachment(AttachmentKind.FILE, "huge.txt", "word " * 40_000)
    asked: list[int] = []
    count = desk.engine.count

    def spy(
        requests: Sequence[ChatRequest], listener: Callable[[Outcome], None], *, purpose: int = 0
    ) -> None:
        asked.append(len(requests))
        count(requests, listener, purpose=purpose)

    monkeypatch.setattr(desk.engine, "count", spy)
    desk.composer.set_question("what", [huge])
    desk.qtbot.waitUntil(lambda: desk.meter._refused is not None, timeout=WAIT_MS)
    assert desk.shown.attachments > 30_000
    assert not desk.shown.exact
    desk.qtbot.waitUntil(lambda: not desk.meter._rest.isActive(), timeout=WAIT_MS)
    asked.clear()
    desk.composer.field.setPlainText("what is it")
    desk.qtbot.waitUntil(lambda: not desk.meter._rest.isActive(), timeout=WAIT_MS)
    assert not asked
    desk.composer.set_question("what")
    settle(desk)
    assert desk.shown.exact

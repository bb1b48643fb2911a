"""What does not fit is refused exactly, and then one of three things is done; never silently."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import ChatRequest, Event, TextDelta
from desktop.domain.chat_settings import ChatSettings, Overflow
from desktop.domain.context import LargerContext
from desktop.domain.history import MessageState, StoredMessage, TitleSource
from desktop.services.model_turns import Wanted
from desktop.services.notes import is_too_long, is_too_long_alone, read_note
from tests import gguf_files
from tests.ui.context_desk import WAIT_MS, ContextDesk, context_desk

LONG = "And the sun, where does it rise, and why? " * 5


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[ContextDesk]:
    model = gguf_files.write_llama(
        tmp_path / "m.gguf", answer="The moon is made of stone.", stops=True
    )
    with context_desk(qtbot, tmp_path, model) as one:
        yield one


def filled(desk: ContextDesk) -> tuple[int, StoredMessage]:
    """Ask until a question does not fit; return the chat and the failed answer."""
    chat = desk.store.create(settings=ChatSettings(system_prompt="Be kind.")).id
    # What a person named is not named by the model.
    desk.store.rename(chat, "The sky", TitleSource.PERSON)
    desk.ask(chat, "The very first question")
    while True:
        _, answer = desk.ask(chat, LONG)
        if answer.state is MessageState.FAILED:
            assert is_too_long(answer.note)
            return chat, answer


def asked_last(desk: ContextDesk, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return a list that takes the texts of each request from now on."""
    taken: list[list[str]] = []
    ask = desk.engine.ask

    def spy(request: ChatRequest, listener: Callable[[Event], None], wanted: Wanted | None) -> int:
        taken.append([message.content for message in request.messages])
        return ask(request, listener, wanted)

    monkeypatch.setattr(desk.engine, "ask", spy)
    return taken


def marks(desk: ContextDesk, chat: int) -> list[StoredMessage]:
    return [each for each in desk.store.messages(chat) if each.memory is not None]


def test_the_oldest_leave_and_the_answer_comes(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, failed = filled(desk)
    taken, count = asked_last(desk, monkeypatch), len(desk.finished)
    desk.chats.resolve_overflow(chat, failed.id, Overflow.DROP)
    assert desk.chats.is_running(chat)
    assert desk.chats.activity(chat)
    answer = desk.answer(count)
    assert answer.state is MessageState.COMPLETE
    assert answer.usage is not None
    assert answer.usage.prompt_tokens < 1024 * 0.8
    assert taken[-1][:2] == ["Be kind.", "The very first question"]
    assert taken[-1][-1] == LONG
    (mark,) = marks(desk, chat)
    assert mark.memory is not None
    assert mark.memory.keeps_first
    assert len(desk.store.messages(chat)) > len(taken[-1])


def test_what_leaves_is_summarised_and_the_summary_is_sent(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, failed = filled(desk)
    taken, count = asked_last(desk, monkeypatch), len(desk.finished)
    activities: list[str] = []
    desk.chats.activity_changed.connect(lambda _chat, words: activities.append(words))
    desk.chats.resolve_overflow(chat, failed.id, Overflow.SUMMARISE)
    answer = desk.answer(count)
    assert answer.state is MessageState.COMPLETE
    summary, sent = taken
    assert "Summarise" in summary[0]
    assert LONG.strip() in summary[0]
    (mark,) = marks(desk, chat)
    assert mark.memory is not None
    assert "The moon is made of stone." in mark.memory.summary
    assert sent[0].startswith("Be kind.")
    assert mark.memory.summary in sent[0]
    assert "Summarising what came before…" in activities


@pytest.mark.parametrize("moment", ["counted", "asked", "written"])
def test_a_summary_can_be_stopped_at_any_moment_and_nothing_is_marked(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    chat, failed = filled(desk)
    count, cancelled = len(desk.finished), []
    cancel = desk.engine.cancel

    def spy(request: int) -> None:
        cancelled.append(request)
        cancel(request)

    def stop_when_asked(_chat: int, words: str) -> None:
        if words.startswith("Summarising"):
            desk.chats.stop(chat)

    def stop_when_written(_ticket: int, event: Event) -> None:
        if isinstance(event, TextDelta):
            desk.chats.stop(chat)

    monkeypatch.setattr(desk.engine, "cancel", spy)
    if moment == "asked":
        desk.chats.activity_changed.connect(stop_when_asked)
    if moment == "written":
        desk.bridge.event_arrived.connect(stop_when_written)
    desk.chats.resolve_overflow(chat, failed.id, Overflow.SUMMARISE)
    if moment == "counted":
        desk.chats.stop(chat)
    answer = desk.answer(count)
    assert answer.state is MessageState.STOPPED
    assert not marks(desk, chat)
    assert len(cancelled) == (moment == "written")
    desk.qtbot.waitUntil(lambda: not desk.engine.is_busy, timeout=WAIT_MS)
    assert not desk.chats.is_running(chat)
    assert len(desk.finished) == count + 1


@pytest.mark.parametrize("overflow", [Overflow.DROP, Overflow.SUMMARISE])
def test_a_chat_that_says_so_does_it_by_itself_again_and_again(
    desk: ContextDesk, overflow: Overflow
) -> None:
    chat, _ = filled(desk)
    desk.store.set_settings(chat, replace(desk.store.settings(chat), overflow=overflow))
    known: set[int] = set()
    for _ in range(12):
        count = len(desk.finished)
        desk.chats.ask(chat, LONG)
        answer = desk.answer(count)
        desk.qtbot.waitUntil(lambda: not desk.chats.is_running(chat), timeout=WAIT_MS)
        answer = desk.finished[-1]
        assert answer.state is MessageState.COMPLETE
        (mark,) = marks(desk, chat)
        known.add(mark.id)
    assert len(known) >= 2


def test_a_question_too_long_alone_is_said_to_be_and_not_tried_for_ever(
    desk: ContextDesk,
) -> None:
    chat = desk.store.create(settings=ChatSettings(overflow=Overflow.DROP)).id
    desk.ask(chat, "Hello")
    count = len(desk.finished)
    desk.chats.ask(chat, "word " * 1500)
    desk.qtbot.waitUntil(lambda: len(desk.finished) == count + 2, timeout=WAIT_MS)
    desk.qtbot.waitUntil(lambda: not desk.chats.is_running(chat), timeout=WAIT_MS)
    answer = desk.finished[-1]
    note = read_note(answer.note)
    assert note is not None
    assert "alone" in str(note[0])
    assert is_too_long(answer.note)
    assert is_too_long_alone(answer.note)
    assert not marks(desk, chat)


def test_where_the_person_is_asked_a_larger_context_is_looked_for(desk: ContextDesk) -> None:
    desk.larger.context = LargerContext(2048, 1024, 1_000_000)
    told: list[tuple[int, LargerContext | None]] = []
    desk.overflow.larger_found.connect(lambda message, larger: told.append((message, larger)))
    chat, failed = filled(desk)
    desk.qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert told == [(failed.id, desk.larger.context)]
    now, needed = desk.larger.asked[-1]
    assert now == 1024
    title = read_note(failed.note)
    assert title is not None
    assert f"{needed:,}" in str(title[0])
    desk.overflow.use_larger(chat, failed.id)
    assert desk.store.settings(chat).n_ctx == 2048
    assert desk.chats.is_running(chat)


def test_a_model_without_a_word_for_a_summary_leaves_the_choice_open(
    desk: ContextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, failed = filled(desk)
    monkeypatch.setattr("desktop.ui.summary_writer.cleaned_summary", lambda _text: "")
    count = len(desk.finished)
    desk.chats.resolve_overflow(chat, failed.id, Overflow.SUMMARISE)
    answer = desk.answer(count)
    assert answer.state is MessageState.FAILED
    assert is_too_long(answer.note)
    assert not marks(desk, chat)

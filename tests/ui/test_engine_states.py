"""What the window shows of the engine: its memory, its sleep, what it gave up, what it waits for."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton
from pytestqt.qtbot import QtBot

from desktop.backends.explain import explain_not_for_chats
from desktop.domain.chat import (
    Failed,
    Finished,
    Queued,
    StopReason,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
)
from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.errors import EngineDied
from desktop.domain.history import MessageState
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.context import Draft
from desktop.ui.banner import Remedy, Topic
from desktop.ui.buttons import TextButton
from desktop.ui.error_card import ErrorCard
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from tests.ui.desk import DONE, USAGE, Desk, become, ready, say
from tests.ui.transcripts import button, click

_BIG = InstalledModel("big", "Gemma 2 2B", Path("/m/big.gguf"), 1_700_000_000)
_REASON = Text("The engine crashed, so the model now runs on the processor only.")
_CRASHES = EngineDied(Text("Gemma 2 2B crashes here"), Text("The graphics driver failed."))
_CRASHED = EngineState(Phase.FAILED, _BIG, error=_CRASHES, crashes_here=True)


def _chip(desk: Desk) -> QToolButton:
    buttons = desk.window.header.findChildren(QToolButton)
    return next(each for each in buttons if "Model" in each.accessibleName())


def _entry(menu: QMenu, start: str) -> QAction:
    menu.aboutToShow.emit()
    return next(each for each in menu.actions() if each.text().startswith(start))


def _banner_buttons(desk: Desk) -> list[str]:
    buttons = desk.window.banner.findChildren(TextButton)
    return [each.text() for each in buttons if each.isVisible()]


# Memory.


def test_the_models_name_and_menu_tell_what_it_takes(desk: Desk, qtbot: QtBot) -> None:
    become(desk, qtbot, ready(_BIG))
    desk.window.header.set_memory(EngineMemory(2_400_000_000))

    assert _chip(desk).accessibleDescription() == "Ready · 2.4 GB in memory"
    assert "2.4 GB in memory" in _chip(desk).toolTip().replace("\N{NO-BREAK SPACE}", " ")
    free = _entry(desk.window.header.model_menu, "Free memory now")
    assert free.text() == "Free memory now\t2.4 GB"
    free.trigger()
    assert desk.engine.unloads == 1


def test_the_menu_follows_the_memory_while_it_is_open(desk: Desk) -> None:
    free = _entry(desk.window.header.model_menu, "Free memory now")
    assert not free.isEnabled(), "nothing is known to be in memory"
    desk.window.header.set_memory(EngineMemory(10**9, gpu=3 * 10**9))
    assert (free.text(), free.isEnabled()) == ("Free memory now\t1.0 GB + 3.0 GB on the GPU", True)

    desk.window.header.set_memory(None)
    assert (free.text(), free.isEnabled()) == ("Free memory now", False)


def test_freeing_the_memory_leaves_the_chat_as_it_is(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    chat = desk.controller.chat
    desk.models.free_memory()
    become(desk, qtbot, EngineState(Phase.IDLE, desk.models.state.model))
    desk.ask("Two?")

    assert desk.controller.chat == chat
    assert [each.content for each in desk.engine.requests[1].messages] == ["One?", "Yes.", "Two?"]
    assert desk.engine.forgets == 0


@pytest.mark.parametrize(("idle", "word"), [(True, "Sleeping"), (False, "Not in memory")])
def test_a_model_that_left_the_memory_says_that_it_comes_back(
    desk: Desk, qtbot: QtBot, idle: bool, word: str
) -> None:
    become(desk, qtbot, EngineState(Phase.IDLE, _BIG, unloaded_idle=idle))

    assert desk.window.header._status.whole_text() == word
    assert desk.window.header._status.property("tone") == "muted"
    hint = f"{word} · Loads again with the next question"
    assert _chip(desk).accessibleDescription() == hint
    assert desk.window.banner.topic is None


# A safer plan.


def test_a_reduced_plan_is_told_once_with_its_reason_and_the_way_back(
    desk: Desk, qtbot: QtBot
) -> None:
    reduced = replace(ready(_BIG), reduced=_REASON, notice=_REASON)
    become(desk, qtbot, reduced)
    banner = desk.window.banner
    assert banner.topic is Topic.MODEL_PLAN
    assert banner.accessibleName() == str(_REASON)
    assert _banner_buttons(desk) == ["Use full settings again"]
    assert banner.property("panel") == "card", "it is no error"

    banner.close_message()
    become(desk, qtbot, EngineState(Phase.LOADING, _BIG))
    become(desk, qtbot, reduced)
    assert banner.topic is None, "it was read"
    full = _entry(desk.window.header.model_menu, "Use full settings again")
    full.trigger()
    assert desk.engine.full == [_BIG]


def test_what_the_plan_says_is_not_said_again_by_the_answer(desk: Desk, qtbot: QtBot) -> None:
    become(desk, qtbot, replace(ready(_BIG), reduced=_REASON, notice=_REASON))
    desk.chats.notice_came.emit(_REASON)
    desk.window.banner.close_message()

    assert desk.window.banner.topic is None


def test_the_full_settings_come_back_with_one_click(desk: Desk, qtbot: QtBot) -> None:
    become(desk, qtbot, replace(ready(_BIG), reduced=_REASON))
    click(qtbot, button(desk.window.banner, "Use full settings again"))
    assert desk.engine.full == [_BIG]
    assert desk.window.banner.topic is None

    become(desk, qtbot, ready(_BIG))
    menu = desk.window.header.model_menu
    menu.aboutToShow.emit()
    assert not [each for each in menu.actions() if each.text().startswith("Use full")]

    become(desk, qtbot, replace(ready(_BIG), reduced=_REASON))
    assert desk.window.banner.topic is Topic.MODEL_PLAN, "given up once more, it is news again"


def test_a_message_about_the_plan_goes_when_another_model_runs_in_full(
    desk: Desk, qtbot: QtBot
) -> None:
    become(desk, qtbot, replace(ready(_BIG), reduced=_REASON))
    become(desk, qtbot, ready(replace(_BIG, path=Path("/m/other.gguf"))))

    assert desk.window.banner.topic is None


# Crashes here.


def test_a_model_that_crashes_here_says_why_and_can_be_tried_anyway(
    desk: Desk, qtbot: QtBot
) -> None:
    become(desk, qtbot, _CRASHED)
    assert desk.window.banner.accessibleName() == "Gemma 2 2B crashes here"
    assert desk.window.banner.accessibleDescription() == "The graphics driver failed."
    assert _banner_buttons(desk) == ["Try again anyway", "Choose a model"]
    assert desk.window.header._status.whole_text() == "Crashes here"
    assert _entry(desk.window.header.model_menu, "Try again anyway").isEnabled()

    desk.window.banner.remedy_chosen.emit(Remedy.TRY_ANYWAY)
    assert desk.engine.full == [_BIG]
    assert desk.window.banner.topic is None


def test_a_question_that_it_failed_can_be_asked_anyway(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("Why?")
    become(desk, qtbot, _CRASHED)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, Failed(_CRASHES))
    (card,) = desk.window.transcript.findChildren(ErrorCard)
    assert card.accessibleName() == "Gemma 2 2B crashes here"
    click(qtbot, button(card, "Try again anyway"))

    assert desk.engine.full == [_BIG]
    assert [each.content for each in desk.engine.requests[1].messages] == ["Why?"]


def test_with_another_model_trying_again_is_only_that(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("Why?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, Failed(_CRASHES))
    become(desk, qtbot, _CRASHED)
    (card,) = desk.window.transcript.findChildren(ErrorCard)
    assert button(card, "Try again anyway").isVisible()
    become(desk, qtbot, ready(replace(_BIG, path=Path("/m/other.gguf"))))
    click(qtbot, button(card, "Try again"))

    assert desk.engine.full == []
    assert len(desk.engine.requests) == 2


def test_the_popup_offers_the_same(desk: Desk, qtbot: QtBot) -> None:
    popup = Popup(translucent=True)
    qtbot.addWidget(popup)
    popups = PopupController(popup, desk.chats)
    desk.models.state_changed.connect(popups.set_engine)
    popup.bring_to_front()
    popup.submitted.emit(Draft("Why?"))
    become(desk, qtbot, _CRASHED)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, Failed(_CRASHES))
    (card,) = popup.transcript.findChildren(ErrorCard)
    click(qtbot, button(card, "Try again anyway"))

    assert desk.engine.full == [_BIG]
    assert len(desk.engine.requests) == 2
    popup.hide()


# Not for chats.


def test_a_model_for_another_job_says_so_before_it_is_asked(desk: Desk, qtbot: QtBot) -> None:
    state = ready(_BIG)
    assert state.loaded is not None
    become(desk, qtbot, EngineState(Phase.LOADING, _BIG))
    become(desk, qtbot, replace(state, loaded=replace(state.loaded, embeds=True)))
    assert desk.window.banner.accessibleName() == "This model cannot hold a conversation"
    assert _banner_buttons(desk) == ["Choose a model"], "another try would end as this one"

    become(desk, qtbot, EngineState(Phase.LOADING, _BIG))
    become(desk, qtbot, state)
    assert desk.window.banner.topic is None


def test_a_model_for_another_job_is_not_offered_to_be_tried_again(desk: Desk, qtbot: QtBot) -> None:
    error = explain_not_for_chats()
    become(desk, qtbot, EngineState(Phase.FAILED, _BIG, error=error))
    assert _banner_buttons(desk) == ["Choose a model"]

    desk.ask("Why?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, Failed(error))
    (card,) = desk.window.transcript.findChildren(ErrorCard)
    assert button(card, "Choose a model").isVisible()


# Waiting.


def test_a_question_asked_while_a_model_loads_waits_and_says_so(desk: Desk, qtbot: QtBot) -> None:
    become(desk, qtbot, EngineState(Phase.LOADING, _BIG, 0.5))
    desk.ask("Already?")
    chat = desk.controller.chat
    assert chat is not None
    assert desk.chats.activity(chat) == "Waiting for the model · Reading 0.8 of 1.7 GB"
    become(desk, qtbot, ready(_BIG))
    assert desk.chats.activity(chat) == "Reading the question"

    with qtbot.waitSignal(desk.chats.activity_changed):
        desk.engine.tell(1, Queued(2))
    assert desk.chats.activity(chat) == "Waiting: number 2 in line"


def test_another_model_goes_on_with_the_same_chat(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    chat = desk.controller.chat
    desk.models.choose(_BIG)
    qtbot.waitUntil(lambda: desk.engine.chosen[-1] == _BIG)
    become(desk, qtbot, ready(_BIG))
    desk.ask("Two?")

    assert desk.controller.chat == chat
    assert len(desk.engine.requests[1].messages) == 3


def test_an_answer_that_ends_in_a_tool_says_so(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("What is the weather?")
    chat = desk.controller.chat
    assert chat is not None
    chosen = TokenChosen(TokenChance("a", -0.1), ())
    called = ToolCalled(ToolCall("1", "weather", "{}"))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, chosen, called, Finished(StopReason.TOOL_CALLS, USAGE))

    (card,) = desk.window.transcript.findChildren(ErrorCard)
    said = "The model asked for a tool, and there is none in this chat."
    assert card.accessibleName() == said
    assert desk.store.messages(chat)[-1].state is MessageState.TOOL_CALLS


# What is kept of chats, and for how long.


def test_a_deleted_chat_is_forgotten_by_the_engine_too(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("A secret?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    assert desk.controller.chat is not None
    desk.window.sidebar.delete_requested.emit(desk.controller.chat)

    assert desk.engine.forgets == 1

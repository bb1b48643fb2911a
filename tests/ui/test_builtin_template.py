"""A chat template that fails: the offer to use one of Lapis instead, taken, kept and taken back."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.config.store import SettingsStore
from desktop.domain.chat import Failed, Sampling
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import EngineDied, TemplateError
from desktop.domain.history import MessageState, StoredMessage
from desktop.domain.model import InstalledModel
from desktop.domain.shelf import ModelDefaults
from desktop.domain.text import Text
from desktop.services.context import Draft
from desktop.services.model_notes import ModelNotes
from desktop.store.chats import ChatStore
from desktop.store.records import Records
from desktop.ui.banner import Topic
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.error_card import ErrorCard
from desktop.ui.own_settings import OwnSettings
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController
from tests import gguf_files
from tests.ui.desk import DONE, Desk, become, ready, say
from tests.ui.transcripts import answers, button, click
from tests.unit.engine_room import engine_room

_OFFER = "Use a built-in template"
_BROKEN = InstalledModel("broken", "Broken", Path("/m/broken.gguf"), 1_700_000_000)
_OTHER = replace(_BROKEN, name="other", path=Path("/m/other.gguf"))
_FAULT = Failed(TemplateError(Text("The chat template failed"), Text("Choose another model.")))
_CRASH = EngineDied(Text("It crashes here"), Text("Try it again anyway."))
_SENTENCE = "The hotkey is set in the keyboard settings of the system."


def _fail(desk: Desk, qtbot: QtBot, failed: Failed = _FAULT) -> ErrorCard:
    become(desk, qtbot, ready(_BROKEN))
    desk.ask("Why?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(len(desk.engine.requests), failed)
    (card,) = desk.window.transcript.findChildren(ErrorCard)
    return card


def _offers(card: ErrorCard) -> list[str]:
    return [each.text() for each in card.findChildren(QPushButton) if not each.isHidden()]


def kept(desk: Desk) -> ModelDefaults:
    """Return what the disk says is set for the model that fails."""
    with closing(Records(desk.paths.records)) as records:
        return records.defaults(os.path.realpath(_BROKEN.path))


def _entry(desk: Desk, text: str) -> QAction | None:
    menu = desk.window.header.model_menu
    menu.aboutToShow.emit()
    return next((each for each in menu.actions() if each.text() == text), None)


def test_a_failed_template_is_replaced_with_one_click_and_the_question_asked_again(
    desk: Desk, qtbot: QtBot
) -> None:
    card = _fail(desk, qtbot)
    assert _offers(card) == [_OFFER]
    click(qtbot, button(card, _OFFER))

    assert [each.builtin_template for each in desk.engine.requests] == ["", "auto"]
    assert [each.content for each in desk.engine.requests[1].messages] == ["Why?"]
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(2, *say("Because."), DONE)
    desk.ask("And now?")
    assert desk.engine.requests[2].builtin_template == "auto"
    assert kept(desk) == ModelDefaults(template="auto")


def test_a_choice_that_cannot_be_kept_holds_until_the_end_and_that_is_said(
    desk: Desk, qtbot: QtBot
) -> None:
    card = _fail(desk, qtbot)
    desk.own.set(_OTHER, ModelDefaults(n_ctx=512))
    with closing(sqlite3.connect(desk.paths.records, isolation_level=None)) as backup:
        backup.execute("BEGIN IMMEDIATE")
        click(qtbot, button(card, _OFFER))

    assert [each.builtin_template for each in desk.engine.requests] == ["", "auto"]
    assert desk.window.banner.topic is Topic.SETTINGS
    assert kept(desk) == ModelDefaults()


def test_the_choice_leaves_what_else_is_set_for_the_model(desk: Desk, qtbot: QtBot) -> None:
    own = ModelDefaults("Be brief.", Sampling(temperature=0.1), 512, 0)
    desk.own.set(_BROKEN, own)
    click(qtbot, button(_fail(desk, qtbot), _OFFER))

    assert kept(desk) == replace(own, template="auto")


def test_other_models_keep_their_own_template(desk: Desk, qtbot: QtBot) -> None:
    click(qtbot, button(_fail(desk, qtbot), _OFFER))
    desk.chats.stop(desk.controller.chat or 0)
    qtbot.waitUntil(lambda: not desk.chats.is_running(desk.controller.chat))
    become(desk, qtbot, ready(_OTHER))
    desk.ask("And you?")

    assert desk.engine.requests[-1].builtin_template == ""


def test_the_offer_is_made_for_the_model_that_failed_alone(desk: Desk, qtbot: QtBot) -> None:
    card = _fail(desk, qtbot)
    become(desk, qtbot, ready(_OTHER))
    assert _offers(card) == ["Try again"]
    become(desk, qtbot, ready(_BROKEN))
    assert _offers(card) == [_OFFER]


def test_what_a_built_in_template_did_not_help_is_not_offered_it_again(
    desk: Desk, qtbot: QtBot
) -> None:
    click(qtbot, button(_fail(desk, qtbot), _OFFER))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(2, _FAULT)
    newest = answers(desk.window.transcript)[-1]
    (card,) = newest.findChildren(ErrorCard)
    assert _offers(card) == ["Try again"]


def test_other_failures_are_not_offered_it(desk: Desk, qtbot: QtBot) -> None:
    assert _offers(_fail(desk, qtbot, Failed(_CRASH))) == ["Try again"]


def test_a_model_that_crashes_here_is_first_to_be_tried_anyway(desk: Desk, qtbot: QtBot) -> None:
    card = _fail(desk, qtbot)
    crashed = EngineState(Phase.FAILED, _BROKEN, error=_CRASH, crashes_here=True)
    become(desk, qtbot, crashed)
    click(qtbot, button(card, "Try again anyway"))

    assert desk.engine.full == [_BROKEN]
    assert desk.engine.requests[-1].builtin_template == ""


def test_a_failure_of_an_earlier_run_makes_the_offer_too(desk: Desk, qtbot: QtBot) -> None:
    _fail(desk, qtbot)
    chat = desk.controller.chat
    desk.controller.new_chat()
    desk.controller.open_chat(chat)
    qtbot.waitUntil(lambda: len(desk.window.transcript.findChildren(ErrorCard)) == 1)
    (card,) = desk.window.transcript.findChildren(ErrorCard)
    assert _offers(card) == [_OFFER]


def test_the_menu_gives_the_file_its_own_template_back(desk: Desk, qtbot: QtBot) -> None:
    own = "Use the file's own template"
    assert _entry(desk, own) is None
    click(qtbot, button(_fail(desk, qtbot), _OFFER))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(2, *say("Because."), DONE)
    entry = _entry(desk, own)
    assert entry is not None
    entry.trigger()

    assert kept(desk) == ModelDefaults(template="own")
    assert _entry(desk, own) is None
    desk.ask("And now?")
    assert desk.engine.requests[-1].builtin_template == ""


def test_a_model_without_a_template_continues_text_unless_the_menu_says_otherwise(
    desk: Desk, qtbot: QtBot
) -> None:
    assert _entry(desk, _OFFER) is None, "the guide has one"
    state = ready(_BROKEN)
    assert state.loaded is not None
    become(desk, qtbot, replace(state, loaded=replace(state.loaded, has_template=False)))
    desk.ask("Once upon a time")
    assert desk.engine.requests[-1].builtin_template == ""
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("there was"), DONE)

    entry = _entry(desk, _OFFER)
    assert entry is not None
    entry.trigger()
    desk.ask("Who are you?")
    assert desk.engine.requests[-1].builtin_template == "auto"
    undo = _entry(desk, "Go without a template")
    assert undo is not None
    undo.trigger()
    assert kept(desk) == ModelDefaults(template="own")


def test_an_embedding_model_is_not_offered_a_template(desk: Desk, qtbot: QtBot) -> None:
    state = ready(_BROKEN)
    assert state.loaded is not None
    loaded = replace(state.loaded, has_template=False, embeds=True)
    become(desk, qtbot, replace(state, loaded=loaded))

    assert _entry(desk, _OFFER) is None


def test_the_popup_offers_the_same(desk: Desk, qtbot: QtBot) -> None:
    popup = Popup(translucent=True)
    qtbot.addWidget(popup)
    popups = PopupController(popup, desk.chats)
    desk.models.state_changed.connect(popups.set_engine)
    become(desk, qtbot, ready(_BROKEN))
    popup.bring_to_front()
    qtbot.waitUntil(popup.isActiveWindow)
    popup.submitted.emit(Draft("Why?"))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, _FAULT)
    (card,) = popup.transcript.findChildren(ErrorCard)
    qtbot.waitUntil(card.isVisible)
    click(qtbot, button(card, _OFFER))

    assert [each.builtin_template for each in desk.engine.requests] == ["", "auto"]
    popup.hide()


@contextmanager
def _real_window(folder: Path, model: Path) -> Iterator[tuple[MainWindow, ChatController]]:
    """Open a window upon a real engine that loads `model`."""
    folder.mkdir()
    store = ChatStore.open(folder / "chats.db")
    bridge = Bridge()
    preferences = Preferences(SettingsStore(folder / "settings.json"))
    notes = ModelNotes(Records(folder / "models.db"))
    own = OwnSettings()
    own.attach(notes)
    chats = ChatController(store, preferences, own, bridge)
    window = MainWindow()
    controller = WindowController(window, store, chats, preferences)
    window.show()
    try:
        with engine_room(folder, model) as room:
            room.engine.watch(bridge.engine_observer)
            chats.attach(room.engine)
            yield window, chats
            controller.close()
            chats.close()
    finally:
        store.close()
        notes.close()
        window.deleteLater()


@pytest.mark.parametrize("template", ["{% if %}", "{{ raise_exception('Pay first!') }}"])
def test_a_real_engine_answers_with_a_template_of_lapis_after_one_click(
    qtbot: QtBot, tmp_path: Path, template: str
) -> None:
    path = gguf_files.write_llama(
        tmp_path / "broken.gguf", template=template, answer=_SENTENCE, stops=True
    )
    with _real_window(tmp_path / "home", path) as (window, chats):
        ends: list[StoredMessage] = []
        chats.answer_finished.connect(lambda _chat, answer: ends.append(answer))
        window.composer.field.setPlainText("How?")
        window.composer.field.submitted.emit()
        qtbot.waitUntil(lambda: len(ends) == 1, timeout=30_000)
        assert ends[0].state is MessageState.FAILED
        (card,) = window.transcript.findChildren(ErrorCard)
        assert "The chat template of this model failed" in card.accessibleName()
        assert ("Pay first!" in card.accessibleName()) is ("Pay" in template)
        click(qtbot, button(card, _OFFER))

        qtbot.waitUntil(lambda: len(ends) == 2, timeout=30_000)
        assert (ends[1].state, ends[1].content) == (MessageState.COMPLETE, _SENTENCE)
        assert ends[1].parent == ends[0].parent

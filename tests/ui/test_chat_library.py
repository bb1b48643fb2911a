"""Personas, prompts and the settings of chats, at work in the window."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.model import InstalledModel
from desktop.domain.settings import EngineSettings, Settings
from desktop.services.planning import Known
from desktop.services.sizes import Sizes
from desktop.ui.chat_library import ChatLibrary
from desktop.ui.chat_menus import NewMenu
from desktop.ui.context_costs import ContextCosts
from desktop.ui.errands import Errands
from desktop.ui.memory_bar import DeviceBar
from tests.gguf_files import write_llama
from tests.ui.desk import Desk


@pytest.fixture
def library(desk: Desk) -> Iterator[ChatLibrary]:
    one = ChatLibrary(desk.window, desk.store, desk.preferences, desk.own)
    desk.controller.attach(one.settings)
    one.attach(desk.models, Known)
    desk.controller.chat_shown.connect(lambda _chat: one.show_model())
    one.chat_begun.connect(
        lambda settings, icon: desk.controller.begin_chat(settings=settings, icon=icon)
    )
    yield one
    one.close()


def _ask(desk: Desk, qtbot: QtBot, words: str) -> int:
    asked = len(desk.engine.requests)
    desk.window.composer.field.setPlainText(words)
    qtbot.keyClick(desk.window.composer.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.engine.requests) > asked)
    chat = desk.controller.chat
    assert chat is not None
    return chat


def test_what_is_set_for_a_new_chat_goes_with_its_first_question(
    desk: Desk, library: ChatLibrary, qtbot: QtBot
) -> None:
    desk.window.shortcuts.panel.emit()
    panel = desk.window.panel
    assert panel is not None
    panel.persona.chosen.emit("cook")
    panel.knobs.prompt.setPlainText("Only soup.")
    chat = _ask(desk, qtbot, "Hungry!")
    assert desk.store.settings(chat).system_prompt == "Only soup."
    assert desk.store.chat(chat).icon == "pot"
    system = desk.engine.requests[-1].messages[0]
    assert (system.role, system.content) == (Role.SYSTEM, "Only soup.")
    desk.controller.new_chat()
    assert library.settings.settings == ChatSettings()


def test_the_panel_offers_the_models_there_are(desk: Desk, library: ChatLibrary) -> None:
    del library
    desk.window.shortcuts.panel.emit()
    panel = desk.window.panel
    assert panel is not None
    assert "guide" in dict(panel.knobs.model.choices)


def test_a_change_takes_effect_with_the_next_question(
    desk: Desk, library: ChatLibrary, qtbot: QtBot
) -> None:
    chat = _ask(desk, qtbot, "Hello")
    desk.window.shortcuts.panel.emit()
    panel = desk.window.panel
    assert panel is not None
    panel.knobs.prompt.setPlainText("Be brief.")
    desk.controller.open_chat(None)
    desk.controller.open_chat(chat)
    assert panel.knobs.prompt.toPlainText() == "Be brief."
    assert library.settings.settings == desk.store.settings(chat)


def test_a_chat_shows_the_model_it_has_of_its_own_and_another_one_is_chosen_as_in_any_chat(
    desk: Desk, library: ChatLibrary, qtbot: QtBot
) -> None:
    write_llama(desk.paths.models / "Tiny.gguf")
    write_llama(desk.paths.models / "Other.gguf")
    chat = desk.store.create(settings=ChatSettings(model="Tiny")).id
    header = desk.window.header
    usual = header.model
    desk.controller.open_chat(chat)
    assert header.model is not None
    assert header.model.name == "Tiny"
    desk.controller.new_chat()
    assert header.model == usual

    desk.controller.open_chat(chat)
    with qtbot.waitSignal(desk.models.chosen):
        desk.models.choose(desk.models.find("Other"))
    assert desk.store.settings(chat).model == "Other"
    assert header.model.name == "Other"
    library.settings.choose_model("Tiny")
    assert header.model.name == "Tiny"


def test_a_chat_begins_with_a_persona_from_the_menu(desk: Desk, library: ChatLibrary) -> None:
    library.offer_personas()
    (menu,) = desk.window.sidebar.findChildren(NewMenu)
    menu.fill()
    (cook,) = (one for one in menu.actions() if one.text() == "Cook")
    cook.trigger()
    chat = desk.controller.chat
    assert chat is not None
    assert desk.store.settings(chat).persona == "cook"
    assert desk.store.chat(chat).icon == "pot"


def test_the_menu_leads_to_all_of_them(desk: Desk, library: ChatLibrary) -> None:
    (menu,) = desk.window.sidebar.findChildren(NewMenu)
    menu.fill()
    last: QAction = menu.actions()[-1]
    assert last.text() == "Personas and prompts…"
    last.trigger()
    assert not desk.window.is_talk_shown
    page = library.open_page().page
    assert page.tab is page.personas


def test_a_slash_calls_a_prompt_with_what_is_selected(
    desk: Desk, library: ChatLibrary, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    del library
    selection = desk.window.transcript.selection
    selection.clear()
    field = desk.window.composer.field
    desk.window.composer.focus_field()
    qtbot.keyClicks(field, "/short")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.toPlainText().startswith("Make the text below about half as long.")
    assert field.toPlainText().endswith("Text:\n")
    assert field.textCursor().atEnd()


def test_an_at_calls_a_model_for_this_chat(desk: Desk, library: ChatLibrary, qtbot: QtBot) -> None:
    field = desk.window.composer.field
    desk.window.composer.focus_field()
    qtbot.keyClicks(field, "@guide")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.toPlainText() == ""
    assert library.settings.settings.model == "guide"


def test_the_disk_is_looked_at_once_for_each_call_of_a_model(
    desk: Desk, library: ChatLibrary, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    del library
    looks: list[int] = []
    models = desk.models.models

    def look() -> list[InstalledModel]:
        looks.append(1)
        return models()

    monkeypatch.setattr(desk.models, "models", look)
    desk.window.composer.focus_field()
    qtbot.keyClicks(desk.window.composer.field, "@gui and @gu")

    assert len(looks) == 2


def test_a_name_typed_on_the_page_is_offered_in_the_menu(
    desk: Desk, library: ChatLibrary, qtbot: QtBot
) -> None:
    library.show_personas()
    page = library.open_page().page
    page.personas.new_requested.emit()
    (name,) = (
        one
        for one in page.findChildren(QLineEdit)
        if one.isVisible() and one.accessibleName() == "Name"
    )
    qtbot.keyClicks(name, "Pirate")
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    (menu,) = desk.window.sidebar.findChildren(NewMenu)
    menu.fill()
    assert "Pirate" in [one.text() for one in menu.actions()]


def test_the_memory_of_a_context_is_found_for_a_real_file(qtbot: QtBot, tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf")
    model = InstalledModel("tiny", "Tiny", path, path.stat().st_size)
    errands = Errands()
    sizes = Sizes(tmp_path)
    costs = ContextCosts(errands, lambda: Known(sizes))
    caches = []
    for size in (512, 2048):
        found: list[DeviceBar | None] = []
        settings = replace(Settings(), engine=EngineSettings(n_ctx=size))
        costs.find(model, settings, found.append)
        _wait_for(found, qtbot)
        assert found[0] is not None
        caches.append(found[0].cache)
    errands.close()
    assert 0 < caches[0] < caches[1]


def _wait_for(found: list[DeviceBar | None], qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(found))

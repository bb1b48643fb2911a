"""The panel of one chat's settings: shown, changed, taken back, kept."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.config.store import SettingsStore
from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings, Overflow, Persona
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Language, Settings
from desktop.domain.shelf import ModelDefaults
from desktop.services.own_items import OwnItems
from desktop.services.personas import open_personas
from desktop.services.planning import Known
from desktop.store.chats import ChatStore
from desktop.ui.chat_panel import ChatPanel
from desktop.ui.chat_panel_controller import ChatPanelController, ModelInUse
from desktop.ui.context_costs import ContextCosts
from desktop.ui.errands import Errands
from desktop.ui.memory_bar import DeviceBar
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.setting_row import SettingRow
from desktop.ui.side_space import SideSpace
from tests.ui.desk import Desk
from tests.ui.shelf import entry

GEMMA, QWEN = entry("gemma").model, entry("qwen").model


class _Defaults:
    """What is set for models, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, ModelDefaults] = {}

    def defaults(self, model: InstalledModel) -> ModelDefaults:
        return self.kept.get(model.name, ModelDefaults())

    def set_defaults(
        self, model: InstalledModel, defaults: ModelDefaults, _patience: float | None = None
    ) -> None:
        self.kept[model.name] = defaults


@dataclass
class Place:
    """A panel at work upon a real store."""

    store: ChatStore
    personas: OwnItems[Persona]
    preferences: Preferences
    own: OwnSettings
    panel: ChatPanel
    controller: ChatPanelController
    chat: int

    @property
    def kept(self) -> ChatSettings:
        self.controller.flush()
        return self.store.settings(self.chat)

    def row(self, name: str) -> SettingRow:
        (found,) = (
            row
            for row in self.panel.findChildren(SettingRow)
            if any(label.text() == name for label in row.findChildren(QLabel))
        )
        return found

    def words(self, name: str) -> list[str]:
        """Return what can be read in the row called `name`."""
        labels = self.row(name).findChildren(QLabel)
        return [label.text() for label in labels if label.isVisible() and label.text() != name]

    def press(self, name: str) -> None:
        """Press the button with this name."""
        (button,) = (
            one
            for one in self.panel.findChildren(QAbstractButton)
            if one.isVisible() and name in {one.text(), one.accessibleName()}
        )
        button.click()

    def set_creativity(self, value: str, qtbot: QtBot) -> None:
        fields = self.panel.findChildren(QLineEdit)
        (field,) = (one for one in fields if one.accessibleName() == "Creativity")
        field.selectAll()
        qtbot.keyClicks(field, value)
        qtbot.keyClick(field, Qt.Key.Key_Return)

    def type_instructions(self, words: str, qtbot: QtBot) -> None:
        self.panel.knobs.prompt.selectAll()
        qtbot.keyClicks(self.panel.knobs.prompt, words)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Place]:
    store = ChatStore.open(tmp_path / "lapis.db")
    preferences = Preferences(SettingsStore(tmp_path / "settings.json"))
    own = OwnSettings()
    own.attach(_Defaults())
    personas = open_personas(store)
    space = SideSpace(QWidget())
    qtbot.addWidget(space)
    panel = ChatPanel()
    space.take(panel)
    controller = ChatPanelController(
        store, personas, preferences, own, lambda: Language.ENGLISH, space
    )
    controller.attach(panel)
    models = {model.name: ModelInUse(model, 32768) for model in (GEMMA, QWEN)}
    controller.set_models(
        [(name, used.model) for name, used in models.items() if used.model is not None],
        lambda name: models.get(name, ModelInUse()),
    )
    controller.set_model(models["gemma"])
    chat = store.create("Tea").id
    space.resize(1000, 800)
    space.show()
    panel.show()
    controller.show_chat(chat)
    yield Place(store, personas, preferences, own, panel, controller, chat)
    controller.flush()
    space.close()
    store.close()


def test_nothing_is_set_at_first_and_each_knob_says_where_it_comes_from(place: Place) -> None:
    assert place.kept == ChatSettings()
    assert place.words("Creativity") == ["from the general settings"]
    assert place.words("Context")[0] == "from the general settings"
    assert place.panel.knobs.model.choices[0] == (None, "As in the window: gemma")


def test_what_is_set_for_the_model_is_told_number_by_number(place: Place) -> None:
    own = ModelDefaults(sampling=Sampling(temperature=0.3), n_ctx=8192)
    place.own.set(GEMMA, own)
    assert place.words("Creativity") == ["from the model"]
    assert place.words("Context")[0] == "from the model"
    place.press("More about the choice of words")
    assert place.words("Top-p") == ["from the general settings"]


def test_a_change_is_kept_at_once_and_can_be_taken_back(place: Place, qtbot: QtBot) -> None:
    place.set_creativity("1.3", qtbot)
    assert place.kept.sampling == Sampling(temperature=1.3)
    assert place.words("Creativity") == []
    place.press("Creativity: back to 0.7")
    assert place.kept == ChatSettings()


def test_a_hint_is_a_press_away_and_told_to_screen_readers(place: Place) -> None:
    row = place.row("Thinking")
    (about,) = (b for b in row.findChildren(QAbstractButton) if b.text() == "" and b.isCheckable())
    assert "hard questions" in about.accessibleDescription()
    assert not any("hard questions" in words for words in place.words("Thinking"))
    about.click()
    assert any("hard questions" in words for words in place.words("Thinking"))


def test_instructions_are_kept_when_the_typing_pauses(place: Place, qtbot: QtBot) -> None:
    place.type_instructions("Be brief.", qtbot)
    qtbot.waitUntil(lambda: place.store.settings(place.chat).system_prompt == "Be brief.")


def test_typed_instructions_go_to_the_chat_they_were_typed_for(place: Place, qtbot: QtBot) -> None:
    other = place.store.create("Coffee").id
    place.type_instructions("Be brief.", qtbot)
    place.controller.show_chat(other)
    assert place.store.settings(place.chat).system_prompt == "Be brief."
    assert place.store.settings(other) == ChatSettings()
    assert place.panel.knobs.prompt.toPlainText() == ""


def test_a_context_chosen_elsewhere_stays_while_instructions_are_typed(
    place: Place, qtbot: QtBot
) -> None:
    place.type_instructions("Be brief.", qtbot)
    place.store.set_settings(place.chat, ChatSettings(n_ctx=8192))
    place.controller.take_context(place.chat)

    assert place.kept == ChatSettings(system_prompt="Be brief.", n_ctx=8192)
    assert place.panel.knobs.prompt.toPlainText() == "Be brief."
    assert place.panel.knobs.context.context == 8192


def test_settings_that_the_locked_file_refused_are_kept_before_the_next_question(
    place: Place, qtbot: QtBot
) -> None:
    other = place.store.create("Coffee").id
    with closing(sqlite3.connect(place.store._disk.path, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        place.type_instructions("Be brief.", qtbot)
        with qtbot.waitSignal(place.controller.failed):
            place.controller.show_chat(other)
        place.controller.show_chat(place.chat)
        assert place.panel.knobs.prompt.toPlainText() == "Be brief."

    place.controller.flush()
    assert place.kept.system_prompt == "Be brief."


def test_a_change_elsewhere_takes_no_typing_away(place: Place, qtbot: QtBot) -> None:
    place.type_instructions("Be br", qtbot)
    place.preferences.set(replace(place.preferences.value, system_prompt="Be kind."))
    assert place.panel.knobs.prompt.toPlainText() == "Be br"
    assert place.kept.system_prompt == "Be br"


def test_general_instructions_show_through_where_there_are_none(place: Place) -> None:
    place.preferences.set(replace(place.preferences.value, system_prompt="Be kind."))
    assert place.panel.knobs.prompt.placeholderText() == "Be kind."
    assert place.words("Instructions")[0] == "from the general settings"


def test_a_persona_brings_its_settings_and_the_icon_of_the_chat(place: Place) -> None:
    place.panel.persona.chosen.emit("cook")
    cook = place.personas.find("cook", Language.ENGLISH)
    assert cook is not None
    assert place.kept.system_prompt == cook.settings.system_prompt
    assert place.kept.persona == "cook"
    assert place.store.chat(place.chat).icon == "pot"
    assert place.panel.persona.accessibleName() == "Persona: Cook"


def test_the_way_back_of_a_knob_leads_to_the_persona(place: Place, qtbot: QtBot) -> None:
    place.controller.choose_persona("writer")
    assert place.words("Creativity") == ["from the persona"]
    place.set_creativity("0.1", qtbot)
    assert place.words("Creativity") == []
    place.press("Creativity: back to 0.9")
    assert place.kept.sampling == Sampling(temperature=0.9)


def test_what_a_persona_replaced_can_be_brought_back(place: Place, qtbot: QtBot) -> None:
    place.type_instructions("Mine.", qtbot)
    place.controller.choose_persona("writer")
    assert place.kept.system_prompt != "Mine."
    place.press("Bring back the settings of before")
    assert place.kept == ChatSettings(system_prompt="Mine.")


def test_everything_can_be_reset_and_brought_back(place: Place, qtbot: QtBot) -> None:
    place.set_creativity("1.3", qtbot)
    place.panel.knobs.overflow.chosen.emit(Overflow.DROP)
    before = place.kept
    place.press("Reset all")
    assert place.kept == ChatSettings()
    place.press("Bring back the settings of before")
    assert place.kept == before


def test_a_model_of_its_own_brings_what_is_set_for_that_model(place: Place) -> None:
    place.own.set(QWEN, ModelDefaults(sampling=Sampling(temperature=0.1)))
    place.panel.knobs.model.chosen.emit("qwen")
    assert place.kept.model == "qwen"
    assert place.words("Creativity") == ["from the model"]


def test_a_model_that_is_gone_is_still_named(place: Place) -> None:
    place.store.set_settings(place.chat, ChatSettings(model="lost"))
    place.controller.show_chat(place.chat)
    assert place.panel.knobs.model.value == "lost"
    assert place.panel.knobs.model.text() == "lost"


def test_thinking_and_context_are_kept(place: Place, qtbot: QtBot) -> None:
    place.panel.knobs.thinking.chosen.emit(True)
    slider = place.panel.knobs.context.focusProxy()
    assert slider is not None
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert place.kept.thinking is True
    assert place.kept.n_ctx == 2048


def test_the_memory_of_a_context_is_shown_where_it_is_known(place: Place, qtbot: QtBot) -> None:
    class Costs(ContextCosts):
        def find(
            self,
            model: InstalledModel,
            settings: Settings,
            found: Callable[[DeviceBar | None], None],
        ) -> None:
            assert model == GEMMA
            cache = settings.engine.n_ctx * 100_000
            found(DeviceBar("", 4_000_000_000, cache, 0, 0, 8_000_000_000))

    place.controller.set_costs(Costs(Errands(), Known))
    slider = place.panel.knobs.context.focusProxy()
    assert slider is not None
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert "7.3 GB of 8.0 GB of memory" in place.words("Context")


def test_the_settings_of_a_new_chat_wait_for_it(place: Place, qtbot: QtBot) -> None:
    place.controller.show_chat(None)
    place.controller.choose_persona("cook")
    place.type_instructions("Only soup.", qtbot)
    settings, icon = place.controller.settings_of_new()
    assert (settings.persona, settings.system_prompt, icon) == ("cook", "Only soup.", "pot")
    place.controller.show_chat(place.chat)
    assert place.controller.settings_of_new()[0] == settings
    place.controller.forget_new()
    assert place.controller.settings_of_new() == (ChatSettings(), "")
    assert place.kept == ChatSettings()


def test_a_chat_can_begin_with_a_persona(place: Place) -> None:
    settings, icon = place.controller.beginning_with("cook")
    assert (settings.persona, icon) == ("cook", "pot")
    assert settings.sampling is None
    assert place.controller.beginning_with("gone") == (ChatSettings(), "")


def test_a_model_that_is_called_while_typing_answers_in_this_chat(place: Place) -> None:
    place.controller.choose_model("qwen")
    assert place.kept.model == "qwen"
    assert place.panel.knobs.model.value == "qwen"


def test_settings_become_a_persona(place: Place, qtbot: QtBot) -> None:
    place.type_instructions("You are a pirate.", qtbot)
    with qtbot.waitSignal(place.controller.persona_kept) as told:
        place.press("Save as persona…")
    (made,) = place.personas.own()
    assert told.args == [made]
    assert (made.name, made.settings.system_prompt) == ("You are a pirate.", "You are a pirate.")
    assert place.kept.persona == made.id


def test_a_persona_that_is_gone_leaves_its_settings(place: Place) -> None:
    kept = place.personas.add(Persona("", "Gone", settings=ChatSettings(system_prompt="Stay.")))
    place.controller.choose_persona(kept.id)
    place.personas.delete(kept.id)
    place.controller.show_chat(place.chat)
    assert place.panel.persona.accessibleName() == "Persona: No persona"
    assert place.panel.knobs.prompt.toPlainText() == "Stay."


def test_the_panel_lies_over_a_narrow_talk_and_beside_a_wide_one(qtbot: QtBot) -> None:
    talk, panel = QWidget(), ChatPanel()
    space = SideSpace(talk)
    qtbot.addWidget(space)
    space.take(panel)
    space.resize(1000, 600)
    space.show()
    assert talk.width() == 1000
    panel.show()
    assert (talk.width(), panel.x(), panel.width()) == (680, 680, 320)
    space.resize(600, 600)
    assert (talk.width(), panel.x()) == (600, 280)
    panel.hide()
    assert talk.width() == 600


def test_long_instructions_grow_the_field_up_to_a_limit(place: Place) -> None:
    field = place.panel.knobs.prompt
    low = field.height()
    field.setPlainText("中文" * 60)
    assert field.height() > low
    assert field.verticalScrollBar().maximum() == 0
    field.setPlainText("中文" * 5000)
    assert field.height() < 400
    assert field.verticalScrollBar().maximum() > 0


def test_the_key_and_the_button_bring_the_panel(desk: Desk, qtbot: QtBot) -> None:
    from desktop.ui.chat_side import ChatSide

    window = desk.window
    controller = ChatPanelController(
        desk.store,
        open_personas(desk.store),
        desk.preferences,
        desk.own,
        lambda: Language.ENGLISH,
        window,
    )
    ChatSide(window, controller)
    window.shortcuts.panel.emit()
    assert window.is_panel_shown
    panel = window.panel
    assert panel is not None
    assert panel.persona.hasFocus()
    qtbot.keyClick(panel.persona, Qt.Key.Key_Escape)
    assert not window.is_panel_shown
    assert window.composer.field.hasFocus()
    window.header.panel_requested.emit()
    assert window.is_panel_shown
    controller.flush()

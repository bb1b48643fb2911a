"""The settings page: every change at once, a way back for each, a search over all of it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Role
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Accent, EngineSettings, LookSettings, Settings, Theme
from desktop.domain.updates import Standing
from desktop.store.chats import ChatStore
from desktop.store.copies import keep_daily
from desktop.store.restoring import is_ordered
from desktop.ui.accent_swatches import AccentSwatches
from desktop.ui.banner import Banner
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.copies_controller import CopiesController
from desktop.ui.menu_button import MenuButton
from desktop.ui.page_scroll import PageScroll
from desktop.ui.search_field import SearchField
from desktop.ui.setting_row import NumberControl, SettingRow
from desktop.ui.settings_answers import AnswersSection
from desktop.ui.settings_copies import CopiesSection
from desktop.ui.settings_general import GeneralSection
from desktop.ui.settings_page import SettingsPage
from desktop.ui.settings_popup import PopupSection
from desktop.ui.settings_sections import ChatsSection, LookSection, MemorySection
from desktop.ui.switch import Switch
from desktop.ui.theme import apply_theme
from desktop.ui.update_desk import UpdateView
from tests.ui.marking import Marking, unmarked


class _Desk:
    """The page, and settings that follow what is changed on it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.settings = Settings()
        self.page = SettingsPage([LookSection(), ChatsSection(), AnswersSection(), MemorySection()])
        qtbot.addWidget(self.page)
        self.page.changed.connect(self._change)
        self.page.show_settings(self.settings)
        self.page.resize(900, 700)
        self.page.show()

    def _change(self, change: Callable[[Settings], Settings]) -> None:
        self.settings = change(self.settings)
        self.page.show_settings(self.settings)

    def row(self, name: str) -> SettingRow:
        (found,) = [row for row in self.page.findChildren(SettingRow) if row.name == name]
        return found


@pytest.fixture
def desk(qtbot: QtBot) -> _Desk:
    return _Desk(qtbot)


def _shown(desk: _Desk) -> set[str]:
    rows = desk.page.findChildren(SettingRow)
    return {row.name for row in rows if row.isVisibleTo(desk.page)}


def test_each_kind_of_control_changes_its_setting_at_once(desk: _Desk, qtbot: QtBot) -> None:
    menu = desk.row("Theme").findChild(MenuButton)
    assert isinstance(menu, MenuButton)
    menu.chosen.emit(Theme.DARK)
    swatches = desk.row("Accent colour").findChild(AccentSwatches)
    assert isinstance(swatches, AccentSwatches)
    swatches.chosen.emit(Accent.ROSE)
    size = desk.row("Text size").findChild(NumberControl)
    assert isinstance(size, NumberControl)
    size.changed.emit(17.0)
    switch = desk.row("Compact").findChild(Switch)
    assert isinstance(switch, Switch)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)

    look = desk.settings.look
    assert desk.settings.theme is Theme.DARK
    assert (look.accent, look.font_size, look.compact) == (Accent.ROSE, 17, True)


def test_a_changed_setting_can_be_put_back(desk: _Desk, qtbot: QtBot) -> None:
    row = desk.row("Compact")
    (reset,) = row.findChildren(IconButton)
    assert not reset.isVisibleTo(desk.page)
    switch = row.findChild(Switch)
    assert isinstance(switch, Switch)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert reset.isVisibleTo(desk.page)

    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert desk.settings == Settings()
    assert not switch.isChecked()


def test_what_is_typed_is_taken_when_the_typing_pauses(desk: _Desk, qtbot: QtBot) -> None:
    desk.page.show_section(2)
    field = desk.page.findChild(QPlainTextEdit)
    assert isinstance(field, QPlainTextEdit)
    qtbot.keyClicks(field, "Answer briefly.")
    qtbot.waitUntil(lambda: desk.settings.system_prompt == "Answer briefly.")

    assert field.toPlainText() == "Answer briefly."


def test_what_was_typed_a_moment_ago_is_kept_when_the_window_goes(
    desk: _Desk, qtbot: QtBot
) -> None:
    desk.page.show_section(2)
    field = desk.page.findChild(QPlainTextEdit)
    assert isinstance(field, QPlainTextEdit)
    qtbot.keyClicks(field, "Answer briefly.")
    assert desk.settings.system_prompt == ""

    desk.page.window().hide()

    assert desk.settings.system_prompt == "Answer briefly."


def test_what_was_typed_a_moment_ago_does_not_come_back_after_the_reset(
    desk: _Desk, qtbot: QtBot
) -> None:
    desk.page.show_section(2)
    field = desk.page.findChild(QPlainTextEdit)
    assert isinstance(field, QPlainTextEdit)
    qtbot.keyClicks(field, "Answer briefly.")
    qtbot.waitUntil(lambda: desk.settings.system_prompt == "Answer briefly.")
    qtbot.keyClicks(field, " And kindly.")
    (reset,) = desk.row("System prompt").findChildren(IconButton)

    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)

    assert desk.settings == Settings()
    assert field.toPlainText() == ""


def test_one_part_is_shown_at_a_time_and_the_search_finds_in_all(desk: _Desk, qtbot: QtBot) -> None:
    assert "Theme" in _shown(desk)
    assert "System prompt" not in _shown(desk)

    search = desk.page.findChild(SearchField)
    assert isinstance(search, SearchField)
    qtbot.keyClicks(search, "model")
    assert {"Let the model name chats", "Keep the model in memory"} <= _shown(desk)
    assert "Theme" not in _shown(desk)

    search.setText("no such thing")
    assert _shown(desk) == set()


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("dark", "Look and language"),
        ("export", "Copies and data"),
        ("restore", "Copies and data"),
        ("updates", "General"),
    ],
)
def test_what_stands_in_a_menu_or_on_a_button_is_found_too(
    qtbot: QtBot, typed: str, part: str
) -> None:
    general = GeneralSection({}, "linux")
    general.show_updates(UpdateView(None, "example.org", "1.0", Standing()))
    page = SettingsPage([general, LookSection(), CopiesSection()])
    qtbot.addWidget(page)
    page.show_settings(Settings())
    page.show()

    qtbot.keyClicks(page._search, typed)

    assert [each.title for each in page._sections if each.isVisible()] == [part]


def test_escape_ends_the_search_first_and_then_leaves(desk: _Desk, qtbot: QtBot) -> None:
    search = desk.page.findChild(SearchField)
    assert isinstance(search, SearchField)
    qtbot.keyClicks(search, "font")
    with qtbot.assertNotEmitted(desk.page.closed):
        qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert not search.text()

    with qtbot.waitSignal(desk.page.closed, timeout=10_000):
        qtbot.keyClick(search, Qt.Key.Key_Escape)


def test_a_part_is_chosen_at_the_left(desk: _Desk, qtbot: QtBot) -> None:
    (memory,) = [each for each in desk.page.findChildren(TextButton) if each.text() == "Memory"]
    qtbot.mouseClick(memory, Qt.MouseButton.LeftButton)

    assert "On battery" in _shown(desk)
    assert "Theme" not in _shown(desk)


def test_in_a_narrow_window_a_part_is_chosen_from_a_menu(
    desk: _Desk, qtbot: QtBot, qapp: QApplication
) -> None:
    def menus() -> list[MenuButton]:
        found = desk.page.findChildren(MenuButton)
        return [each for each in found if each.accessibleName() == "Settings: Look and language"]

    (menu,) = menus()
    assert not menu.isVisible()
    desk.page.resize(420, 360)
    qapp.processEvents()
    assert menu.isVisible()
    menu.chosen.emit(3)

    assert "On battery" in _shown(desk)
    assert menu.accessibleName() == "Settings: Memory"
    desk.page.resize(900, 700)
    qtbot.waitUntil(lambda: not menu.isVisible())


def test_an_empty_system_prompt_shows_what_one_might_write(desk: _Desk) -> None:
    desk.page.show_section(2)
    (field,) = desk.page.findChildren(QPlainTextEdit)

    assert field.toPlainText() == ""
    assert field.placeholderText().startswith("For example:")


@pytest.mark.parametrize("part", range(4))
def test_in_a_narrow_window_no_part_is_cut_off_at_the_right(
    desk: _Desk, qtbot: QtBot, part: int
) -> None:
    desk.page.show_section(part)
    desk.page.resize(420, 360)
    (scroll,) = desk.page.findChildren(PageScroll)
    qtbot.waitUntil(lambda: 0 < scroll.viewport().width() <= 420)

    column = scroll.widget()
    assert column is not None
    assert column.minimumSizeHint().width() <= scroll.viewport().width()


def test_in_a_wide_window_the_part_begins_beside_its_name(desk: _Desk, qtbot: QtBot) -> None:
    """No room is kept for the menu of narrow windows."""
    (first,) = [each for each in desk.page.findChildren(TextButton) if each.text() == "Chats"]
    (scroll,) = desk.page.findChildren(PageScroll)
    qtbot.waitUntil(lambda: first.isVisible() and scroll.isVisible())

    below_the_head = first.parentWidget()
    assert below_the_head is not None
    assert scroll.mapTo(desk.page, QPoint()).y() == below_the_head.y()


def test_a_part_that_comes_late_is_where_it_belongs_and_what_is_looked_at_stays(
    desk: _Desk, qtbot: QtBot
) -> None:
    desk.page.show_section(2)
    early, late = PopupSection(), CopiesSection()
    desk.page.insert_section(0, early)
    desk.page.insert_section(-1, late)

    def names() -> list[str]:
        buttons = desk.page.findChildren(TextButton)
        named = [each for each in buttons if each.isCheckable()]
        return [each.text() for each in sorted(named, key=lambda one: one.y())]

    qtbot.waitUntil(lambda: len(names()) == 6)
    qtbot.waitUntil(
        lambda: (
            names()
            == [
                "Quick question",
                "Look and language",
                "Chats",
                "Answers",
                "Copies and data",
                "Memory",
            ]
        )
    )
    assert "System prompt" in _shown(desk)
    (answers,) = [each for each in desk.page.findChildren(TextButton) if each.isChecked()]
    assert answers.text() == "Answers"
    for each in names():
        (button,) = [one for one in desk.page.findChildren(TextButton) if one.text() == each]
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert button.isChecked()
    assert "Keep the model in memory" in _shown(desk)
    desk.page.show_part(PopupSection)
    assert early.isVisible()
    assert not late.isVisible()


def _message_in(path: Path) -> None:
    store = ChatStore.open(path)
    chat = store.create("Kept")
    store.add(chat.id, None, Role.USER, "a question")
    store.close()


def test_a_copy_of_the_chats_is_ordered_here_and_there_at_the_next_start(
    tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "chats.db"
    _message_in(path)
    keep_daily(path, now=time.time())
    section, banner = CopiesSection(), Banner()
    qtbot.addWidget(section)
    qtbot.addWidget(banner)
    controller = CopiesController(section, path, banner)
    section.resize(700, 500)
    section.show()

    def restore_buttons() -> list[TextButton]:
        found = section.findChildren(TextButton)
        return [each for each in found if each.text() == "Restore" and each.isVisible()]

    qtbot.waitUntil(lambda: len(restore_buttons()) == 1)
    qtbot.mouseClick(restore_buttons()[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: is_ordered(path) and not restore_buttons())

    (back,) = [
        each for each in section.findChildren(TextButton) if each.text() == "Leave it as it is"
    ]
    qtbot.waitUntil(back.isVisible)
    qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not is_ordered(path) and len(restore_buttons()) == 1)

    qtbot.mouseClick(restore_buttons()[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: is_ordered(path))
    controller.close()
    again = ChatStore.open(path)
    assert [each.title for each in again.chats()] == ["Kept"]
    assert again.notice is not None
    again.close()


def test_what_was_set_elsewhere_is_offered_too(desk: _Desk) -> None:
    engine = replace(Settings().engine, idle_minutes=7, idle_minutes_on_battery=120)
    desk.page.show_settings(replace(Settings(), engine=engine))

    def chosen(name: str) -> tuple[str, list[str]]:
        menu = desk.row(name).findChild(MenuButton)
        assert isinstance(menu, MenuButton)
        return menu.text(), [words for _value, words in menu.choices]

    text, offered = chosen("Keep the model in memory")
    assert text == "7 minutes"
    assert offered[:4] == ["1 minute", "3 minutes", "5 minutes", "7 minutes"]
    assert offered[-1] == "Until Lapis ends"
    assert chosen("On battery")[0] == "2 hours"


def test_another_language_reaches_the_names_of_the_parts(
    desk: _Desk, qapp: QApplication, marking: Marking
) -> None:
    qapp.installTranslator(marking)
    qapp.processEvents()

    values = {"14", "«14", "English", "简体中文"}
    assert {word for word in unmarked(desk.page) if word not in values} == set()


def test_the_names_of_the_parts_are_whole_in_large_type(desk: _Desk, qapp: QApplication) -> None:
    apply_theme(qapp, Theme.LIGHT, LookSettings(font_size=22))
    qapp.processEvents()
    names = [each for each in desk.page.findChildren(TextButton) if each.isCheckable()]
    cut = [each.text() for each in names if each.width() < each.sizeHint().width()]
    apply_theme(qapp, Theme.LIGHT)

    assert names
    assert cut == []


def test_a_model_that_is_here_by_now_can_guess_for_larger_ones(qtbot: QtBot) -> None:
    here = [
        InstalledModel("guide", "Guide", Path("guide.gguf"), 6 * 10**6, is_guide=True),
        InstalledModel("ollama:qwen3:8b", "qwen3:8b", Path("qwen3:8b"), 5, server="ollama"),
        InstalledModel("qwen3-8b-q4_k_m", "Qwen3 8B", Path("/m/qwen3-8b-q4_k_m.gguf"), 5 * 10**9),
    ]
    section = AnswersSection(lambda: here)
    qtbot.addWidget(section)
    kept: list[Settings] = []
    section.changed.connect(lambda change: kept.append(change(Settings())))
    section.show_settings(Settings(engine=EngineSettings(draft_model="/gone/old.gguf")))
    row = next(
        row for row in section.findChildren(SettingRow) if row.name == "A small model guesses too"
    )
    menu = row.findChild(MenuButton)
    assert isinstance(menu, MenuButton)
    small = InstalledModel("qwen3-0.6b-q8_0", "Qwen3 0.6B", Path("/m/qwen3-0.6b.gguf"), 7 * 10**8)
    here.append(small)

    section.show()

    assert [words for _value, words in menu.choices] == [
        "None",
        "Qwen3 0.6B · 700 MB",
        "Qwen3 8B · 5.0 GB",
        "old.gguf",
    ]
    assert menu.text() == menu.shown_text() == "old.gguf"
    menu.chosen.emit(str(small.path))
    assert [now.engine.draft_model for now in kept] == [str(small.path)]


def test_models_are_looked_for_when_the_page_comes_up_alone(qtbot: QtBot) -> None:
    looks: list[int] = []

    def models() -> list[InstalledModel]:
        looks.append(1)
        return []

    section = AnswersSection(models)
    qtbot.addWidget(section)
    section.show_settings(Settings())
    section.show()
    section.show_settings(Settings(theme=Theme.DARK))
    section.hide()
    section.show_settings(Settings())

    assert len(looks) == 1


def test_a_models_own_guesses_are_a_switch(desk: _Desk, qtbot: QtBot) -> None:
    switch = desk.row("A model guesses by itself").findChild(Switch)
    assert isinstance(switch, Switch)
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)

    assert desk.settings.engine.next_token_heads


def test_a_long_choice_leaves_room_for_what_it_is_for(qtbot: QtBot) -> None:
    name = "meta-llama-3.2-1b-instruct-abliterated-imatrix"
    model = InstalledModel(name, name, Path(f"/m/{name}.gguf"), 8 * 10**8)
    section = AnswersSection(lambda: [model])
    qtbot.addWidget(section)
    section.show_settings(Settings(engine=EngineSettings(draft_model=str(model.path))))
    section.resize(360, 700)
    section.show()

    row = next(
        row for row in section.findChildren(SettingRow) if row.name == "A small model guesses too"
    )
    menu = row.findChild(MenuButton)
    assert isinstance(menu, MenuButton)
    assert section.width() == 360
    assert menu.width() < row.width() / 2 + 20
    assert menu.shown_text().startswith("met")
    assert menu.shown_text().endswith("MB")
    assert "…" in menu.shown_text()

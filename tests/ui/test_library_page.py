"""The page of personas and prompts: made, changed, copied, hidden, deleted, brought back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import SavedPrompt
from desktop.domain.settings import Language
from desktop.services.personas import open_personas
from desktop.services.prompts import open_prompts
from desktop.services.quick_actions import open_quick_actions
from desktop.ui.library_controller import LibraryController
from desktop.ui.library_page import LibraryPage
from tests.ui.desk import Desk

ENGLISH = Language.ENGLISH


@pytest.fixture
def library(desk: Desk) -> Iterator[LibraryController]:
    """Give the library, its page on show; it is left while there still is a store."""
    one = LibraryController(
        desk.window,
        open_personas(desk.store),
        open_prompts(desk.store),
        open_quick_actions(desk.store),
        desk.preferences,
        lambda: ENGLISH,
    )
    one.show()
    yield one
    one.leave()


def _press(page: LibraryPage, name: str) -> None:
    (button,) = (
        one
        for one in page.findChildren(QAbstractButton)
        if one.isVisible() and name in {one.text(), one.accessibleName()}
    )
    button.click()


def _offers(page: LibraryPage, name: str) -> bool:
    return any(
        one.isVisible() and name in {one.text(), one.accessibleName()}
        for one in page.findChildren(QAbstractButton)
    )


def _field(page: LibraryPage, name: str) -> QLineEdit:
    (field,) = (
        one
        for one in page.findChildren(QLineEdit)
        if one.isVisible() and one.accessibleName() == name
    )
    return field


def _type(field: QLineEdit, words: str, qtbot: QtBot) -> None:
    field.selectAll()
    qtbot.keyClicks(field, words)


def _titles(page: LibraryPage) -> list[str]:
    return [line.title for line in page.tab.list.lines if not line.is_heading]


def _said(page: LibraryPage) -> str:
    labels = page.notice.findChildren(QLabel)
    return " | ".join(label.text() for label in labels if label.isVisible() and label.text())


def test_what_comes_with_lapis_can_be_read_but_not_changed(
    library: LibraryController,
) -> None:
    page = library.page
    assert _titles(page)[0] == "Helper"
    assert _field(page, "Name").text() == "Helper"
    assert _field(page, "Name").isReadOnly()
    assert page.persona.knobs.prompt.isReadOnly()
    assert not _offers(page, "Delete")


def test_a_new_one_waits_for_its_name_and_keeps_what_is_typed(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    _press(page, "New")
    name = _field(page, "Name")
    assert name.hasFocus()
    assert name.selectedText() == "New persona"
    qtbot.keyClicks(name, "Pirate")
    page.persona.knobs.prompt.setPlainText("You are a pirate.")
    page.flush()
    (kept,) = open_personas(desk.store).own()
    assert (kept.name, kept.settings.system_prompt) == ("Pirate", "You are a pirate.")
    assert _titles(page)[0] == "Pirate"


def test_an_emptied_name_stays_what_it_was(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    _press(library.page, "New")
    field = _field(library.page, "Name")
    _type(field, " ", qtbot)
    library.page.flush()
    assert open_personas(desk.store).own()[0].name == "New persona"


def test_typing_is_kept_when_another_one_is_looked_at(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    _press(page, "New")
    _type(_field(page, "Name"), "Pirate", qtbot)
    page.personas.list.set_current("cook")
    assert _field(page, "Name").text() == "Cook"
    assert [one.name for one in open_personas(desk.store).own()] == ["Pirate"]


def test_a_copy_is_ones_own(library: LibraryController, desk: Desk) -> None:
    page = library.page
    page.personas.list.set_current("cook")
    _press(page, "Make a copy of your own")
    (kept,) = open_personas(desk.store).own()
    cook = open_personas(desk.store).find("cook", ENGLISH)
    assert cook is not None
    assert (kept.name, kept.settings) == ("Cook (copy)", cook.settings)
    assert not _field(page, "Name").isReadOnly()


def test_what_is_deleted_can_be_brought_back(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    _press(page, "New")
    _type(_field(page, "Name"), "Pirate", qtbot)
    _press(page, "Delete")
    assert open_personas(desk.store).own() == ()
    assert "Pirate" not in _titles(page)
    page.tab.take_focus()
    qtbot.keyClick(page.tab.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [one.name for one in open_personas(desk.store).own()] == ["Pirate"]
    assert _field(page, "Name").text() == "Pirate"


def test_the_delete_key_in_the_list_deletes_ones_own_only(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    qtbot.keyClick(page.tab.list, Qt.Key.Key_Delete)
    assert "Helper" in _titles(page)
    _press(page, "New")
    qtbot.keyClick(page.tab.list, Qt.Key.Key_Delete)
    assert open_personas(desk.store).own() == ()


def test_a_built_in_one_can_be_hidden_and_offered_again(library: LibraryController) -> None:
    page = library.page
    page.personas.list.set_current("cook")
    _press(page, "Hide")
    dim = [line.title for line in page.tab.list.lines if line.is_dim]
    assert dim == ["Cook"]
    _press(page, "Offer again")
    assert not any(line.is_dim for line in page.tab.list.lines)


def test_ones_own_can_be_put_into_order(library: LibraryController, qtbot: QtBot) -> None:
    page = library.page
    for name in ("First", "Second", "Third"):
        _press(page, "New")
        _type(_field(page, "Name"), name, qtbot)
    page.flush()
    _press(page, "Move up")
    assert _titles(page)[:3] == ["First", "Third", "Second"]
    page.personas.list.set_current(page.tab.list.lines[1].key)
    _press(page, "Move down")
    assert _titles(page)[:3] == ["Third", "First", "Second"]


def test_a_prompt_is_changed_with_its_command_and_its_variables(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    library.show_prompts()
    _press(page, "New")
    _type(_field(page, "Name"), "Limerick", qtbot)
    _type(_field(page, "Command, for example /summarise"), "/My  Limerick", qtbot)
    (text,) = (one for one in page.prompt.findChildren(QPlainTextEdit))
    text.setPlainText("A limerick about {{topic}} and ")
    text.moveCursor(text.textCursor().MoveOperation.End)
    _press(page, "{{date}}")
    page.flush()
    (kept,) = open_prompts(desk.store).own()
    assert kept == SavedPrompt(
        kept.id, "my-limerick", "Limerick", "A limerick about {{topic}} and {{date}}"
    )
    words = [label.text() for label in page.prompt.findChildren(QLabel) if label.isVisible()]
    assert "Asks you for: topic" in words


def test_esc_goes_back_to_the_chat_with_everything_kept(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    _press(page, "New")
    _type(_field(page, "Name"), "Pirate", qtbot)
    qtbot.keyClick(_field(page, "Name"), Qt.Key.Key_Escape)
    assert desk.window.is_talk_shown
    assert open_personas(desk.store).own()[0].name == "Pirate"


def _own(desk: Desk) -> tuple[str, ...]:
    parts = (open_personas(desk.store), open_prompts(desk.store), open_quick_actions(desk.store))
    return tuple(one.name for part in parts for one in part.own())


def test_a_new_one_that_nobody_changed_is_gone_when_the_page_is_left(
    library: LibraryController, desk: Desk, qtbot: QtBot
) -> None:
    page = library.page
    for tab in page.tabs:
        page.show_tab(tab)
        library.show()
        _press(page, "New")
        assert len(_own(desk)) == 1
        with qtbot.waitSignal(library.changed):
            qtbot.keyClick(_field(page, "Name"), Qt.Key.Key_Escape)
        assert _own(desk) == ()

    library.show()
    _press(page, "New")
    desk.controller.open_chat(None)
    assert _own(desk) == (), "by whatever way"
    library.show()
    assert "New action" not in _titles(page)
    assert _field(page, "Name").text() != "New action"


def test_a_copy_stays_though_nobody_changed_it(library: LibraryController, desk: Desk) -> None:
    _press(library.page, "Make a copy of your own")
    desk.window.show_talk()
    assert _own(desk) == ("Helper (copy)",)


def test_new_pressed_twice_makes_one(library: LibraryController, desk: Desk) -> None:
    page = library.page
    _press(page, "New")
    page.personas.list.set_current("cook")
    _press(page, "New")
    assert _own(desk) == ("New persona",)
    assert _field(page, "Name").selectedText() == "New persona"


def test_a_persona_from_a_chat_is_opened_to_be_named(
    library: LibraryController, desk: Desk
) -> None:
    desk.window.show_talk()
    personas = open_personas(desk.store)
    cook = personas.find("cook", ENGLISH)
    assert cook is not None
    library.edit_persona(personas.add(cook))
    assert not desk.window.is_talk_shown
    assert _field(library.page, "Name").selectedText() == "Cook"


def test_ones_own_go_into_a_file_and_come_back_once(
    library: LibraryController, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    _press(library.page, "New")
    library.export_to(path, only_open=False)
    assert _said(library.page) == "Written to mine.json: 1"
    library.import_file(path)
    assert _said(library.page) == "Imported: 0 · There already: 1"
    _press(library.page, "Delete")
    library.import_file(path)
    assert _said(library.page) == "Imported: 1"
    assert [one.name for one in open_personas(desk.store).own()] == ["New persona"]


def test_only_the_one_that_is_open_is_exported(library: LibraryController, tmp_path: Path) -> None:
    path = tmp_path / "cook.json"
    library.page.personas.list.set_current("cook")
    library.export_to(path, only_open=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in content["personas"]] == ["Cook"]
    assert content["prompts"] == []


def test_a_damaged_file_is_told_with_what_was_left_out(
    library: LibraryController, tmp_path: Path
) -> None:
    path = tmp_path / "half.json"
    personas = [{"name": "Good"}, {"name": "Bad", "settings": {"n_ctx": "many"}}, 7]
    path.write_text(
        json.dumps({"format": "lapis-library", "version": 1, "personas": personas}),
        encoding="utf-8",
    )
    library.import_file(path)
    assert _said(library.page) == (
        "Imported: 1 · Left out: 2 | Bad: Its settings make no sense."
        "\nWithout a name: A part of the file is damaged."
    )
    path.write_bytes(b"not json")
    library.import_file(path)
    assert "holds no personas, prompts or actions" in _said(library.page)


def test_a_tab_of_its_own_for_each_kind_and_the_models_are_not_marked(
    library: LibraryController, desk: Desk
) -> None:
    library.show_prompts()
    assert library.page.tab is library.page.prompts
    assert desk.window.windowTitle().startswith("Personas, prompts and actions")

"""The quick actions on the page of the library: changed, copied, hidden, sorted, in a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.domain.quick_action import ActionVariant, QuickAction
from desktop.domain.settings import Language
from desktop.services.quick_actions import open_quick_actions
from desktop.ui.chat_library import ChatLibrary
from desktop.ui.library_page import LibraryPage
from tests.ui.desk import Desk

ENGLISH = Language.ENGLISH


@pytest.fixture
def library(desk: Desk) -> Iterator[ChatLibrary]:
    """Give the library, its quick actions on show."""
    one = ChatLibrary(desk.window, desk.store, desk.preferences, desk.own)
    one.show_actions()
    yield one
    one.close()


@pytest.fixture
def page(library: ChatLibrary) -> LibraryPage:
    return library.open_page().page


def _press(page: LibraryPage, name: str) -> None:
    (button,) = (
        one
        for one in page.findChildren(QAbstractButton)
        if one.isVisible() and name in {one.text(), one.accessibleName()}
    )
    button.click()


def _fields(page: LibraryPage, name: str) -> list[QLineEdit | QPlainTextEdit]:
    fields: list[QLineEdit | QPlainTextEdit] = [
        *page.findChildren(QLineEdit),
        *page.findChildren(QPlainTextEdit),
    ]
    found = [one for one in fields if one.isVisible() and one.accessibleName() == name]
    return sorted(found, key=lambda one: one.mapTo(page, one.rect().topLeft()).y())


def _type(page: LibraryPage, name: str, words: str, qtbot: QtBot) -> None:
    field = _fields(page, name)[-1]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, words)


def _own(desk: Desk) -> tuple[QuickAction, ...]:
    return open_quick_actions(desk.store).own()


def _marks(page: LibraryPage) -> list[tuple[str, str]]:
    return [(line.title, line.mark) for line in page.tab.list.lines if not line.is_heading]


def _shown_key(page: LibraryPage) -> str:
    (field,) = _fields(page, "Key")
    assert isinstance(field, QLineEdit)
    return field.text()


def _labels(page: LibraryPage) -> str:
    return " | ".join(one.text() for one in page.findChildren(QLabel) if one.isVisible())


def test_those_that_come_with_lapis_are_listed_with_their_keys(page: LibraryPage) -> None:
    assert page.tab is page.quick_actions
    assert _marks(page)[:3] == [("Explain", "E"), ("Summarise", "S"), ("Translate", "T")]
    assert all(field.isReadOnly() for field in _fields(page, "Name"))
    assert all(field.isReadOnly() for field in _fields(page, "Instruction"))


def test_the_ways_to_rewrite_can_be_read(page: LibraryPage) -> None:
    page.tab.list.set_current("rewrite")
    names = _fields(page, "Name of the variant")
    assert [one.text() for one in names if isinstance(one, QLineEdit)] == [
        *("Shorter", "Clearer", "Friendlier", "More formal")
    ]
    assert all(one.isReadOnly() for one in (*names, *_fields(page, "What it is to do")))
    assert "Variants" in _labels(page)
    page.tab.list.set_current("explain")
    assert _fields(page, "Name of the variant") == []
    assert "Variants" not in _labels(page)


def test_a_new_one_is_kept_as_it_is_typed_and_offered(
    library: ChatLibrary, page: LibraryPage, desk: Desk, qtbot: QtBot
) -> None:
    _press(page, "New")
    with qtbot.waitSignal(library.actions_changed):
        _type(page, "Name", "Shout", qtbot)
        _type(page, "Key", "h", qtbot)
        _type(page, "Instruction", "Shout it in ", qtbot)
        _press(page, "{{language}}")
        page.flush()
    (kept,) = _own(desk)
    assert kept == QuickAction(kept.id, "Shout", "H", "", "Shout it in {{language}}")
    assert _marks(page)[0] == ("Shout", "H")
    assert library.actions.all(ENGLISH)[0] == kept


def test_the_last_letter_typed_is_the_key(page: LibraryPage, desk: Desk, qtbot: QtBot) -> None:
    _press(page, "New")
    _type(page, "Key", "abz", qtbot)
    page.flush()
    assert _own(desk)[0].key == _shown_key(page) == "Z"
    _type(page, "Key", "!", qtbot)
    page.flush()
    assert _own(desk)[0].key == _shown_key(page) == ""


def test_two_with_one_key_are_told_apart(page: LibraryPage, qtbot: QtBot) -> None:
    _press(page, "New")
    _type(page, "Key", "e", qtbot)
    page.flush()
    assert _marks(page)[:2] == [("New action", "E"), ("Explain", "X")]
    assert "has the key" not in _labels(page)
    page.tab.list.set_current("explain")
    assert "An action before it has the key E. This one has X." in _labels(page)
    _press(page, "New")
    _type(page, "Key", "e", qtbot)
    page.flush()
    assert "An action before it has the key E. This one has N." in _labels(page)


def test_a_copy_has_the_variants_and_more_can_be_added(
    page: LibraryPage, desk: Desk, qtbot: QtBot
) -> None:
    page.tab.list.set_current("rewrite")
    _press(page, "Make a copy of your own")
    _press(page, "Add a variant")
    _type(page, "Name of the variant", "Funnier", qtbot)
    page.flush()
    (kept,) = _own(desk)
    assert len(kept.variants) == 4
    _type(page, "What it is to do", "Make it funny.", qtbot)
    page.flush()
    (kept,) = _own(desk)
    assert kept.variants[-1] == ActionVariant("5", "Funnier", "", "Make it funny.")
    assert [one.key for one in kept.variants] == ["S", "C", "F", "O", ""]


def test_a_variant_can_be_removed(page: LibraryPage, desk: Desk) -> None:
    page.tab.list.set_current("rewrite")
    _press(page, "Make a copy of your own")
    removers = [
        one
        for one in page.findChildren(QAbstractButton)
        if one.isVisible() and one.accessibleName() == "Remove this variant"
    ]
    assert len(removers) == 4
    removers[1].click()
    (kept,) = _own(desk)
    assert [one.name for one in kept.variants] == ["Shorter", "Friendlier", "More formal"]
    page.tab.list.set_current("explain")
    page.tab.list.set_current(kept.id)
    assert len(_fields(page, "Name of the variant")) == 3


def test_a_variant_without_a_name_gets_one(page: LibraryPage, desk: Desk, qtbot: QtBot) -> None:
    _press(page, "New")
    _press(page, "Add a variant")
    _type(page, "What it is to do", "In red.", qtbot)
    page.flush()
    assert _own(desk)[0].variants == (ActionVariant("1", "Variant 1", "", "In red."),)


def test_what_is_deleted_can_be_brought_back(page: LibraryPage, desk: Desk, qtbot: QtBot) -> None:
    _press(page, "New")
    _type(page, "Name", "Shout", qtbot)
    _press(page, "Delete")
    assert _own(desk) == ()
    page.tab.take_focus()
    qtbot.keyClick(page.tab.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [one.name for one in _own(desk)] == ["Shout"]


def test_hidden_ones_are_offered_no_longer_and_give_up_their_keys(
    library: ChatLibrary, page: LibraryPage
) -> None:
    page.tab.list.set_current("mood")
    with_mood = len(library.actions.all(ENGLISH))
    _press(page, "Hide")
    assert len(library.actions.all(ENGLISH)) == with_mood - 1
    _press(page, "Offer again")
    assert len(library.actions.all(ENGLISH)) == with_mood


def test_ones_own_can_be_put_into_order(page: LibraryPage, desk: Desk, qtbot: QtBot) -> None:
    for name in ("First", "Second"):
        _press(page, "New")
        _type(page, "Name", name, qtbot)
    page.flush()
    _press(page, "Move up")
    assert [one.name for one in _own(desk)] == ["Second", "First"]


def test_they_go_into_a_file_and_come_back_once(
    library: ChatLibrary, page: LibraryPage, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    controller = library.open_page()
    page.tab.list.set_current("rewrite")
    _press(page, "Make a copy of your own")
    controller.export_to(path, only_open=False)
    controller.import_file(path)
    assert "Imported: 0 · There already: 1" in _labels(page)
    _press(page, "Delete")
    controller.import_file(path)
    assert "Imported: 1" in _labels(page)
    assert [one.name for one in _own(desk)] == ["Rewrite (copy)"]


def test_only_the_one_that_is_open_is_exported(
    library: ChatLibrary, page: LibraryPage, tmp_path: Path
) -> None:
    path = tmp_path / "explain.json"
    page.tab.list.set_current("explain")
    library.open_page().export_to(path, only_open=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in content["actions"]] == ["Explain"]
    assert content["personas"] == content["prompts"] == []

"""The list of chats at work upon a real store: arranging, undo, temporary chats."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import ChatSettings
from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.store.chats import ChatStore
from desktop.ui.banner import Topic
from desktop.ui.chat_places import ChatPlace, FolderPlace
from desktop.ui.chat_rows import Area
from tests.ui.desk import DONE, Desk, open_desk, say

_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier


def _fill(desk: Desk, *titles: str) -> list[int]:
    """Make chats of these titles, the last one used last."""
    chats = [desk.store.create(title).id for title in titles]
    desk.controller.list.refresh()
    return chats


def _rows(desk: Desk) -> list[str]:
    model = desk.window.sidebar.list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_pinning_and_order_are_kept_for_the_next_run(desk: Desk, tmp_path: Path) -> None:
    one, two, three = _fill(desk, "One", "Two", "Three")
    sidebar = desk.window.sidebar
    sidebar.pin_requested.emit(one, True)
    sidebar.pin_requested.emit(two, True)
    sidebar.chat_moved.emit(two, ChatPlace(Area.PINNED, None, one))
    assert _rows(desk) == ["Pinned", "Two", "One", "Today", "Three"]

    again = ChatStore.open(desk.paths.database)
    assert [(chat.id, chat.pinned) for chat in again.chats()] == [
        (two, True),
        (one, True),
        (three, False),
    ]
    again.close()


def test_a_chat_goes_into_a_folder_and_out_again_to_its_place_in_time(desk: Desk) -> None:
    one, two, three = _fill(desk, "One", "Two", "Three")
    folder = desk.store.add_folder("Flat").id
    sidebar = desk.window.sidebar
    sidebar.chat_moved.emit(two, ChatPlace(Area.FOLDER, folder))
    assert _rows(desk) == ["Folders", "Flat", "Two", "Today", "Three", "One"]
    sidebar.chat_moved.emit(one, ChatPlace(Area.FOLDER, folder, two))
    assert _rows(desk)[2:4] == ["One", "Two"]

    sidebar.chat_moved.emit(one, ChatPlace(Area.TIME))
    sidebar.chat_moved.emit(two, ChatPlace(Area.TIME))
    assert _rows(desk)[-4:] == ["Today", "Three", "Two", "One"]
    assert three


def test_a_pinned_or_archived_chat_that_is_dragged_into_a_folder_is_there(desk: Desk) -> None:
    one, two = _fill(desk, "One", "Two")
    folder = desk.store.add_folder("Flat").id
    sidebar = desk.window.sidebar
    sidebar.pin_requested.emit(one, True)
    sidebar.archive_requested.emit(two, True)
    for chat in (one, two):
        sidebar.chat_moved.emit(chat, ChatPlace(Area.FOLDER, folder))

    assert _rows(desk) == ["Folders", "Flat", "One", "Two"]


def test_deleting_a_folder_keeps_its_chats_and_undo_brings_it_back_with_them(desk: Desk) -> None:
    one, _two = _fill(desk, "One", "Two")
    folder = desk.store.add_folder("Flat").id
    sidebar = desk.window.sidebar
    sidebar.chat_moved.emit(one, ChatPlace(Area.FOLDER, folder))
    sidebar.folder_delete_requested.emit(folder)
    assert sorted(_rows(desk)) == sorted(["Today", "One", "Two"])

    assert desk.window.toast.undo()
    assert _rows(desk) == ["Folders", "Flat", "One", "Today", "Two"]


def test_archiving_shows_the_next_chat_and_undo_brings_the_first_back(desk: Desk) -> None:
    one, two = _fill(desk, "One", "Two")
    desk.controller.open_chat(two)
    desk.window.sidebar.archive_requested.emit(two, True)
    assert desk.controller.chat == one
    assert _rows(desk) == ["Today", "One", "Archive"]

    assert desk.window.toast.undo()
    assert desk.controller.chat == two
    assert _rows(desk) == ["Today", "Two", "One"]


def test_an_archived_chat_opens_with_its_title_and_comes_back_by_its_menu(desk: Desk) -> None:
    one, _two = _fill(desk, "One", "Two")
    sidebar = desk.window.sidebar
    sidebar.archive_requested.emit(one, True)
    desk.controller.open_chat(one)
    assert desk.window.windowTitle() == "One – Lapis"

    sidebar.archive_requested.emit(one, False)
    assert "Archive" not in _rows(desk)


def test_only_the_last_deed_is_undone(desk: Desk) -> None:
    one, two = _fill(desk, "One", "Two")
    sidebar = desk.window.sidebar
    sidebar.delete_requested.emit(one)
    sidebar.archive_requested.emit(two, True)
    assert desk.window.toast.undo()
    assert not desk.window.toast.undo()

    assert _rows(desk) == ["Today", "Two"]


def test_a_new_folder_for_a_chat_is_named_in_place(desk: Desk, qtbot: QtBot) -> None:
    (one,) = _fill(desk, "One")
    sidebar = desk.window.sidebar
    sidebar.folder_requested.emit(one)
    (editor,) = sidebar.list.findChildren(QLineEdit)
    assert editor.text() == "New folder"
    qtbot.keyClicks(editor, "Flat")
    qtbot.keyClick(editor, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: _rows(desk) == ["Folders", "Flat", "One"])
    assert [folder.name for folder in desk.store.folders()] == ["Flat"]


def test_folders_open_close_and_change_places(desk: Desk) -> None:
    (one,) = _fill(desk, "One")
    flat, work = (desk.store.add_folder(name).id for name in ("Flat", "Work"))
    sidebar = desk.window.sidebar
    sidebar.chat_moved.emit(one, ChatPlace(Area.FOLDER, flat))
    sidebar.folder_toggled.emit(flat, False)
    sidebar.folder_toggled.emit(work, False)
    assert _rows(desk) == ["Folders", "Flat", "Work"]
    sidebar.folder_moved.emit(work, FolderPlace(flat))
    assert _rows(desk) == ["Folders", "Work", "Flat"]


def test_a_new_chat_in_a_folder_is_there_and_goes_away_when_left_unused(desk: Desk) -> None:
    (one,) = _fill(desk, "One")
    flat = desk.store.add_folder("Flat").id
    desk.store.set_folder_open(flat, is_open=False)
    desk.window.sidebar.chat_in_folder_requested.emit(flat)
    assert _rows(desk) == ["Folders", "Flat", "New chat", "Today", "One"]
    begun = desk.controller.chat
    assert begun not in {None, one}

    desk.controller.open_chat(one)
    assert _rows(desk) == ["Folders", "Flat", "No chats in it yet", "Today", "One"]


def test_a_begun_chat_in_which_something_was_typed_stays(desk: Desk) -> None:
    (one,) = _fill(desk, "One")
    desk.controller.begin_chat(settings=ChatSettings(persona="cook"), icon="pot")
    begun = desk.controller.chat
    assert begun is not None
    desk.window.composer.field.setPlainText("half a thought")
    desk.controller.open_chat(one)
    desk.controller.open_chat(begun)

    assert desk.window.composer.draft() == "half a thought"
    assert desk.store.settings(begun).persona == "cook"


def test_a_question_in_a_begun_chat_names_it_where_it_stands(desk: Desk, qtbot: QtBot) -> None:
    flat = desk.store.add_folder("Flat").id
    desk.window.sidebar.chat_in_folder_requested.emit(flat)
    desk.ask("Who pays for the boiler?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("They do."), DONE)

    assert _rows(desk) == ["Folders", "Flat", "Who pays for the boiler?"]


def test_a_temporary_chat_leaves_no_trace(qtbot: QtBot, tmp_path: Path) -> None:
    with open_desk(tmp_path / "data") as desk:
        desk.window.show()
        qtbot.waitUntil(lambda: desk.models.state.loaded is not None)
        qtbot.keyClick(desk.window, Qt.Key.Key_N, _CTRL | _SHIFT)
        assert _rows(desk) == ["Today", "Temporary chat"]
        desk.ask("A secret about pelicans?")
        with qtbot.waitSignal(desk.chats.answer_finished):
            desk.engine.tell(1, *say("Pelicans keep it."), DONE)
        desk.window.composer.field.setPlainText("more about pelicans")
        assert _rows(desk) == ["Today", "A secret about pelicans?"]
        desk.controller.keep_all()
        assert desk.preferences.value.window.last_chat == 0
        kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert not [path for path in kept if b"elicans" in path.read_bytes()]
    with open_desk(tmp_path / "data") as again:
        assert _rows(again) == []


def test_nothing_moves_when_the_disk_refuses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = _fill(desk, "One", "Two")
    desk.window.sidebar.pin_requested.emit(two, True)

    def refuse(*_args: object) -> None:
        raise StorageError(Text("The disk is full"), Text("Make room."))

    monkeypatch.setattr(desk.store, "move", refuse)
    desk.window.sidebar.chat_moved.emit(one, ChatPlace(Area.PINNED, None, two))

    desk.controller.list.refresh()
    assert _rows(desk) == ["Pinned", "Two", "Today", "One"]
    assert desk.window.banner.isVisible()
    desk.window.banner.solve(Topic.STORAGE)


def test_several_answers_at_once_are_marked_each(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("One?")
    desk.controller.new_chat()
    desk.ask("Two?")
    model = desk.window.sidebar.list.model()
    spoken = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in (1, 2)]
    assert all("an answer is being written" in words for words in spoken)
    for number in (1, 2):
        with qtbot.waitSignal(desk.chats.answer_finished):
            desk.engine.tell(number, DONE)


def test_the_search_key_brings_the_sidebar_and_the_field(desk: Desk, qtbot: QtBot) -> None:
    desk.window.toggle_sidebar()
    qtbot.keyClick(desk.window, Qt.Key.Key_K, _CTRL)

    assert desk.window.is_sidebar_shown
    assert QApplication.focusWidget() is desk.window.sidebar.search


def test_the_open_chat_is_renamed_in_its_line_with_enter(desk: Desk, qtbot: QtBot) -> None:
    _one, two = _fill(desk, "One", "Two")
    desk.controller.open_chat(two)
    desk.window.shortcuts.rename.emit()
    (editor,) = desk.window.sidebar.list.findChildren(QLineEdit)
    qtbot.keyClicks(editor, "Better")
    qtbot.keyClick(editor, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: desk.titles() == ["Better", "One"])
    assert desk.window.windowTitle().startswith("Better")


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab])
def test_whoever_renames_a_chat_while_writing_goes_on_writing(
    desk: Desk, qtbot: QtBot, key: Qt.Key
) -> None:
    one, two = _fill(desk, "One", "Two")
    desk.controller.open_chat(two)
    field = desk.window.composer.field
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    desk.window.shortcuts.rename.emit()
    (editor,) = desk.window.sidebar.list.findChildren(QLineEdit)
    qtbot.waitUntil(editor.hasFocus)
    qtbot.keyClick(editor, key)

    qtbot.waitUntil(field.hasFocus)
    qtbot.waitUntil(lambda: not desk.window.sidebar.list.findChildren(QLineEdit))
    qtbot.keyClick(field, Qt.Key.Key_Delete)
    assert [chat.id for chat in desk.store.chats()] == [two, one]


def test_whoever_renames_a_chat_in_the_list_stays_there(desk: Desk, qtbot: QtBot) -> None:
    _one, two = _fill(desk, "One", "Two")
    desk.controller.open_chat(two)
    lines = desk.window.sidebar.list
    lines.setFocus()
    qtbot.waitUntil(lines.hasFocus)
    qtbot.keyClick(lines, Qt.Key.Key_F2)
    (editor,) = lines.findChildren(QLineEdit)
    qtbot.keyClick(editor, Qt.Key.Key_Escape)

    qtbot.waitUntil(lines.hasFocus)


def test_what_is_typed_as_a_title_stays_whatever_happens_in_the_chat(
    desk: Desk, qtbot: QtBot
) -> None:
    _one, two = _fill(desk, "One", "Two")
    desk.controller.open_chat(two)
    desk.window.shortcuts.rename.emit()
    (editor,) = desk.window.sidebar.list.findChildren(QLineEdit)
    qtbot.keyClicks(editor, "Bett")
    desk.window.sidebar.set_running(frozenset({two}))

    assert editor.text() == "Bett"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)

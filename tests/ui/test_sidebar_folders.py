"""Folders, pins and the archive in the list of chats."""

import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import Persona
from desktop.domain.history import ChatSummary, Folder
from desktop.ui.chat_places import ChatPlace, FolderPlace
from desktop.ui.chat_rows import Area, Content
from desktop.ui.sidebar import Sidebar

_NOW = time.time()
_ALT = Qt.KeyboardModifier.AltModifier


def _chat(
    number: int,
    title: str,
    *,
    folder: int | None = None,
    pinned: bool = False,
    archived: bool = False,
    temporary: bool = False,
) -> ChatSummary:
    return ChatSummary(
        number,
        title,
        _NOW,
        _NOW,
        folder=folder,
        pinned=pinned,
        archived=archived,
        temporary=temporary,
    )


_CHATS = (
    _chat(1, "Thesis", pinned=True),
    _chat(2, "Poem", pinned=True, folder=1),
    _chat(3, "Lease", folder=1),
    _chat(4, "Landlord", folder=1),
    _chat(5, "Kyoto"),
    _chat(6, "Passing", temporary=True),
)
_FOLDERS = (Folder(1, "Flat"), Folder(2, "Work", is_open=False), Folder(3, "Ideas"))
_ARCHIVED = (_chat(7, "Old", archived=True),)


@pytest.fixture
def sidebar(qtbot: QtBot) -> Sidebar:
    one = Sidebar()
    qtbot.addWidget(one)
    one.resize(260, 640)
    one.show()
    one.set_content(Content(_CHATS, _FOLDERS, _ARCHIVED))
    return one


def _rows(sidebar: Sidebar) -> list[str]:
    model = sidebar.list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def _mark(sidebar: Sidebar, words: str) -> None:
    model = sidebar.list.model()
    sidebar.list.setCurrentIndex(model.index(_rows(sidebar).index(words), 0))


def _menu(sidebar: Sidebar, words: str) -> QMenu:
    model = sidebar.list.model()
    index = model.index(_rows(sidebar).index(words), 0)
    place = QPoint(sidebar.list.visualRect(index).center())
    sidebar.list.customContextMenuRequested.emit(place)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def _action(menu: QMenu, words: str) -> QAction:
    for action in menu.actions():
        if action.text().split("\t")[0] == words:
            return action
        inner = action.menu()
        if isinstance(inner, QMenu) and words in [each.text() for each in inner.actions()]:
            return _action(inner, words)
    raise AssertionError(words)


def test_pinned_chats_come_first_then_folders_then_time_and_the_archive_last(
    sidebar: Sidebar,
) -> None:
    assert _rows(sidebar) == [
        *("Pinned", "Thesis", "Poem"),
        *("Folders", "Flat", "Lease", "Landlord", "Work", "Ideas", "No chats in it yet"),
        *("Today", "Kyoto", "Passing"),
        "Archive",
    ]


def test_a_click_on_a_folder_opens_or_closes_it_and_opens_no_chat(
    sidebar: Sidebar, qtbot: QtBot
) -> None:
    model = sidebar.list.model()
    for words, wanted in (("Flat", [1, False]), ("Work", [2, True])):
        place = sidebar.list.visualRect(model.index(_rows(sidebar).index(words), 0)).center()
        with (
            qtbot.assertNotEmitted(sidebar.chat_selected),
            qtbot.waitSignal(sidebar.folder_toggled) as toggled,
        ):
            qtbot.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert toggled.args == wanted


def test_left_and_right_close_and_open_a_folder(sidebar: Sidebar, qtbot: QtBot) -> None:
    _mark(sidebar, "Work")
    with qtbot.waitSignal(sidebar.folder_toggled) as opened:
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Right)
    assert opened.args == [2, True]

    _mark(sidebar, "Flat")
    with qtbot.waitSignal(sidebar.folder_toggled) as closed:
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Left)
    assert closed.args == [1, False]
    with qtbot.assertNotEmitted(sidebar.folder_toggled, wait=50):
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Right)


def test_left_in_a_chat_goes_to_its_folder(sidebar: Sidebar, qtbot: QtBot) -> None:
    _mark(sidebar, "Landlord")
    qtbot.keyClick(sidebar.list, Qt.Key.Key_Left)

    assert sidebar.list.currentIndex().data() == "Flat"


def test_the_open_chat_stays_marked_while_the_keyboard_is_on_a_folder(
    sidebar: Sidebar, qtbot: QtBot
) -> None:
    sidebar.set_current(3)
    with qtbot.assertNotEmitted(sidebar.chat_selected, wait=200):
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Up)
    sidebar.set_content(Content(_CHATS[:4], _FOLDERS, _ARCHIVED))
    sidebar.set_current(3)

    assert sidebar.list.currentIndex().data() == "Flat"
    assert sidebar.current() == 3


def test_the_archive_opens_in_place(sidebar: Sidebar, qtbot: QtBot) -> None:
    _mark(sidebar, "Archive")
    qtbot.keyClick(sidebar.list, Qt.Key.Key_Return)
    assert _rows(sidebar)[-2:] == ["Archive", "Old"]

    qtbot.keyClick(sidebar.list, Qt.Key.Key_Left)
    assert _rows(sidebar)[-1] == "Archive"


def test_a_folder_is_renamed_in_place(sidebar: Sidebar, qtbot: QtBot) -> None:
    _mark(sidebar, "Work")
    qtbot.keyClick(sidebar.list, Qt.Key.Key_F2)
    (editor,) = sidebar.list.findChildren(QLineEdit)
    assert editor.accessibleName() == "Name of the folder"
    with qtbot.waitSignal(sidebar.folder_renamed) as renamed:
        qtbot.keyClicks(editor, "Office")
        qtbot.keyClick(editor, Qt.Key.Key_Return)

    assert renamed.args == [2, "Office"]


def test_delete_on_a_folder_asks_for_the_folder_alone(sidebar: Sidebar, qtbot: QtBot) -> None:
    _mark(sidebar, "Flat")
    with (
        qtbot.assertNotEmitted(sidebar.delete_requested),
        qtbot.waitSignal(sidebar.folder_delete_requested) as deleted,
    ):
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Delete)

    assert deleted.args == [1]


@pytest.mark.parametrize(
    ("title", "key", "place"),
    [
        ("Poem", Qt.Key.Key_Up, ChatPlace(Area.PINNED, None, 1)),
        ("Thesis", Qt.Key.Key_Down, ChatPlace(Area.PINNED, None, None)),
        ("Landlord", Qt.Key.Key_Up, ChatPlace(Area.FOLDER, 1, 3)),
        ("Lease", Qt.Key.Key_Down, ChatPlace(Area.FOLDER, 1, None)),
    ],
)
def test_alt_and_an_arrow_move_a_chat(
    sidebar: Sidebar, qtbot: QtBot, title: str, key: Qt.Key, place: ChatPlace
) -> None:
    _mark(sidebar, title)
    with qtbot.waitSignal(sidebar.chat_moved) as moved:
        qtbot.keyClick(sidebar.list, key, _ALT)

    assert moved.args[1] == place


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Thesis", Qt.Key.Key_Up),
        ("Landlord", Qt.Key.Key_Down),
        ("Kyoto", Qt.Key.Key_Up),
        ("Flat", Qt.Key.Key_Up),
        ("Ideas", Qt.Key.Key_Down),
        ("Archive", Qt.Key.Key_Up),
    ],
)
def test_nothing_moves_past_the_end_of_its_group(
    sidebar: Sidebar, qtbot: QtBot, title: str, key: Qt.Key
) -> None:
    _mark(sidebar, title)
    with (
        qtbot.assertNotEmitted(sidebar.chat_moved),
        qtbot.assertNotEmitted(sidebar.folder_moved),
    ):
        qtbot.keyClick(sidebar.list, key, _ALT)
    assert sidebar.list.currentIndex().data() == title


def test_alt_and_an_arrow_move_a_folder(sidebar: Sidebar, qtbot: QtBot) -> None:
    _mark(sidebar, "Ideas")
    with qtbot.waitSignal(sidebar.folder_moved) as moved:
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Up, _ALT)

    assert moved.args == [3, FolderPlace(2)]


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_menu_of_a_chat_moves_pins_archives_and_exports_it(
    sidebar: Sidebar, qtbot: QtBot
) -> None:
    menu = _menu(sidebar, "Kyoto")
    for words, signal, wanted in (
        ("Pin", sidebar.pin_requested, [5, True]),
        ("Work", sidebar.chat_moved, [5, ChatPlace(Area.FOLDER, 2)]),
        ("New folder…", sidebar.folder_requested, [5]),
        ("Archive", sidebar.archive_requested, [5, True]),
        ("Export…", sidebar.export_requested, [5]),
        ("Delete", sidebar.delete_requested, [5]),
    ):
        with qtbot.waitSignal(signal) as told:
            _action(menu, words).trigger()
        assert told.args == wanted
    menu.close()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_menu_undoes_what_it_did(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.list.setCurrentIndex(sidebar.list.model().index(_rows(sidebar).index("Archive"), 0))
    qtbot.keyClick(sidebar.list, Qt.Key.Key_Return)
    for title, words, signal, wanted in (
        ("Thesis", "Unpin", sidebar.pin_requested, [1, False]),
        ("Old", "Unarchive", sidebar.archive_requested, [7, False]),
        ("Lease", "Out of the folder", sidebar.chat_moved, [3, ChatPlace(Area.TIME)]),
    ):
        menu = _menu(sidebar, title)
        with qtbot.waitSignal(signal) as told:
            _action(menu, words).trigger()
        assert told.args == wanted
        menu.close()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_a_temporary_chat_is_not_arranged(sidebar: Sidebar) -> None:
    menu = _menu(sidebar, "Passing")
    words = [action.text().split("\t")[0] for action in menu.actions() if action.text()]
    menu.close()

    assert words == ["Rename", "Export…", "Delete"]


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_menu_of_a_folder(sidebar: Sidebar, qtbot: QtBot) -> None:
    menu = _menu(sidebar, "Flat")
    for words, signal in (
        ("New chat in it", sidebar.chat_in_folder_requested),
        ("Delete folder, keep its chats", sidebar.folder_delete_requested),
    ):
        with qtbot.waitSignal(signal) as told:
            _action(menu, words).trigger()
        assert told.args == [1]
    menu.close()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_beside_the_new_chat_are_other_ways_to_begin(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_personas(
        [Persona("cook", "Cook & baker", "pot"), Persona("own", "Mine", "🦊"), Persona("x", "Bare")]
    )
    sidebar._more.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    for words, signal, wanted in (
        ("New temporary chat", sidebar.temporary_chat_requested, []),
        ("New folder", sidebar.folder_requested, [None]),
        ("Cook && baker", sidebar.persona_requested, ["cook"]),
        ("Mine", sidebar.persona_requested, ["own"]),
    ):
        with qtbot.waitSignal(signal) as told:
            _action(menu, words).trigger()
        assert told.args == wanted
    menu.close()
    assert not menu.grab().isNull()


def test_folders_and_the_archive_are_told_to_a_screen_reader(sidebar: Sidebar) -> None:
    model = sidebar.list.model()
    told = [
        model.index(_rows(sidebar).index(words), 0).data(Qt.ItemDataRole.AccessibleTextRole)
        for words in ("Flat", "Work", "Archive")
    ]

    assert told == [
        "Folder Flat, open, chats: 2",
        "Folder Work, closed, chats: 0",
        "Archive, closed, chats: 1",
    ]


def test_a_folder_that_is_gone_hides_no_chat(sidebar: Sidebar) -> None:
    sidebar.set_content(Content([_chat(1, "Orphan", folder=99)]))

    assert _rows(sidebar) == ["Today", "Orphan"]

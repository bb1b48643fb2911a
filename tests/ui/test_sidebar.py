"""The list of chats."""

import time
from datetime import datetime

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLineEdit,
    QMenu,
    QSplitter,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.domain.history import ChatSummary
from desktop.domain.settings import LARGEST_FONT, LookSettings, Theme
from desktop.ui.chat_rows import Content, Heading, HeadingRow, rows_of
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import apply_theme

_DAY = 86400.0


def _show(sidebar: Sidebar, chats: list[ChatSummary]) -> None:
    sidebar.set_content(Content(chats))


def _chats(*titles: str) -> list[ChatSummary]:
    now = time.time()
    return [ChatSummary(number, title, now, now) for number, title in enumerate(titles, start=1)]


@pytest.fixture
def sidebar(qtbot: QtBot) -> Sidebar:
    one = Sidebar()
    qtbot.addWidget(one)
    one.resize(260, 500)
    one.show()
    _show(one, _chats("Kyoto", "Regex", "Thesis"))
    return one


def _rows(sidebar: Sidebar) -> list[str]:
    model = sidebar.list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def _click(sidebar: Sidebar, row: int, qtbot: QtBot) -> None:
    model = sidebar.list.model()
    place = sidebar.list.visualRect(model.index(row, 0)).center()
    qtbot.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def _heading(updated: float, now: float) -> Heading:
    """Return what a chat that was last changed at `updated` stands under."""
    chat = ChatSummary(1, "Kyoto", updated, updated)
    first = rows_of(Content([chat]), now, archive_open=False)[0]
    assert isinstance(first, HeadingRow)
    return first.heading


@pytest.mark.parametrize(
    ("days", "period"),
    [
        (0, Heading.TODAY),
        (-1, Heading.TODAY),
        (1, Heading.YESTERDAY),
        (2, Heading.WEEK),
        (7, Heading.WEEK),
        (8, Heading.OLDER),
        (900, Heading.OLDER),
    ],
)
def test_chats_are_grouped_by_the_days_of_the_calendar(days: int, period: Heading) -> None:
    noon = datetime(2026, 11, 20, 12).astimezone().timestamp()

    assert _heading(noon - days * _DAY, noon) is period


def test_late_last_night_is_yesterday() -> None:
    midnight = datetime(2026, 11, 20).astimezone().timestamp()

    assert _heading(midnight - 60, midnight + 60) is Heading.YESTERDAY


def test_headings_stand_over_their_chats(sidebar: Sidebar) -> None:
    now = time.time()
    _show(sidebar, [ChatSummary(1, "New one", now, now), ChatSummary(2, "Old one", 1000.0, 1000.0)])

    assert _rows(sidebar) == ["Today", "New one", "Older", "Old one"]


def test_a_click_opens_a_chat(sidebar: Sidebar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(sidebar.chat_selected) as opened:
        _click(sidebar, 2, qtbot)

    assert opened.args == [2]


def test_a_heading_cannot_be_opened(sidebar: Sidebar, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(sidebar.chat_selected, wait=200):
        _click(sidebar, 0, qtbot)


def test_the_arrows_walk_and_open_the_chat_where_they_rest(sidebar: Sidebar, qtbot: QtBot) -> None:
    opened: list[int] = []
    sidebar.chat_selected.connect(opened.append)
    sidebar.set_current(1)
    for _ in range(2):
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: opened == [3])

    qtbot.keyClick(sidebar.list, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: opened == [3, 2])


def test_enter_goes_on_in_the_chat(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_current(2)
    with qtbot.waitSignal(sidebar.chat_activated) as activated:
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Return)

    assert activated.args == [2]


def test_f2_renames_in_place(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_current(2)
    qtbot.keyClick(sidebar.list, Qt.Key.Key_F2)
    (editor,) = sidebar.list.findChildren(QLineEdit)
    assert editor.text() == "Regex"
    with qtbot.waitSignal(sidebar.rename_requested) as renamed:
        qtbot.keyClicks(editor, "  Regular   expressions ")
        qtbot.keyClick(editor, Qt.Key.Key_Return)

    assert renamed.args == [2, "Regular expressions"]


def test_escape_leaves_the_title_as_it_was(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.edit_title(2)
    (editor,) = sidebar.list.findChildren(QLineEdit)
    with qtbot.assertNotEmitted(sidebar.rename_requested, wait=100):
        qtbot.keyClicks(editor, "Something else")
        qtbot.keyClick(editor, Qt.Key.Key_Escape)


def test_an_empty_title_is_no_title(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.edit_title(2)
    (editor,) = sidebar.list.findChildren(QLineEdit)
    editor.clear()
    with qtbot.assertNotEmitted(sidebar.rename_requested, wait=100):
        qtbot.keyClick(editor, Qt.Key.Key_Return)


def test_delete_asks_for_the_marked_chat(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.set_current(3)
    with qtbot.waitSignal(sidebar.delete_requested) as deleted:
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Delete)

    assert deleted.args == [3]


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_context_menu_deletes_the_chat_under_the_pointer(
    sidebar: Sidebar, qtbot: QtBot
) -> None:
    place = sidebar.list.visualRect(sidebar.list.model().index(1, 0)).center()
    sidebar.list.customContextMenuRequested.emit(QPoint(place))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    with qtbot.waitSignal(sidebar.delete_requested) as deleted:
        menu.actions()[-1].trigger()
    menu.close()

    assert deleted.args == [1]


def test_the_open_chat_stays_marked_when_the_list_changes(sidebar: Sidebar) -> None:
    sidebar.set_current(3)
    _show(sidebar, _chats("Kyoto", "Regex", "Thesis", "Another")[::-1])

    assert sidebar.current() == 3


def test_a_title_with_markup_is_shown_letter_by_letter(sidebar: Sidebar) -> None:
    _show(sidebar, _chats("<img src=x> & <b>bold</b>\nsecond line"))

    assert _rows(sidebar) == ["Today", "<img src=x> & <b>bold</b> second line"]
    assert not sidebar.grab().isNull()
    tip = str(sidebar.list.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert "<img" not in tip
    assert "&lt;img" in tip


def test_ten_thousand_chats_are_listed(sidebar: Sidebar) -> None:
    chats = _chats(*(f"Chat {number}" for number in range(10_000)))
    _show(sidebar, chats)
    QApplication.processEvents()

    assert sidebar.list.model().rowCount() == 10_001
    sidebar.set_current(9_000)
    row = sidebar.list.visualRect(sidebar.list.currentIndex())
    assert sidebar.list.viewport().rect().contains(row), "the open one is on the screen"


def test_a_title_being_typed_survives_a_new_list(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.edit_title(2)
    (editor,) = sidebar.list.findChildren(QLineEdit)
    editor.setText("Half a ti")
    _show(sidebar, _chats("Kyoto", "Regex", "Thesis", "Came meanwhile"))

    assert editor.isVisible()
    assert editor.text() == "Half a ti"
    with qtbot.waitSignal(sidebar.rename_requested) as renamed:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert renamed.args == [2, "Half a ti"]
    qtbot.waitUntil(lambda: "Came meanwhile" in _rows(sidebar))


def test_a_list_that_has_not_changed_is_not_built_again(sidebar: Sidebar, qtbot: QtBot) -> None:
    chats = _chats("Kyoto", "Regex")
    _show(sidebar, chats)
    with qtbot.assertNotEmitted(sidebar.list.model().modelReset):
        _show(sidebar, list(chats))


def test_a_clock_that_ran_backwards_makes_no_heading_twice(sidebar: Sidebar) -> None:
    now = time.time()
    times = (now, now - 3 * _DAY, now, now - 3 * _DAY)
    _show(sidebar, [ChatSummary(n, f"Chat {n}", 0, at) for n, at in enumerate(times, 1)])

    assert _rows(sidebar) == [
        *("Today", "Chat 1", "Chat 3"),
        *("Previous 7 days", "Chat 2", "Chat 4"),
    ]


def test_what_marks_a_chat_is_told_to_a_screen_reader(sidebar: Sidebar) -> None:
    now = time.time()
    _show(
        sidebar,
        [
            ChatSummary(1, "Kyoto", now, now, pinned=True),
            ChatSummary(2, "", now, now, temporary=True),
            ChatSummary(3, "Plain", now, now),
        ],
    )
    sidebar.set_running(frozenset({1}))
    sidebar.set_current(3)
    model = sidebar.list.model()
    told = [
        model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        for row in range(model.rowCount())
    ]

    assert told == [
        "Pinned",
        "Kyoto, an answer is being written, pinned",
        "Today",
        "Temporary chat, temporary",
        "Plain, open",
    ]


@pytest.mark.parametrize("pixels", [14, LARGEST_FONT])
def test_however_narrow_it_is_made_its_words_at_the_top_are_whole(
    qtbot: QtBot, qapp: QApplication, pixels: int
) -> None:
    apply_theme(qapp, Theme.LIGHT, LookSettings(font_size=pixels))
    splitter, sidebar = QSplitter(), Sidebar()
    qtbot.addWidget(splitter)
    splitter.addWidget(sidebar)
    splitter.addWidget(QWidget())
    splitter.setCollapsible(0, False)
    splitter.resize(900, 600)
    splitter.show()
    new = next(each for each in sidebar.findChildren(QAbstractButton) if each.text() == "New chat")
    try:
        splitter.setSizes([1, 899])
        qtbot.waitUntil(lambda: 180 <= sidebar.width() < 450)

        assert new.width() >= new.sizeHint().width()
    finally:
        apply_theme(qapp, Theme.LIGHT)

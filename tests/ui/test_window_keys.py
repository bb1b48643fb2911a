"""The keyboard always leads somewhere: to the composer, or to the undoing of a deletion."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui import window
from desktop.ui.chat_menus import ChatMenu
from desktop.ui.example_card import ExampleCard
from desktop.ui.focus_chain import takes_tab
from tests.ui.desk import DONE, Desk, say

pytestmark = pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
_CTRL = Qt.KeyboardModifier.ControlModifier


def _talk(desk: Desk, qtbot: QtBot, question: str) -> int:
    desk.controller.new_chat()
    desk.ask(question)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(len(desk.engine.requests), *say("Yes."), DONE)
    assert desk.controller.chat is not None
    return desk.controller.chat


def _focus() -> QWidget | None:
    return QApplication.focusWidget()


def test_an_example_is_asked_and_the_typing_goes_on_in_the_composer(
    desk: Desk, qtbot: QtBot
) -> None:
    card = desk.window.findChildren(ExampleCard)[0]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)

    assert desk.engine.requests
    assert _focus() is desk.window.composer.field


@pytest.mark.parametrize("which", ["main_menu", "model_menu"])
def test_a_closed_menu_leaves_the_focus_in_the_composer(
    desk: Desk, qtbot: QtBot, which: str
) -> None:
    menu: QMenu = getattr(desk.window.header, which)
    desk.window.sidebar.list.setFocus()
    menu.popup(desk.window.mapToGlobal(QPoint(50, 50)))
    qtbot.keyClick(menu, Qt.Key.Key_Escape)

    qtbot.waitUntil(lambda: desk.window.focusWidget() is desk.window.composer.field)


def test_the_menu_of_a_chat_does_so_too(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot, "One?")
    sidebar = desk.window.sidebar
    sidebar.list.setFocus()
    place = sidebar.list.visualRect(sidebar.list.currentIndex()).center()
    sidebar.list.customContextMenuRequested.emit(place)
    menu = sidebar.findChild(ChatMenu)
    assert isinstance(menu, ChatMenu)
    qtbot.keyClick(menu, Qt.Key.Key_Escape)

    qtbot.waitUntil(lambda: desk.window.focusWidget() is desk.window.composer.field)


def test_renaming_from_a_menu_keeps_the_focus_in_the_title(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot, "One?")
    menu = desk.window.header.main_menu
    # The order in which a click on the line of a menu tells them.
    menu.aboutToHide.emit()
    menu.rename_requested.emit()
    assert isinstance(_focus(), QLineEdit)
    QApplication.processEvents()

    assert isinstance(_focus(), QLineEdit)


def test_deleting_and_undoing_leave_the_focus_in_the_composer(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "One?")
    for act in (lambda: desk.window.sidebar.delete_requested.emit(chat), desk.window.toast.undo):
        desk.window.sidebar.list.setFocus()
        act()
        assert _focus() is desk.window.composer.field


@pytest.mark.parametrize("where", ["list", "transcript", "card"])
def test_letters_typed_anywhere_arrive_in_the_composer(
    desk: Desk, qtbot: QtBot, where: str
) -> None:
    _talk(desk, qtbot, "Kyoto?")
    desk.controller.new_chat()
    widgets = {
        "list": desk.window.sidebar.list,
        "transcript": desk.window.transcript,
        "card": desk.window.findChildren(ExampleCard)[0],
    }
    widget = widgets[where]
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_K)
    qtbot.keyClicks(_focus(), "ey")

    assert desk.window.composer.field.toPlainText() == "key"


def test_commands_are_not_typed(desk: Desk, qtbot: QtBot) -> None:
    desk.window.sidebar.list.setFocus()
    qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_J, _CTRL)

    assert desk.window.composer.field.toPlainText() == ""
    assert _focus() is desk.window.sidebar.list


@pytest.mark.parametrize("where", ["composer", "list"])
def test_ctrl_z_brings_a_deleted_chat_back(desk: Desk, qtbot: QtBot, where: str) -> None:
    chat = _talk(desk, qtbot, "One?")
    desk.window.sidebar.delete_requested.emit(chat)
    widget = desk.window.composer.field if where == "composer" else desk.window.sidebar.list
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_Z, _CTRL)

    assert desk.titles() == ["One?"]


def test_ctrl_z_undoes_the_typing_first(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "One?")
    desk.window.sidebar.delete_requested.emit(chat)
    field = desk.window.composer.field
    qtbot.keyClicks(field, "abc")
    qtbot.keyClick(field, Qt.Key.Key_Z, _CTRL)

    assert field.toPlainText() == ""
    assert desk.titles() == []


def _place(widget: QWidget) -> QRect:
    return widget.rect().translated(widget.mapTo(widget.window(), QPoint(0, 0)))


def test_the_toast_covers_nothing(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot, "One?")
    second = _talk(desk, qtbot, "Two?")
    window = desk.window
    window.sidebar.delete_requested.emit(second)
    assert window.toast.isVisible()
    qtbot.waitUntil(lambda: not _place(window.toast).intersects(_place(window.transcript)))

    assert not _place(window.toast).intersects(_place(window.composer))


@pytest.mark.parametrize("other", ["chosen", "new"])
def test_the_toast_goes_when_another_chat_comes(desk: Desk, qtbot: QtBot, other: str) -> None:
    first, _second, third = [_talk(desk, qtbot, title) for title in ("One?", "Two?", "Three?")]
    desk.window.sidebar.delete_requested.emit(third)
    assert desk.window.toast.isVisible()
    desk.controller.open_chat(first if other == "chosen" else None)

    assert not desk.window.toast.isVisible()
    assert not desk.window.toast.undo()


def test_the_menus_show_the_keys_that_do_the_same(desk: Desk) -> None:
    menu = desk.window.header.main_menu
    menu.aboutToShow.emit()
    lines = [action.text() for action in menu.actions()]

    assert {"Rename\tF2", "Delete\tDel", "Quit\tCtrl+Q"} <= set(lines)


def test_the_models_are_one_key_away_from_any_page_and_the_chat_from_theirs(
    desk: Desk, qtbot: QtBot
) -> None:
    window = desk.window
    window.show_page(QWidget(), "Settings", place="settings")
    with qtbot.waitSignal(window.models_requested):
        window.shortcuts.models.emit()

    window.show_page(QWidget(), "Models", place="models")
    with qtbot.assertNotEmitted(window.models_requested):
        window.shortcuts.models.emit()
    assert window.is_talk_shown


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_the_tab_key_leads_through_the_whole_window(desk: Desk, qtbot: QtBot, key: Qt.Key) -> None:
    _talk(desk, qtbot, "One?")
    window = desk.window
    window.composer.focus_field()
    # In the second round the buttons of messages are there, made later than all else.
    for _ in range(2):
        visited: list[QWidget] = []
        while (focused := _focus()) is not None and focused not in visited:
            visited.append(focused)
            qtbot.keyClick(focused, key)

        assert _focus() is window.composer.field, "it is a round"
        for part in (window.sidebar, window.header, window.composer):
            tabbed = [one for one in part.findChildren(QWidget) if takes_tab(one)]
            ways = [one for one in tabbed if one.isVisible()]
            assert set(ways) <= set(visited), type(part).__name__
        assert window.transcript in visited


def test_the_window_asks_the_system_for_the_keyboard_once_it_is_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bool]] = []

    def take(handle: int) -> bool:
        asked.append((handle, desk.window.isVisible()))
        return True

    monkeypatch.setattr(window, "take_keyboard", take)
    desk.window.hide()
    desk.window.bring_to_front()

    assert asked == [(int(desk.window.winId()), True)]

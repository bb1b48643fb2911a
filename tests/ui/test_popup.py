"""The quick question."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.ui.banner import Topic
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from tests.ui.desk import DONE, Desk, say
from tests.ui.transcripts import answers, words


@pytest.fixture
def popup(desk: Desk) -> Iterator[Popup]:
    one = Popup(translucent=True)
    yield one
    one.hide()
    one.deleteLater()


@pytest.fixture
def popups(popup: Popup, desk: Desk) -> PopupController:
    return PopupController(popup, desk.chats)


def _ask(popup: Popup, text: str) -> None:
    popup.composer.field.setPlainText(text)
    popup.composer.field.submitted.emit()


def _bring_up(popup: Popup, popups: PopupController, qtbot: QtBot) -> None:
    popup._left_at = 0
    popups.toggle()
    qtbot.waitUntil(popup.isActiveWindow)


def test_hidden_it_comes_up_with_the_cursor_in_its_field(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)

    assert popup.isVisible()
    assert QApplication.focusWidget() is popup.composer.field
    assert not popup.transcript.isVisible()


def test_in_front_it_hides(popup: Popup, popups: PopupController, qtbot: QtBot) -> None:
    _bring_up(popup, popups, qtbot)
    popups.toggle()

    assert not popup.isVisible()


def test_visible_behind_another_window_it_comes_to_the_front(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    # As when the window manager gave the focus away and the popup has not heard of it yet.
    popup._leaving.timeout.disconnect()
    desk.window.activateWindow()
    qtbot.waitUntil(lambda: not popup.isActiveWindow())
    popup.show()
    popups.toggle()

    qtbot.waitUntil(popup.isActiveWindow)
    assert popup.isVisible()


def test_it_hides_when_another_window_is_used(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    desk.window.activateWindow()

    qtbot.waitUntil(lambda: not popup.isVisible())


def test_a_click_upon_the_tray_that_took_the_focus_away_does_not_bring_it_back(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    with qtbot.waitSignal(popup.left):
        desk.window.activateWindow()
    popups.toggle()
    assert not popup.isVisible()

    popup._left_at = 0
    popups.toggle()
    assert popup.isVisible()


def test_a_key_pressed_twice_at_once_hides_it_and_shows_it_again(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    popups.toggle()
    assert not popup.isVisible()
    popups.toggle()

    assert popup.isVisible()


def test_pinned_it_stays_when_another_window_is_used(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert popup.pin.isChecked()
    desk.window.activateWindow()
    qtbot.waitUntil(lambda: not popup.isActiveWindow())
    QApplication.processEvents()
    assert popup.isVisible()

    popups.toggle()
    qtbot.waitUntil(popup.isActiveWindow)
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()


def test_a_click_on_the_shadow_is_one_beside_it(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    qtbot.mouseClick(popup, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))

    assert not popup.isVisible()


def test_it_tells_that_it_appeared_after_it_was_painted_and_once(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    appeared: list[bool] = []
    popup.appeared.connect(lambda: appeared.append(popup.isVisible()))
    popups.toggle()
    assert not appeared
    qtbot.waitUntil(lambda: appeared == [True])
    popup.update()
    QApplication.processEvents()
    assert appeared == [True]

    popups.toggle()
    popups.toggle()
    qtbot.waitUntil(lambda: appeared == [True, True])


def test_it_never_raises_the_main_window(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    desk.window.hide()
    _bring_up(popup, popups, qtbot)
    _ask(popup, "Quick?")

    assert not desk.window.isVisible()


def test_a_question_becomes_a_chat_like_any_other(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "What is a token?")
    assert popup.transcript.isVisible()
    assert popup.composer.question().text == ""
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("A piece ", "of a word."), DONE)

    assert desk.titles() == ["What is a token?"]
    (chat,) = desk.store.chats()
    assert [each.content for each in desk.store.messages(chat.id)] == [
        "What is a token?",
        "A piece of a word.",
    ]
    assert desk.controller.chat is None, "the window shows what it showed before"


def test_the_next_question_goes_to_the_same_chat(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("First."), DONE)
    _ask(popup, "Two?")

    assert len(desk.store.chats()) == 1
    assert len(desk.engine.requests[1].messages) == 3


def test_escape_stops_and_escape_again_closes(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "A long one?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)
    assert desk.engine.cancelled == [1]
    assert popup.isVisible()

    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()


def test_dismissed_it_starts_anew_and_hidden_by_the_focus_it_goes_on(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("First."), DONE)
    desk.window.activateWindow()
    qtbot.waitUntil(lambda: not popup.isVisible())
    _bring_up(popup, popups, qtbot)
    assert popup.transcript.isVisible()

    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    desk.window.activateWindow()
    qtbot.waitUntil(desk.window.isActiveWindow)
    _bring_up(popup, popups, qtbot)
    assert not popup.transcript.isVisible()
    _ask(popup, "Two?")
    assert len(desk.store.chats()) == 2


def test_an_answer_that_came_while_it_was_hidden_is_there_to_be_read(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "A long one?")
    popups.toggle()
    assert not popup.isVisible()
    popups._on_out_of_use()
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("At last."), DONE)
    desk.window.activateWindow()
    qtbot.waitUntil(desk.window.isActiveWindow)
    _bring_up(popup, popups, qtbot)
    assert popup.transcript.isVisible()
    assert "At last." in words(popup.transcript)

    popups.toggle()
    assert not popup.transcript.isVisibleTo(popup), "it was read"


def test_long_out_of_use_it_starts_anew_but_never_under_the_readers_eyes(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    popups._forget.setInterval(50)
    _bring_up(popup, popups, qtbot)
    _ask(popup, "One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("First."), DONE)
    with qtbot.waitSignal(popups._forget.timeout):
        pass
    assert popup.transcript.isVisible()

    desk.window.activateWindow()
    qtbot.waitUntil(lambda: not popup.isVisible())
    qtbot.waitUntil(lambda: not popup.transcript.isVisibleTo(popup))


def test_ctrl_o_moves_the_conversation_to_the_window_while_it_is_written(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    popups.chat_wanted.connect(desk.controller.open_chat)
    _bring_up(popup, popups, qtbot)
    _ask(popup, "A long one?")
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(1, *say("So far"))
    qtbot.keyClick(popup, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)

    assert not popup.isVisible()
    assert desk.titles() == ["A long one?"]
    chat = desk.controller.chat
    assert chat is not None
    assert desk.chats.is_running(chat)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say(" and on."), DONE)
    assert desk.store.messages(chat)[-1].content == "So far and on."
    _ask(popup, "Something else?")
    assert len(desk.store.chats()) == 2, "the popup has let go of the chat"


def test_it_grows_with_its_answer_up_to_a_share_of_the_screen(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    small = popup.height()
    _ask(popup, "A long one?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say(*("A paragraph of words.\n\n" for _ in range(100))), DONE)
    screen = QApplication.primaryScreen().availableGeometry().height()

    qtbot.waitUntil(lambda: popup.height() > screen * 0.5)
    assert small < 140 + 2 * popup.margin
    assert popup.card.height() <= screen * 0.6


def test_it_lies_on_the_screen_in_the_middle_of_the_upper_part(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    room = QApplication.primaryScreen().availableGeometry()

    assert room.contains(popup.geometry())
    assert abs(popup.geometry().center().x() - room.center().x()) <= 1
    assert popup.geometry().top() < room.height() / 2


def test_it_has_room_for_a_notice_and_for_a_question_of_many_lines(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    small = popup.height()
    hint = Text("Free at least 10 MB on the disk that holds your chats. " * 4)
    popup.banner.show_error(Topic.STORAGE, StorageError(Text("The disk is full"), hint))
    qtbot.waitUntil(lambda: popup.height() > small + 60)
    label = popup.banner._hint
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()))
    popup.banner.solve(Topic.STORAGE)
    qtbot.waitUntil(lambda: popup.height() == small)

    popup.composer.field.setPlainText("one\ntwo\nthree\nfour")
    qtbot.waitUntil(lambda: popup.height() >= small + 20)


def test_its_parts_stand_in_one_column(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "One?")
    popup.banner.show_error(Topic.STORAGE, StorageError(Text("Full"), Text("Free some.")))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("A line."), DONE)
    QApplication.processEvents()
    (answer,) = answers(popup.transcript)

    def places(edge: Callable[[QWidget], QPoint], *parts: QWidget) -> set[int]:
        return {part.mapTo(popup, edge(part)).x() for part in parts}

    left = popup._gem, popup.banner, answer, popup.foot.hints
    qtbot.waitUntil(lambda: len(places(lambda _part: QPoint(), *left)) == 1)
    right = popup.banner, answer
    qtbot.waitUntil(lambda: len(places(lambda part: part.rect().topRight(), *right)) == 1)


def test_it_is_no_reason_for_the_program_to_go_on_or_to_end(popup: Popup) -> None:
    assert not popup.testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)
    assert isinstance(popup, QWidget)


def test_without_being_kept_its_conversation_leaves_no_trace(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    popups.set_kept(kept=False)
    _bring_up(popup, popups, qtbot)
    _ask(popup, "Secret?")
    (chat,) = desk.store.chats()
    assert chat.temporary
    assert not desk.engine.requests[0].keep_state
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)

    assert desk.store.chats() == []


def test_a_conversation_that_leaves_no_trace_goes_on_in_the_window(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    popups.set_kept(kept=False)
    popups.chat_wanted.connect(desk.controller.open_chat)
    _bring_up(popup, popups, qtbot)
    _ask(popup, "Secret?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    qtbot.keyClick(popup, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)

    assert desk.controller.chat is not None
    assert len(desk.store.chats()) == 1
    assert "Yes." in words(desk.window.transcript)


def test_what_the_window_shows_is_not_thrown_away(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    popups.set_kept(kept=False)
    popups.set_elsewhere(lambda chat: desk.controller.chat == chat)
    _bring_up(popup, popups, qtbot)
    _ask(popup, "Secret?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    desk.controller.open_chat(popups.chat)
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)

    assert len(desk.store.chats()) == 1


def test_ctrl_n_begins_another_conversation_in_its_place(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "One?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("First."), DONE)
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert popup.isVisible()
    assert not popup.transcript.isVisible()
    _ask(popup, "Two?")

    assert len(desk.store.chats()) == 2


def test_what_is_typed_and_not_asked_is_there_the_next_time(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    qtbot.keyClicks(popup.composer.field, "half a thought")
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)
    desk.window.activateWindow()
    qtbot.waitUntil(desk.window.isActiveWindow)
    _bring_up(popup, popups, qtbot)

    assert popup.composer.question().text == "half a thought"


def test_what_was_left_typed_gives_way_to_other_words(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    qtbot.keyClicks(popup.composer.field, "half a thought")
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_Escape)
    desk.window.activateWindow()
    qtbot.waitUntil(desk.window.isActiveWindow)
    _bring_up(popup, popups, qtbot)
    qtbot.keyClicks(popup.composer.field, "another one")

    assert popup.composer.question().text == "another one"


def test_taken_by_an_empty_place_it_goes_along_and_a_click_there_changes_nothing(
    popup: Popup, popups: PopupController, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    before, place = popup.pos(), popup.card.topLeft() + QPoint(9, 40)
    there = QPointF(popup.mapToGlobal(place) + QPoint(60, 30))
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, QPointF(place), there, left, left, none)
    qtbot.mouseClick(popup, left, pos=place)
    QApplication.sendEvent(popup, move)
    assert popup.isVisible()
    assert popup.pos() == before, "nobody holds it"

    qtbot.mousePress(popup, left, pos=place)
    QApplication.sendEvent(popup, move)
    assert popup.pos() == before + QPoint(60, 30)


def test_its_foot_offers_what_can_be_done_now(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    foot = popup.foot

    def offered() -> list[str]:
        buttons = foot.ask, foot.stop, foot.insert, foot.copy, foot.open
        return [one.text() for one in buttons if one.isVisible() and one.isEnabled()]

    _bring_up(popup, popups, qtbot)
    assert offered() == []
    qtbot.keyClicks(popup.composer.field, "Why?")
    assert offered() == ["Ask"]
    qtbot.mouseClick(foot.ask, Qt.MouseButton.LeftButton)
    assert offered() == ["Stop", "Open in window"]
    with qtbot.waitSignal(desk.chats.answer_finished):
        qtbot.mouseClick(foot.stop, Qt.MouseButton.LeftButton)
    assert desk.engine.cancelled == [1]
    assert offered() == ["Open in window"]


def test_page_keys_scroll_the_answer_while_one_types(
    popup: Popup, popups: PopupController, desk: Desk, qtbot: QtBot
) -> None:
    _bring_up(popup, popups, qtbot)
    _ask(popup, "A long one?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say(*("A paragraph of words.\n\n" for _ in range(100))), DONE)
    bar = popup.transcript.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    qtbot.keyClick(popup.composer.field, Qt.Key.Key_PageUp)

    qtbot.waitUntil(lambda: bar.value() < bar.maximum())

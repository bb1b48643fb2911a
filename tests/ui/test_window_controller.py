"""The window at work: drafts, titles, deletion and its undo, what a restart finds again."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Failed
from desktop.domain.errors import ContextOverflow, StorageError
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.ui.banner import Topic
from desktop.ui.error_card import ErrorCard
from tests.ui.desk import DONE, Desk, become, open_desk, ready, say
from tests.ui.transcripts import words

_TOO_LONG = Failed(ContextOverflow(Text("Too long"), Text("Shorten it.")))


def _talk(desk: Desk, qtbot: QtBot, question: str) -> int:
    """Hold a short talk in a new chat and return the chat."""
    desk.controller.new_chat()
    desk.ask(question)
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(len(desk.engine.requests), *say("Yes."), DONE)
    assert desk.controller.chat is not None
    return desk.controller.chat


def test_the_first_question_names_the_chat(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot, "How large is Gemma 2 9B?")

    assert desk.titles() == ["How large is Gemma 2 9B?"]
    assert desk.window.windowTitle() == "How large is Gemma 2 9B? – Lapis"


def test_what_was_said_of_an_answer_is_gone_with_the_next_question(
    desk: Desk, qtbot: QtBot
) -> None:
    desk.ask("One?")
    desk.chats.notice_came.emit(Text("Asked again"))
    assert desk.window.banner.topic is Topic.ANSWER
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)

    desk.ask("Two?")

    assert desk.window.banner.topic is None


def test_every_letter_of_a_title_is_in_the_title_bar(desk: Desk, qtbot: QtBot) -> None:
    _talk(desk, qtbot, "What does a[*] \u202emean?")

    handle = desk.window.windowHandle()
    assert handle is not None
    qtbot.waitUntil(lambda: handle.title().startswith("What does a[*] mean? – Lapis"))


def test_each_chat_keeps_its_own_draft(desk: Desk, qtbot: QtBot) -> None:
    first = _talk(desk, qtbot, "One?")
    second = _talk(desk, qtbot, "Two?")
    desk.window.composer.field.setPlainText("for the second")
    desk.controller.open_chat(first)
    assert desk.window.composer.draft() == ""
    desk.window.composer.field.setPlainText("for the first")
    desk.controller.new_chat()
    desk.window.composer.field.setPlainText("for a new one")

    drafts = []
    for chat in (second, first, None):
        desk.controller.open_chat(chat)
        drafts.append(desk.window.composer.draft())
    assert drafts == ["for the second", "for the first", "for a new one"]


def test_what_was_typed_survives_a_kill_of_the_program(desk: Desk, qtbot: QtBot) -> None:
    with qtbot.waitSignal(desk.window.composer.draft_changed, timeout=10_000):
        qtbot.keyClicks(desk.window.composer.field, "typed and not sent")
    qtbot.waitUntil(lambda: desk.store.draft(None) == "typed and not sent", timeout=10_000)


def test_a_sent_question_is_no_draft_any_more(desk: Desk, qtbot: QtBot) -> None:
    field = desk.window.composer.field
    field.setPlainText("Gone from the field?")
    qtbot.waitUntil(lambda: desk.store.draft(None) != "", timeout=10_000)
    field.submitted.emit()
    chat = desk.controller.chat
    assert chat is not None
    assert desk.window.composer.draft() == ""
    assert desk.store.draft(None) == ""
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, DONE)

    field.setPlainText("And this one?")
    qtbot.waitUntil(lambda: desk.store.draft(chat) != "", timeout=10_000)
    field.submitted.emit()
    assert desk.window.composer.draft() == ""
    assert desk.store.draft(chat) == ""


def test_a_question_that_was_too_long_comes_back_to_be_shortened(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("A very long question")
    chat = desk.controller.chat
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, _TOO_LONG)
    assert desk.window.composer.draft() == desk.store.draft(chat) == "A very long question"

    contract = Attachment(AttachmentKind.FILE, "contract.txt", "The rent is due. " * 50)
    desk.window.composer.set_question("When is it due?", (contract,))
    desk.window.composer.field.submitted.emit()
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(2, _TOO_LONG)
    given_back = desk.window.composer.question()
    assert (given_back.text, given_back.attachments) == ("When is it due?", (contract,))

    desk.ask("Another long question")
    desk.window.composer.field.setPlainText("typed meanwhile")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(3, _TOO_LONG)
    assert desk.window.composer.draft() == "typed meanwhile"


def test_a_question_given_back_leaves_the_field_when_it_is_answered_after_all(
    desk: Desk, qtbot: QtBot
) -> None:
    desk.ask("A very long question")
    chat = desk.controller.chat
    assert chat is not None
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, _TOO_LONG)
    assert desk.window.composer.draft() == "A very long question"

    failed = desk.store.messages(chat)[-1]
    desk.chats.answer_again(chat, failed.id)
    assert desk.window.composer.draft() == desk.store.draft(chat) == ""


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_for_a_text_that_was_too_long_another_model_is_offered(desk: Desk, qtbot: QtBot) -> None:
    seen: list[bool] = []
    menu = desk.window.header.model_menu

    def close() -> None:
        seen.append(QApplication.activePopupWidget() is menu)
        menu.close()

    menu.aboutToShow.connect(lambda: QTimer.singleShot(50, menu, close))
    desk.ask("A very long question")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, _TOO_LONG)
    card = desk.window.transcript.findChild(ErrorCard)
    assert isinstance(card, ErrorCard)
    offered = [each for each in card.findChildren(QPushButton) if not each.isHidden()]
    assert offered[-1].text() == "Choose a model"
    offered[-1].click()

    qtbot.waitUntil(lambda: seen == [True])
    assert len(desk.engine.requests) == 1

    failed = desk.store.messages(desk.controller.chat or 0)[-1]
    other = InstalledModel("other", "Other", Path("/models/other.gguf"), 1)
    become(desk, qtbot, ready(other))
    assert offered[-1].text() == "Try again"
    become(desk, qtbot, ready(replace(other, name=failed.model)))
    assert offered[-1].text() == "Choose a model", "it would fail again"
    become(desk, qtbot, ready(other))
    offered[-1].click()
    assert len(desk.engine.requests) == 2


def test_an_example_question_leaves_the_draft_alone(desk: Desk) -> None:
    desk.window.composer.field.setPlainText("my own thought")
    desk.window.transcript.example_chosen.emit("What is GGUF?")

    assert desk.engine.requests[0].messages[-1].content == "What is GGUF?"
    desk.controller.new_chat()
    assert desk.window.composer.draft() == "my own thought"


def test_a_restart_finds_chat_draft_and_sidebar_again(qtbot: QtBot, tmp_path: Path) -> None:
    with open_desk(tmp_path / "data") as first:
        first.window.restore(first.preferences.value.window)
        first.window.show()
        chat = _talk(first, qtbot, "Still here?")
        first.window.composer.field.setPlainText("an unfinished thought")
        first.window.resize(700, 600)
        first.window.toggle_sidebar()
    with open_desk(tmp_path / "data") as second:
        second.window.restore(second.preferences.value.window)
        second.window.show()

        assert second.controller.chat == chat
        assert second.window.composer.draft() == "an unfinished thought"
        assert second.window.width() == 700
        assert not second.window.sidebar.isVisible()
        second.window.toggle_sidebar()
        assert second.window.sidebar.isVisible()
        assert second.window.sidebar.width() >= 200


def test_deleting_shows_the_next_chat_and_undo_brings_the_deleted_back(
    desk: Desk, qtbot: QtBot
) -> None:
    first = _talk(desk, qtbot, "One?")
    second = _talk(desk, qtbot, "Two?")
    desk.window.sidebar.delete_requested.emit(second)
    assert desk.titles() == ["One?"]
    assert desk.controller.chat == first
    assert desk.window.toast.isVisible()

    assert desk.window.toast.undo()
    assert desk.titles() == ["Two?", "One?"]
    assert desk.controller.chat == second
    assert not desk.window.toast.isVisible()


def test_deleting_while_the_answer_is_written_stops_it_and_undo_shows_the_text(
    desk: Desk, qtbot: QtBot
) -> None:
    desk.ask("Tell me a story")
    chat = desk.controller.chat
    assert chat is not None
    with qtbot.waitSignal(desk.chats.text_grew):
        desk.engine.tell(1, *say("Once upon"))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.window.sidebar.delete_requested.emit(chat)
    assert desk.engine.cancelled == [1]
    assert desk.controller.chat is None

    desk.window.toast.undo()
    assert desk.controller.chat == chat
    assert desk.store.messages(chat)[-1].content == "Once upon"


def test_a_chat_in_the_background_is_deleted_without_moving_the_open_one(
    desk: Desk, qtbot: QtBot
) -> None:
    first = _talk(desk, qtbot, "One?")
    second = _talk(desk, qtbot, "Two?")
    desk.window.sidebar.delete_requested.emit(first)

    assert desk.controller.chat == second
    assert desk.titles() == ["Two?"]


def test_the_draft_of_a_deleted_chat_comes_back_with_it(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "One?")
    desk.window.composer.field.setPlainText("half a question")
    desk.window.sidebar.delete_requested.emit(chat)
    assert desk.window.composer.draft() == ""
    desk.window.toast.undo()

    assert desk.window.composer.draft() == "half a question"


def test_renaming_changes_list_header_and_title_bar(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "One?")
    desk.window.sidebar.rename_requested.emit(chat, "<b>Kyoto</b>")
    qtbot.waitUntil(lambda: desk.window.windowTitle() == "<b>Kyoto</b> – Lapis")

    assert desk.titles() == ["<b>Kyoto</b>"]


def test_the_keys_of_the_window(desk: Desk, qtbot: QtBot) -> None:
    window = desk.window
    _talk(desk, qtbot, "One?")
    ctrl = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(window, Qt.Key.Key_N, ctrl)
    assert desk.controller.chat is None

    qtbot.keyClick(window, Qt.Key.Key_Backslash, ctrl)
    assert not window.sidebar.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Backslash, ctrl)
    assert window.sidebar.isVisible()

    window.sidebar.list.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_L, ctrl)
    assert QApplication.focusWidget() is window.composer.field

    with qtbot.waitSignal(desk.controller.quit_requested):
        qtbot.keyClick(window, Qt.Key.Key_Q, ctrl)


def test_escape_stops_the_answer_wherever_the_focus_is(desk: Desk, qtbot: QtBot) -> None:
    desk.ask("A long one?")
    desk.window.sidebar.list.setFocus()
    qtbot.keyClick(desk.window.sidebar.list, Qt.Key.Key_Escape)

    assert desk.engine.cancelled == [1]


def test_closing_is_left_to_the_owner(desk: Desk, qtbot: QtBot) -> None:
    with qtbot.waitSignal(desk.window.close_requested):
        assert not desk.window.close()

    assert desk.window.isVisible()


def test_the_toast_goes_by_itself_but_not_under_the_pointer(desk: Desk, qtbot: QtBot) -> None:
    chat = _talk(desk, qtbot, "One?")
    desk.window.sidebar.delete_requested.emit(chat)
    toast = desk.window.toast
    timer = toast._timer
    assert timer.isActive()
    assert timer.interval() == 8000
    qtbot.mouseMove(toast)
    QApplication.sendEvent(toast, _enter())
    assert not timer.isActive()
    timer.timeout.emit()

    assert not toast.isVisible()
    assert not toast.undo()


def _enter() -> QEnterEvent:
    place = QPointF(5, 5)
    return QEnterEvent(place, place, place)


def test_a_narrow_window_gives_the_talk_the_room_of_the_sidebar(desk: Desk) -> None:
    window = desk.window
    window.resize(760, 500)
    QApplication.processEvents()
    assert window.sidebar.isVisible()

    window.resize(480, 500)
    QApplication.processEvents()
    assert not window.sidebar.isVisible()
    assert window.kept(None).sidebar_width > 0, "it was not the person who hid it"
    window.toggle_sidebar()
    window.resize(500, 500)
    QApplication.processEvents()
    assert window.sidebar.isVisible(), "brought back by hand, it stays"

    window.toggle_sidebar()
    window.resize(760, 500)
    QApplication.processEvents()
    assert not window.sidebar.isVisible(), "hidden by hand, it stays so"


def test_everything_that_takes_the_keyboard_has_a_name(desk: Desk) -> None:
    desk.window.banner.show_notice(Topic.ANSWER, Text("A notice"))
    nameless = [
        widget
        for widget in desk.window.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
    ]

    assert nameless == []


def test_tab_goes_round_from_the_list_over_the_header_to_the_composer(
    desk: Desk, qtbot: QtBot
) -> None:
    _talk(desk, qtbot, "One?")
    window = desk.window
    window.sidebar.list.setFocus()
    order = []
    for _ in range(30):
        focus = QApplication.focusWidget()
        if focus is None or focus in order:
            break
        order.append(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)

    assert window.composer.field in order
    places = [order.index(each) for each in (window.sidebar.list, window.composer.field)]
    assert places == sorted(places)


def test_a_chat_whose_draft_cannot_be_read_is_not_shown_by_halves(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _talk(desk, qtbot, "One?")
    second = _talk(desk, qtbot, "Two?")

    def fail(_chat: int | None) -> str:
        raise StorageError(Text("The disk is gone"), Text("Plug it in."))

    monkeypatch.setattr(desk.store, "draft", fail)
    desk.controller.open_chat(first)

    assert desk.controller.chat == second
    assert "Two?" in words(desk.window.transcript)
    assert "One?" not in words(desk.window.transcript)

"""Quick actions in the popup."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, AttachmentKind, StoredMessage
from desktop.domain.text import Text
from desktop.system.front.base import Selection
from desktop.ui.action_chip import ActionChip
from desktop.ui.quick_action_strip import held_key
from tests.ui.desk import Desk, become, ready
from tests.ui.popups import Bench, open_bench
from tests.ui.talk import TINY

FOX = "The quick brown fox jumps over the lazy dog."
_ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def bench(desk: Desk, qtbot: QtBot) -> Iterator[Bench]:
    QGuiApplication.clipboard().clear()
    with open_bench(desk, qtbot) as one:
        become(desk, qtbot, ready(TINY))
        yield one


def _question(bench: Bench) -> StoredMessage:
    (chat,) = bench.desk.store.chats()
    return bench.desk.store.messages(chat.id)[-2]


def _press(bench: Bench, key: Qt.Key) -> None:
    bench.qtbot.keyClick(bench.popup.composer.field, key)


def _sent(bench: Bench) -> str:
    return bench.desk.engine.requests[-1].messages[-1].content


def test_a_letter_does_it_with_the_selected_text(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    _press(bench, Qt.Key.Key_E)

    question = _question(bench)
    (attachment,) = question.attachments
    assert (attachment.kind, question.content) == (AttachmentKind.ACTION, "")
    assert attachment.name == f"Explain: {FOX}"
    assert bench.desk.titles() == [attachment.name]
    assert _sent(bench).startswith("Explain the text below")
    assert _sent(bench).endswith(f"<text>\n{FOX}\n</text>"), "what is constant comes first"
    assert bench.popup.transcript.isVisible()
    assert bench.along() == []


def test_keys_of_an_input_method_that_composes_neither_choose_nor_ask_nor_close(
    bench: Bench,
) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    field = bench.popup.composer.field
    QApplication.sendEvent(field, QInputMethodEvent("ni hao", []))
    for key in (Qt.Key.Key_E, Qt.Key.Key_Return, Qt.Key.Key_Escape):
        _press(bench, key)
        QApplication.sendEvent(field, QInputMethodEvent("ni hao", []))
    bench.qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert bench.desk.engine.requests == []
    assert bench.popup.isVisible()
    committed = QInputMethodEvent("", [])
    committed.setCommitString("你好")
    QApplication.sendEvent(field, committed)
    assert bench.popup.composer.question().text.endswith("你好")
    _press(bench, Qt.Key.Key_Return)
    assert len(bench.desk.engine.requests) == 1


def test_without_a_text_along_letters_are_typed(bench: Bench) -> None:
    bench.call()
    _press(bench, Qt.Key.Key_E)

    assert bench.popup.composer.question().text == "e"
    assert bench.desk.engine.requests == []


def test_after_the_first_question_letters_are_typed(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.ask("What is it?")
    bench.answer("A fox.")
    bench.popup.composer.attach(Attachment(AttachmentKind.PASTE, "", "more"))
    _press(bench, Qt.Key.Key_E)

    assert bench.popup.composer.question().text == "e"


def test_whoever_goes_on_typing_was_typing_a_word(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.qtbot.keyClicks(bench.popup.composer.field, "explain it to a child")

    assert bench.popup.composer.question().text == "explain it to a child"
    assert bench.along() == [FOX]
    assert bench.desk.store.chats() == []
    assert bench.desk.engine.cancelled == [1]
    assert not bench.popup.transcript.isVisible()


def test_whoever_waits_has_meant_the_action(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    now = [0.0]
    bench.room.actions._clock = lambda: now[0]
    _press(bench, Qt.Key.Key_E)
    now[0] = 5.0
    _press(bench, Qt.Key.Key_X)

    assert len(bench.desk.store.chats()) == 1
    assert bench.desk.engine.cancelled == []
    assert bench.popup.composer.question().text == "x"


def test_a_word_that_begins_as_an_action_with_variants_is_typed(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.qtbot.keyClicks(bench.popup.composer.field, "rework it")

    assert bench.popup.composer.question().text == "rework it"
    assert bench.desk.engine.requests == []


def test_two_letters_choose_one_of_the_ways_to_do_it(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    _press(bench, Qt.Key.Key_R)
    _press(bench, Qt.Key.Key_S)

    (attachment,) = _question(bench).attachments
    assert attachment.name.startswith("Rewrite · Shorter: ")


def test_escape_goes_back_from_the_ways_before_it_closes(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    _press(bench, Qt.Key.Key_R)
    _press(bench, Qt.Key.Key_Escape)
    assert bench.popup.isVisible()
    shown = [one for one in bench.popup.findChildren(ActionChip) if one.isVisible()]
    assert shown[0].action.id == "explain"

    _press(bench, Qt.Key.Key_Escape)
    assert not bench.popup.isVisible()


def test_what_is_typed_beside_the_text_is_a_wish(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.popup.composer.field.setPlainText("for a child")
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_E, _ALT)

    assert _question(bench).content == "for a child"
    assert _sent(bench).endswith("</text>\n\nfor a child")


def test_with_nothing_along_it_is_done_with_what_is_typed(bench: Bench) -> None:
    bench.call()
    bench.popup.composer.field.setPlainText("Guten Tag")
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_T, _ALT)

    assert "<text>\nGuten Tag\n</text>" in _sent(bench)


def test_with_nothing_typed_it_is_done_with_what_is_on_offer(bench: Bench) -> None:
    QGuiApplication.clipboard().setText(FOX)
    bench.call()
    assert bench.along() == []
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_S, _ALT)

    assert f"<text>\n{FOX}\n</text>" in _sent(bench)


def test_in_a_conversation_it_is_done_with_the_answer(bench: Bench) -> None:
    bench.call()
    bench.ask("Write a line.")
    bench.answer("A line of words.")
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_T, _ALT)

    assert "<text>\nA line of words.\n</text>" in _sent(bench)
    assert len(bench.desk.store.chats()) == 1, "in the same conversation"


def test_with_nothing_at_all_the_next_text_is_it(bench: Bench) -> None:
    bench.call()
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_T, _ALT)
    assert bench.desk.engine.requests == []
    field = bench.popup.composer.field
    assert "Translate" in field.placeholderText()
    bench.ask("Guten Tag")

    assert "<text>\nGuten Tag\n</text>" in _sent(bench)
    assert "Translate" not in field.placeholderText()


def test_an_action_waits_on_where_its_text_could_not_be_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_more: object) -> int:
        raise StorageError(Text("The disk is full"), Text("Free some space."))

    bench.call()
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_T, _ALT)
    with monkeypatch.context() as patch:
        patch.setattr(bench.desk.chats, "ask", refuse)
        bench.ask("Guten Tag")
    assert bench.desk.engine.requests == []
    _press(bench, Qt.Key.Key_Return)

    assert "<text>\nGuten Tag\n</text>" in _sent(bench)


def test_escape_gives_an_action_up_that_waits_for_its_text(bench: Bench) -> None:
    bench.call()
    bench.qtbot.keyClick(bench.popup, Qt.Key.Key_T, _ALT)
    _press(bench, Qt.Key.Key_Escape)
    assert bench.popup.isVisible()
    bench.ask("Guten Tag")

    assert _sent(bench) == "Guten Tag"


def test_while_an_answer_is_written_there_are_no_actions(bench: Bench) -> None:
    bench.call()
    bench.ask("One?")
    assert not bench.room.actions.strip.isEnabled()
    bench.answer("Yes.")
    assert bench.room.actions.strip.isEnabled()


def test_an_action_waits_for_a_file_that_is_still_read(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    chips = bench.popup.chips
    chips.begin_reading(1)
    bench.room.actions.strip.chosen.emit("explain")
    _press(bench, Qt.Key.Key_E)

    assert not bench.room.actions.strip.isEnabled()
    assert bench.desk.engine.requests == []
    assert bench.popup.composer.question().text == "e", "as with Enter, nothing is asked yet"

    bench.popup.composer.field.clear()
    bench.popup.composer.attach(Attachment(AttachmentKind.FILE, "fox.txt", "A second fox."))
    chips.end_reading(1)
    _press(bench, Qt.Key.Key_E)

    assert _sent(bench).endswith(f"<text>\n{FOX}\n\nA second fox.\n</text>")


def test_foot_and_caps_say_when_a_letter_is_enough(bench: Bench) -> None:
    def lit() -> set[bool]:
        chips = bench.room.popup.findChildren(ActionChip)
        return {chip.is_letter_enough for chip in chips if not chip.isHidden()}

    bench.call()
    assert lit() == {False}, "with nothing along letters are typed"
    bench.popup.put_away()
    bench.front.selected = Selection(FOX)
    bench.call()
    assert "letter" in bench.popup.foot.hints.whole_text()
    assert lit() == {True}
    assert f"{held_key()}letter" in bench.popup.foot.hints.whole_text()
    bench.popup.composer.field.setPlainText("x")
    assert "letter" not in bench.popup.foot.hints.whole_text()
    assert lit() == {False}


def test_the_guide_is_not_asked_to_work_with_texts(bench: Bench) -> None:
    guide = bench.desk.engine.chosen[0]
    become(bench.desk, bench.qtbot, ready(guide))
    asked = len(bench.desk.engine.requests)
    bench.front.selected = Selection(FOX)
    bench.call()
    _press(bench, Qt.Key.Key_E)

    assert len(bench.desk.engine.requests) == asked
    assert bench.along() == [FOX], "nothing is taken away"
    banner = bench.popup.banner
    assert banner.isVisible()
    (button,) = (one for one in banner.findChildren(QPushButton) if one.text() == "Choose a model")
    with bench.qtbot.waitSignal(bench.room.models_wanted):
        button.click()
    assert not bench.popup.isVisible()

    become(bench.desk, bench.qtbot, ready(TINY))
    assert not banner.isVisibleTo(bench.popup)

"""What goes with a quick question by itself, and what is offered."""

import threading
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QClipboard, QGuiApplication, QImage
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.settings import PopupSettings, Settings
from desktop.system.front.base import Copied, Selection
from desktop.ui import popup_controller_offers
from desktop.ui.attachment_sheet import AttachmentSheet
from desktop.ui.banner import Topic
from desktop.ui.popup_chips import _Chip
from tests.ui.desk import Desk
from tests.ui.popups import Bench, open_bench

FOX = "The quick brown fox jumps over the lazy dog."
CRANE = "白鹤亮翅，金鸡独立。"


@pytest.fixture
def bench(desk: Desk, qtbot: QtBot) -> Iterator[Bench]:
    QGuiApplication.clipboard().clear()
    with open_bench(desk, qtbot) as one:
        yield one
    QGuiApplication.clipboard().clear()


def _popup_settings(bench: Bench, **changes: bool) -> None:
    def change(now: Settings) -> Settings:
        values = {each.name: getattr(now.popup, each.name) for each in fields(now.popup)}
        return replace(now, popup=PopupSettings(**(values | changes)))

    bench.desk.preferences.change(change)


def test_selected_text_goes_along_and_is_asked_for_with_the_time_of_the_key(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call(4711)

    assert bench.front.asked == [4711]
    assert bench.along() == [FOX]
    bench.ask("What is it?")
    (chat,) = bench.desk.store.chats()
    (question, _answer) = bench.desk.store.messages(chat.id)
    (attachment,) = question.attachments
    assert (attachment.kind, attachment.text) == (AttachmentKind.SELECTION, FOX)


def test_it_is_read_after_the_popup_is_on_the_screen(bench: Bench) -> None:
    seen: list[bool] = []
    read = bench.front.selection

    def selection(time_ms: int = 0) -> Selection:
        seen.append(bench.popup.isVisible())
        return read(time_ms)

    bench.front.selection = selection  # type: ignore[method-assign]
    bench.call()

    assert seen == [True]


class _OwnSelection:
    """The clipboard of a desktop on which a window of ours holds the selection."""

    def __init__(self, text: str) -> None:
        self._text = text

    def clipboard(self) -> "_OwnSelection":
        return self

    def ownsSelection(self) -> bool:
        return True

    def text(self, _mode: QClipboard.Mode) -> str:
        return self._text


def test_text_marked_in_the_window_goes_along_but_not_what_was_typed_in_the_popup(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.call()
    field = bench.popup.composer.field
    field.setPlainText("你好\nReact")
    field.selectAll()
    field.clear()
    bench.popup.put_away()
    monkeypatch.setattr(popup_controller_offers, "QGuiApplication", _OwnSelection("你好\nReact"))
    bench.call()
    assert (bench.along(), bench.offered()) == ([], [])

    bench.popup.put_away()
    monkeypatch.setattr(popup_controller_offers, "QGuiApplication", _OwnSelection(CRANE))
    bench.call()
    assert bench.along() == [CRANE]


def test_text_marked_in_the_window_and_deleted_since_is_not_offered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(popup_controller_offers, "QGuiApplication", _OwnSelection(CRANE))
    field = bench.desk.window.composer.field
    bench.desk.window.activateWindow()
    bench.qtbot.waitUntil(bench.desk.window.isActiveWindow)
    field.setFocus()
    field.setPlainText(f"{FOX}\n{CRANE}")
    bench.room.offers._on_selection_changed()
    bench.call()
    assert bench.along() == [CRANE]

    bench.popup.put_away()
    field.setPlainText(FOX)
    bench.call()
    assert (bench.along(), bench.offered()) == ([], [])


def test_taken_away_it_is_offered_and_can_be_taken_again(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    (chip,) = bench.popup.findChildren(_Chip)
    bench.qtbot.keyClick(chip, Qt.Key.Key_Delete)
    assert bench.along() == []
    assert bench.offered() == [("Selected text", FOX)]

    (offer,) = [one for one in bench.popup.findChildren(QPushButton) if FOX[:9] in one.text()]
    bench.qtbot.mouseClick(offer, Qt.MouseButton.LeftButton)
    assert bench.along() == [FOX]
    assert bench.offered() == []


def test_what_was_taken_away_does_not_come_back_by_itself(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.popup.chips._on_removed(bench.popup.chips.attachments()[0])
    bench.popup.put_away()
    bench.call()
    assert bench.along() == []
    assert bench.offered() == [("Selected text", FOX)]

    bench.popup.put_away()
    bench.front.selected = Selection(CRANE)
    bench.call()
    assert bench.along() == [CRANE]


def test_what_was_asked_about_is_only_offered_the_next_time(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.ask("Why?")
    bench.answer("Because.")
    bench.popup.hide()
    bench.call()
    assert bench.offered() == [], "not again in the same conversation"
    bench.popup.put_away()
    bench.call()

    assert bench.along() == []
    assert bench.offered() == [("Selected text", FOX)]


def test_the_same_words_selected_once_more_go_along_again(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.ask("Why?")
    bench.answer("Because.")
    bench.popup.put_away()
    QGuiApplication.clipboard().selectionChanged.emit()
    bench.call()
    assert bench.along() == [FOX]

    bench.popup.chips._on_removed(bench.popup.chips.attachments()[0])
    bench.popup.put_away()
    bench.call()
    assert bench.along() == [], "once for each time that it is selected"


def test_dismissed_without_a_question_it_goes_along_again(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.popup.put_away()
    bench.call()
    assert bench.along() == [FOX]

    bench.popup.put_away()
    bench.front.selected = Selection()
    bench.call()
    assert bench.along() == [], "and not what was selected then"


def test_a_newer_selection_takes_the_place_of_the_older_one(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    bench.popup.hide()
    bench.front.selected = Selection(CRANE)
    bench.call()

    assert bench.along() == [CRANE]


def test_what_was_left_over_in_another_program_is_only_offered(bench: Bench) -> None:
    bench.front.selected = Selection(FOX, is_elsewhere=True)
    bench.call()

    assert bench.along() == []
    assert bench.offered() == [("Selected text", FOX)]


def test_over_a_window_of_ours_what_others_have_selected_is_only_offered(bench: Bench) -> None:
    bench.front.selected, bench.front.window = Selection(FOX), None
    bench.call()

    assert bench.along() == []
    assert bench.offered() == [("Selected text", FOX)]


def test_in_a_conversation_selected_text_is_only_offered(bench: Bench) -> None:
    bench.call()
    bench.ask("Why?")
    bench.answer("Because.")
    bench.popup.hide()
    bench.front.selected = Selection(FOX)
    bench.call()

    assert bench.along() == []
    assert bench.offered() == [("Selected text", FOX)]


def test_with_its_own_key_it_goes_along_in_any_case(bench: Bench) -> None:
    _popup_settings(bench, selection=False)
    bench.front.selected = Selection(FOX, is_elsewhere=True)
    bench.call()
    assert bench.offered() == [], "the settings forbid it"
    bench.popup.put_away()
    bench.call(selected=True)

    assert bench.along() == [FOX]


def test_nothing_selected_shows_nothing(bench: Bench) -> None:
    bench.front.selected = Selection(" \n ")
    bench.call()

    assert not bench.popup.chips.isVisible()


def test_of_too_much_the_beginning_goes_along_and_it_is_said(bench: Bench) -> None:
    bench.front.selected = Selection(FOX, is_cut=True)
    bench.call()

    assert bench.along() == [FOX]
    assert bench.popup.banner.topic is Topic.ATTACHING


def test_where_keys_have_to_be_pressed_for_it_only_its_own_key_does_it(bench: Bench) -> None:
    bench.front.can_read, bench.front.can_copy = False, True
    bench.front.selected = Selection(FOX)
    bench.call()
    assert (bench.front.copies, bench.along()) == (0, [])
    bench.popup.put_away()

    bench.call(selected=True)
    assert (bench.front.copies, bench.along()) == (1, [FOX])


def test_called_in_another_way_while_a_program_copies_it_stays(bench: Bench) -> None:
    bench.front.can_read, bench.front.can_copy = False, True
    bench.front.selected = Selection(FOX)
    may_copy = threading.Event()
    bench.room._errands.run(
        "surroundings", lambda _: may_copy.wait(), _nothing, _nothing, queued=True
    )
    bench.room.call(selected=True)
    bench.room.controller.toggle()
    bench.qtbot.waitUntil(lambda: bench.popup.has_keyboard)
    may_copy.set()
    bench.settle()

    assert bench.popup.isVisible()
    assert bench.along() == [FOX]


def test_the_settings_let_the_usual_key_do_it_too(bench: Bench) -> None:
    bench.front.can_read, bench.front.can_copy = False, True
    bench.front.selected = Selection(FOX)
    _popup_settings(bench, copy_selection=True)
    bench.call()

    assert (bench.front.copies, bench.along()) == (1, [FOX])


def test_what_was_copied_is_offered_and_read_when_it_is_taken(bench: Bench) -> None:
    QGuiApplication.clipboard().setText(CRANE)
    bench.call()
    assert bench.along() == []
    # Nobody says here whose it is, so its owner might have to be waited for.
    assert bench.offered() == [("Clipboard", "")]

    bench.popup.chips.offer_taken.emit("clipboard")
    assert bench.along() == [CRANE]
    assert bench.offered() == []
    assert bench.popup.chips.attachments()[0].kind is AttachmentKind.PASTE


def test_what_is_known_of_it_is_shown(bench: Bench) -> None:
    bench.call()
    bench.room.offers._on_copied_came(Copied(CRANE))
    assert bench.offered() == [("Clipboard", CRANE)]

    bench.popup.chips.offer_taken.emit("clipboard")
    assert bench.along() == [CRANE]


def test_what_a_password_manager_copied_is_never_shown(bench: Bench) -> None:
    data = QMimeData()
    data.setText("hunter2")
    data.setData("x-kde-passwordManagerHint", b"secret")
    QGuiApplication.clipboard().setMimeData(data)
    bench.call()

    assert bench.offered() == []


def test_the_settings_keep_the_clipboard_out(bench: Bench) -> None:
    _popup_settings(bench, clipboard=False)
    QGuiApplication.clipboard().setText(CRANE)
    bench.call()

    assert bench.offered() == []


def _copy_picture(colour: Qt.GlobalColor = Qt.GlobalColor.red) -> None:
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(colour)
    QGuiApplication.clipboard().setImage(image)


def _take_picture(bench: Bench) -> Attachment:
    bench.popup.chips.offer_taken.emit("picture")
    bench.qtbot.waitUntil(lambda: bool(bench.popup.chips.attachments()))
    (attachment,) = bench.popup.chips.attachments()
    return attachment


def test_a_copied_picture_is_offered_and_goes_along_when_it_is_wanted(bench: Bench) -> None:
    _copy_picture()
    bench.call()
    assert bench.offered() == [("Copied picture", "")]
    assert bench.along() == []

    attachment = _take_picture(bench)

    assert attachment.kind is AttachmentKind.PICTURE
    assert bench.offered() == [], "the same is not offered twice"
    bench.popup.chips.findChildren(_Chip)[0].removed.emit(attachment)
    assert bench.offered() == [("Copied picture", "")]


def test_a_picture_that_was_asked_about_is_offered_again_once_another_is_copied(
    bench: Bench,
) -> None:
    _copy_picture()
    bench.call()
    _take_picture(bench)
    bench.ask("What is it?")
    bench.popup.hide()
    bench.call()
    assert bench.offered() == []

    bench.popup.hide()
    _copy_picture(Qt.GlobalColor.blue)
    bench.call()
    assert bench.offered() == [("Copied picture", "")]


def test_a_copied_picture_that_is_not_handed_over_is_told(bench: Bench) -> None:
    _copy_picture()
    bench.call()
    QGuiApplication.clipboard().clear()
    bench.popup.chips.offer_taken.emit("picture")

    assert bench.along() == []
    assert bench.popup.banner.topic is Topic.ATTACHING


def test_with_a_picture_alone_letters_are_typed_and_choose_no_action(bench: Bench) -> None:
    _copy_picture()
    bench.call()
    _take_picture(bench)
    bench.qtbot.keyClicks(bench.popup.composer.field, "s")

    assert bench.popup.composer.field.toPlainText() == "s"
    assert bench.desk.engine.requests == []


def test_a_chip_opens_to_be_read(bench: Bench) -> None:
    bench.front.selected = Selection(FOX)
    bench.call()
    (chip,) = bench.popup.findChildren(_Chip)
    bench.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    (sheet,) = bench.popup.findChildren(AttachmentSheet)

    assert sheet.isVisible()
    assert bench.popup.isVisible()
    sheet.close()


def _nothing(_found: object) -> None:
    pass

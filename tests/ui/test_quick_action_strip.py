"""The row of quick actions: chosen by click, by letter, by Alt with it; ways to do one; room."""

import sys
from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.quick_action import QuickAction
from desktop.domain.settings import Language
from desktop.services.quick_actions import built_in_actions
from desktop.ui.action_chip import ActionChip
from desktop.ui.quick_action_strip import QuickActionStrip
from tests.ui.marking import MARK, Marking

ACTIONS = built_in_actions(Language.ENGLISH)
WIDE, NARROW = 1600, 420
HELD = (
    Qt.KeyboardModifier.MetaModifier
    if sys.platform == "darwin"
    else Qt.KeyboardModifier.AltModifier
)


class _Card(QWidget):
    """A field with the strip below it, as wherever the strip is used."""

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.strip = QuickActionStrip()
        self.strip.set_actions(ACTIONS)
        self.chosen: list[str] = []
        self.strip.chosen.connect(self.chosen.append)
        column = QVBoxLayout(self)
        column.addWidget(self.field)
        column.addWidget(self.strip)
        column.addStretch(1)

    def names(self) -> list[str]:
        """Return what is to be seen, from the left."""
        shown = [chip for chip in self.strip.findChildren(ActionChip) if chip.isVisible()]
        shown.sort(key=lambda chip: (chip.y(), chip.x()))
        return [chip.action.name for chip in shown]

    def press(self, name: str) -> None:
        """Click what is called so."""
        (button,) = (
            one
            for one in self.strip.findChildren(QAbstractButton)
            if one.isVisible() and one.accessibleName().startswith(name)
        )
        button.click()


@pytest.fixture
def card(qtbot: QtBot) -> _Card:
    one = _Card()
    qtbot.addWidget(one)
    one.resize(WIDE, 200)
    one.show()
    qtbot.waitActive(one)
    one.field.setFocus()
    return one


def _letter(
    text: str, *, held: Qt.KeyboardModifier | None = None, again: bool = False
) -> QKeyEvent:
    modifiers = Qt.KeyboardModifier.NoModifier if held is None else held
    key = ord(text.upper())
    return QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text, again)


def test_shown_again_as_it_was_it_is_not_laid_out_again(card: _Card, qtbot: QtBot) -> None:
    QApplication.processEvents()
    card.hide()
    QApplication.processEvents()
    asked: list[QEvent.Type] = []

    class Watch(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            asked.append(event.type())
            return False

    watch = Watch()
    card.installEventFilter(watch)
    card.show()
    qtbot.waitActive(card)
    QApplication.processEvents()
    assert QEvent.Type.Show in asked
    assert QEvent.Type.LayoutRequest not in asked


def test_a_click_chooses(card: _Card) -> None:
    card.press("Summarise")
    assert card.chosen == ["summarise"]


def test_alt_with_the_letter_chooses_while_one_types(card: _Card, qtbot: QtBot) -> None:
    card.field.setText("half a question")
    qtbot.keyClick(card.field, Qt.Key.Key_T, HELD)
    assert card.chosen == ["translate"]
    assert card.field.text() == "half a question"


def test_the_letter_alone_chooses_where_it_is_asked_for(card: _Card) -> None:
    assert card.strip.take_key(_letter("f"))
    assert card.chosen == ["fix"]


@pytest.mark.parametrize(
    "event",
    [
        _letter("q"),
        _letter("E", held=Qt.KeyboardModifier.ShiftModifier),
        _letter("e", held=Qt.KeyboardModifier.ControlModifier),
        _letter("e", again=True),
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Backspace, Qt.KeyboardModifier.NoModifier),
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Shift, Qt.KeyboardModifier.NoModifier),
    ],
    ids=["no action", "capital", "held", "repeated", "escape", "backspace", "shift"],
)
def test_what_is_no_letter_of_an_action_is_left_to_the_typing(
    card: _Card, event: QKeyEvent
) -> None:
    assert not card.strip.take_key(event)
    assert card.chosen == []


def test_nothing_is_chosen_while_there_is_nothing_to_do_it_with(card: _Card, qtbot: QtBot) -> None:
    card.strip.setEnabled(False)
    assert not card.strip.take_key(_letter("e"))
    qtbot.keyClick(card.field, Qt.Key.Key_E, HELD)
    card.strip.setEnabled(True)
    card.strip.hide()
    assert not card.strip.take_key(_letter("e"))
    qtbot.keyClick(card.field, Qt.Key.Key_E, HELD)
    assert card.chosen == []


def test_an_action_with_variants_offers_them_and_one_is_chosen(card: _Card, qtbot: QtBot) -> None:
    qtbot.keyClick(card.field, Qt.Key.Key_R, HELD)
    assert card.chosen == []
    assert card.names() == ["Shorter", "Clearer", "Friendlier", "More formal"]
    qtbot.keyClick(card.field, Qt.Key.Key_C, HELD)
    assert card.chosen == ["rewrite/clearer"]
    assert card.names()[0] == "Explain"


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Backspace])
def test_the_way_back_from_the_variants(card: _Card, key: Qt.Key) -> None:
    card.press("Rewrite")
    event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
    assert card.strip.take_key(event)
    assert card.names()[0] == "Explain"
    assert not card.strip.step_back()
    card.press("Rewrite")
    card.press("Back to all quick actions")
    assert card.names()[0] == "Explain"


def test_what_does_not_fit_is_a_press_away_and_its_key_works_at_once(
    card: _Card, qtbot: QtBot
) -> None:
    card.resize(NARROW, 300)
    shown = card.names()
    assert 1 < len(shown) < len(ACTIONS)
    assert shown == [one.name for one in ACTIONS[: len(shown)]]
    height = card.strip.height()
    qtbot.keyClick(card.field, Qt.Key.Key_M, HELD)
    assert card.chosen == ["mood"]
    card.press("All quick actions")
    qtbot.waitUntil(lambda: card.strip.height() > height)
    assert card.names() == [one.name for one in ACTIONS]
    card.strip.set_actions(ACTIONS)
    qtbot.waitUntil(lambda: card.strip.height() == height)
    assert card.names() == shown


@pytest.mark.parametrize("width", [60, 120, NARROW, 700, WIDE])
def test_nothing_lies_upon_another_or_outside(card: _Card, width: int) -> None:
    card.strip.setFixedWidth(width)
    card.strip.resize(width, card.strip.heightForWidth(width))
    for unfolded in (False, True):
        buttons = [one for one in card.strip.findChildren(QAbstractButton) if one.isVisible()]
        assert buttons
        for one in buttons:
            assert one.geometry().right() < width
            others = [each for each in buttons if each is not one]
            assert not any(one.geometry().intersects(each.geometry()) for each in others)
        if not unfolded and any(each.accessibleName() == "All quick actions" for each in buttons):
            card.press("All quick actions")


def test_arrows_go_along_and_enter_chooses(card: _Card, qtbot: QtBot) -> None:
    (first,) = (chip for chip in card.strip.findChildren(ActionChip) if chip.action.key == "E")
    first.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(first, Qt.Key.Key_Right)
    focused = card.focusWidget()
    assert isinstance(focused, ActionChip)
    assert focused.action.id == "summarise"
    qtbot.keyClick(focused, Qt.Key.Key_Return)
    qtbot.keyClick(focused, Qt.Key.Key_Left)
    assert card.focusWidget() is first
    qtbot.keyClick(first, Qt.Key.Key_P)
    assert card.chosen == ["summarise", "reply"]


def test_the_focus_goes_along_to_the_variants(card: _Card, qtbot: QtBot) -> None:
    (rewrite,) = (chip for chip in card.strip.findChildren(ActionChip) if chip.action.key == "R")
    rewrite.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(rewrite, Qt.Key.Key_Space)
    focused = card.focusWidget()
    assert isinstance(focused, ActionChip)
    assert focused.action.id == "rewrite/shorter"


def test_other_actions_take_the_place_of_these_with_their_keys(card: _Card, qtbot: QtBot) -> None:
    mine = QuickAction("own-1", "Eat & drink", "", "star", "Do it.")
    card.strip.set_actions((replace(mine, key="X"), mine))
    assert card.names() == ["Eat & drink"] * 2
    assert card.strip.take_key(_letter("e"))
    qtbot.keyClick(card.field, Qt.Key.Key_T, HELD)
    qtbot.keyClick(card.field, Qt.Key.Key_X, HELD)
    assert card.chosen == ["own-1", "own-1"]


def test_no_actions_take_no_room(card: _Card) -> None:
    card.strip.set_actions(())
    assert card.strip.heightForWidth(WIDE) == 0
    assert card.names() == []


def test_the_way_to_edit_them_is_there(card: _Card, qtbot: QtBot) -> None:
    with qtbot.waitSignal(card.strip.manage_requested):
        card.press("Edit quick actions…")


def test_each_says_its_name_and_its_keys(card: _Card) -> None:
    names = [chip.accessibleName() for chip in card.strip.findChildren(ActionChip)]
    assert names[0].startswith("Explain (")
    assert all(one.toolTip() for one in card.strip.findChildren(ActionChip))


def test_it_follows_the_language(card: _Card, marking: Marking, qtbot: QtBot) -> None:
    QCoreApplication.installTranslator(marking)
    qtbot.waitUntil(lambda: card.strip.accessibleName() == f"{MARK}Quick actions")
    card.press(f"{MARK}Edit quick actions…")


def test_unfolded_for_once_it_is_one_line_again_when_told(card: _Card) -> None:
    card.resize(NARROW, 200)
    before = card.names()
    card.press("All quick actions")
    assert len(card.names()) > len(before)

    card.strip.fold()
    assert card.names() == before

"""Messages above the composer."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.ui.banner import Banner, Remedy, Topic
from desktop.ui.buttons import TextButton

_FULL = StorageError(Text("The disk is full"), Text("Free some space."))
_LOST = StorageError(Text("The model is gone"), Text("Choose another one."))


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    one = Banner()
    qtbot.addWidget(one)
    one.resize(700, 80)
    return one


def _buttons(banner: Banner) -> list[TextButton]:
    return [each for each in banner.findChildren(TextButton) if each.isVisible()]


def test_an_error_shows_its_words_and_the_remedies_it_has(banner: Banner) -> None:
    banner.show_error(Topic.MODEL_LOADING, _LOST, Remedy.RETRY, Remedy.CHOOSE_MODEL)

    assert banner.isVisible()
    assert banner.accessibleName() == "The model is gone"
    assert banner.accessibleDescription() == "Choose another one."
    assert [each.text() for each in _buttons(banner)] == ["Try again", "Choose a model"]


def test_a_remedy_is_told_and_closes_the_message(banner: Banner, qtbot: QtBot) -> None:
    banner.show_error(Topic.MODEL_LOADING, _LOST, Remedy.RETRY)
    (again,) = _buttons(banner)
    with qtbot.waitSignal(banner.remedy_chosen) as chosen:
        qtbot.mouseClick(again, Qt.MouseButton.LeftButton)

    assert chosen.args == [Remedy.RETRY]
    assert not banner.isVisible()


def test_what_is_solved_goes_away_and_nothing_else(banner: Banner) -> None:
    banner.show_error(Topic.STORAGE, _FULL)
    banner.solve(Topic.MODEL_LOADING)
    assert banner.topic is Topic.STORAGE
    banner.solve(Topic.STORAGE)

    assert banner.topic is None
    assert not banner.isVisible()


def test_a_notice_waits_behind_an_error(banner: Banner) -> None:
    banner.show_error(Topic.STORAGE, _FULL)
    banner.show_notice(Topic.MODEL_PLAN, Text("Loaded with a shorter context"))
    before = banner.topic
    banner.close_message()

    assert (before, banner.topic) == (Topic.STORAGE, Topic.MODEL_PLAN)
    assert _buttons(banner) == []


def test_the_newest_error_is_seen_first_and_the_other_after_it(banner: Banner) -> None:
    banner.show_error(Topic.STORAGE, _FULL)
    banner.show_error(Topic.MODEL_LOADING, _LOST)
    assert banner.topic is Topic.MODEL_LOADING
    banner.show_error(Topic.STORAGE, _FULL)
    banner.solve(Topic.STORAGE)

    assert banner.topic is Topic.MODEL_LOADING


def test_in_a_narrow_window_the_buttons_stand_under_the_words(banner: Banner) -> None:
    banner.show_error(Topic.MODEL_LOADING, _LOST, Remedy.RETRY)
    QApplication.processEvents()
    (button,) = _buttons(banner)
    assert button.y() < banner._hint.geometry().bottom()

    banner.resize(360, 200)
    QApplication.processEvents()
    assert button.y() > banner._hint.geometry().bottom()


def test_buttons_that_would_squeeze_the_words_stand_under_them(banner: Banner) -> None:
    banner.resize(640, 200)
    remedies = (Remedy.OPEN_PAGE, Remedy.SKIP_VERSION, Remedy.LATER)
    banner.show_notice(Topic.UPDATE, Text("News"), Text("Faster, and it reads PDFs."), *remedies)
    QApplication.processEvents()

    buttons = _buttons(banner)
    assert len(buttons) == len(remedies)
    assert all(button.y() > banner._hint.geometry().bottom() for button in buttons)

"""Lines of menus are found by their beginning."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from desktop.ui import typed_choice
from desktop.ui.typed_choice import TypedChoice


@pytest.fixture
def menu(qtbot: QtBot) -> Iterator[QMenu]:
    one = QMenu()
    for words in (
        "Built-in guide",
        "Gemma 2B\t1.7 GB",
        "Llama 8B",
        "Llama 70B",
        "L && M",
        "L && N",
    ):
        one.addAction(words)
    one.addSeparator()
    one.addAction("Gemma 9B").setEnabled(False)
    TypedChoice(one)
    one.popup(QPoint(10, 10))
    qtbot.waitUntil(one.isVisible)
    yield one
    one.close()
    one.deleteLater()


def marked(menu: QMenu) -> str:
    now: QAction | None = menu.activeAction()
    return "" if now is None else now.text()


def test_the_beginning_of_a_name_marks_it(menu: QMenu, qtbot: QtBot) -> None:
    qtbot.keyClicks(menu, "gem")
    assert marked(menu).startswith("Gemma 2B")
    qtbot.keyClicks(menu, "ma 9")
    assert marked(menu).startswith("Gemma 2B"), "what is off is not marked"


def test_a_name_with_spaces_and_signs_is_found(menu: QMenu, qtbot: QtBot) -> None:
    qtbot.keyClicks(menu, "llama 7")
    assert marked(menu) == "Llama 70B"
    menu.close()
    menu.popup(QPoint(10, 10))
    qtbot.waitUntil(menu.isVisible)
    qtbot.keyClicks(menu, "L & N")
    assert marked(menu) == "L && N"


def test_the_same_letter_goes_on_to_the_next(
    menu: QMenu, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for _ in range(3):
        qtbot.keyClicks(menu, "g")
        qtbot.keyClicks(menu, "l")
        seen.append(marked(menu))
        menu.close()
        menu.popup(QPoint(10, 10))
        qtbot.waitUntil(menu.isVisible)
    assert seen == ["Gemma 2B\t1.7 GB"] * 3, "letters in one go are one word"

    monkeypatch.setattr(typed_choice, "_PAUSE_MS", -1)
    seen = []
    for _ in range(5):
        qtbot.keyClicks(menu, "l")
        seen.append(marked(menu))
    assert seen == ["Llama 8B", "Llama 70B", "L && M", "L && N", "Llama 8B"]


def test_letters_that_begin_nothing_together_step_too(menu: QMenu, qtbot: QtBot) -> None:
    qtbot.keyClicks(menu, "ll")
    assert marked(menu) == "Llama 8B", "so it begins"
    qtbot.keyClicks(menu, "l")
    assert marked(menu) == "Llama 70B"


def test_enter_chooses_what_was_found(menu: QMenu, qtbot: QtBot) -> None:
    with qtbot.waitSignal(menu.triggered) as chosen:
        qtbot.keyClicks(menu, "llama 70")
        qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert chosen.args is not None
    assert chosen.args[0].text() == "Llama 70B"


def test_commands_and_a_space_before_all_letters_find_nothing(menu: QMenu, qtbot: QtBot) -> None:
    qtbot.keyClick(menu, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert marked(menu) == ""
    qtbot.keyClicks(menu, "gem")
    assert marked(menu).startswith("Gemma 2B")

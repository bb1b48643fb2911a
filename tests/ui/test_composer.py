"""The field in which questions are written."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui.buttons import IconButton
from desktop.ui.composer import Composer
from desktop.ui.composer_field import FIELD_LIMIT
from tests.harness.waiting import wait_for


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    one = Composer()
    qtbot.addWidget(one)
    one.resize(600, 60)
    one.show()
    one.focus_field()
    return one


def _sent(composer: Composer) -> list[str]:
    sent: list[str] = []
    composer.submitted.connect(sent.append)
    return sent


def _button(composer: Composer) -> IconButton:
    (button,) = [
        each
        for each in composer.findChildren(IconButton)
        if each.accessibleName() in {"Send", "Stop"}
    ]
    return button


def test_enter_sends_and_the_text_stays_until_its_owner_has_saved_it(
    composer: Composer, qtbot: QtBot
) -> None:
    sent = _sent(composer)
    qtbot.keyClicks(composer.field, "What is GGUF?")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)

    assert sent == ["What is GGUF?"]
    assert composer.draft() == "What is GGUF?"


def test_shift_enter_breaks_the_line(composer: Composer, qtbot: QtBot) -> None:
    sent = _sent(composer)
    qtbot.keyClicks(composer.field, "one")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(composer.field, "two")

    assert sent == []
    assert composer.text() == "one\ntwo"


def test_enter_while_an_input_method_composes_does_not_send(
    composer: Composer, qtbot: QtBot
) -> None:
    sent = _sent(composer)
    qtbot.keyClicks(composer.field, "Hello ")
    QApplication.sendEvent(composer.field, QInputMethodEvent("ni hao", []))
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert sent == []
    assert "\n" not in composer.draft()

    committed = QInputMethodEvent("", [])
    committed.setCommitString("你好")
    QApplication.sendEvent(composer.field, committed)
    assert composer.text() == "Hello 你好"
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert sent == ["Hello 你好"]


def test_escape_belongs_to_the_input_method_while_it_composes(composer: Composer) -> None:
    stops: list[None] = []
    composer.stop_requested.connect(lambda: stops.append(None))
    QApplication.sendEvent(composer.field, QInputMethodEvent("ni", []))
    override = QKeyEvent(
        QKeyEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier
    )
    override.ignore()
    QApplication.sendEvent(composer.field, override)

    assert override.isAccepted()
    assert stops == []


def test_nothing_but_blanks_is_not_sent(composer: Composer, qtbot: QtBot) -> None:
    sent = _sent(composer)
    qtbot.keyClicks(composer.field, "   ")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)

    assert sent == []
    assert not _button(composer).isEnabled()


def test_the_button_sends_and_while_an_answer_runs_it_stops(
    composer: Composer, qtbot: QtBot
) -> None:
    sent = _sent(composer)
    stops: list[None] = []
    composer.stop_requested.connect(lambda: stops.append(None))
    qtbot.keyClicks(composer.field, "Hello")
    qtbot.mouseClick(_button(composer), Qt.MouseButton.LeftButton)
    assert sent == ["Hello"]

    composer.set_running(True)
    assert _button(composer).accessibleName() == "Stop"
    qtbot.mouseClick(_button(composer), Qt.MouseButton.LeftButton)
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)

    assert len(stops) == 1
    assert sent == ["Hello"], "Enter does not ask while an answer runs"


def test_escape_asks_to_stop(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.stop_requested):
        qtbot.keyClick(composer.field, Qt.Key.Key_Escape)


def test_it_grows_with_its_lines_up_to_eight(composer: Composer) -> None:
    line = composer.field.fontMetrics().lineSpacing()
    heights = []
    for lines in (1, 3, 8, 30):
        composer.set_draft("\n".join("word" for _ in range(lines)))
        QApplication.processEvents()
        heights.append(round(composer.field.height() / line))

    assert heights == [1, 3, 8, 8]


def test_a_long_line_makes_it_grow_too(composer: Composer) -> None:
    before = composer.field.height()
    composer.set_draft("many words " * 40)

    wait_for(lambda: (QApplication.processEvents(), composer.field.height() > 3 * before)[1])


def test_a_five_megabyte_paste_becomes_a_chip_and_does_not_stop_the_typing(
    composer: Composer, qtbot: QtBot
) -> None:
    sent = _sent(composer)
    log = "one line of a log\n" * 300_000
    pasted = QMimeData()
    pasted.setText(log)
    qtbot.keyClicks(composer.field, "Why?")
    composer.field.insertFromMimeData(pasted)

    assert composer.field.toPlainText() == "Why?"
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert sent == [f"Why?\n\n{log.strip()}"]


def test_a_chip_can_be_removed(composer: Composer, qtbot: QtBot) -> None:
    pasted = QMimeData()
    pasted.setText("x" * (FIELD_LIMIT + 1))
    composer.field.insertFromMimeData(pasted)
    (remove,) = [
        each
        for each in composer.findChildren(IconButton)
        if each.accessibleName() == "Remove the pasted text"
    ]
    assert _button(composer).isEnabled()
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)

    assert composer.draft() == ""
    assert not _button(composer).isEnabled()


def test_a_draft_comes_back_as_it_was_with_its_long_pastes(
    composer: Composer, qtbot: QtBot
) -> None:
    pasted = QMimeData()
    pasted.setText("long " * FIELD_LIMIT)
    composer.set_draft("typed\nin two lines")
    composer.field.insertFromMimeData(pasted)
    draft, text = composer.draft(), composer.text()

    again = Composer()
    qtbot.addWidget(again)
    again.set_draft(draft)

    assert again.draft() == draft
    assert again.text() == text
    assert again.field.toPlainText() == "typed\nin two lines"


def test_typing_tells_the_draft_soon_after(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.draft_changed, timeout=2000) as told:
        qtbot.keyClicks(composer.field, "half a thought")

    assert told.args is not None
    assert "half a thought".startswith(told.args[0])


def test_showing_a_kept_draft_tells_nothing(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(composer.draft_changed, wait=600):
        composer.set_draft("from the last run")


def test_a_dropped_model_file_is_handed_over_and_not_typed(
    composer: Composer, tmp_path: Path
) -> None:
    models: list[Path] = []
    composer.model_dropped.connect(models.append)
    file = tmp_path / "Tiny.GGUF"
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(file))])
    composer.field.insertFromMimeData(dropped)

    assert models == [file]
    assert composer.draft() == ""

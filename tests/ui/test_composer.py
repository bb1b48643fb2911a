"""The field in which questions are written."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.context import Draft
from desktop.ui.buttons import IconButton
from desktop.ui.composer import Composer
from desktop.ui.composer_field import FIELD_LIMIT, ComposerField
from desktop.ui.draft_history import DraftHistory
from tests.harness.waiting import wait_for
from tests.ui.transcripts import double_click


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    one = Composer()
    qtbot.addWidget(one)
    one.resize(600, 60)
    one.show()
    one.focus_field()
    return one


def _sent(composer: Composer) -> list[Draft]:
    sent: list[Draft] = []
    composer.submitted.connect(sent.append)
    return sent


def _paste(text: str) -> Attachment:
    return Attachment(AttachmentKind.PASTE, "", text)


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

    assert sent == [Draft("What is GGUF?")]
    assert composer.draft() == "What is GGUF?"


def test_shift_enter_breaks_the_line(composer: Composer, qtbot: QtBot) -> None:
    sent = _sent(composer)
    qtbot.keyClicks(composer.field, "one")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(composer.field, "two")

    assert sent == []
    assert composer.question().text == "one\ntwo"


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
    assert composer.question().text == "Hello 你好"
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert sent == [Draft("Hello 你好")]


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


def test_escape_that_an_input_method_leaves_closes_nothing_around(
    composer: Composer, qtbot: QtBot
) -> None:
    QApplication.sendEvent(composer.field, QInputMethodEvent("ni", []))
    escape = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(composer.field, escape)

    assert escape.isAccepted()


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
    assert sent == [Draft("Hello")]

    composer.set_running(True)
    assert _button(composer).accessibleName() == "Stop"
    qtbot.mouseClick(_button(composer), Qt.MouseButton.LeftButton)
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)

    assert len(stops) == 1
    assert sent == [Draft("Hello")], "Enter does not ask while an answer runs"


def test_a_double_click_sends_and_does_not_stop_what_it_sent(
    composer: Composer, qtbot: QtBot
) -> None:
    sent = _sent(composer)
    composer.submitted.connect(lambda _draft: composer.set_running(True))
    qtbot.keyClicks(composer.field, "Hello")
    with qtbot.assertNotEmitted(composer.stop_requested):
        double_click(qtbot, _button(composer))

    assert sent == [Draft("Hello")]
    with qtbot.waitSignal(composer.stop_requested):
        qtbot.mouseClick(_button(composer), Qt.MouseButton.LeftButton)


def test_escape_asks_to_stop(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.stop_requested):
        qtbot.keyClick(composer.field, Qt.Key.Key_Escape)


def test_it_grows_with_its_lines_up_to_eight(composer: Composer) -> None:
    line = composer.field.line_height
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
    assert sent == [Draft("Why?", (_paste(log),))]


def test_a_chip_can_be_removed(composer: Composer, qtbot: QtBot) -> None:
    pasted = QMimeData()
    pasted.setText("x" * (FIELD_LIMIT + 1))
    composer.field.insertFromMimeData(pasted)
    (remove,) = [
        each for each in composer.findChildren(IconButton) if each.accessibleName() == "Take away"
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
    draft, question = composer.draft(), composer.question()

    again = Composer()
    qtbot.addWidget(again)
    again.set_draft(draft)

    assert again.draft() == draft
    assert again.question() == question
    assert again.field.toPlainText() == "typed\nin two lines"


def test_typing_tells_the_draft_soon_after(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.draft_changed, timeout=10_000) as told:
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


def test_up_in_an_empty_field_changes_the_last_message(composer: Composer, qtbot: QtBot) -> None:
    history = DraftHistory(composer, list)
    with qtbot.waitSignal(history.edit_last_requested, timeout=10_000):
        qtbot.keyClick(composer.field, Qt.Key.Key_Up)

    qtbot.keyClicks(composer.field, "typed")
    with qtbot.assertNotEmitted(history.edit_last_requested):
        qtbot.keyClick(composer.field, Qt.Key.Key_Up)


def test_earlier_questions_come_back_and_the_unsent_one_is_not_lost(
    composer: Composer, qtbot: QtBot
) -> None:
    DraftHistory(composer, lambda: ["newest", "older"])
    ctrl, up, down = Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_Up, Qt.Key.Key_Down
    qtbot.keyClicks(composer.field, "half a thought")

    seen = []
    for key in (up, up, up, down, down, down):
        qtbot.keyClick(composer.field, key, ctrl)
        seen.append(composer.field.toPlainText())

    assert seen == ["newest", "older", "older", "newest", "half a thought", "half a thought"]


def test_an_earlier_question_that_was_changed_is_a_draft_of_its_own(
    composer: Composer, qtbot: QtBot
) -> None:
    DraftHistory(composer, lambda: ["newest", "older"])
    ctrl = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(composer.field, Qt.Key.Key_Up, ctrl)
    qtbot.keyClicks(composer.field, " and more")
    qtbot.keyClick(composer.field, Qt.Key.Key_Up, ctrl)
    qtbot.keyClick(composer.field, Qt.Key.Key_Down, ctrl)

    assert composer.field.toPlainText() == "newest and more"


def test_only_what_is_new_of_the_model_is_said(composer: Composer) -> None:
    field = composer.field
    composer.set_about_guide(True)
    assert field.placeholderText() == "Ask about Lapis…"
    field.setPlaceholderText("as it was")
    composer.set_about_guide(True)
    assert field.placeholderText() == "as it was"

    composer.set_about_guide(False)
    assert field.placeholderText() == "Ask anything…"


def test_without_a_frame_it_looks_the_same_with_the_keyboard(qtbot: QtBot) -> None:
    composer = Composer(framed=False)
    qtbot.addWidget(composer)
    composer.show()
    composer.focus_field()
    qtbot.waitUntil(composer.field.hasFocus)

    assert composer.property("active") is None


def test_chinese_lines_are_seen_whole(composer: Composer) -> None:
    composer.set_draft("第一行\n第二行有更多的字")

    bar = composer.field.verticalScrollBar()
    wait_for(lambda: (QApplication.processEvents(), composer.field.height() > 30)[1])
    assert (bar.value(), bar.maximum()) == (0, 0)


def _baseline(field: ComposerField) -> float:
    """Return how far below the field's upper edge the letters of its first line stand."""
    line = field.document().firstBlock().layout().lineAt(0)
    return field.viewport().y() + line.y() + line.ascent()


def test_the_line_of_a_chinese_question_stands_still_while_it_is_typed(
    composer: Composer, qtbot: QtBot
) -> None:
    field = composer.field
    composer.set_placeholder("输入或粘贴一段文字")
    height = field.height()
    baselines = []
    for words in ("abc", "abc 你好", "你好", "a"):
        composer.set_draft(words)
        QApplication.processEvents()
        baselines.append(_baseline(field))
        assert field.height() == height, words

    composer.set_draft("")
    QApplication.sendEvent(field, QInputMethodEvent("ni hao", []))
    baselines.append(_baseline(field))

    assert field.height() == height
    assert max(baselines) - min(baselines) < 1, "a part of a pixel nobody sees"
    assert field.line_height > field.fontMetrics().lineSpacing(), "a Chinese font was missing"


def test_it_stands_still_over_a_longer_second_line_too(composer: Composer) -> None:
    field = composer.field
    composer.set_placeholder("输入或粘贴一段文字")
    composer.set_draft("你\nand a second line that is longer")
    QApplication.processEvents()
    baseline = _baseline(field)
    cursor = field.textCursor()
    cursor.setPosition(0)
    cursor.deleteChar()
    cursor.insertText("a")
    assert abs(_baseline(field) - baseline) < 1

    cursor.deletePreviousChar()
    field.setTextCursor(cursor)
    QApplication.sendEvent(field, QInputMethodEvent("ni", []))
    assert abs(_baseline(field) - baseline) < 1


def test_without_chinese_expected_a_line_is_as_high_as_the_font_says(composer: Composer) -> None:
    composer.set_placeholder("Ask anything…")
    composer.set_draft("abc")

    # Fonts without hints are a part of a pixel higher than their rounded figure.
    said = composer.field.fontMetrics().lineSpacing()
    assert composer.field.line_height in {said, said + 1}
    assert composer.field.viewportMargins().top() == 0


def test_a_text_of_several_lines_gets_the_whole_width_until_it_is_gone(
    composer: Composer, qtbot: QtBot
) -> None:
    beside = composer.field.width()
    qtbot.keyClicks(composer.field, "one")
    qtbot.keyClick(composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: composer.field.width() > beside)
    qtbot.keyClick(composer.field, Qt.Key.Key_Backspace)
    assert composer.field.width() > beside, "nothing jumps while one types"

    composer.set_draft("")
    qtbot.waitUntil(lambda: composer.field.width() == beside)

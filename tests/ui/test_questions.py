"""Questions as they are shown: letter by letter, long ones folded, what went with them as chips."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.settings import Theme
from desktop.ui.attachment_chips import AttachmentChips
from desktop.ui.attachment_sheet import AttachmentSheet
from desktop.ui.link_button import LinkButton
from desktop.ui.rich_text import RichText
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import DARK
from tests.ui.messages import question
from tests.ui.transcripts import button, click, only, words
from tests.ui.views import POPS_UP, Column, opened

LONG = "\n".join(f"line {at}" for at in range(1, 101))
FILE = Attachment(AttachmentKind.FILE, "notes & plans.txt", "<b>bold</b>\n\u202ethgir\n" * 30)
PASTE = Attachment(AttachmentKind.PASTE, "", "ERROR: connection lost\n" * 40)


def test_a_question_is_shown_letter_by_letter(column: Column) -> None:
    text = "**not bold**\n<b>nor this</b>\n  1. x"
    view = column.question(question(1, text))

    assert words(view).splitlines() == text.splitlines()


def test_a_question_is_a_bubble_no_wider_than_it_needs(column: Column) -> None:
    short = column.question(question(1, "Hi"))
    long = column.question(question(2, "word " * 150))
    column.settle()

    assert only(RichText, short).width() < 40
    assert 500 < only(RichText, long).width() <= 0.8 * long.width()


def test_a_long_question_shows_its_beginning_until_all_is_wanted(
    qtbot: QtBot, column: Column
) -> None:
    view = column.question(question(1, LONG))
    folded = view.sizeHint().height()
    assert "line 12 …" in words(view)
    assert "line 13" not in words(view)

    link = only(LinkButton, view)
    assert link.text() == "Show all (100 lines)"
    click(qtbot, link)
    column.settle()

    assert words(view).splitlines() == LONG.splitlines()
    assert not link.isVisible()
    assert view.sizeHint().height() > 3 * folded


def test_a_folded_question_stays_folded_in_another_theme(
    column: Column, qapp: QApplication
) -> None:
    view = column.question(question(1, LONG))

    apply_theme(qapp, Theme.DARK)

    text = only(RichText, view)
    assert "line 13" not in text.toPlainText()
    block = text.document().begin()
    (run,) = block.textFormats()
    assert run.format.foreground().color().name().upper() == DARK.text


def test_all_of_a_folded_question_is_copied(qtbot: QtBot, column: Column) -> None:
    view = column.question(question(1, LONG))

    click(qtbot, button(view, "Copy question"))

    assert QGuiApplication.clipboard().text() == LONG


def test_what_went_with_a_question_is_named_above_its_words(column: Column) -> None:
    view = column.question(replace(question(1, "Summarise."), attachments=(FILE, PASTE)))
    column.settle()
    chips = only(AttachmentChips, view)
    first, second = chips.findChildren(QPushButton)

    assert first.text() == "notes && plans.txt · about 150 tokens"
    assert first.accessibleName() == "notes & plans.txt, about 150 tokens"
    assert second.text().startswith("Pasted text · about ")
    assert "ERROR: connection lost" in second.toolTip().replace("\N{NO-BREAK SPACE}", " ")
    assert chips.geometry().bottom() < only(RichText, view).y()


def test_a_question_of_an_attachment_alone_has_no_empty_words(column: Column) -> None:
    view = column.question(replace(question(1, ""), attachments=(FILE,)))

    assert not only(RichText, view).isVisible()
    assert view.texts() == []


@POPS_UP
def test_an_attachment_opens_to_be_read_and_nothing_in_it_works(
    qtbot: QtBot, column: Column
) -> None:
    view = column.question(replace(question(1, "Summarise."), attachments=(FILE,)))
    column.settle()
    click(qtbot, only(QPushButton, only(AttachmentChips, view)))

    sheet = opened(AttachmentSheet)
    reader = only(QPlainTextEdit, sheet)
    assert reader.isReadOnly()
    assert reader.toPlainText().startswith("<b>bold</b>\n‹U+202E›thgir\n")
    assert f"{len(FILE.text):,} characters" in words(sheet)
    click(qtbot, button(sheet, "Copy all of it"))
    assert QGuiApplication.clipboard().text() == FILE.text

    click(qtbot, button(sheet, "Close"))
    assert not sheet.isVisible()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@POPS_UP
def test_of_a_huge_attachment_the_beginning_is_shown(qtbot: QtBot, column: Column) -> None:
    huge = Attachment(AttachmentKind.FILE, "log", "x" * 79 + "\n" * 1)
    huge = replace(huge, text=huge.text * 5_000)
    view = column.question(replace(question(1, "Summarise."), attachments=(huge,)))
    column.settle()
    click(qtbot, only(QPushButton, only(AttachmentChips, view)))

    sheet = opened(AttachmentSheet)
    assert "400,000 characters, of which the first 200,000 are shown" in words(sheet)
    assert len(only(QPlainTextEdit, sheet).toPlainText()) == 200_000
    sheet.close()


@POPS_UP
def test_a_file_on_the_disk_is_never_looked_at(column: Column, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("never shown")
    attachment = Attachment(AttachmentKind.FILE, str(secret), "what was read then")
    view = column.question(replace(question(1, "?"), attachments=(attachment,)))
    sheet = AttachmentSheet(attachment, view)
    sheet.open_over(column)

    assert only(QPlainTextEdit, sheet).toPlainText() == "what was read then"
    sheet.close()


@pytest.mark.parametrize("width", [320, 760])
def test_no_bubble_is_wider_than_its_share(column: Column, width: int) -> None:
    view = column.question(replace(question(1, "word " * 60), attachments=(FILE, PASTE)))
    column.resize(width, 900)
    column.settle()

    for part in (only(RichText, view), only(AttachmentChips, view)):
        assert part.width() <= 0.8 * width

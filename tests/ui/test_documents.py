"""Documents that go with a question: dropped, pasted, read beside the window, stopped."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.backends.side_job import SIDE_JOB
from desktop.domain.history import Attachment, AttachmentKind
from desktop.ui.attaching import Attaching
from desktop.ui.attachment_chips import AttachmentChips
from desktop.ui.attachment_sheet import AttachmentSheet
from desktop.ui.attachment_words import attachment_size
from desktop.ui.banner import Banner
from desktop.ui.buttons import IconButton
from desktop.ui.composer import Composer
from desktop.ui.labels import PlainLabel
from desktop.ui.popup_chips import PopupChips
from desktop.ui.reading_chip import ReadingChip
from tests.document_files import paragraph, write_docx, write_pdf
from tests.unit.engine_stubs import instead, stub

# A process that has read 41 of 100 pages, and hangs at the next.
_HANGS = stub(
    "from desktop.inference.side_messages import *\n"
    "hear(); out(Step('read'), Advanced(41)); wait_for_ever()"
)


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    one = Banner()
    qtbot.addWidget(one)
    return one


@pytest.fixture
def attaching(qtbot: QtBot, banner: Banner) -> Iterator[Attaching]:
    composer = Composer()
    qtbot.addWidget(composer)
    composer.resize(700, 120)
    composer.show()
    composer.focus_field()
    one = Attaching(composer, composer, banner)
    yield one
    one.close()


@pytest.fixture
def composer(attaching: Attaching) -> Composer:
    parent = attaching.parent()
    assert isinstance(parent, Composer)
    return parent


def _give(composer: Composer, *paths: Path) -> None:
    """Drop or paste `paths`: both come as addresses."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    composer.field.insertFromMimeData(data)


def _reading(composer: Composer) -> list[ReadingChip]:
    return [chip for chip in composer.chips.findChildren(ReadingChip) if chip.isVisible()]


def test_documents_become_chips_with_name_pages_and_tokens(
    composer: Composer, tmp_path: Path, qtbot: QtBot
) -> None:
    contract = write_pdf(tmp_path / "合同.pdf", ["Clause 1", "第二条"])
    letter = write_docx(tmp_path / "letter.docx", paragraph("Dear Sir"))

    _give(composer, contract, letter)
    qtbot.waitUntil(lambda: len(composer.question().attachments) == 2, timeout=20_000)

    names = [
        label.accessibleName()
        for label in composer.chips.children()
        if hasattr(label, "accessibleName")
    ]
    assert "合同.pdf, 2 pages · about 10 tokens" in names
    assert "letter.docx, about 2 tokens" in names
    assert composer.question().attachments[0].text == "[page 1]\nClause 1\n\n[page 2]\n第二条"


def test_a_text_of_one_token_is_told_so() -> None:
    note = Attachment(AttachmentKind.FILE, "note.txt", "x", 1)

    assert attachment_size(note, 1) == "1 page · about 1 token"
    assert attachment_size(note, 2) == "1 page · about 2 tokens"


def test_nothing_is_sent_while_a_document_is_read_and_then_it_goes_along(
    composer: Composer, tmp_path: Path, qtbot: QtBot
) -> None:
    sent: list[object] = []
    composer.submitted.connect(sent.append)
    composer.field.setPlainText("What is in it?")

    _give(composer, write_pdf(tmp_path / "a.pdf", ["Hello"]))
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert sent == []

    qtbot.waitUntil(lambda: bool(composer.question().attachments), timeout=20_000)
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert sent == [composer.question()]


def test_what_takes_its_time_is_shown_and_can_be_stopped(
    composer: Composer, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, _HANGS, SIDE_JOB)
    _give(composer, write_pdf(tmp_path / "a.pdf", ["Hello"]))
    qtbot.waitUntil(lambda: bool(_reading(composer)), timeout=20_000)
    (chip,) = _reading(composer)
    assert chip.accessibleName() == "a.pdf, reading, 41 %"

    qtbot.mouseClick(chip.findChildren(IconButton)[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not psutil.Process().children(), timeout=20_000)
    assert not _reading(composer)
    assert not composer.chips.is_reading
    assert composer.question().attachments == ()


def test_another_question_leaves_behind_what_was_read_for_the_one_before(
    composer: Composer, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, _HANGS, SIDE_JOB)
    _give(composer, write_pdf(tmp_path / "a.pdf", ["Hello"]))
    qtbot.waitUntil(lambda: bool(_reading(composer)), timeout=20_000)

    composer.set_draft("of another chat")

    qtbot.waitUntil(lambda: not psutil.Process().children(), timeout=20_000)
    assert not composer.chips.is_reading
    assert composer.question().attachments == ()


def test_the_window_closes_in_the_middle_of_it(
    composer: Composer,
    attaching: Attaching,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instead(monkeypatch, _HANGS, SIDE_JOB)
    _give(composer, write_pdf(tmp_path / "a.pdf", ["Hello"]))
    qtbot.waitUntil(lambda: bool(_reading(composer)), timeout=20_000)

    attaching.close()

    assert not psutil.Process().children()


def test_a_process_killed_in_the_middle_is_told_and_the_next_file_goes_along(
    composer: Composer,
    banner: Banner,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instead(monkeypatch, _HANGS, SIDE_JOB)
    notes = tmp_path / "notes.txt"
    notes.write_text("notes", encoding="utf-8")
    _give(composer, write_pdf(tmp_path / "a.pdf", ["Hello"]), notes)
    qtbot.waitUntil(lambda: bool(_reading(composer)), timeout=20_000)

    psutil.Process().children()[0].kill()

    qtbot.waitUntil(lambda: bool(composer.question().attachments), timeout=20_000)
    assert [each.name for each in composer.question().attachments] == ["notes.txt"]
    said = " ".join(label.text() for label in banner.findChildren(QLabel))
    assert "“a.pdf” cannot go with the question" in said


def test_a_document_in_a_chat_is_opened_as_prose_and_counted(qtbot: QtBot) -> None:
    document = Attachment(AttachmentKind.FILE, "contract.pdf", "[page 1]\nHello", 1)
    chips = AttachmentChips([document])
    qtbot.addWidget(chips)

    assert chips.findChildren(QLabel) == []
    button = chips.children()[-1]
    assert button.property("text") == "contract.pdf · 1 page · about 4 tokens"
    sheet = AttachmentSheet(document, chips)
    assert any("characters" in label.text() for label in sheet.findChildren(PlainLabel))


def test_in_the_popup_the_reading_is_a_chip_beside_the_offers(qtbot: QtBot) -> None:
    chips = PopupChips()
    qtbot.addWidget(chips)
    chips.begin_reading(1)
    assert chips.isHidden()

    chips.show_reading(1, "a.pdf", 10)
    assert not chips.isHidden()
    chips.show_reading(1, "a.pdf", 20)
    (chip,) = chips.findChildren(ReadingChip)
    assert chip.accessibleName() == "a.pdf, reading, 20 %"

    with qtbot.waitSignal(chips.reading_stopped) as told:
        qtbot.keyClick(chip, Qt.Key.Key_Delete)
    assert told.args == [1]
    assert chips.isHidden()
    chips.show_reading(1, "a.pdf", 30)
    assert chips.isHidden(), "what was stopped does not come back"

"""Files dropped on the composer: which of them go with the question, and what is said of the others."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.context import Draft
from desktop.ui.attaching import Attaching
from desktop.ui.banner import Banner
from desktop.ui.composer import Composer


@pytest.fixture
def composer(qtbot: QtBot) -> Composer:
    one = Composer()
    qtbot.addWidget(one)
    one.resize(600, 60)
    one.show()
    one.focus_field()
    return one


def _words(banner: Banner) -> str:
    return " ".join(label.text() for label in banner.findChildren(QLabel))


def _drop(composer: Composer, *paths: Path) -> None:
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    composer.field.insertFromMimeData(dropped)


def test_dropped_files_are_read_and_go_with_the_question(
    composer: Composer, tmp_path: Path, qtbot: QtBot
) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    attaching = Attaching(composer, composer, banner)
    code, notes = tmp_path / "main.py", tmp_path / "备注.md"
    code.write_text("print(1)\n", encoding="utf-8")
    notes.write_text("# 备注\n", encoding="utf-8")
    sent: list[Draft] = []
    composer.submitted.connect(sent.append)

    _drop(composer, code, notes)
    qtbot.waitUntil(lambda: len(composer.question().attachments) == 2)
    qtbot.keyClick(composer.field, Qt.Key.Key_Return)

    assert sent == [
        Draft(
            "",
            (
                Attachment(AttachmentKind.FILE, "main.py", "print(1)\n"),
                Attachment(AttachmentKind.FILE, "备注.md", "# 备注\n"),
            ),
        )
    ]
    assert composer.field.toPlainText() == "", "their addresses are not typed"
    attaching.close()


def test_a_file_that_is_no_text_is_told_until_the_question_is_sent_and_the_others_go_along(
    composer: Composer, tmp_path: Path, qtbot: QtBot
) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    attaching = Attaching(composer, composer, banner)
    picture, notes = tmp_path / "picture.png", tmp_path / "notes.txt"
    picture.write_bytes(b"\x89PNG\0\0")
    notes.write_text("notes", encoding="utf-8")

    _drop(composer, picture, notes)
    qtbot.waitUntil(lambda: bool(composer.question().attachments))
    qtbot.waitUntil(lambda: banner.isVisibleTo(composer) or not banner.isHidden())
    assert [each.name for each in composer.question().attachments] == ["notes.txt"]

    qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert banner.isHidden()
    attaching.close()


def test_of_several_files_each_one_that_is_left_out_is_named(
    composer: Composer, tmp_path: Path, qtbot: QtBot
) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    attaching = Attaching(composer, composer, banner)
    empty, notes, folder = tmp_path / "empty.txt", tmp_path / "notes.txt", tmp_path / "folder"
    empty.touch()
    notes.write_text("notes", encoding="utf-8")
    folder.mkdir()

    _drop(composer, empty, folder, notes)
    qtbot.waitUntil(lambda: bool(composer.question().attachments))

    said = _words(banner)
    assert "2 files cannot go with the question" in said
    assert "empty.txt, folder." in said
    assert "notes.txt" not in said

    _drop(composer, empty)
    qtbot.waitUntil(lambda: "There is no text in it." in _words(banner))
    assert "“empty.txt” cannot go with the question" in _words(banner)
    attaching.close()

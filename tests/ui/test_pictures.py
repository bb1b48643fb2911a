"""Pictures beside a question: pasted, dropped, made small, seen as chips and in the transcript."""

import base64
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QCoreApplication,
    QEvent,
    QIODevice,
    QMimeData,
    Qt,
    QUrl,
)
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Picture, Role
from desktop.domain.errors import LapisError
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.model import InstalledModel
from desktop.models.library import Library
from desktop.services.all_models import AllModels
from desktop.services.chat_telling import Teller
from desktop.services.context import Draft
from desktop.services.pictures import MOST_PICTURES, attached, picture_of
from desktop.ui.attaching import Attaching
from desktop.ui.attachment_chips import AttachmentChips
from desktop.ui.banner import Banner, Topic
from desktop.ui.chat_html import HtmlLook, html_of
from desktop.ui.chat_pdf import write_pdf
from desktop.ui.composer import Composer
from desktop.ui.composer_chips import _Chip
from desktop.ui.html_parts import no_typeset
from desktop.ui.link_button import LinkButton
from desktop.ui.picture_making import LONGEST_SIDE, decoded, made_small, size_in
from desktop.ui.picture_sheet import PictureSheet, _Whole
from desktop.ui.picture_shelf import PictureShelf, picture_shelf
from desktop.ui.picture_view import PictureView
from desktop.ui.question_view import QuestionView
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.pictures import picture, png
from tests.ui.desk import Desk
from tests.ui.messages import question
from tests.ui.servers_room import open_room
from tests.ui.transcripts import button, click, only, words
from tests.ui.views import POPS_UP, Column, opened

GEMMA = InstalledModel("gemma", "Gemma 2", Path("/m/gemma.gguf"), 1_000)
RED = QColor(200, 40, 90)
FALSE = Attachment(
    AttachmentKind.PICTURE,
    "false.png",
    "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 90).decode(),
)


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    one = Banner()
    qtbot.addWidget(one)
    return one


@pytest.fixture
def composer(qtbot: QtBot, banner: Banner) -> Iterator[Composer]:
    one = Composer()
    qtbot.addWidget(one)
    one.resize(600, 60)
    one.show()
    one.focus_field()
    attaching = Attaching(one, one, banner)
    yield one
    attaching.close()


def _image(width: int = 4, height: int = 3) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(RED)
    return image


def _file(image: QImage, form: bytes) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert QImageWriter(buffer, QByteArray(form)).write(image)
    return bytes(buffer.data().data())


def _along(qtbot: QtBot, composer: Composer, count: int = 1) -> tuple[Attachment, ...]:
    qtbot.waitUntil(lambda: len(composer.question().attachments) == count)
    return composer.question().attachments


def _seen(attachment: Attachment) -> QImage:
    found = picture_of(attachment)
    assert found is not None
    return decoded(found.data)


# How a picture comes along.


def test_a_copied_picture_is_pasted_as_a_chip(qtbot: QtBot, composer: Composer) -> None:
    QGuiApplication.clipboard().setImage(_image(40, 30))
    QTest.keySequence(composer.field, QKeySequence(QKeySequence.StandardKey.Paste))

    (attachment,) = _along(qtbot, composer)

    assert (attachment.kind, attachment.name) == (AttachmentKind.PICTURE, "")
    assert _seen(attachment).size().toTuple() == (40, 30)
    assert _seen(attachment).pixelColor(3, 3) == RED
    assert composer.field.toPlainText() == ""
    QGuiApplication.clipboard().clear()


def test_a_picture_that_comes_undecoded_is_not_decoded_in_the_window(
    qtbot: QtBot, composer: Composer
) -> None:
    came: list[object] = []
    composer.picture_pasted.connect(came.append)
    data = QMimeData()
    data.setData("image/png", png(40, 30))
    data.setImageData(_image())
    composer.field.insertFromMimeData(data)

    assert came == [png(40, 30)]
    assert _seen(_along(qtbot, composer)[0]).size().toTuple() == (40, 30)


def test_a_text_with_a_picture_of_it_beside_is_pasted_as_text(composer: Composer) -> None:
    data = QMimeData()
    data.setText("a table\tof numbers")
    data.setImageData(_image())
    composer.field.insertFromMimeData(data)

    assert composer.field.toPlainText() == "a table\tof numbers"
    assert composer.question().attachments == ()


def test_a_picture_dragged_out_of_a_browser_is_a_picture_and_no_address(
    qtbot: QtBot, composer: Composer
) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.com/cat.png")])
    data.setText("https://example.com/cat.png")
    data.setImageData(_image())
    composer.field.insertFromMimeData(data)

    _along(qtbot, composer)
    assert composer.field.toPlainText() == ""


def test_dropped_files_are_pictures_or_texts_by_what_is_in_them(
    qtbot: QtBot, composer: Composer, tmp_path: Path
) -> None:
    cat, notes = tmp_path / "cat.dat", tmp_path / "notes.png"
    cat.write_bytes(png(40, 30))
    notes.write_text("only words", encoding="utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(cat)), QUrl.fromLocalFile(str(notes))])
    composer.field.insertFromMimeData(data)

    along = _along(qtbot, composer, 2)

    assert [(each.kind, each.name) for each in along] == [
        (AttachmentKind.PICTURE, "cat.dat"),
        (AttachmentKind.FILE, "notes.png"),
    ]


def test_a_damaged_picture_is_told(
    qtbot: QtBot, composer: Composer, banner: Banner, tmp_path: Path
) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(png()[:20])
    composer.files_dropped.emit([file])

    qtbot.waitUntil(lambda: banner.topic is Topic.ATTACHING)
    assert composer.question().attachments == ()


def test_no_more_pictures_go_along_than_a_server_takes(
    qtbot: QtBot, composer: Composer, banner: Banner
) -> None:
    full = tuple(picture(red=place) for place in range(MOST_PICTURES))
    composer.set_question("", full)
    composer.picture_pasted.emit(png(red=99))

    qtbot.waitUntil(lambda: banner.topic is Topic.ATTACHING)
    assert composer.question().attachments == full


# What is made of it.


@pytest.mark.parametrize("form", [b"png", b"jpeg", b"webp", b"bmp"])
def test_whatever_comes_is_made_small(form: bytes) -> None:
    made = made_small(_file(_image(4000, 1000), form), "wide")

    found = picture_of(made)
    assert found is not None
    assert found.media_type == ("image/jpeg" if form == b"jpeg" else "image/png")
    assert size_in(found.data).toTuple() == (LONGEST_SIDE, LONGEST_SIDE // 4)
    assert made.name == "wide"


def test_what_else_was_in_the_file_stays_behind() -> None:
    data = png(comment=b"taken at home")
    assert b"home" in data

    found = picture_of(made_small(data))
    assert found is not None
    assert b"home" not in found.data


def test_what_cannot_be_packed_small_becomes_a_photo_of_a_megabyte_at_most() -> None:
    raw = os.urandom(1000 * 1000 * 4)
    made = made_small(QImage(raw, 1000, 1000, QImage.Format.Format_RGB32))

    found = picture_of(made)
    assert found is not None
    assert found.media_type == "image/jpeg"
    assert len(found.data) <= 1_000_000


def test_a_few_bytes_that_claim_to_be_huge_are_refused() -> None:
    bomb = bytearray(png())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2

    with pytest.raises(LapisError):
        made_small(bytes(bomb), "bomb.png")


# How it is seen.


def _shown(qtbot: QtBot, view: PictureView) -> QImage:
    qtbot.waitUntil(lambda: view.image() is not None)
    image = view.image()
    assert image is not None
    return image


def test_a_chip_shows_the_picture_and_can_be_taken_away(qtbot: QtBot, composer: Composer) -> None:
    composer.set_question("", (picture("cat.png", 40, 30),))
    (chip,) = composer.findChildren(_Chip)
    view = only(PictureView, chip)
    _shown(qtbot, view)

    seen = view.grab().toImage()
    assert seen.pixelColor(seen.width() // 2, seen.height() // 2) == RED
    assert "cat.png" in chip.accessibleName()
    assert "40 × 30" in chip.accessibleName()
    qtbot.keyClick(chip, Qt.Key.Key_Delete)
    assert composer.question() == Draft("")


@POPS_UP
def test_a_chip_opens_the_picture_and_it_can_be_copied(qtbot: QtBot, composer: Composer) -> None:
    composer.set_question("", (picture("cat.png", 400, 300),))
    (chip,) = composer.findChildren(_Chip)
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)

    sheet = opened(PictureSheet)
    whole = only(_Whole, sheet)
    qtbot.waitUntil(lambda: whole.image() is not None)
    assert "cat.png" in words(sheet)
    click(qtbot, button(sheet, "Copy the picture"))
    assert QGuiApplication.clipboard().image().size().toTuple() == (400, 300)
    QGuiApplication.clipboard().clear()
    click(qtbot, button(sheet, "Close"))
    assert not sheet.isVisible()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _asked(column: Column, *along: Attachment, text: str = "What is it?") -> QuestionView:
    view = column.question(replace(question(1, text), attachments=along))
    column.settle()
    return view


def test_a_question_shows_its_picture_no_larger_than_it_is(qtbot: QtBot, column: Column) -> None:
    view = only(PictureView, _asked(column, picture("cat.png", 100, 80)))

    assert view.size().toTuple() == (100, 80)
    assert _shown(qtbot, view).pixelColor(3, 3) == RED
    assert view.accessibleName() == "cat.png, 100 × 80"


def test_a_large_picture_has_its_place_before_it_is_decoded(qtbot: QtBot, column: Column) -> None:
    view = only(PictureView, _asked(column, picture("cat.png", 1500, 1000)))
    place = view.size()

    assert place.width() <= 320
    assert abs(place.width() * 1000 - place.height() * 1500) < 1500
    _shown(qtbot, view)
    assert view.size() == place


@POPS_UP
def test_a_click_shows_the_picture_of_a_question_whole(qtbot: QtBot, column: Column) -> None:
    view = only(PictureView, _asked(column, picture("cat.png", 100, 80)))
    click(qtbot, view)

    sheet = opened(PictureSheet)
    assert "100 × 80" in words(sheet)
    sheet.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_what_cannot_be_decoded_has_a_sign_in_its_place(qtbot: QtBot, column: Column) -> None:
    for place, broken in enumerate((FALSE, replace(FALSE, text="https://evil.test/x.png"))):
        view = column.question(replace(question(place + 1, "?"), attachments=(broken,)))
        assert _shown(qtbot, only(PictureView, view)).isNull()


@pytest.mark.qt_log_ignore("JPEG", extend=True)
def test_a_picture_that_tells_its_size_late_takes_its_place_then(
    qtbot: QtBot, column: Column
) -> None:
    # What stands in an EXIF block may be longer than the beginning that is looked at.
    data = _file(_image(100, 80), b"jpeg")
    long = b"\xff\xe1\xff\xff" + b"\0" * 0xFFFD
    late = attached(Picture("image/jpeg", data[:2] + long + data[2:]))
    view = only(PictureView, _asked(column, late))

    qtbot.waitUntil(lambda: view.size().toTuple() == (100, 80))


def test_files_stand_below_the_pictures_they_have_no_room_beside(column: Column) -> None:
    file = Attachment(AttachmentKind.FILE, "a file with a long name.txt", "x " * 90)
    column.resize(400, 900)
    view = _asked(column, picture("a", 180, 120), picture("b", 180, 120, red=1), file)

    chips = only(AttachmentChips, view)
    lowest = max(each.geometry().bottom() for each in chips.findChildren(QPushButton))
    assert lowest < chips.height()


def test_pictures_are_kept_for_a_while_and_the_oldest_leave(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.ui.picture_shelf._KEPT_BYTES", 20_000)
    shelf = PictureShelf()
    many = [picture(red=place, width=50, height=50) for place in range(4)]
    for each in many:
        with qtbot.waitSignal(shelf.came):
            assert shelf.image(each, 50) is None

    assert shelf.image(many[3], 50) is not None
    assert shelf.image(many[2], 50) is not None
    assert shelf.image(many[0], 50) is None
    shelf.close()


def test_pictures_are_decoded_beside_the_window(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look(data: bytes, longest: int) -> QImage:
        seen.append(threading.current_thread().name)
        return decoded(data, longest)

    monkeypatch.setattr("desktop.ui.picture_shelf.decoded", look)
    with qtbot.waitSignal(picture_shelf().came):
        picture_shelf().image(picture(red=77), 31)

    assert seen == ["pictures"]


# Who cannot see.


def _warning(composer: Composer) -> str:
    return words(composer.sight) if composer.sight.isVisibleTo(composer) else ""


def test_with_a_model_that_does_not_see_a_line_says_so_and_offers_another(
    qtbot: QtBot, composer: Composer
) -> None:
    composer.resize(600, 200)
    composer.show_sight(GEMMA, lambda: False)
    assert _warning(composer) == ""

    composer.attach(picture())
    assert _warning(composer).startswith("Gemma 2 cannot see pictures.")
    with qtbot.waitSignal(composer.other_model_wanted):
        click(qtbot, only(LinkButton, composer.sight))

    composer.show_sight(GEMMA, lambda: True)
    assert _warning(composer) == ""
    with qtbot.waitSignal(composer.sight.sight_wanted):
        composer.show_sight(GEMMA, lambda: None)
    assert _warning(composer) == ""


def test_a_file_beside_the_question_is_no_matter_of_seeing(composer: Composer) -> None:
    composer.show_sight(GEMMA, lambda: False)
    composer.attach(Attachment(AttachmentKind.FILE, "a.txt", "words"))

    assert _warning(composer) == ""


def test_the_window_says_it_of_the_model_of_the_open_chat(desk: Desk) -> None:
    desk.window.composer.attach(picture())

    assert _warning(desk.window.composer).startswith("Built-in guide cannot see pictures.")


def test_a_server_is_asked_whether_its_model_sees_once_that_matters(
    desk: Desk, qtbot: QtBot
) -> None:
    blind = OllamaModel("gemma2:9b", capabilities=("completion",))
    with OllamaServer([blind]) as ollama, open_room(desk, qtbot, ollama.address) as room:
        model = room.connections.find("ollama:gemma2:9b")
        models = AllModels(lambda: Library(desk.paths.data, desk.paths.data), room.connections)
        composer = desk.window.composer
        assert model is not None
        composer.show_sight(model, lambda: models.sees(model))
        assert ollama.asked("/api/show") == []

        composer.attach(picture())
        qtbot.waitUntil(lambda: _warning(composer) != "")
        assert _warning(composer).startswith("gemma2:9b cannot see pictures.")
        composer.attach(picture(red=1))
        assert len(ollama.asked("/api/show")) == 1


# Into files.


def _chat(*along: Attachment) -> CarriedChat:
    message = CarriedMessage("1", None, Role.USER, "What is it?", attachments=along)
    return CarriedChat("T", (message,), "1")


def test_html_shows_a_picture_out_of_itself(qtbot: QtBot) -> None:
    shown = picture('cat" onerror="alert(1).png')
    page = "".join(html_of(_chat(shown, FALSE), Teller(), HtmlLook({}, {})))

    assert f'<img src="{shown.text}" alt="Picture: cat&quot; onerror=&quot;alert(1).png">' in page
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


def test_html_shows_no_picture_from_elsewhere() -> None:
    elsewhere = replace(FALSE, text='https://evil.test/x.png"><script>alert(1)</script>')
    page = "".join(html_of(_chat(elsewhere), Teller(), HtmlLook({}, {})))

    assert "<img" not in page
    assert "evil.test" not in page
    assert "Picture: false.png" in page


def test_pdf_shows_a_picture_and_names_what_is_none(qtbot: QtBot) -> None:
    def pages(*along: Attachment) -> bytes:
        stream = BytesIO()
        write_pdf(stream, _chat(*along), Teller(), no_typeset)
        return stream.getvalue()

    assert b"/Image" in pages(picture("cat.png", 900, 3000))
    assert b"/Subtype /Image" not in pages(FALSE)

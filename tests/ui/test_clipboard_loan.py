"""The clipboard, borrowed: what was there comes back, and nothing newer is lost."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QMimeData, QObject, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication, QImage, qRgb
from pytestqt.qtbot import QtBot

from desktop.ui import clipboard_loan
from desktop.ui.clipboard_loan import ClipboardLoan


@pytest.fixture
def owner(qtbot: QtBot) -> QObject:
    del qtbot
    return QObject()


@pytest.fixture
def loan(owner: QObject, monkeypatch: pytest.MonkeyPatch) -> ClipboardLoan:
    monkeypatch.setattr(clipboard_loan, "_QUIET_SECONDS", 0.01)
    return ClipboardLoan(owner)


@pytest.fixture
def clipboard(qtbot: QtBot) -> Iterator[QClipboard]:
    del qtbot
    one = QGuiApplication.clipboard()
    yield one
    one.clear()


def _timer(loan: ClipboardLoan) -> QTimer:
    timer = loan.findChild(QTimer)
    assert isinstance(timer, QTimer)
    return timer


def test_everything_that_was_copied_comes_back(loan: ClipboardLoan, clipboard: QClipboard) -> None:
    image = QImage(3, 2, QImage.Format.Format_RGB32)
    image.fill(qRgb(10, 20, 30))
    data = QMimeData()
    data.setText("text")
    data.setHtml("<b>text</b>")
    data.setData("x-special/files", b"copy\nfile:///a")
    data.setImageData(image)
    clipboard.setMimeData(data)

    loan.lend("answer", None, None)
    assert clipboard.text() == "answer"
    assert not clipboard.mimeData().hasHtml()
    loan.return_now()

    found = clipboard.mimeData()
    assert (found.text(), found.html()) == ("text", "<b>text</b>")
    assert found.data("x-special/files").data() == b"copy\nfile:///a"
    assert clipboard.image().pixel(1, 1) == qRgb(10, 20, 30)


def test_what_was_read_from_another_program_is_put_back_in_its_place(
    loan: ClipboardLoan, clipboard: QClipboard
) -> None:
    loan.lend("answer", {"text/plain": "文字".encode(), "image/png": b"\x89PNG"}, None)
    loan.return_now()

    assert clipboard.text() == "文字"
    assert clipboard.mimeData().data("image/png").data() == b"\x89PNG"


def test_where_nothing_was_copied_nothing_is_left(
    loan: ClipboardLoan, clipboard: QClipboard
) -> None:
    loan.lend("answer", {}, None)
    loan.return_now()

    assert clipboard.text() == ""


def test_the_text_is_taken_away_once_it_was_fetched(
    loan: ClipboardLoan, clipboard: QClipboard, qtbot: QtBot
) -> None:
    clipboard.setText("precious")
    loan.lend("answer", None, None)
    assert clipboard.text() == "answer"

    loan.return_when_fetched()

    qtbot.waitUntil(lambda: clipboard.text() == "precious")


def test_a_program_that_is_slow_to_fetch_it_finds_it_there(
    loan: ClipboardLoan, clipboard: QClipboard, qtbot: QtBot
) -> None:
    loan.lend("answer", {"text/plain": b"precious"}, None)
    loan.return_when_fetched()

    for _ in range(3):
        with qtbot.waitSignal(_timer(loan).timeout):
            pass

    assert clipboard.text() == "answer"
    qtbot.waitUntil(lambda: clipboard.text() == "precious")


def test_a_program_that_never_fetches_it_is_not_waited_for_for_ever(
    loan: ClipboardLoan,
    clipboard: QClipboard,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clipboard_loan, "_SLOW_SECONDS", 0.05)
    loan.lend("answer", {"text/plain": b"precious"}, None)

    loan.return_when_fetched()

    qtbot.waitUntil(lambda: not _timer(loan).isActive())
    assert clipboard.text() == "precious"


def test_what_was_copied_since_is_not_overwritten(
    loan: ClipboardLoan, clipboard: QClipboard
) -> None:
    loan.lend("answer", {"text/plain": b"old"}, None)
    clipboard.setText("newer")

    loan.return_now()

    assert clipboard.text() == "newer"


def test_two_loans_in_a_row_give_back_what_was_there_before_both(
    loan: ClipboardLoan, clipboard: QClipboard
) -> None:
    clipboard.setText("precious")
    loan.lend("first", None, None)
    loan.return_when_fetched()
    loan.lend("second", None, None)
    assert clipboard.text() == "second"

    loan.return_now()

    assert clipboard.text() == "precious"


def test_text_that_is_left_there_stays(loan: ClipboardLoan, clipboard: QClipboard) -> None:
    loan.lend("answer", {"text/plain": b"old"}, None)

    loan.leave()
    loan.return_now()

    assert clipboard.text() == "answer"
    # What Qt still has when Python is gone must not be ours.
    assert type(clipboard.mimeData()) is QMimeData

"""No link opens before a person has seen where it leads."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.ui.labels import PlainLabel
from desktop.ui.link_popover import LinkPopover
from desktop.ui.message_body import MessageBody
from desktop.ui.rich_text import RichText
from desktop.ui.transcript import Transcript
from tests.ui.messages import answer, question
from tests.ui.transcripts import button, click, only, show_chat


class Browser(QObject):
    """Stands where the system's browser would."""

    came = Signal(QUrl)

    @Slot(QUrl)
    def take(self, address: QUrl) -> None:
        self.came.emit(address)


@pytest.fixture
def browser() -> Iterator[Browser]:
    one = Browser()
    # The types ask for bytes, the bindings for a string.
    QDesktopServices.setUrlHandler("https", one, "take")  # type: ignore[arg-type]
    yield one
    QDesktopServices.unsetUrlHandler("https")


def test_a_link_opens_only_after_its_destination_was_shown(
    qtbot: QtBot, transcript: Transcript, browser: Browser
) -> None:
    show_chat(transcript, [question(1), answer(2, "[click me](https://例子.com/%E2%80%AEx?a=b)")])
    QGuiApplication.processEvents()
    body = only(MessageBody, transcript)
    text = only(RichText, body)
    popover = only(LinkPopover, transcript)
    assert not popover.isVisible()

    with qtbot.assertNotEmitted(browser.came):
        qtbot.mouseMove(text.viewport(), QPoint(20, 12))
        qtbot.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 12))
    assert popover.isVisible()
    shown = [label.text().replace("\u200b", "") for label in popover.findChildren(PlainLabel)]
    assert "xn--fsqu00a.com" in shown
    assert "https://xn--fsqu00a.com/%E2%80%AEx?a=b" in shown

    with qtbot.waitSignal(browser.came) as came:
        click(qtbot, button(popover, "Open"))
    assert came.args is not None
    assert came.args[0].toEncoded().data() == b"https://xn--fsqu00a.com/%E2%80%AEx?a=b"
    assert not popover.isVisible()


def test_escape_closes_the_question_about_a_link(
    qtbot: QtBot, transcript: Transcript, browser: Browser
) -> None:
    show_chat(transcript, [question(1), answer(2, "[click me](https://example.org)")])
    popover = only(LinkPopover, transcript)
    popover.ask("https://example.org", QPoint(50, 50))
    assert popover.isVisible()

    with qtbot.assertNotEmitted(browser.came):
        qtbot.keyClick(popover, Qt.Key.Key_Escape)

    assert not popover.isVisible()


def test_of_a_long_address_as_much_is_shown_as_leaves_the_buttons_in_sight(
    qtbot: QtBot, transcript: Transcript
) -> None:
    transcript.resize(420, 300)
    popover = only(LinkPopover, transcript)
    address = "https://example.org/?q=" + "%E4%B8%AD" * 400
    popover.ask(address, QPoint(50, 50))
    QGuiApplication.processEvents()

    assert transcript.rect().contains(popover.geometry())
    shown = next(
        label.text().replace("\u200b", "")
        for label in popover.findChildren(PlainLabel)
        if label.accessibleName() == address
    )
    assert address.startswith(shown.removesuffix("…"))
    click(qtbot, button(popover, "Copy address"))
    assert QGuiApplication.clipboard().text() == address


def test_a_hostile_address_is_not_even_asked_about(transcript: Transcript) -> None:
    popover = only(LinkPopover, transcript)

    popover.ask("file:///etc/passwd", QPoint(50, 50))

    assert not popover.isVisible()

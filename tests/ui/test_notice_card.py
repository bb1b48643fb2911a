"""The card that tells something: its icon beside the first line of its words."""

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.settings import Theme
from desktop.ui.buttons import TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.theme import apply_theme
from desktop.ui.tinted_icon import TintedIcon


def rows_with_ink(card: NoticeCard, place: QRect) -> float:
    """Return the middle of the rows of `place` that are not of one colour."""
    image = card.grab(place).toImage()
    width = image.width()
    inked = [
        row
        for row in range(image.height())
        if len({image.pixel(column, row) for column in range(width)}) > 1
    ]
    return (inked[0] + inked[-1]) / 2 / image.devicePixelRatio()


@pytest.mark.parametrize("title", ["HHHHHHHHH", "国国国国国国国国国"])
def test_the_icon_stands_beside_the_first_line(
    qtbot: QtBot, qapp: QApplication, title: str
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    card = NoticeCard(())
    qtbot.addWidget(card)
    card.show_words(title, "What to do next.", Look.NEWS)
    card.resize(600, card.heightForWidth(600))
    card.show()
    qtbot.waitExposed(card)
    (icon,) = card.findChildren(TintedIcon)
    label = card.findChildren(PlainLabel)[0]

    def top(widget: TintedIcon | PlainLabel) -> QRect:
        return QRect(widget.mapTo(card, widget.rect().topLeft()), widget.size())

    beside = top(icon).y() + rows_with_ink(card, top(icon))
    line = top(label).y() + rows_with_ink(card, top(label))

    assert abs(beside - line) <= 1


def test_the_icon_stays_with_the_line_when_a_button_goes_below_it(
    qtbot: QtBot, qapp: QApplication
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    button = TextButton()
    button.setText("Use full settings again")
    card = NoticeCard((button,))
    qtbot.addWidget(card)
    card.show_words("HHHHHHHHH", "", Look.NEWS)
    (icon,) = card.findChildren(TintedIcon)
    label = card.findChildren(PlainLabel)[0]
    card.show()
    qtbot.waitExposed(card)

    for width in (640, 320, 640):
        card.resize(width, card.heightForWidth(width))

        def is_beside() -> bool:
            icon_middle = icon.geometry().top() + rows_with_ink(card, icon.geometry())
            words_middle = label.geometry().top() + rows_with_ink(card, label.geometry())
            return abs(icon_middle - words_middle) <= 1

        qtbot.waitUntil(is_beside)
        assert (button.geometry().top() > label.geometry().bottom()) == (width == 320)

"""A card beside what was clicked: what is seen of it where the screen does not blend windows."""

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.ui import popover_card
from desktop.ui.popover_card import PopoverCard
from desktop.ui.tokens import tokens_of


def test_corners_that_cannot_be_blended_lie_upon_the_canvas_and_are_not_cut(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(popover_card, "blends_windows", lambda _platform: False)
    owner = QWidget()
    qtbot.addWidget(owner)
    owner.resize(400, 300)
    owner.show()
    card = PopoverCard(owner)
    card.setMinimumWidth(200)
    card.open_over(owner)
    image, tokens = card.grab().toImage(), tokens_of(card.palette())

    assert card.mask().isEmpty()
    assert image.pixelColor(0, 0) == card.palette().window().color()
    assert image.pixelColor(image.width() // 2, 0) == QColor(tokens.line)
    # Between the canvas and the line there is more than one step.
    edge = {image.pixelColor(x, y).name() for x in range(10) for y in range(10)}
    assert len(edge) > 4
    card.close()

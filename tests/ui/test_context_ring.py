"""The ring can be read by eye, by screen reader and by keyboard, and never by its colour alone."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QTranslator
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import Overflow
from desktop.domain.context import ContextCount, LargerContext
from desktop.domain.settings import Theme
from desktop.ui.context_card import ContextCard
from desktop.ui.context_ring import ContextRing
from desktop.ui.labels import PlainLabel, plain_tooltip
from desktop.ui.link_button import LinkButton
from desktop.ui.theme import apply_theme

CALM = ContextCount(8192, system=120, history=900, draft=40)
NEAR = ContextCount(8192, system=120, history=5900, attachments=800, draft=140)
OVER = ContextCount(8192, system=120, history=7900, draft=1240)
GUESS = ContextCount(8192, system=120, history=900, draft=40, exact=False)


@pytest.fixture
def ring(qtbot: QtBot, qapp: QApplication) -> Iterator[ContextRing]:
    apply_theme(qapp, Theme.LIGHT)
    window = QWidget()
    qtbot.addWidget(window)
    one = ContextRing()
    QHBoxLayout(window).addWidget(one)
    window.show()
    qtbot.waitExposed(window)
    yield one
    window.close()


def opened(qtbot: QtBot, ring: ContextRing) -> ContextCard:
    ring.setFocus()
    with qtbot.waitSignal(ring.opened):
        qtbot.keyClick(ring, Qt.Key.Key_Space)
    assert ring._card is not None
    return ring._card


def words(card: ContextCard) -> list[str]:
    return [label.text() for label in card.findChildren(PlainLabel) if label.isVisible()]


def links(card: ContextCard) -> list[str]:
    return [link.text() for link in card.findChildren(LinkButton) if link.isVisible()]


def test_without_a_count_there_is_no_ring(ring: ContextRing) -> None:
    assert not ring.isVisible()
    ring.set_count(CALM)
    assert ring.isVisible()
    ring.set_count(None)
    assert not ring.isVisible()


def test_figures_stand_beside_it_only_when_little_is_free(ring: ContextRing) -> None:
    ring.set_count(CALM)
    calm = ring.sizeHint().width()
    ring.set_count(NEAR)
    assert ring.sizeHint().width() > calm + 60
    ring.set_count(ContextCount(8192, history=6553))
    assert ring.sizeHint().width() == calm
    ring.set_count(ContextCount(8192, history=6554))
    assert ring.sizeHint().width() > calm


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (CALM, "1,060 of 8,192 tokens of the context"),
        (GUESS, "About 1,060 of 8,192 tokens of the context"),
        (OVER, "Does not fit: 9,260 of 8,192 tokens of the context"),
    ],
)
def test_the_figures_are_said_to_pointers_and_screen_readers(
    ring: ContextRing, count: ContextCount, said: str
) -> None:
    ring.set_count(count)
    assert ring.accessibleName() == said
    assert ring.toolTip() == plain_tooltip(said)


def test_one_token_short_of_full_fits_and_full_does_not(ring: ContextRing) -> None:
    ring.set_count(ContextCount(100, history=99))
    assert "not fit" not in ring.accessibleName()
    ring.set_count(ContextCount(100, history=100))
    assert "not fit" in ring.accessibleName()


def test_a_key_opens_the_parts(qtbot: QtBot, ring: ContextRing) -> None:
    ring.set_count(CALM)
    card = opened(qtbot, ring)
    shown = words(card)
    for figure in ("120", "900", "40", "7,132", "1,060 of 8,192 tokens"):
        assert figure in shown
    assert "Attachments" not in shown
    assert not links(card)
    ring.set_count(NEAR)
    assert "Attachments" in words(card)
    assert "800" in words(card)
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: ring._card is None)
    opened(qtbot, ring)


def test_an_estimate_is_said_to_be_one(qtbot: QtBot, ring: ContextRing) -> None:
    ring.set_count(GUESS)
    card = opened(qtbot, ring)
    assert "Estimated until the model is loaded." in words(card)
    ring.set_count(CALM)
    assert "Estimated until the model is loaded." not in words(card)


def test_what_does_not_fit_has_three_choices(qtbot: QtBot, ring: ContextRing) -> None:
    ring.set_count(OVER)
    card = opened(qtbot, ring)
    assert len(links(card)) == 2
    ring.set_larger(LargerContext(16384, 8192, 420_000_000))
    assert len(links(card)) == 3
    assert "16,384" in links(card)[2]
    assert "420 MB more" in links(card)[2]
    assert any("1,069 tokens" in each for each in words(card))
    with qtbot.waitSignal(ring.overflow_chosen) as chosen:
        card._summarise.click()
    assert chosen.args == [Overflow.SUMMARISE]
    qtbot.waitUntil(lambda: ring._card is None)


def test_what_is_done_by_itself_is_said_and_not_asked(qtbot: QtBot, ring: ContextRing) -> None:
    ring.set_count(OVER)
    ring.set_overflow(Overflow.DROP)
    card = opened(qtbot, ring)
    assert any("left out when you send it" in each for each in words(card))
    assert not links(card)


class Echo(QTranslator):
    """A language in which everything is said in brackets."""

    def isEmpty(self) -> bool:
        return False

    def translate(
        self, _context: str, source: str, _disambiguation: str | None = None, _n: int = -1
    ) -> str | None:
        return f"[{source}]"


def test_it_follows_the_language(qtbot: QtBot, qapp: QApplication, ring: ContextRing) -> None:
    ring.set_count(OVER)
    card = opened(qtbot, ring)
    echo = Echo()
    qapp.installTranslator(echo)
    try:
        qtbot.waitUntil(lambda: ring.accessibleName().startswith("["))
        said = [each for each in (*words(card), *links(card)) if any(map(str.isalpha, each))]
        assert said
        assert all(each.startswith("[") for each in said)
    finally:
        qapp.removeTranslator(echo)


def test_the_card_stays_within_the_window(ring: ContextRing, qtbot: QtBot) -> None:
    window = ring.window()
    window.resize(500, 80)
    qtbot.waitUntil(lambda: ring.width() > 100)
    ring.setFixedWidth(40)
    layout = window.layout()
    assert layout is not None
    layout.setAlignment(ring, Qt.AlignmentFlag.AlignRight)
    ring.set_count(CALM)
    qtbot.waitUntil(lambda: ring.x() > 400)

    card = opened(qtbot, ring)
    assert window.x() <= card.x()
    assert card.geometry().right() <= window.frameGeometry().right() + 12

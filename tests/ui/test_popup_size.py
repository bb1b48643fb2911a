"""How large the popup is, by itself and as people want it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.settings import PopupSettings
from desktop.ui.popup_grips import _Grip
from desktop.ui.popup_size import LEAST_HEIGHT, LEAST_WIDTH, WIDTH
from tests.ui.desk import Desk
from tests.ui.popups import Bench, open_bench

_EDGE = Qt.Edge


@pytest.fixture
def bench(desk: Desk, qtbot: QtBot) -> Iterator[Bench]:
    with open_bench(desk, qtbot) as one:
        yield one


def _kept(bench: Bench) -> tuple[int, int]:
    settings: PopupSettings = bench.desk.preferences.value.popup
    return settings.width, settings.height


def _talk(bench: Bench) -> None:
    bench.ask("A long one?")
    bench.answer(*("A paragraph of words.\n\n" for _ in range(80)))
    most = QApplication.primaryScreen().availableGeometry().height() * 0.6
    wanted = _kept(bench)[1] or round(most)
    bench.qtbot.waitUntil(lambda: abs(bench.popup.card.height() - wanted) <= 1)


def _grip(bench: Bench, edges: Qt.Edge) -> QWidget:
    (found,) = [one for one in bench.popup.findChildren(_Grip) if one.edges == edges]
    return found


def _drag(grip: QWidget, by: QPoint) -> None:
    """Drag on the screen: the grip moves along with what it makes larger."""
    at = grip.rect().center()
    start = grip.mapToGlobal(at)
    QTest.mousePress(grip, Qt.MouseButton.LeftButton, pos=at)
    for share in (0.5, 1.0):
        QTest.mouseMove(grip, grip.mapFromGlobal(start + by * share))
    to = grip.mapFromGlobal(start + by)
    QTest.mouseRelease(grip, Qt.MouseButton.LeftButton, pos=to)


def test_by_itself_it_is_as_wide_as_ever_and_as_high_as_its_parts(bench: Bench) -> None:
    bench.call()

    assert bench.popup.card.width() == WIDTH
    assert bench.popup.card.height() < 140
    assert _kept(bench) == (0, 0)


def test_dragged_by_its_corner_it_is_so_large_and_stays_so(bench: Bench) -> None:
    bench.call()
    _talk(bench)
    height = bench.popup.card.height()
    _drag(_grip(bench, _EDGE.RightEdge | _EDGE.BottomEdge), QPoint(60, -50))

    assert bench.popup.card.width() == WIDTH + 60
    assert bench.popup.card.height() == height - 50
    assert _kept(bench) == (WIDTH + 60, height - 50)
    bench.popup.put_away()
    bench.call()
    assert bench.popup.card.width() == WIDTH + 60
    assert bench.popup.card.height() < 140, "small again until there is an answer"
    _talk(bench)
    assert bench.popup.card.height() == height - 50


def test_dragged_by_its_left_edge_its_right_one_stays(bench: Bench) -> None:
    bench.call()
    right = bench.popup.geometry().right()
    _drag(_grip(bench, _EDGE.LeftEdge), QPoint(-40, 0))

    assert bench.popup.card.width() == WIDTH + 40
    assert bench.popup.geometry().right() == right


def test_it_is_never_too_small_to_be_used_nor_larger_than_the_screen(bench: Bench) -> None:
    bench.call()
    _talk(bench)
    corner = _grip(bench, _EDGE.RightEdge | _EDGE.BottomEdge)
    _drag(corner, QPoint(-900, -900))
    assert bench.popup.card.width() == LEAST_WIDTH
    assert bench.popup.card.height() == LEAST_HEIGHT

    _drag(corner, QPoint(3000, 3000))
    room = QApplication.primaryScreen().availableGeometry()
    assert bench.popup.card.width() <= room.width()
    assert bench.popup.card.height() <= room.height()


def test_without_an_answer_it_is_not_made_higher(bench: Bench) -> None:
    bench.call()
    height = bench.popup.card.height()
    _drag(_grip(bench, _EDGE.BottomEdge), QPoint(0, 200))

    assert bench.popup.card.height() == height


def test_a_double_click_on_an_edge_puts_it_back(bench: Bench) -> None:
    bench.call()
    _talk(bench)
    height = bench.popup.card.height()
    corner = _grip(bench, _EDGE.RightEdge | _EDGE.BottomEdge)
    _drag(corner, QPoint(60, -50))
    bench.qtbot.mouseDClick(corner, Qt.MouseButton.LeftButton)

    assert (bench.popup.card.width(), bench.popup.card.height()) == (WIDTH, height)
    assert _kept(bench) == (0, 0)


def test_keys_do_it_too(bench: Bench) -> None:
    bench.call()
    held = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    bench.qtbot.keyClick(bench.popup.composer.field, Qt.Key.Key_Right, held)

    assert bench.popup.card.width() == WIDTH + 40
    assert _kept(bench) == (WIDTH + 40, 0)


def test_the_edges_lie_above_everything_else(bench: Bench) -> None:
    bench.call()
    card = bench.popup.card
    for point, edges in (
        (QPoint(card.right() - 1, card.center().y()), _EDGE.RightEdge),
        (QPoint(card.left() + 1, card.center().y()), _EDGE.LeftEdge),
        (QPoint(card.center().x(), card.bottom() - 1), _EDGE.BottomEdge),
        (card.bottomRight() - QPoint(2, 2), _EDGE.RightEdge | _EDGE.BottomEdge),
    ):
        under = bench.popup.childAt(point)
        assert isinstance(under, _Grip)
        assert under.edges == edges

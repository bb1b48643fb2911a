"""The icon in the tray."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from desktop.ui.icons import app_icon
from desktop.ui.tray import Tray
from tests.ui.desk import Desk


@pytest.fixture
def memory() -> list[int | None]:
    """Return what the engine process holds, to be changed by the test."""
    return [1_500_000_000]


@pytest.fixture
def tray(desk: Desk, memory: list[int | None]) -> Iterator[Tray]:
    one = Tray(app_icon(), lambda: memory[-1])
    one.set_engine(desk.models.state)
    one.free_memory_requested.connect(desk.models.free_memory)
    yield one
    one.close()


def _lines(tray: Tray) -> list[str]:
    return [action.text() for action in tray.menu.actions() if not action.isSeparator()]


def test_the_first_entry_asks_and_the_last_quits(tray: Tray) -> None:
    assert _lines(tray) == [
        "Ask…",
        "Show Lapis",
        "Built-in guide · 1.5 GB",
        "Free memory now",
        "Quit",
    ]


def test_the_menu_reads_the_memory_each_time_it_opens(tray: Tray, memory: list[int | None]) -> None:
    memory.append(320_000_000)
    tray.menu.aboutToShow.emit()

    assert "Built-in guide · 320 MB" in _lines(tray)


def test_without_an_engine_process_there_is_no_memory_to_free(
    tray: Tray, memory: list[int | None], desk: Desk
) -> None:
    free = next(each for each in tray.menu.actions() if each.text() == "Free memory now")
    assert free.isEnabled()
    free.trigger()
    assert desk.engine.unloads == 1

    memory.append(None)
    tray.menu.aboutToShow.emit()
    assert not free.isEnabled()


@pytest.mark.parametrize(
    ("start", "signal"),
    [("Ask", "popup_requested"), ("Show", "window_requested"), ("Quit", "quit_requested")],
)
def test_each_entry_does_what_it_says(tray: Tray, start: str, signal: str, qtbot: QtBot) -> None:
    (action,) = [each for each in tray.menu.actions() if each.text().startswith(start)]
    with qtbot.waitSignal(getattr(tray, signal)):
        action.trigger()


def test_a_double_click_is_one_click(tray: Tray) -> None:
    asked: list[None] = []
    tray.popup_requested.connect(lambda: asked.append(None))
    reason = QSystemTrayIcon.ActivationReason
    tray._icon.activated.emit(reason.Trigger)
    tray._icon.activated.emit(reason.DoubleClick)
    assert len(asked) == 1

    tray._last_click -= 1
    tray._icon.activated.emit(reason.Context)
    assert len(asked) == 1
    tray._icon.activated.emit(reason.Trigger)
    assert len(asked) == 2

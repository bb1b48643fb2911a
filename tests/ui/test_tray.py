"""The icon in the tray."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.ui.icons import app_icon
from desktop.ui.tray import Tray
from tests.ui.desk import Desk


@pytest.fixture
def memory() -> list[EngineMemory | None]:
    """Return what the engine process holds, to be changed by the test."""
    return [EngineMemory(1_500_000_000)]


@pytest.fixture
def tray(desk: Desk, memory: list[EngineMemory | None]) -> Iterator[Tray]:
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
        "Models",
        "Settings",
        "Built-in guide · 1.5 GB",
        "Free memory now",
        "Quit",
    ]


def test_the_menu_reads_the_memory_each_time_it_opens(
    tray: Tray, memory: list[EngineMemory | None]
) -> None:
    memory.append(EngineMemory(320_000_000))
    tray.menu.aboutToShow.emit()
    assert "Built-in guide · 320 MB" in _lines(tray)

    memory.append(EngineMemory(320_000_000, gpu=5_100_000_000))
    tray.menu.aboutToShow.emit()
    assert "Built-in guide · 320 MB + 5.1 GB on the GPU" in _lines(tray)


@pytest.mark.qt_log_ignore("grabbing the keyboard", "grab the mouse", extend=True)
def test_the_memory_stays_fresh_while_the_menu_is_open_and_not_longer(
    tray: Tray, memory: list[EngineMemory | None], qtbot: QtBot
) -> None:
    tray._refresh.setInterval(10)
    tray.menu.popup(QPoint(0, 0))
    memory.append(EngineMemory(2_000_000_000))
    qtbot.waitUntil(lambda: "Built-in guide · 2.0 GB" in _lines(tray))

    tray.menu.hide()
    qtbot.waitUntil(lambda: not tray._refresh.isActive())


def test_an_engine_that_was_idle_for_long_is_asleep(
    tray: Tray, memory: list[EngineMemory | None], desk: Desk
) -> None:
    memory.append(None)
    asleep = EngineState(Phase.IDLE, desk.models.state.model, unloaded_idle=True)
    tray.set_engine(asleep)
    assert "Built-in guide · Sleeping" in _lines(tray)

    tray.set_engine(replace(asleep, unloaded_idle=False))
    assert "Built-in guide · Not in memory" in _lines(tray)


def test_without_an_engine_process_there_is_no_memory_to_free(
    tray: Tray, memory: list[EngineMemory | None], desk: Desk
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
    [
        ("Ask", "popup_requested"),
        ("Show", "window_requested"),
        ("Models", "models_requested"),
        ("Settings", "settings_requested"),
        ("Quit", "quit_requested"),
    ],
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

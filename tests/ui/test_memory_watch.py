"""The memory of the engine is looked at while somebody may see it, and not longer."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.ui.memory_watch import MemoryWatch


class Engine:
    """Counts how often it is looked at."""

    def __init__(self) -> None:
        self.memory: EngineMemory | None = EngineMemory(10**9)
        self.looks = 0

    def look(self) -> EngineMemory | None:
        self.looks += 1
        return self.memory


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    one = QWidget()
    qtbot.addWidget(one)
    return one


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def watch(window: QWidget, engine: Engine) -> Iterator[MemoryWatch]:
    one = MemoryWatch(window, engine.look)
    one._timer.setInterval(10)
    yield one
    one.close()


def test_while_the_window_is_seen_every_change_is_told_once(
    window: QWidget, watch: MemoryWatch, engine: Engine, qtbot: QtBot
) -> None:
    told: list[EngineMemory | None] = []
    watch.changed.connect(told.append)
    window.show()
    watch.set_engine(EngineState(Phase.READY))
    qtbot.waitUntil(lambda: engine.looks > 4)
    engine.memory = EngineMemory(2 * 10**9)
    qtbot.waitUntil(lambda: len(told) == 2)

    assert told == [EngineMemory(10**9), EngineMemory(2 * 10**9)]


def test_nobody_looks_without_an_engine(
    window: QWidget, watch: MemoryWatch, engine: Engine, qtbot: QtBot
) -> None:
    window.show()
    assert not watch._timer.isActive()
    watch.set_engine(EngineState(Phase.LOADING))
    assert watch._timer.isActive()

    engine.memory = None
    with qtbot.waitSignal(watch.changed) as told:
        watch.set_engine(EngineState(Phase.IDLE))
    assert told.args == [None]
    assert not watch._timer.isActive()


@pytest.mark.parametrize("away", ["hide", "showMinimized"])
def test_nobody_looks_while_the_window_is_away(
    window: QWidget, watch: MemoryWatch, away: str, qtbot: QtBot
) -> None:
    watch.set_engine(EngineState(Phase.READY))
    assert not watch._timer.isActive(), "not shown yet"
    window.show()
    assert watch._timer.isActive()
    getattr(window, away)()
    qtbot.waitUntil(lambda: not watch._timer.isActive())

    window.showNormal()
    qtbot.waitUntil(watch._timer.isActive)


def test_the_progress_of_loading_is_no_reason_to_look(
    window: QWidget, watch: MemoryWatch, engine: Engine
) -> None:
    watch.set_engine(EngineState(Phase.LOADING))
    looks = engine.looks
    for progress in (0.1, 0.2, 0.3):
        watch.set_engine(EngineState(Phase.LOADING, progress=progress))

    assert engine.looks == looks


def test_a_closed_watch_looks_no_more(window: QWidget, watch: MemoryWatch, engine: Engine) -> None:
    window.show()
    watch.set_engine(EngineState(Phase.READY))
    watch.close()
    watch.close()
    window.hide()
    window.show()

    assert not watch._timer.isActive()

"""The program gives the engine its limits, follows the settings, and shows its memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import cli_answers
from desktop.api.door import Door
from desktop.base.paths import paths_under
from desktop.domain.chat import Usage
from desktop.domain.engine import EngineMemory, EngineState
from desktop.domain.model import InstalledModel
from desktop.domain.settings import EngineSettings, Settings
from desktop.services.planning import Known
from desktop.serving import serve
from desktop.terminal.choosing import Terms
from desktop.ui.header import _ModelButton
from desktop.ui.instance_server import take_lock
from desktop.ui.options import Options
from desktop.ui.program import Program
from tests.harness.api_house import ApiHouse
from tests.ui.desk import ready


class RecordedEngine:
    """Keeps what it is made with, and says what a test tells it to say."""

    made: "RecordedEngine"

    def __init__(
        self,
        _plan_for: object,
        _paths: object,
        *,
        plan_anyway: object,
        plan_context: object = None,
        served: object = None,
        sees: object = None,
        **limits: Callable[[], Any],
    ) -> None:
        self.limits = limits
        self.plan_anyway = plan_anyway
        self.plan_context = plan_context
        self.served = served
        self.sees = sees
        self.state = EngineState()
        self.observers: list[Callable[[EngineState], None]] = []
        self.chosen: list[InstalledModel] = []
        RecordedEngine.made = self

    def watch(self, observer: Callable[[EngineState], None]) -> None:
        self.observers.append(observer)

    def watch_answers(self, observer: Callable[[Usage], None]) -> None:
        self.answer_observer = observer

    def become(self, state: EngineState) -> None:
        for observer in self.observers:
            observer(state)

    def choose(self, model: InstalledModel, n_ctx: int | None = None) -> None:
        assert n_ctx is None
        self.chosen.append(model)

    def memory(self) -> EngineMemory:
        return EngineMemory(2_400_000_000)

    def close(self) -> None:
        pass


@pytest.fixture
def program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    monkeypatch.setattr("desktop.services.engine.Engine", RecordedEngine)
    monkeypatch.setattr("psutil.sensors_battery", lambda: None, raising=False)
    paths = paths_under(tmp_path)
    paths.create()
    lock = take_lock(paths, "show")
    assert lock is not None
    one = Program(qapp, Options(), paths, lock)
    _, models = one._room.open("")
    models.state_changed.connect(one._memory.set_engine)
    yield one
    one._shutdown.run()
    one._window.deleteLater()


def test_the_engine_asks_the_settings_of_the_moment_for_its_limits(program: Program) -> None:
    limits = RecordedEngine.made.limits
    assert {name: limit() for name, limit in limits.items()} == {
        "idle_limit": 600,
        "states_limit": 4_000_000_000,
        "silence_limit": 600,
    }

    engine = EngineSettings(
        idle_minutes=1, idle_minutes_on_battery=1, kept_states_gb=0, silence_minutes=2
    )
    program._preferences.set(replace(program._preferences.value, engine=engine))
    assert {name: limit() for name, limit in limits.items()} == {
        "idle_limit": 60,
        "states_limit": 0,
        "silence_limit": 120,
    }


def test_the_window_shows_the_memory_of_a_loaded_model(program: Program, qtbot: QtBot) -> None:
    program._window.show()
    engine = RecordedEngine.made
    engine.become(ready(engine.chosen[-1]))
    (button,) = program._window.header.findChildren(_ModelButton)

    qtbot.waitUntil(lambda: "2.4 GB in memory" in button.accessibleDescription())


def test_programs_let_whoever_sits_in_front_of_the_window_go_first(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors: list[Door] = []
    monkeypatch.setattr(
        "desktop.api.server.start_server", lambda door, _listening: doors.append(door)
    )
    parts = program._room.parts
    assert parts is not None
    serve(parts)(ApiHouse().listening())
    assert doors[0].is_shared


def test_the_settings_change_how_long_a_model_stays(program: Program) -> None:
    program._preferences.change(
        lambda now: replace(now, engine=replace(now.engine, idle_minutes=60))
    )

    assert RecordedEngine.made.limits["idle_limit"]() == 3600


def test_the_terminal_gives_the_engine_its_limits_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_answers, "Engine", RecordedEngine)
    engine = EngineSettings(idle_minutes=2, idle_minutes_on_battery=2, kept_states_gb=1)
    settings = Settings(engine=engine)
    servers = cli_answers._servers(paths_under(tmp_path), settings)
    cli_answers._engine(paths_under(tmp_path), Terms(settings), Known(), servers)

    limits = RecordedEngine.made.limits
    assert [limits[name]() for name in ("idle_limit", "states_limit", "silence_limit")] == [
        120,
        1_000_000_000,
        600,
    ]

"""What the settings allow the engine to keep, on mains and on battery."""

from types import SimpleNamespace

import psutil
import pytest

from desktop.domain.settings import EngineSettings
from desktop.services.limits import idle_limit, silence_limit, states_limit
from desktop.system.power import on_battery


@pytest.mark.parametrize(
    ("minutes", "on_battery_minutes", "battery", "seconds"),
    [
        (10, 3, False, 600),
        (10, 3, True, 180),
        (0, 3, False, None),
        (0, 3, True, 180),
        (10, 0, True, None),
        (10, 0, False, 600),
        (0, 0, True, None),
    ],
)
def test_the_limit_is_the_one_for_where_the_power_comes_from(
    minutes: int, on_battery_minutes: int, battery: bool, seconds: float | None
) -> None:
    settings = EngineSettings(idle_minutes=minutes, idle_minutes_on_battery=on_battery_minutes)

    assert idle_limit(settings, lambda: battery) == seconds


def test_where_both_limits_are_alike_nobody_asks_for_the_power() -> None:
    def ask() -> bool:
        pytest.fail("the answer changes nothing")

    assert idle_limit(EngineSettings(idle_minutes=5, idle_minutes_on_battery=5), ask) == 300


@pytest.mark.parametrize(
    ("battery", "answer"),
    [
        (None, False),
        (SimpleNamespace(power_plugged=False), True),
        (SimpleNamespace(power_plugged=True), False),
        (SimpleNamespace(power_plugged=None), False),
    ],
)
def test_only_a_battery_that_is_said_to_discharge_counts(
    monkeypatch: pytest.MonkeyPatch, battery: SimpleNamespace | None, answer: bool
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)

    assert on_battery() is answer


@pytest.mark.parametrize("trouble", [FileNotFoundError, PermissionError, RuntimeError])
def test_a_computer_that_cannot_tell_is_plugged_in(
    monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    def ask() -> None:
        raise trouble

    monkeypatch.setattr(psutil, "sensors_battery", ask, raising=False)

    assert on_battery() is False


def test_this_computer_is_asked_without_trouble() -> None:
    assert on_battery() in {True, False}


def test_a_system_without_the_question_is_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)

    assert on_battery() is False


def test_what_is_kept_on_the_disk_is_counted_in_bytes() -> None:
    assert states_limit(EngineSettings()) == 4_000_000_000
    assert states_limit(EngineSettings(kept_states_gb=0.25)) == 250_000_000
    assert states_limit(EngineSettings(kept_states_gb=0)) == 0


def test_the_patience_with_a_silent_engine_is_counted_in_seconds() -> None:
    assert silence_limit(EngineSettings(silence_minutes=3)) == 180

"""What the engine may keep, and for how long. Any thread: the engine asks again and again."""

from collections.abc import Callable

from desktop.domain.settings import EngineSettings
from desktop.system.power import on_battery

__all__ = ["idle_limit", "silence_limit", "states_limit"]

_MINUTE = 60.0


def idle_limit(
    settings: EngineSettings, is_on_battery: Callable[[], bool] = on_battery
) -> float | None:
    """Return the seconds without a question after which the memory is given back; None for never.

    The power supply is asked only where it makes a difference.
    """
    minutes = settings.idle_minutes
    if minutes != settings.idle_minutes_on_battery and is_on_battery():
        minutes = settings.idle_minutes_on_battery
    return minutes * _MINUTE if minutes else None


def states_limit(settings: EngineSettings) -> int:
    """Return the bytes that KV states may take on the disk; 0 where none are kept."""
    return round(settings.kept_states_gb * 10**9)


def silence_limit(settings: EngineSettings) -> float:
    """Return the seconds without progress after which an engine is given up."""
    return settings.silence_minutes * _MINUTE

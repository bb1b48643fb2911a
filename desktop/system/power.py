"""Where the computer takes its power from. Any thread; reads a few small files at most."""

import psutil

__all__ = ["on_battery"]


def on_battery() -> bool:
    """Return whether the computer runs on its battery.

    One without a battery, or one that does not tell, counts as plugged in.
    """
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):
        # No such question on this system, no folder of power supplies, or nonsense in it.
        return False
    return battery is not None and battery.power_plugged is False

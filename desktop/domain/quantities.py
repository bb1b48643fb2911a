"""Bytes, speeds and times as people read them, in the window, the tray and the terminal.

What reads the same in every language (sizes, speeds, token counts) is a plain string, what does
not is a `Text`. Sizes are decimal: a GB is 10^9 bytes, as makers of disks and the hubs count.
"""

import math
from datetime import datetime
from typing import Final

from desktop.domain.text import Text

_KB: Final = 10**3
_MB: Final = 10**6
_GB: Final = 10**9
_TB: Final = 10**12
_UNITS: Final = ((_TB, "TB"), (_GB, "GB"), (_MB, "MB"), (_KB, "kB"))
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_FEW_SECONDS: Final = 10
_COARSE: Final = 5
_MINUTES_TO_SAY: Final = 90
_HOURS_TO_SAY: Final = 36
_DAYS_TO_SAY: Final = 14
_WEEKS_TO_SAY: Final = 60
_MONTHS_TO_SAY: Final = 730


def sized(count: int) -> str:
    """Return a byte count with the unit that suits it: `5.8 GB`, `120 MB`, `12 kB`, `0 B`."""
    unit, name = _unit(count)
    return f"{_number(count / unit, unit)} {name}"


def gap(larger: int, smaller: int) -> int:
    """Return the bytes between two sizes as they read, so that all three add up where all are shown.

    The true difference where both read the same.
    """
    unit, _ = _unit(larger)
    apart = float(_number(larger / unit, unit)) - float(_number(smaller / unit, unit))
    return round(apart * unit) if apart > 0 else max(0, larger - smaller)


def speed(bytes_per_second: float) -> str:
    """Return a speed in two digits or so: `112 MB/s`, `1.4 MB/s`, `640 kB/s`."""
    unit, name = (_MB, "MB") if bytes_per_second >= _MB else (_KB, "kB")
    value = max(0.0, bytes_per_second) / unit
    digits = 1 if unit == _MB and value < 10 else 0
    return f"{value:.{digits}f} {name}/s"


def part_of(done: int, total: int) -> Text:
    """Return how far something is, in the unit of the whole: "1.2 of 5.4 GB".

    `done` is rounded down, so that nothing looks finished before it is.
    """
    unit, name = _unit(total)
    digits = 10 if unit >= _GB else 1
    reached = total if done >= total else math.floor(max(0, done) / unit * digits) / digits * unit
    return Text(
        "{done} of {total}",
        {"done": _number(reached / unit, unit), "total": f"{_number(total / unit, unit)} {name}"},
    )


def duration(seconds: float) -> Text:
    """Return a span of time, rounded up to what a person wants to know: "4 min", "2 h 10 min"."""
    left = max(1, math.ceil(seconds))
    if left < _MINUTE:
        return Text("{seconds} s", {"seconds": left})
    minutes = math.ceil(left / _MINUTE)
    if minutes <= _MINUTES_TO_SAY:
        return Text("{minutes} min", {"minutes": minutes})
    hours, rest = divmod(minutes, 60)
    if hours < _HOURS_TO_SAY:
        # A tenth of an hour is enough to know about so long a time.
        rest = rest // 10 * 10
        if rest:
            return Text("{hours} h {minutes} min", {"hours": hours, "minutes": rest})
        return Text("{hours} h", {"hours": hours})
    return Text("{days} days", {"days": math.ceil(left / _DAY)})


def time_left(seconds: float) -> Text:
    """Return how long something still takes, as `duration` words it: "4 min left".

    Seconds are told in fives while there are many, so that an estimate does not flicker.
    """
    if _FEW_SECONDS < seconds < _MINUTE - _COARSE:
        seconds = math.ceil(seconds / _COARSE) * _COARSE
    time = duration(seconds)
    match time.message:
        case "{seconds} s":
            return Text("{seconds} s left", time.values)
        case "{minutes} min":
            return Text("{minutes} min left", time.values)
        case "{hours} h {minutes} min":
            return Text("{hours} h {minutes} min left", time.values)
        case "{hours} h":
            return Text("{hours} h left", time.values)
        case _:
            return Text("{days} days left", time.values)


def days_ago(days: int) -> Text:
    """Return how long ago a day of the calendar is; 0 is today. What lies ahead counts as today."""
    if days <= 0:
        return Text("today")
    if days == 1:
        return Text("yesterday")
    if days < _DAYS_TO_SAY:
        return Text("{days} days ago", {"days": days})
    if days < _WEEKS_TO_SAY:
        return Text("{weeks} weeks ago", {"weeks": days // 7})
    if days < _MONTHS_TO_SAY:
        return Text("{months} months ago", {"months": round(days / 30.44)})
    return Text("{years} years ago", {"years": days // 365})


def ago(moment: float, now: float) -> Text:
    """Return how long ago a time is, in days of the person's calendar; both in Unix seconds.

    What no clock can have shown counts as today.
    """
    today = datetime.fromtimestamp(now).astimezone().date()
    try:
        day = datetime.fromtimestamp(moment).astimezone().date()
    except (OverflowError, ValueError, OSError):
        return days_ago(0)
    return days_ago((today - day).days)


def tokens(count: int) -> str:
    """Return a number of tokens as models are advertised: `8K`, `128K`, `1M`; others in full."""
    for base in (1024, 1000):
        if count >= base * base and count % (base * base) == 0:
            return f"{count // (base * base)}M"
        if count >= base and count % base == 0:
            return f"{count // base}K"
    return f"{count:,}"


def parameters(count: int) -> str:
    """Return a number of parameters as models are named after it: `9.2B`, `27B`, `270M`."""
    # What would be rounded up to 1000M is 1B.
    if count >= _GB * 0.9995:
        value = count / _GB
        return f"{value:.1f}".removesuffix(".0") + "B" if value < 10 else f"{round(value)}B"
    return f"{max(1, round(count / _MB))}M"


def _unit(count: int) -> tuple[int, str]:
    # What would be rounded up to 1000 belongs to the next unit.
    return next(((unit, name) for unit, name in _UNITS if count >= unit * 0.9995), (1, "B"))


def _number(value: float, unit: int) -> str:
    return f"{value:.1f}" if unit >= _GB else f"{value:.0f}"

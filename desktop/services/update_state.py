"""What is remembered of asking for new versions, in one small file over restarts. Any thread.

It is read with distrust: the kept file is checked again, signature and all, each time it is read.
"""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from desktop.base.files import write_atomically
from desktop.domain.errors import StorageError
from desktop.domain.text import Text

MOST_TRIES: Final = 8
WEEK: Final = 7 * 86_400.0
_VERSION: Final = 1
_MOST_BYTES: Final = 256 * 1024
_MOST_KEYS: Final = 32
_LONGEST: Final = 100
# Before Lapis was begun no clock of a computer that runs it can be right: it has lost its battery.
BEGINNING: Final = date(2026, 11, 1)
_BEGINNING_SECONDS: Final = 1_793_491_200.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UpdateState:
    """Times are Unix seconds of this computer's clock, which may jump.

    `tries` are the last times that somebody was asked. `seen` has, by the id of the key that signed
    them, the highest serial and the latest day of issue: no day before that can be today. `content`
    is the last file that was believed, `etag` its name, `refusal` why the last one that came was
    not. The person put `put_off` (a version) off at `put_off_at`.
    """

    tries: tuple[float, ...] = ()
    seen: Mapping[str, tuple[int, date]] = field(default_factory=dict[str, tuple[int, date]])
    content: bytes = b""
    etag: str = ""
    refusal: str = ""
    put_off: str = ""
    put_off_at: float = 0.0

    @property
    def asked_at(self) -> float:
        """When somebody was last asked; 0 for never."""
        return self.tries[-1] if self.tries else 0.0

    def tried(self, now: float) -> "UpdateState":
        """Return the state after somebody was asked."""
        return replace(self, tries=(*self.tries, now)[-MOST_TRIES:])

    def saw(self, key: str, serial: int, issued: date) -> "UpdateState":
        """Return the state after a good signature of `key` was seen."""
        highest, latest = self.seen.get(key, (0, BEGINNING))
        found = (max(highest, serial), max(latest, issued))
        return replace(self, seen={**self.seen, key: found})

    def highest_serial(self, keys: Collection[str]) -> int:
        """Return the highest one seen of `keys`: others, taken out of use, may have lied."""
        return max((serial for key, (serial, _) in self.seen.items() if key in keys), default=0)

    def latest_day(self, keys: Collection[str]) -> date:
        """Return the latest day of issue seen of `keys`."""
        return max((day for key, (_, day) in self.seen.items() if key in keys), default=BEGINNING)

    def seconds_to_wait(self, now: float) -> float:
        """Return how long nobody is to be asked by itself; 0 where it is time.

        A time within a week of `now`, before or after, counts as this week: so a clock that was set
        back does not silence this for years, and one that comes and goes asks once at each of its
        times, not at each start. A clock that is certainly wrong is waited out.
        """
        if now < _BEGINNING_SECONDS:
            return WEEK
        return max(
            (each + WEEK - now for each in self.tries if abs(now - each) < WEEK), default=0.0
        )


def read_state(path: Path) -> UpdateState:
    """Return what is kept; empty where there is nothing, or nothing that makes sense."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES)
        return _state(json.loads(content))
    except FileNotFoundError:
        return UpdateState()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _log.info("what was kept of asking for new versions cannot be read")
        return UpdateState()


def write_state(path: Path, state: UpdateState) -> None:
    """Keep it; raises StorageError."""
    said = asdict(state) | {
        "version": _VERSION,
        "seen": {key: [serial, day.isoformat()] for key, (serial, day) in state.seen.items()},
        "content": state.content.decode("ascii", "replace"),
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, json.dumps(said, indent=1).encode())
    except OSError as error:
        raise StorageError(
            Text("When new versions were last asked for cannot be kept, so nobody is asked"),
            Text(
                "Check that {folder} exists and that you may write to it.",
                {"folder": str(path.parent)},
            ),
        ) from error


def _state(said: Mapping[str, object]) -> UpdateState:
    if said["version"] != _VERSION:
        return UpdateState()
    tries, seen = said["tries"], said["seen"]
    if not isinstance(tries, list) or not isinstance(seen, dict) or len(seen) > _MOST_KEYS:
        raise TypeError
    return UpdateState(
        tries=tuple(_time(one) for one in tries[-MOST_TRIES:]),
        seen={
            _word(key): (_whole(serial), date.fromisoformat(_word(day)))
            for key, (serial, day) in seen.items()
        },
        content=_word(said["content"], _MOST_BYTES).encode("ascii"),
        etag=_word(said["etag"]),
        refusal=_word(said["refusal"]),
        put_off=_word(said["put_off"]),
        put_off_at=_time(said["put_off_at"]),
    )


def _word(said: object, most: int = _LONGEST) -> str:
    if not isinstance(said, str) or len(said) > most:
        raise TypeError
    return said


def _time(said: object) -> float:
    # The last second of the year 9999; beyond that no calendar shows a day.
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 <= said < 2.5e11:
        raise ValueError
    return float(said)


def _whole(said: object) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= 2**53:
        raise ValueError
    return said

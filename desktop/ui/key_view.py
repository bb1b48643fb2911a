"""One key as the window shows it: values only, made by `key_desk`. Any thread."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus

__all__ = ["TRIAL_SECONDS", "KeyView", "KeyWay", "Refusal", "Trial", "TrialState"]

TRIAL_SECONDS = 5


class KeyWay(Enum):
    """Who binds keys here: Lapis, the desktop at our asking, or the person in its settings."""

    OURS = auto()
    DESKTOP = auto()
    BY_HAND = auto()


class TrialState(Enum):
    """What became of "press it now"."""

    NONE = auto()
    RUNNING = auto()
    WORKED = auto()
    MISSED = auto()


@dataclass(frozen=True, slots=True)
class Trial:
    """`left` are the seconds in which the key may still be pressed."""

    state: TrialState = TrialState.NONE
    left: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A chord that was wanted and could not be had; others that could be, right now."""

    chord: str
    result: KeyResult
    free: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class KeyView:
    """Everything there is to show of one key.

    `chord` is the one in force, or wanted, empty for none; `usual` the one of a fresh Lapis.
    `proved_on` is the day on which it was seen to work, as `2026-11-20`; `may_choose` says whether
    a combination can be chosen in the window, `is_paused` that all keys are given back for a while.
    """

    action: KeyAction
    way: KeyWay = KeyWay.OURS
    mechanism: str = ""
    chord: str = ""
    usual: str = ""
    result: KeyResult = field(default_factory=lambda: KeyResult(KeyStatus.OFF))
    refusal: Refusal | None = None
    proved_on: str = ""
    trial: Trial = field(default_factory=Trial)
    may_choose: bool = True
    is_paused: bool = False

    @property
    def keys(self) -> str:
        """The chord as the system writes it, else as it was asked for."""
        return self.result.keys or self.chord

    @property
    def may_work(self) -> bool:
        """Whether a press could be heard."""
        if self.is_paused:
            return False
        if self.way is KeyWay.BY_HAND:
            return True
        return self.result.status in {KeyStatus.BOUND, KeyStatus.UNVERIFIED}

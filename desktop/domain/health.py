"""What an examination of Lapis and its computer found, as values that any front end can show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from desktop.domain.text import Text

Fact: TypeAlias = str | int | float | bool | list[str]


class State(StrEnum):
    """How a thing is: as it should be, worth a person's attention, failing, or not to be told."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `name` stays the same from version to version ("storage.disk.models"); what stands before its dot is
    the topic. `advice` is what a person can do, None where there is nothing to do. `facts` are
    the figures behind `detail`, for machines: sizes in bytes, times in milliseconds.
    """

    name: str
    label: Text
    state: State
    detail: Text
    advice: Text | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])

    @property
    def topic(self) -> str:
        """What findings are grouped by."""
        return self.name.partition(".")[0]

    @property
    def needs_action(self) -> bool:
        """Whether a person should do something about it."""
        return self.state in {State.WARNING, State.BAD}

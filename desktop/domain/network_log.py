"""What is remembered of connections to the network: who was asked, what for, how often, how much.

Never an address beyond the host, nor a key, nor a word of what was asked or answered. A note of one
connection and the line that many of them add up to are the same value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Purpose(StrEnum):
    """What somebody was asked for."""

    SEARCH = "search"
    LOOK = "look"
    DOWNLOAD = "download"
    NEWS = "news"
    MODELS = "models"
    ASK = "ask"
    PULL = "pull"
    REMOVE = "remove"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reason:
    """A purpose, with the name of the file for a download."""

    purpose: Purpose
    what: str = ""


UNTOLD = Reason(Purpose.OTHER)
"""The reason of whoever gives none: the connection is remembered all the same."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom Lapis spoke to, and why.

    `port` is 0 where it is the usual one; `via` the host of a proxy, empty for none.
    """

    host: str
    port: int
    reason: Reason
    via: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Requests to one contact, from the `first` to the `last` (Unix seconds).

    `times` were sent, of which `failed` got no answer; `refused` ones were held back by the offline
    switch or by a rule, and nothing of them left this computer. `sent` and `received` are bytes of
    content, without what the protocol adds; 0 also where they are not known.
    """

    contact: Contact
    first: float
    last: float
    times: int = 0
    failed: int = 0
    refused: int = 0
    sent: int = 0
    received: int = 0

    def plus(self, other: "Entry") -> "Entry":
        """Return what both amount to; of the same contact."""
        return Entry(
            self.contact,
            min(self.first, other.first),
            max(self.last, other.last),
            self.times + other.times,
            self.failed + other.failed,
            self.refused + other.refused,
            self.sent + other.sent,
            self.received + other.received,
        )


Recorder: TypeAlias = Callable[[Entry], None]
"""Takes a note in at once, raises nothing; any thread but the window's."""


def unrecorded(_entry: Entry) -> None:
    """Remember nothing: for whoever has nowhere to keep it."""

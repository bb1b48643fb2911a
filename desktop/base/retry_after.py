"""What `Retry-After` in the head of an answer says (RFC 9110, 10.2.3). Pure; any thread."""

import re
from datetime import UTC, datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")


def seconds_until(said: str) -> float | None:
    """Return for how many seconds a server wants to be left alone: so many, or until a date.

    None where it says neither; never negative.
    """
    said = said.strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    # It brings sockets along, which the start of the program can do without.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

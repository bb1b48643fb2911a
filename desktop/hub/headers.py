"""What servers say in the headers of their answers, read with distrust. Pure; any thread.

Header names are those of the Hugging Face hub (`X-Linked-Etag`, `X-Repo-Commit`, `RateLimit`) and
of HTTP itself (`Link`, `Retry-After`).
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urljoin

from desktop.base.retry_after import seconds_until

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_LINK: Final = re.compile(r"<([^<>]*)>([^<]*)")
_RELATION: Final = re.compile(r';\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)', re.IGNORECASE)
_RESET: Final = re.compile(r";\s*t\s*=\s*([0-9]{1,9})")
# Where the server gives no time of its own.
_USUAL_WAIT: Final = 5.0


def content_hash(entity_tag: str) -> str:
    """Return the SHA-256 that an entity tag is, in lower case; empty if it is something else."""
    value = entity_tag.strip().removeprefix("W/").strip('"').lower()
    return value if _SHA256.fullmatch(value) else ""


def commit_in(header: str) -> str:
    """Return a git commit of 40 hex digits; empty for anything else."""
    value = header.strip().lower()
    return value if _COMMIT.fullmatch(value) else ""


def whole_number(header: str) -> int:
    """Return a count of bytes; -1 if the header is none."""
    value = header.strip()
    return int(value) if _NUMBER.fullmatch(value) else -1


def next_page(link: str, here: str) -> str:
    """Return the absolute address that a `Link` header calls the next one; empty for none."""
    for found in _LINK.finditer(link):
        if _RELATION.search(found[2]):
            with suppress(ValueError):  # no address at all: then it was the last page
                return urljoin(here, str(found[1]).strip())
    return ""


def seconds_to_wait(headers: Mapping[str, str]) -> float:
    """Return how long a server that says "too many requests" wants to be left alone.

    `RateLimit: "api";r=0;t=55` (seconds until the window begins anew, one more to be sure), else
    `Retry-After` in seconds or as a date, else five seconds. Never negative.
    """
    reset = _RESET.search(headers.get("ratelimit", ""))
    if reset:
        return float(reset[1]) + 1
    after = seconds_until(headers.get("retry-after", ""))
    return _USUAL_WAIT if after is None else after

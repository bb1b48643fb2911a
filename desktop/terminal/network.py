"""`lapis network`: every connection that was made, by host. Main thread."""

import json
import time
from collections.abc import Sequence

from desktop.base.translation import Translator
from desktop.domain.network_log import Entry
from desktop.domain.text import Text
from desktop.services.network_words import (
    HostLine,
    deed_words,
    host_lines,
    last_words,
    name_words,
    often_words,
)
from desktop.terminal.errors import EXIT_OK
from desktop.terminal.output import Screen
from desktop.terminal.tables import print_rows


def tell_network(
    entries: Sequence[Entry], words: Translator, screen: Screen, *, offline: bool, as_json: bool
) -> int:
    """Print the list and return the exit code; `offline`: Lapis is set to stay offline.

    As JSON it is in English, for programs: a line for each host, and in it one for each purpose.
    """
    lines = host_lines(entries)
    if as_json:
        screen.line(
            json.dumps({"offline": offline, "hosts": [_told(line) for line in lines]}, indent=2)
        )
        return EXIT_OK
    now = time.time()
    print_rows(
        [
            (
                words.say(name_words(line)),
                words.say(often_words(line)),
                words.say(last_words(line, now)),
                deed_words(line, words.say),
            )
            for line in lines
        ],
        screen,
        header=[
            words.say(text) for text in (Text("Host"), Text("Often"), Text("Last"), Text("For"))
        ],
    )
    if not lines:
        screen.line(words.say("Lapis has opened no connection since this list began."))
    if offline:
        screen.note(words.say("Stay offline is on: other computers are not asked."))
    return EXIT_OK


def _told(line: HostLine) -> dict[str, object]:
    return {
        "host": line.host,
        "port": line.port or None,
        "this_computer": line.is_here,
        "proxies": list(line.vias),
        **_counts(line.first, line.last, line.requests, line.failed, line.refused),
        "sent_bytes": line.sent,
        "received_bytes": line.received,
        "purposes": [
            {
                "purpose": deed.contact.reason.purpose.value,
                "file": deed.contact.reason.what or None,
                **_counts(deed.first, deed.last, deed.times, deed.failed, deed.refused),
                "sent_bytes": deed.sent,
                "received_bytes": deed.received,
            }
            for deed in line.deeds
        ],
    }


def _counts(first: float, last: float, times: int, failed: int, refused: int) -> dict[str, object]:
    return {
        "first": first,
        "last": last,
        "requests": times,
        "failed": failed,
        "refused": refused,
    }

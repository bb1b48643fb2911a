"""The list of connections as people read it: a line for each host, in plain words. Pure; any thread.

Window, terminal and clipboard show the same lines.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final, TypeAlias

from desktop.domain.network_log import Entry, Purpose, Reason
from desktop.domain.quantities import sized
from desktop.domain.text import Text, verbatim
from desktop.hub.network import is_this_computer

Say: TypeAlias = Callable[[Text], str]
"""Returns a text in the language of whoever reads it."""
_MOST_FILES: Final = 3


@dataclass(frozen=True, slots=True)
class HostLine:
    """All that was ever done with one host (`port` 0: the usual one), and when last.

    `is_here`: it is this computer, so nothing left it. `requests` were sent; see `Entry` for the
    others. `vias` are proxies that were passed. `deeds` come the newest first.
    """

    host: str
    port: int
    is_here: bool
    first: float
    last: float
    requests: int
    failed: int
    refused: int
    sent: int
    received: int
    vias: tuple[str, ...]
    deeds: tuple[Entry, ...]


def host_lines(entries: Iterable[Entry]) -> list[HostLine]:
    """Return a line for each host, that of the newest connection first."""
    by_host: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_host[entry.contact.host, entry.contact.port].append(entry)
    lines = [_line(host, port, found) for (host, port), found in by_host.items()]
    return sorted(lines, key=lambda line: line.last, reverse=True)


def name_words(line: HostLine) -> Text:
    """Return who was asked."""
    if line.is_here:
        if line.port:
            return Text("This computer, port {port}", {"port": line.port})
        return Text("This computer")
    host = f"[{line.host}]" if ":" in line.host else line.host
    return verbatim(f"{host}:{line.port}" if line.port else host)


def often_words(line: HostLine) -> Text:
    """Return how often somebody was asked."""
    if line.requests == 0:
        return Text("never reached")
    return (
        Text("once")
        if line.requests == 1
        else Text("{count} times", {"count": f"{line.requests:,}"})
    )


def last_words(line: HostLine, now: float) -> Text:
    """Return when somebody was asked last; `now` in Unix seconds."""
    try:
        then, today = _local(line.last), _local(now)
    except (OverflowError, ValueError, OSError):
        return Text("today")
    values = {"time": f"{then:%H:%M}", "day": f"{then:%Y-%m-%d}"}
    if then.date() == today.date():
        return Text("today {time}", values)
    if then.date() == today.date() - timedelta(days=1):
        return Text("yesterday {time}", values)
    return Text("{day} {time}", values)


def deed_words(line: HostLine, say: Say) -> str:
    """Return what was done, the newest first: "searched for models, downloaded a.gguf (1.7 GB)"."""
    texts = [*_done(line.deeds), *_hindered(line)]
    return _joined([say(text) for text in texts], say)


def list_text(lines: Sequence[HostLine], say: Say, now: float) -> str:
    """Return the whole list, a line for each host, to be copied or printed."""
    return "\n".join(
        say(
            Text(
                "{host}: {often}, last {time}: {deeds}",
                {
                    "host": say(name_words(line)),
                    "often": say(often_words(line)),
                    "time": say(last_words(line, now)),
                    "deeds": deed_words(line, say),
                },
            )
        )
        for line in lines
    )


def _line(host: str, port: int, found: Sequence[Entry]) -> HostLine:
    deeds: dict[Reason, Entry] = {}
    for entry in found:
        reason = entry.contact.reason
        deeds[reason] = deeds[reason].plus(entry) if reason in deeds else entry
    whole = reduce(Entry.plus, found)
    return HostLine(
        host,
        port,
        is_this_computer(host),
        whole.first,
        whole.last,
        whole.times,
        whole.failed,
        whole.refused,
        whole.sent,
        whole.received,
        tuple(sorted({entry.contact.via for entry in found} - {""})),
        tuple(sorted(deeds.values(), key=lambda entry: entry.last, reverse=True)),
    )


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment).astimezone()


def _done(deeds: Sequence[Entry]) -> list[Text]:
    texts: list[Text] = []
    files = [deed for deed in deeds if deed.contact.reason.purpose is Purpose.DOWNLOAD]
    for deed in deeds:
        if deed.times == 0:
            continue
        if deed in files[_MOST_FILES:]:
            continue
        texts.append(_deed(deed))
        if deed in files[_MOST_FILES - 1 : _MOST_FILES] and len(files) > _MOST_FILES:
            more = len(files) - _MOST_FILES
            texts.append(
                Text("downloaded one more file")
                if more == 1
                else Text("downloaded {count} more files", {"count": f"{more:,}"})
            )
    return texts


def _deed(deed: Entry) -> Text:
    match deed.contact.reason.purpose:
        case Purpose.SEARCH:
            return Text("searched for models")
        case Purpose.LOOK:
            return Text("looked at models")
        case Purpose.DOWNLOAD:
            return _download(deed)
        case Purpose.NEWS:
            return Text("asked for new versions")
        case Purpose.MODELS:
            return Text("asked which models it has")
        case Purpose.ASK:
            return Text("asked a model")
        case Purpose.PULL:
            return Text("had it fetch a model")
        case Purpose.REMOVE:
            return Text("had it delete a model")
        case Purpose.OTHER:
            return Text("something else")


def _download(deed: Entry) -> Text:
    file = deed.contact.reason.what
    values = {"file": file, "size": sized(deed.received)}
    if not file:
        return Text("downloaded files ({size})", values)
    if not deed.received:
        # The bytes came from elsewhere: hubs say where they are.
        return Text("asked where {file} is", values)
    return Text("downloaded {file} ({size})", values)


def _hindered(line: HostLine) -> list[Text]:
    texts: list[Text] = []
    if line.refused:
        texts.append(
            Text("held back once")
            if line.refused == 1
            else Text("held back {count} times", {"count": f"{line.refused:,}"})
        )
    if line.failed:
        texts.append(
            Text("no answer once")
            if line.failed == 1
            else Text("no answer {count} times", {"count": f"{line.failed:,}"})
        )
    texts += [Text("through the proxy {host}", {"host": via}) for via in line.vias]
    return texts


def _joined(words: Sequence[str], say: Say) -> str:
    if not words:
        return ""
    return reduce(
        lambda one, other: say(Text("{one}, {other}", {"one": one, "other": other})), words
    )

"""Fetching the file that tells of new versions: one GET that says nothing about who asks.

Any thread; the call blocks. No query, no version, no cookies: all who ask send the same bytes. An
ETag can be a name that a server gives to somebody, so one is sent back only if it is nothing but a
hash of the content, which is the same for all.
"""

import hashlib
import logging
import threading
from dataclasses import dataclass
from typing import Final

from desktop.domain.errors import NetworkError
from desktop.domain.network_log import Purpose, Reason
from desktop.hub.client import Client, Stream, open_client
from desktop.hub.failures import odd_answer
from desktop.hub.network import Network, origin
from desktop.hub.pump import Nothing, asked
from desktop.hub.responses import no_answer, unsafe_redirect, was_closed
from desktop.hub.update_news import MOST_BYTES
from desktop.hub.update_words import in_other_words

USER_AGENT: Final = "Lapis"
WHOLE_SECONDS: Final = 40.0
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_HASHES: Final = ("md5", "sha1", "sha256")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, and the `etag` to name it by next time; empty for none that may be sent."""

    content: bytes
    etag: str = ""


def fetch_news(
    network: Network,
    address: str,
    etag: str = "",
    stop: threading.Event | None = None,
    seconds: float = WHOLE_SECONDS,
) -> Fetched | None:
    """Return the file at `address`; None where it is still the one with `etag`.

    Whatever the server does, it is over after so many `seconds`, or soon after `stop` is set. Raises
    NetworkError.
    """

    def check() -> None:
        if stop is not None and stop.is_set():
            raise was_closed()

    try:
        with open_client(network) as client:
            found = asked(lambda: _fetched(client, address, etag), seconds, check)
            if isinstance(found, Nothing):
                raise no_answer(address)
    except NetworkError as error:
        raise in_other_words(error) from error
    return found


def _fetched(client: Client, address: str, etag: str) -> Fetched | None:
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    if etag:
        headers["If-None-Match"] = etag
    with client.stream(address, headers, why=Reason(Purpose.NEWS)) as stream:
        if origin(stream.url)[0] != "https":
            # Within this computer the door follows to http; here nothing does.
            raise unsafe_redirect(address)
        host = origin(address)[1]
        if stream.status == _NOT_MODIFIED and etag:
            _log.info("%s was asked for new versions: nothing changed", host)
            return None
        if stream.status != _OK:
            _log.info("%s was asked for new versions: %d", host, stream.status)
            raise stream.failure()
        content = _body(stream)
        _log.info("%s was asked for new versions: %d bytes came", host, len(content))
        return Fetched(content, _harmless_etag(stream.headers.get("etag", ""), content))


def _body(stream: Stream) -> bytes:
    body = bytearray()
    for block in stream.blocks(keeps_line=True):
        body += block
        if len(body) > MOST_BYTES:
            raise odd_answer(stream.url)
    return bytes(body)


def _harmless_etag(etag: str, content: bytes) -> str:
    """Return `etag` if everybody who has this content has the same one, else nothing."""
    value = etag.removeprefix("W/").strip('"')
    same_for_all = {
        hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in _HASHES
    }
    return f'"{value}"' if value in same_for_all else ""

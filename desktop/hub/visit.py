"""One request on its way out: whether it may go, that it went, and what came of it.

Both doors of this room pass here with every request, redirects among them, so that whatever is asked
of whomever is noted (`Network.log`) before it leaves. Any thread.
"""

import time
from typing import Final

from desktop.domain.errors import Offline
from desktop.domain.network_log import Contact, Entry, Purpose, Reason
from desktop.domain.text import printable, shortened
from desktop.hub.network import Network, check_allowed, origin, usual_port
from desktop.hub.proxies import proxy_for

_NOTED_EVERY_SECONDS: Final = 5.0
_LONGEST_NAME: Final = 120


class Visit:
    """A request to the host of an address; first `check` it, then `begin` and `end`."""

    def __init__(self, network: Network, url: str, why: Reason) -> None:
        """Note nothing yet."""
        scheme, host, port = origin(url)
        self._network = network
        self._url = url
        self._contact = Contact(
            printable(host),
            0 if port == usual_port(scheme) else port,
            Reason(why.purpose, shortened(printable(why.what), _LONGEST_NAME)),
        )
        self._begun = time.time()
        self._sent = self._received = self._noted = 0
        self._due = 0.0
        self._is_over = False

    def check(self) -> None:
        """Raise Offline if the request may not leave, which is noted."""
        try:
            check_allowed(self._network, self._url)
        except Offline:
            self.refuse()
            raise

    def begin(self, sent: int = 0) -> None:
        """Note that the request, with a body of `sent` bytes, leaves now.

        Raises UserFixable for a proxy that is none.
        """
        proxy = origin(proxy_for(self._network, self._url))[1]
        self._contact = Contact(
            self._contact.host, self._contact.port, self._contact.reason, printable(proxy)
        )
        self._due = time.monotonic() + _NOTED_EVERY_SECONDS
        self._note(times=1, sent=sent)

    def refuse(self) -> None:
        """Note that the request was held back: by the switch, or for it leads somewhere unsafe."""
        self._note(refused=1)

    def took(self, count: int) -> None:
        """Count bytes of the answer."""
        self._received += count
        if time.monotonic() > self._due:
            # Whatever becomes of a long download, most of it is known.
            self._due = time.monotonic() + _NOTED_EVERY_SECONDS
            self._note_received()

    def end(self, *, failed: bool = False, at_least: int = 0) -> None:
        """Note what came of it, once; `at_least` are bytes that others have counted."""
        if self._is_over:
            return
        self._is_over = True
        self._received = max(self._received, at_least)
        if failed:
            self._note(failed=1)
        self._note_received()

    def _note_received(self) -> None:
        fresh, self._noted = self._received - self._noted, self._received
        if fresh:
            self._note(received=fresh)

    def _note(self, **counts: int) -> None:
        if self._contact.host:
            self._network.log(Entry(self._contact, self._begun, self._begun, **counts))


def server_reason(method: str, path: str) -> Reason:
    """Return what a request to a server for models is for, by its method and path.

    Whatever is not known to be something else is a question to a model.
    """
    last = path.rstrip("/").rpartition("/")[2]
    if method == "DELETE":
        return Reason(Purpose.REMOVE)
    if last == "pull":
        return Reason(Purpose.PULL)
    if method in {"GET", "HEAD"} or last == "show":
        return Reason(Purpose.MODELS)
    return Reason(Purpose.ASK)

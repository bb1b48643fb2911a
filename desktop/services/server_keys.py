"""The keys of servers: in the keyring, one for each name and place. Any thread; calls may wait.

A key belongs to the server it was given for: an entry is named after the connection and the origin
of its address, so that no other address ever gets it. Who has none is known from the settings, and
the keyring is not asked.
"""

import logging
import threading
import time
from typing import Final

from desktop.config.secrets import KeyringProblem, Secrets
from desktop.domain.connection import Connection
from desktop.domain.text import Text
from desktop.hub.failures import host_of
from desktop.hub.network import may_carry_key, origin
from desktop.hub.server_failures import key_in_the_open

_AGAIN_SECONDS: Final = 300.0

_log = logging.getLogger(__name__)


class ServerKeys:
    """Keys by connection."""

    def __init__(self, secrets: Secrets) -> None:
        """Ask nobody yet."""
        self._secrets = secrets
        self._guard = threading.Lock()
        # One question at a time: each may bring up a dialog.
        self._asking = threading.Lock()
        # What is wrong is wrong with the keyring, and not with one key in it.
        self._failed: tuple[float, KeyringProblem] | None = None
        # Had once in this run: these are not looked for in the keyring again.
        self._at_hand: set[str] = set()
        self._not_kept: set[str] = set()

    def get(self, connection: Connection) -> str:
        """Return the key, empty for none; a keyring that failed is left in peace for a while.

        Why it failed is then said by `problem`.
        """
        if not connection.has_key:
            return ""
        entry = entry_of(connection)
        with self._asking:
            if self._failed_lately(entry) is not None:
                return ""
            try:
                key = self._secrets.get(entry)
            except KeyringProblem as problem:
                _log.info("no key from the keyring: %s", problem.title.message)
                with self._guard:
                    self._failed = time.monotonic(), problem
                return ""
            with self._guard:
                self._at_hand.add(entry)
            return key

    def problem(self, connection: Connection) -> KeyringProblem | None:
        """Return why the key could not be had when one was last wanted; at once."""
        return self._failed_lately(entry_of(connection))

    def put(self, connection: Connection, key: str) -> KeyringProblem | None:
        """Keep a key; return why for this run only, if so.

        Raises UnusableSecret for what can be no key, and AccessDenied where it would have to be
        sent in the open.
        """
        if not may_carry_key(connection.address):
            raise key_in_the_open(host_of(connection.address))
        entry = entry_of(connection)
        problem = self._secrets.put(entry, key)
        with self._guard:
            self._failed = None if problem is None else (time.monotonic(), problem)
            self._at_hand.add(entry)
            (self._not_kept.discard if problem is None else self._not_kept.add)(entry)
        return problem

    def forget(self, connection: Connection) -> None:
        """Remove the key; raises KeyringProblem if the keyring may still have it."""
        entry = entry_of(connection)
        with self._guard:
            self._failed = None
            was_kept = entry not in self._not_kept
            self._not_kept.discard(entry)
            self._at_hand.discard(entry)
        try:
            self._secrets.forget(entry)
        except KeyringProblem:
            if was_kept:
                raise

    def _failed_lately(self, entry: str) -> KeyringProblem | None:
        with self._guard:
            failed = None if entry in self._at_hand else self._failed
        if failed is None or time.monotonic() - failed[0] >= _AGAIN_SECONDS:
            return None
        return failed[1]


def entry_of(connection: Connection) -> str:
    """Return the name of a connection's key in the keyring."""
    scheme, host, port = origin(connection.address)
    return f"server {connection.name.casefold()} {scheme}://{host}:{port}"


def lost_key(connection: Connection) -> KeyringProblem:
    """Return the error of a key that was given once, and that the keyring does not have."""
    return KeyringProblem(
        Text("The key for {name} is no longer in the keyring", {"name": connection.name}),
        Text("Enter it again in the settings, under Connections."),
    )

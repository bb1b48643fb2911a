"""The servers that a person entered: kept in the settings, their keys in the keyring. Any thread.

What changes something may wait for the keyring, where a key is kept, and waits for the settings.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from desktop.config.secrets import KeyringProblem
from desktop.domain.connection import FOUND_NAME, MOST_CONNECTIONS, Connection, ServerKind
from desktop.domain.errors import ModelNotFound, UserFixable
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.hub.network import origin, shown_address
from desktop.services.server_keys import ServerKeys, entry_of
from desktop.services.server_names import (
    MOST_KEEP_MINUTES,
    check_name,
    find_ollama,
    is_sound,
    name_of,
    server_address,
)

_log = logging.getLogger(__name__)


class ServerList:
    """The servers of the settings, and the Ollama of this computer."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        change: Callable[[Callable[[Settings], Settings]], None],
        keys: ServerKeys,
        environment: Mapping[str, str],
    ) -> None:
        """Touch nothing yet."""
        self._settings = settings
        self._change = change
        self._keys = keys
        self._environment = environment
        self._changing = threading.Lock()
        # Keys of servers that were removed in this run, for who takes that back.
        self._parted: dict[str, str] = {}

    def all(self) -> tuple[Connection, ...]:
        """Return the servers, the Ollama of this computer first, then in the order of the settings."""
        set_here = self._settings().connections
        sound: dict[str, Connection] = {}
        for server in set_here.servers:
            if is_sound(server):
                sound.setdefault(server.name.casefold(), server)
        found = (self._found(),) if set_here.finds_ollama else ()
        return *found, *sound.values()

    def named(self, name: str) -> Connection | None:
        """Return the server of that name, whatever its case."""
        key = name.casefold()
        return next((each for each in self.all() if each.name.casefold() == key), None)

    def _own(self, name: str) -> Connection | None:
        """Return a server of the settings."""
        server = self.named(name)
        return None if server is None or server.is_found else server

    def save(self, connection: Connection, replaces: str = "") -> None:
        """Keep a server, in the place of the one named `replaces` if there is one.

        Raises UserFixable, and then nothing is changed. A key stays with a server that is renamed,
        and is forgotten where the host, the port or the encryption of the address changes. A server
        that was removed, and is saved again in this run, has its key back.
        """
        with self._changing:
            wanted = self._checked(connection, replaces)
            old = self._own(replaces) if replaces else None
            if old is not None and old.has_key and entry_of(old) != entry_of(wanted):
                moves = origin(old.address) == origin(wanted.address)
                key = self._keys.get(old) if moves else ""
                problem = self._keys.problem(old)
                if moves and problem is not None:
                    raise problem
                self._forget(old)
                wanted = replace(wanted, has_key=bool(key) and self._take(wanted, key))
            elif old is not None:
                wanted = replace(wanted, has_key=old.has_key)
            elif key := self._parted.pop(entry_of(wanted), ""):
                wanted = replace(wanted, has_key=self._take(wanted, key))
            self._put(wanted, replaces)

    def remove(self, name: str) -> None:
        """Forget a server and its key; nothing happens where there is none of that name."""
        with self._changing:
            server = self._own(name)
            if server is None:
                return
            if server.has_key:
                if key := self._keys.get(server):
                    self._parted[entry_of(server)] = key
                self._forget(server)
            self._put(None, server.name)

    def set_key(self, connection: Connection, key: str) -> KeyringProblem | None:
        """Keep the key of a server; return why it is kept for this run only, if so. Blocks.

        An empty one forgets it. Raises UnusableSecret, AccessDenied where the key would be sent
        unencrypted, and ModelNotFound for a server that is not kept.
        """
        if not key.strip():
            self.forget_key(connection)
            return None
        with self._changing:
            server = self._own(connection.name)
            if server is None:
                raise no_server(connection.name, self.all())
            problem = self._keys.put(server, key)
            self._put(replace(server, has_key=True), server.name)
        return problem

    def has_key(self, connection: Connection) -> bool:
        """Return whether a key was given for a server; at once, the keyring is not asked."""
        server = self.named(connection.name)
        return server is not None and server.has_key

    def forget_key(self, connection: Connection) -> None:
        """Forget the key of a server; blocks. Raises KeyringProblem if the keyring may have it."""
        with self._changing:
            server = self._own(connection.name)
            if server is None or not server.has_key:
                return
            self._put(replace(server, has_key=False), server.name)
            self._keys.forget(server)

    def _found(self) -> Connection:
        return Connection(
            ServerKind.OLLAMA, FOUND_NAME, find_ollama(self._environment), is_found=True
        )

    def _checked(self, connection: Connection, replaces: str) -> Connection:
        """Return a server as it may be kept; raises UserFixable."""
        name = connection.name.strip()
        check_name(name)
        others = [each for each in self.all() if each.name.casefold() != replaces.casefold()]
        if any(each.name.casefold() == name.casefold() for each in others):
            raise UserFixable(
                Text("There is a server named {name} already", {"name": name}),
                Text("Choose another name for this server."),
            )
        if sum(not each.is_found for each in others) >= MOST_CONNECTIONS:
            raise UserFixable(
                Text("More than {most} servers are not kept", {"most": MOST_CONNECTIONS}),
                Text("Remove one that you no longer need."),
            )
        minutes = connection.keep_minutes
        return Connection(
            connection.kind,
            name,
            server_address(connection.address, connection.kind),
            keep_minutes=None if minutes is None else min(max(minutes, -1), MOST_KEEP_MINUTES),
        )

    def _put(self, server: Connection | None, name: str) -> None:
        """Put a server in the place of the one of that name, or at the end; None removes it."""
        key = name.casefold()

        def change(settings: Settings) -> Settings:
            servers: list[Connection] = []
            is_put = server is None
            for each in settings.connections.servers:
                if each.name.casefold() != key:
                    servers.append(each)
                elif server is not None and not is_put:
                    servers.append(server)
                    is_put = True
            if server is not None and not is_put:
                servers.append(server)
            made = replace(settings.connections, servers=tuple(servers))
            return replace(settings, connections=made)

        self._change(change)

    def _take(self, server: Connection, key: str) -> bool:
        """Keep a key that moves along; return whether it is there."""
        try:
            self._keys.put(server, key)
        except UserFixable as error:
            _log.info("a key did not move along: %s", error.title.message)
            return False
        return True

    def _forget(self, server: Connection) -> None:
        try:
            self._keys.forget(server)
        except KeyringProblem as problem:
            # Nobody will ask for it by that name again.
            _log.info("a key may still be in the keyring: %s", problem.title.message)


def no_server(name: str, servers: tuple[Connection, ...]) -> ModelNotFound:
    """Return the error of a name that leads to none of `servers`."""
    names = tuple(each.name for each in servers) or "–"
    return ModelNotFound(
        Text("There is no server for {name}", {"name": shown_address(name.strip())}),
        Text("These are set up: {names}. Add others in the settings.", {"names": names}),
    )


def no_model(name: str, connection: Connection) -> ModelNotFound:
    """Return the error of a name that stops before it comes to a model."""
    return ModelNotFound(
        Text("{name} names a server, and no model of it", {"name": shown_address(name.strip())}),
        Text("Write it like this: {example}", {"example": name_of(connection, "gemma3")}),
    )

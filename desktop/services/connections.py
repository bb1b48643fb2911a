"""Servers that answer in the place of this computer's own engine: which there are, what they have.

Any thread. Nothing is connected, and no keyring asked, before something is wanted of a server; what
says so blocks, and is for errands. What is asked runs in the thread of `ServerLoop`.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

from desktop.base.guard import guarded
from desktop.config.secrets import KeyringProblem, Secrets
from desktop.domain.connection import (
    MOST_CONNECTIONS,
    Connection,
    PullProgress,
    ServedModel,
    ServerKind,
)
from desktop.domain.errors import (
    ConnectionRefused,
    LapisError,
    ModelNotFound,
    Unreachable,
    UserFixable,
)
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.hub.network import Network, is_this_computer, network_of, origin, shown_address
from desktop.services.server_keys import ServerKeys, entry_of
from desktop.services.server_names import (
    FOUND_NAME,
    check_name,
    find_ollama,
    installed,
    is_sound,
    name_of,
    read_name,
    server_address,
)

if TYPE_CHECKING:
    from desktop.backends.base import Backend
    from desktop.backends.server_loop import ServerLoop
    from desktop.services.server_line import ServerLine

_LIST_SECONDS: Final = 30.0
_DETAIL_SECONDS: Final = 30.0
_CHANGE_SECONDS: Final = 60.0
_CLOSE_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a server at `address` said when it was last asked."""

    address: str
    models: tuple[ServedModel, ...] = ()
    problem: LapisError | None = None


class Connections:
    """The servers of the settings, and the Ollama of this computer; close it at the end."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        change: Callable[[Callable[[Settings], Settings]], None],
        secrets: Secrets,
        environment: Mapping[str, str],
    ) -> None:
        """Remember where to look; nothing is connected."""
        self._settings = settings
        self._change = change
        self._environment = environment
        self._keys = ServerKeys(secrets)
        self._guard = threading.Lock()
        self._changing = threading.Lock()
        self._loop: ServerLoop | None = None
        self._lines: dict[str, ServerLine] = {}
        self._heard: dict[str, _Heard] = {}
        self._details: dict[tuple[str, str], ServedModel] = {}
        self._parted: dict[str, str] = {}
        self._observers: list[Callable[[], None]] = []
        self._is_closed = False

    # What is known, at once.

    def all(self) -> tuple[Connection, ...]:
        """Return the servers, the Ollama of this computer first, then in the order of the settings."""
        set_here = self._settings().connections
        sound: dict[str, Connection] = {}
        for server in set_here.servers:
            if is_sound(server):
                sound.setdefault(server.name.casefold(), server)
        found = (self._found(),) if set_here.finds_ollama else ()
        return *found, *sound.values()

    def models(self) -> tuple[InstalledModel, ...]:
        """Return the models of all servers, as last heard."""
        return tuple(
            installed(connection, served)
            for connection in self.all()
            for served in self.served(connection.name)
        )

    def served(self, connection: str) -> tuple[ServedModel, ...]:
        """Return the models of one server, as last heard."""
        heard = self._heard_of(connection)
        if heard is None:
            return ()
        with self._guard:
            details = dict(self._details)
        return tuple(
            _merged(served, details.get((connection, served.id))) for served in heard.models
        )

    def known(self, model: InstalledModel) -> ServedModel | None:
        """Return what was heard of a served model, None where nothing was."""
        wanted = read_name(model.name)
        if wanted is None:
            return None
        for served in self.served(model.server):
            if served.id == wanted.model:
                return served
        with self._guard:
            return self._details.get((model.server, wanted.model))

    def problem(self, connection: str) -> LapisError | None:
        """Return why a server could not be asked the last time it was.

        That there is no Ollama on this computer is no problem.
        """
        heard = self._heard_of(connection)
        return None if heard is None else heard.problem

    def was_asked(self, connection: str) -> bool:
        """Return whether a server was asked already, with whatever success."""
        return self._heard_of(connection) is not None

    def find(self, name: str) -> InstalledModel | None:
        """Return the served model of that name, whether it is known or not; asks nobody.

        None for names of other kinds of models. Raises ModelNotFound for a connection that there is
        not, and where the name of the model is missing.
        """
        wanted = read_name(name)
        if wanted is None:
            return None
        connection = next(
            (
                each
                for each in self.all()
                if each.kind is wanted.kind and each.name.casefold() == wanted.connection.casefold()
            ),
            None,
        )
        if connection is None or not wanted.model:
            raise self._not_found(name, connection)
        known = (each for each in self.served(connection.name) if each.id == wanted.model)
        return installed(connection, next(known, ServedModel(connection.name, wanted.model)))

    # Asking. What blocks says so.

    def backend(self, model: InstalledModel, n_ctx: int = 0) -> "Backend":
        """Return what answers with a served model, at once; close it at the end.

        `n_ctx` is the context window to be had in tokens, 0 where it is left to the server. Raises
        ModelNotFound for a connection that is gone.
        """
        from desktop.backends.server_backend import Patience, ServerBackend

        connection, name = self._place(model)

        def patience() -> Patience:
            minutes = self._settings().engine.silence_minutes
            return Patience(first=minutes * 60.0, between=minutes * 60.0)

        return ServerBackend(self._running(), self._line(connection), name, n_ctx, patience)

    def refresh(self, connection: str = "") -> None:
        """Ask a server, or all of them side by side, what they have; observers are told.

        Blocks. What fails is kept as the `problem` of that server.
        """
        loop = self._running()
        asked = {
            loop.start(self._listen(each)): each
            for each in self.all()
            if not connection or each.name == connection
        }
        left = wait(asked, _LIST_SECONDS).not_done
        for future in left:
            future.cancel()
            self._note(asked[future], (), _silent(asked[future]))

    def details(self, model: InstalledModel) -> ServedModel:
        """Return all that its server tells of a model; blocks, raises LapisError."""
        connection, name = self._place(model)
        told = self._running().run(self._line(connection).details(name), _DETAIL_SECONDS)
        with self._guard:
            self._details[connection.name, name] = told
        self._tell()
        return told

    def test(self, connection: Connection, key: str | None = None) -> tuple[ServedModel, ...]:
        """Return the models of a server that need not be kept yet, asked with `key`.

        None is the key that is kept for it, empty for none. Blocks; raises LapisError with what is
        wrong, among them `server_trial.WrongPath` with the address that works.
        """
        from desktop.services.server_trial import try_out

        tried = replace(connection, address=server_address(connection.address, connection.kind))
        if key is None:
            kept = self._named(connection.name)
            is_its = kept is not None and entry_of(kept) == entry_of(tried)
            tried = replace(tried, has_key=is_its and kept is not None and kept.has_key)
        return self._running().run(
            try_out(tried, lambda one: self._line_to(one, key)), 2 * _LIST_SECONDS
        )

    def pull(self, connection: str, model: str, cancel: threading.Event) -> Iterator[PullProgress]:
        """Have an Ollama fetch a model, and yield how far it is, until it is there.

        Blocks between steps. Raises LapisError; after `cancel` is set it ends soon, and what was
        fetched stays with the server for the next time.
        """
        place = self._named(connection)
        if place is None or not model.strip():
            raise self._not_found(connection, place)
        yield from self._running().each(self._line(place).pull(model.strip()), cancel)
        self.refresh(connection)

    def delete(self, model: InstalledModel) -> None:
        """Have an Ollama delete a model, for good; blocks, raises LapisError."""
        connection, name = self._place(model)
        self._running().run(self._line(connection).delete(name), _CHANGE_SECONDS)
        self.refresh(connection.name)

    def unload(self, model: InstalledModel) -> None:
        """Have an Ollama give back the memory of a model; blocks, raises LapisError."""
        connection, name = self._place(model)
        self._running().run(self._line(connection).unload(name), _CHANGE_SECONDS)
        self.refresh(connection.name)

    # Changing. Each may wait for the keyring where a key is kept.

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
                raise self._not_found(connection.name, None)
            problem = self._keys.put(server, key)
            self._put(replace(server, has_key=True), server.name)
        return problem

    def has_key(self, connection: Connection) -> bool:
        """Return whether a key was given for a server; at once, the keyring is not asked."""
        server = self._named(connection.name)
        return server is not None and server.has_key

    def forget_key(self, connection: Connection) -> None:
        """Forget the key of a server; blocks. Raises KeyringProblem if the keyring may have it."""
        with self._changing:
            server = self._own(connection.name)
            if server is None or not server.has_key:
                return
            self._keys.forget(server)
            self._put(replace(server, has_key=False), server.name)

    def watch(self, observer: Callable[[], None]) -> None:
        """Call `observer` after each change of what is known, from any thread; it must not block."""
        with self._guard:
            self._observers.append(observer)

    def close(self) -> None:
        """End what is under way, and all connections."""
        with self._guard:
            self._is_closed = True
            loop, self._loop = self._loop, None
            lines, self._lines = list(self._lines.values()), {}
            self._observers.clear()
        if loop is None:
            return
        for line in lines:
            with suppress(LapisError):
                loop.run(line.close(), _CLOSE_SECONDS)
        loop.close()

    # Servers.

    def _found(self) -> Connection:
        return Connection(
            ServerKind.OLLAMA, FOUND_NAME, find_ollama(self._environment), is_found=True
        )

    def _named(self, name: str) -> Connection | None:
        key = name.casefold()
        return next((each for each in self.all() if each.name.casefold() == key), None)

    def _own(self, name: str) -> Connection | None:
        """Return a server of the settings."""
        server = self._named(name)
        return None if server is None or server.is_found else server

    def _place(self, model: InstalledModel) -> tuple[Connection, str]:
        """Return where a model is, and its server's own name of it."""
        wanted, connection = read_name(model.name), self._named(model.server)
        if wanted is None or connection is None or not wanted.model:
            raise self._not_found(model.name, connection)
        return connection, wanted.model

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
        if len(others) > MOST_CONNECTIONS:
            raise UserFixable(
                Text("More than {most} servers are not kept", {"most": MOST_CONNECTIONS}),
                Text("Remove one that you no longer need."),
            )
        address = server_address(connection.address, connection.kind)
        return replace(connection, name=name, address=address, is_found=False, has_key=False)

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
        if server is None or server.name != name:
            self._drop(name)
        self._tell()

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

    # Lines.

    def _running(self) -> "ServerLoop":
        from desktop.backends.server_loop import ServerLoop

        with self._guard:
            if self._loop is None:
                self._loop = ServerLoop()
                if self._is_closed:
                    self._loop.close()
            return self._loop

    def _line(self, connection: Connection) -> "ServerLine":
        """Return the one way to a kept server."""
        key = connection.name.casefold()
        with self._guard:
            line = self._lines.get(key)
            if line is None or _place_of(line.connection) != _place_of(connection):
                line = self._lines[key] = self._line_to(connection, None)
            line.connection = connection
            return line

    def _line_to(self, connection: Connection, key: str | None) -> "ServerLine":
        from desktop.services.server_line import ServerLine

        return ServerLine(connection, self._network, self._keys, key)

    def _network(self) -> Network:
        library = self._settings().library
        return network_of(library, self._environment, offline=self._is_offline)

    def _is_offline(self) -> bool:
        return self._settings().connections.offline

    # What was heard.

    async def _listen(self, connection: Connection) -> None:
        try:
            models = await self._line(connection).models()
        except ConnectionRefused as error:
            is_absent = connection.is_found and is_this_computer(origin(connection.address)[1])
            self._note(connection, (), None if is_absent else error)
        except LapisError as error:
            self._note(connection, self.served(connection.name), error)
        else:
            self._note(connection, models, None)

    def _note(
        self, connection: Connection, models: tuple[ServedModel, ...], problem: LapisError | None
    ) -> None:
        with self._guard:
            self._heard[connection.name] = _Heard(connection.address, models, problem)
        self._tell()

    def _heard_of(self, name: str) -> _Heard | None:
        connection = self._named(name)
        if connection is None:
            return None
        with self._guard:
            heard = self._heard.get(connection.name)
        return heard if heard is not None and heard.address == connection.address else None

    def _drop(self, name: str) -> None:
        """Forget what was heard of a server that is no longer there."""
        with self._guard:
            line = self._lines.pop(name.casefold(), None)
            self._heard.pop(name, None)
            for key in [key for key in self._details if key[0] == name]:
                del self._details[key]
            loop = self._loop
        if line is not None and loop is not None:
            loop.start(line.close())

    def _tell(self) -> None:
        with self._guard:
            observers = tuple(self._observers)
        for observer in observers:
            guarded(observer, "watching servers")()

    def _not_found(self, name: str, connection: Connection | None) -> ModelNotFound:
        shown = shown_address(name.strip())
        if connection is not None:
            return ModelNotFound(
                Text("{name} names a server, and no model of it", {"name": shown}),
                Text("Write it like this: {example}", {"example": name_of(connection, "gemma3")}),
            )
        names = ", ".join(each.name for each in self.all()) or "–"
        return ModelNotFound(
            Text("There is no server for {name}", {"name": shown}),
            Text("These are set up: {names}. Add others in the settings.", {"names": names}),
        )


def _place_of(connection: Connection) -> tuple[ServerKind, str, int | None]:
    return connection.kind, connection.address, connection.keep_minutes


def _merged(listed: ServedModel, detailed: ServedModel | None) -> ServedModel:
    """Return what the list tells, with the details that it leaves open."""
    if detailed is None or (listed.modified and listed.modified != detailed.modified):
        return listed
    told = {
        field.name: getattr(detailed, field.name)
        for field in fields(ServedModel)
        if getattr(listed, field.name) == field.default
    }
    return replace(listed, **told)


def _silent(connection: Connection) -> Unreachable:
    return Unreachable(
        Text("{host} does not answer", {"host": origin(connection.address)[1]}),
        Text("Check that the server runs, and that no firewall is in the way."),
    )

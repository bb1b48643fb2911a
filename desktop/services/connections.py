"""Servers that answer in the place of this computer's own engine: which there are, what they have.

Any thread. Nothing is connected, and no keyring asked, before something is wanted of a server; what
says so blocks, and is for errands. What is asked runs in the thread of `ServerLoop`.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop.base.guard import guarded
from desktop.config.secrets import KeyringProblem, Secrets
from desktop.domain.connection import (
    Connection,
    PullProgress,
    ServedModel,
)
from desktop.domain.errors import (
    ConnectionRefused,
    LapisError,
    Unreachable,
)
from desktop.domain.model import InstalledModel
from desktop.domain.network_log import Recorder, unrecorded
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.hub.network import Network, network_of, origin
from desktop.services.server_keys import ServerKeys, entry_of
from desktop.services.server_lines import ServerLines
from desktop.services.server_list import ServerList, no_model, no_server
from desktop.services.server_names import (
    installed,
    read_name,
    server_address,
)
from desktop.services.server_news import Heard, ServerNews

if TYPE_CHECKING:
    from desktop.backends.base import Backend

_LIST_SECONDS: Final = 30.0
_DETAIL_SECONDS: Final = 30.0
_TRIAL_SECONDS: Final = 60.0
_CHANGE_SECONDS: Final = 60.0


class Connections:
    """The servers of the settings, and the Ollama of this computer; close it at the end."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        change: Callable[[Callable[[Settings], Settings]], None],
        secrets: Secrets,
        environment: Mapping[str, str],
        log: Recorder = unrecorded,
    ) -> None:
        """Remember where to look; nothing is connected. `log` is told of every request."""
        self._settings = settings
        self._environment = environment
        self._log = log
        self._keys = ServerKeys(secrets)
        self._list = ServerList(settings, change, self._keys, environment)
        self._news = ServerNews()
        self._guard = threading.Lock()
        self._lines = ServerLines(self._network, self._keys)
        self._observers: list[Callable[[], None]] = []

    # What is known, at once.

    def all(self) -> tuple[Connection, ...]:
        """Return the servers, the Ollama of this computer first, then in the order of the settings."""
        return self._list.all()

    def models(self) -> tuple[InstalledModel, ...]:
        """Return the models of all servers, as last heard."""
        return tuple(
            installed(connection, served)
            for connection in self.all()
            for served in self.served(connection.name)
        )

    def served(self, connection: str) -> tuple[ServedModel, ...]:
        """Return the models of one server, as last heard."""
        place = self._list.named(connection)
        return () if place is None else self._news.models(place)

    def known(self, model: InstalledModel) -> ServedModel | None:
        """Return what was heard of a served model, None where nothing was."""
        wanted, place = read_name(model.name), self._list.named(model.server)
        if wanted is None or place is None:
            return None
        return self._news.model(place, wanted.model)

    def problem(self, connection: str) -> LapisError | None:
        """Return why a server could not be asked the last time it was.

        That there is no Ollama on this computer is no problem.
        """
        place = self._list.named(connection)
        heard = None if place is None else self._news.of(place)
        return None if heard is None else heard.problem

    def was_asked(self, connection: str) -> bool:
        """Return whether a server was asked already, with whatever success."""
        place = self._list.named(connection)
        return place is not None and self._news.of(place) is not None

    def answers(self, connection: str) -> bool | None:
        """Return whether a server answered when it was last asked, None before that."""
        place = self._list.named(connection)
        heard = None if place is None else self._news.of(place)
        return None if heard is None else heard.problem is None and heard.is_there

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
        if connection is None:
            raise no_server(name, self.all())
        if not wanted.model:
            raise no_model(name, connection)
        known = self._news.model(connection, wanted.model)
        return installed(connection, known or ServedModel(connection.name, wanted.model))

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

        return ServerBackend(self._lines.loop(), self._lines.to(connection), name, n_ctx, patience)

    def refresh(self, connection: str = "") -> None:
        """Ask a server, or all of them side by side, what they have; observers are told.

        Blocks. What fails is kept as the `problem` of that server.
        """
        loop = self._lines.loop()
        asked: dict[Future[None], Connection] = {}
        with suppress(Unreachable):  # Lapis ends
            for each in self.all():
                if not connection or each.name == connection:
                    asked[loop.start(self._listen(each))] = each
        left = wait(asked, _LIST_SECONDS).not_done
        for future in left:
            future.cancel()
            self._note(asked[future], self.served(asked[future].name), _silent(asked[future]))
        for future in asked.keys() - left:
            if not future.cancelled():
                # What is wrong with a server is kept; what is raised is wrong with Lapis.
                future.result()

    def details(self, model: InstalledModel) -> ServedModel:
        """Return all that its server tells of a model; blocks, raises LapisError."""
        connection, name = self._place(model)
        told = self._lines.loop().run(self._lines.to(connection).details(name), _DETAIL_SECONDS)
        self._news.note_details(connection, replace(told, id=name))
        self._tell()
        return told

    def test(
        self, connection: Connection, key: str | None = None, seconds: float = _TRIAL_SECONDS
    ) -> tuple[ServedModel, ...]:
        """Return the models of a server that need not be kept yet, asked with `key`.

        None is the key that is kept for it, empty for none. Blocks for `seconds` at most; raises
        LapisError with what is wrong, among them `server_trial.WrongPath` with the address that works.
        """
        from desktop.services.server_trial import try_out

        address = server_address(connection.address, connection.kind)
        kept = self._list.named(connection.name) if key is None else None
        tried = replace(connection, address=address, has_key=False)
        if kept is not None and entry_of(kept) == entry_of(tried):
            tried = replace(tried, has_key=kept.has_key)
        return self._lines.loop().run(
            try_out(tried, lambda one: self._lines.new(one, key)), seconds
        )

    def version(self, connection: Connection, seconds: float = _TRIAL_SECONDS) -> str:
        """Return the version of an Ollama; blocks, raises LapisError."""
        return self._lines.loop().run(self._lines.to(connection).version(), seconds)

    def pull(self, connection: str, model: str, cancel: threading.Event) -> Iterator[PullProgress]:
        """Have an Ollama fetch a model, and yield how far it is, until it is there.

        Blocks between steps. Raises LapisError; after `cancel` is set it ends soon, and what was
        fetched stays with the server for the next time.
        """
        place = self._list.named(connection)
        if place is None:
            raise no_server(connection, self.all())
        if not model.strip():
            raise no_model(connection, place)
        yield from self._lines.loop().each(self._lines.to(place).pull(model.strip()), cancel)
        self.refresh(connection)

    def delete(self, model: InstalledModel) -> None:
        """Have an Ollama delete a model, for good; blocks, raises LapisError."""
        connection, name = self._place(model)
        self._lines.loop().run(self._lines.to(connection).delete(name), _CHANGE_SECONDS)
        self.refresh(connection.name)

    def unload(self, model: InstalledModel) -> None:
        """Have an Ollama give back the memory of a model; blocks, raises LapisError."""
        connection, name = self._place(model)
        self._lines.loop().run(self._lines.to(connection).unload(name), _CHANGE_SECONDS)
        self.refresh(connection.name)

    # Changing. Each may wait for the keyring where a key is kept.

    def save(self, connection: Connection, replaces: str = "") -> None:
        """Keep a server, in the place of the one named `replaces` if there is one.

        Raises UserFixable, and then nothing is changed. A key stays with a server that is renamed,
        and is forgotten where the host, the port or the encryption of the address changes. A server
        that was removed, and is saved again in this run, has its key back.
        """
        self._list.save(connection, replaces)
        if replaces and replaces != connection.name:
            self._drop(replaces)
        self._tell()

    def remove(self, name: str) -> None:
        """Forget a server and its key; nothing happens where there is none of that name."""
        self._list.remove(name)
        self._drop(name)
        self._tell()

    def set_key(self, connection: Connection, key: str) -> KeyringProblem | None:
        """Keep the key of a server; return why it is kept for this run only, if so.

        An empty one forgets it. Raises UnusableSecret, AccessDenied where the key would be sent
        unencrypted, and ModelNotFound for a server that is not kept.
        """
        if not key.strip():
            self.forget_key(connection)
            return None
        problem = self._list.set_key(connection, key)
        self._tell()
        return problem

    def has_key(self, connection: Connection) -> bool:
        """Return whether a key was given for a server; at once, the keyring is not asked."""
        return self._list.has_key(connection)

    def forget_key(self, connection: Connection) -> None:
        """Forget the key of a server; raises KeyringProblem if the keyring may still have it."""
        self._list.forget_key(connection)
        self._tell()

    def watch(self, observer: Callable[[], None]) -> None:
        """Call `observer` after each change of what is known, from any thread; it must not block."""
        with self._guard:
            self._observers.append(observer)

    def close(self) -> None:
        """End what is under way, and all connections."""
        with self._guard:
            self._observers.clear()
        self._lines.close()

    # Servers.

    def _place(self, model: InstalledModel) -> tuple[Connection, str]:
        """Return where a model is, and its server's own name of it."""
        wanted, connection = read_name(model.name), self._list.named(model.server)
        if wanted is None or connection is None:
            raise no_server(model.name, self.all())
        if not wanted.model:
            raise no_model(model.name, connection)
        return connection, wanted.model

    def _network(self) -> Network:
        library = self._settings().library
        return network_of(library, self._environment, self._log, offline=self._is_offline)

    def _is_offline(self) -> bool:
        return self._settings().connections.offline

    # What was heard.

    async def _listen(self, connection: Connection) -> None:
        from desktop.services.server_line import is_absent_here

        try:
            models = await self._lines.to(connection).models()
        except ConnectionRefused as error:
            problem = None if is_absent_here(connection) else error
            self._note(connection, (), problem, is_there=False)
        except LapisError as error:
            self._note(connection, self.served(connection.name), error)
        else:
            self._note(connection, models, None)

    def _note(
        self,
        connection: Connection,
        models: tuple[ServedModel, ...],
        problem: LapisError | None,
        *,
        is_there: bool = True,
    ) -> None:
        self._news.note(connection, Heard(connection.address, models, problem, is_there))
        self._tell()

    def _drop(self, name: str) -> None:
        """Forget what was heard of a server that is no longer there."""
        self._news.drop(name)
        self._lines.drop(name)

    def _tell(self) -> None:
        with self._guard:
            observers = tuple(self._observers)
        for observer in observers:
            guarded(observer, "watching servers")()


def _silent(connection: Connection) -> Unreachable:
    return Unreachable(
        Text("{host} does not answer", {"host": origin(connection.address)[1]}),
        Text("Check that the server runs, and that no firewall is in the way."),
    )

"""The way to one server: its client is made when something is first asked of it.

It is made anew when the key or the network's settings are others; what is under way then goes on
with the old one. Used in the loop's thread, but for making it. Imports of adapters and HTTP
libraries wait until then.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from desktop.backends.server_client import Embedded, ServerClient
from desktop.domain.chat import ChatRequest, Event
from desktop.domain.connection import Connection, PullProgress, ServedModel, ServerKind
from desktop.domain.errors import AccessDenied, ConnectionRefused, NotSupported
from desktop.domain.text import Text
from desktop.hub.network import Network, check_allowed, is_this_computer, origin
from desktop.services.server_keys import ServerKeys, lost_key

if TYPE_CHECKING:
    from desktop.backends.ollama import OllamaClient

# An answer may take its time; whoever asks has the patience, and stops it.
_READ_SECONDS: Final = None
# Where an Ollama gets its models from.
_LIBRARY: Final = "https://ollama.com"
# They write down what is asked, if the environment has them do so (`OPENAI_LOG`).
_TALKATIVE: Final = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")


@dataclass(eq=False, slots=True)
class _Held:
    """A client, and how many use it; `way` is what it was made for."""

    client: ServerClient
    way: tuple[str, str, str] = field(repr=False)
    users: int = 0


class ServerLine:
    """One server as a `ServerClient`, open as long as it is wanted."""

    def __init__(
        self,
        connection: Connection,
        network: Callable[[], Network],
        keys: ServerKeys,
        key: str | None = None,
    ) -> None:
        """Connect nothing yet. `key` is shown in place of the kept one (None: that of `keys`)."""
        self.connection = connection
        self._network = network
        self._keys = keys
        self._key = key
        self._held: _Held | None = None
        self._is_retired = False

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server has."""
        async with self._client() as client:
            return await client.models()

    async def details(self, model: str) -> ServedModel:
        """Return all that the server tells of one model; raises ModelNotServed."""
        async with self._client() as client:
            return await client.details(model)

    async def stream(
        self, model: str, request: ChatRequest, n_ctx: int
    ) -> AsyncGenerator[Event, None]:
        """Yield what becomes of a request; see `ServerClient`."""
        async with (
            self._client() as client,
            aclosing(client.stream(model, request, n_ctx)) as events,
        ):
            async for event in events:
                yield event

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        """Return a vector for each text."""
        async with self._client() as client:
            return await client.embed(model, texts)

    async def unload(self, model: str) -> None:
        """Have the server give back the memory of a model."""
        async with self._client() as client:
            await client.unload(model)

    async def pull(self, model: str) -> AsyncGenerator[PullProgress, None]:
        """Yield how far the server is with fetching a model; raises NotSupported."""
        # It is fetched from there, be it by an Ollama of this computer.
        check_allowed(self._network(), _LIBRARY)
        async with self._ollama() as client, aclosing(client.pull(model)) as steps:
            async for step in steps:
                check_allowed(self._network(), _LIBRARY)
                yield step

    async def delete(self, model: str) -> None:
        """Have the server delete a model; raises NotSupported."""
        async with self._ollama() as client:
            await client.delete(model)

    async def version(self) -> str:
        """Return the version of an Ollama; raises NotSupported for servers of other kinds."""
        async with self._ollama() as client:
            return await client.version()

    async def close(self) -> None:
        """End all connections."""
        held, self._held = self._held, None
        if held is not None:
            await held.client.close()

    async def retire(self) -> None:
        """End the connections as soon as what is under way is done with them."""
        self._is_retired = True
        if self._held is not None and self._held.users == 0:
            await self.close()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[ServerClient]:
        held = await self._ready()
        held.users += 1
        try:
            yield held.client
        except ConnectionRefused as error:
            if not is_absent_here(self.connection):
                raise
            raise ConnectionRefused(
                Text("Ollama does not run on this computer"),
                Text("Start it, or choose another model."),
            ) from error
        except AccessDenied as error:
            if not self.connection.has_key or held.way[-1]:
                raise
            # It would have had a key, had the keyring given it.
            raise self._keys.problem(self.connection) or lost_key(self.connection) from error
        finally:
            held.users -= 1
            if held.users == 0 and (self._is_retired or held is not self._held):
                if held is self._held:
                    self._held = None
                await held.client.close()

    @asynccontextmanager
    async def _ollama(self) -> AsyncIterator["OllamaClient"]:
        from desktop.backends.ollama import OllamaClient

        async with self._client() as client:
            if not isinstance(client, OllamaClient):
                raise NotSupported(
                    Text("The models of {name} cannot be changed", {"name": self.connection.name}),
                    Text("Only an Ollama fetches and deletes models when it is asked to."),
                )
            yield client

    async def _ready(self) -> _Held:
        """Return the client that fits the settings of this moment."""
        from desktop.backends.server_loop import in_thread

        check_allowed(self._network(), self.connection.address)
        key = await in_thread(self._shown_key)
        network = self._network()
        way = (network.proxy, network.certificates, key)
        if self._held is None or self._held.way != way:
            made = _Held(await in_thread(lambda: self._make(network, key)), way)
            # Another request may have been quicker: one more client does no harm.
            old, self._held = self._held, made
            if old is not None and old.users == 0:
                await old.client.close()
        return self._held

    def _check_host(self, host: str) -> None:
        """Raise Offline if nothing may get to `host`, whoever would pass it on."""
        check_allowed(self._network(), f"https://{host}")

    def _shown_key(self) -> str:
        return self._keys.get(self.connection) if self._key is None else self._key

    def _make(self, network: Network, key: str) -> ServerClient:
        from desktop.hub.server_http import http_options

        connection, kind = self.connection, self.connection.kind
        library = "httpx" if kind is ServerKind.OLLAMA else "httpx2"
        options = http_options(
            network, connection.address, library, key=key, read_seconds=_READ_SECONDS
        )
        made: ServerClient
        if kind is ServerKind.OLLAMA:
            from desktop.backends.ollama import OllamaClient

            made = OllamaClient(connection, options, self._check_host, key)
        else:
            from desktop.backends.openai import OpenAIClient

            made = OpenAIClient(connection, options, key)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        return made


def is_absent_here(connection: Connection) -> bool:
    """Return whether nobody who takes a connection there means that no Ollama runs here."""
    return connection.is_found and is_this_computer(origin(connection.address)[1])

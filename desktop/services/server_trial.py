"""Trying a server out before it is relied on, and saying in words what is wrong. Used in the loop."""

from collections.abc import Callable
from dataclasses import replace

from desktop.domain.connection import Connection, ServedModel, ServerKind
from desktop.domain.errors import LapisError, ModelNotServed, NetworkError, OddAnswer
from desktop.domain.text import Text
from desktop.hub.failures import host_of
from desktop.hub.network import shown_address
from desktop.services.server_line import ServerLine


class WrongPath(OddAnswer):
    """The server is there, at another path of the same host: `address`."""

    def __init__(self, title: Text, hint: Text, address: str) -> None:
        """Keep the address that works."""
        super().__init__(title, hint)
        self.address = address


async def try_out(
    connection: Connection, line_to: Callable[[Connection], ServerLine]
) -> tuple[ServedModel, ...]:
    """Return the models of a server that can be used; raises LapisError with what is wrong."""
    try:
        models = await _models(connection, line_to)
    except NetworkError as error:
        # A password that is wrong, a certificate: nothing that another path would mend.
        if connection.kind is ServerKind.OPENAI and isinstance(error, OddAnswer | ModelNotServed):
            await _try_beside(connection, line_to, error)
        raise
    if not models:
        raise ModelNotServed(
            Text("{host} answers, and has no models", {"host": host_of(connection.address)}),
            Text("Have it fetch one first, such as gemma3:1b.")
            if connection.kind is ServerKind.OLLAMA
            else Text("Look at its own settings: a model may have to be loaded there first."),
        )
    return models


async def _try_beside(
    connection: Connection, line_to: Callable[[Connection], ServerLine], error: LapisError
) -> None:
    """Raise WrongPath if the server answers below `/v1`, where most have their models."""
    if connection.address.endswith("/v1"):
        return
    address = f"{connection.address}/v1"
    try:
        await _models(replace(connection, address=address), line_to)
    except LapisError:
        return
    raise WrongPath(
        Text("The address lacks its last part: /v1"),
        Text("Use {address}.", {"address": shown_address(address)}),
        address,
    ) from error


async def _models(
    connection: Connection, line_to: Callable[[Connection], ServerLine]
) -> tuple[ServedModel, ...]:
    line = line_to(connection)
    try:
        return await line.models()
    finally:
        await line.close()

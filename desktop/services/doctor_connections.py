"""Servers and the offline switch: the part of an examination that looks at who else may answer.

Only this computer is asked, and no keyring. Of servers elsewhere no more is told than how many
there are.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from desktop.config.checkup import settings_fault
from desktop.config.secrets import Secrets
from desktop.config.store import CAREFUL, SettingsStore
from desktop.domain.connection import Connection
from desktop.domain.errors import AccessDenied, ConnectionRefused, LapisError, ModelNotServed
from desktop.domain.health import Finding, State
from desktop.domain.network_log import Recorder, unrecorded
from desktop.domain.settings import Settings
from desktop.domain.text import Text, verbatim
from desktop.services.connections import Connections
from desktop.services.server_names import leaves_to

_SECONDS: Final = 5.0


def examine_connections(
    settings: Path, environment: Mapping[str, str], log: Recorder = unrecorded
) -> Iterator[Finding]:
    """Yield what is found of the servers in the settings file; each takes some seconds at most.

    `log` is told of every request to them.
    """
    # One that cannot be read is a finding of its own; loading it would put it aside.
    in_use = CAREFUL if settings_fault(settings) else SettingsStore(settings).load()
    servers = Connections(lambda: in_use, _change_nothing, Secrets(), environment, log)
    with closing(servers) as known:
        yield _offline(in_use)
        if not in_use.connections.finds_ollama:
            yield Finding(
                "connections.ollama",
                verbatim("Ollama"),
                State.OK,
                Text("not looked for, as set"),
                facts={"wanted": False},
            )
        yield from (_ollama(each, known) for each in known.all() if each.is_found)
        entered = [each for each in known.all() if not each.is_found]
        yield _count(entered)
        here = [each for each in entered if not leaves_to(each.address)]
        for number, each in enumerate(here, 1):
            yield _server(f"connections.server.{number}", each, known)


def _change_nothing(_: object) -> None:
    pass


def _offline(settings: Settings) -> Finding:
    is_offline = settings.connections.offline
    return Finding(
        "connections.offline",
        Text("Other computers"),
        State.OK,
        Text("nothing is sent to them, as set") if is_offline else Text("may be asked"),
        facts={"offline": is_offline},
    )


def _ollama(found: Connection, known: Connections) -> Finding:
    name, label = "connections.ollama", verbatim("Ollama")
    host = leaves_to(found.address)
    if host:
        return Finding(
            name,
            label,
            State.OK,
            Text("at {host}, another computer, as OLLAMA_HOST says", {"host": host}),
            facts={"wanted": True, "here": False},
        )
    values = {"address": found.address}
    facts: dict[str, str | bool | int] = {"wanted": True, "here": True, "address": found.address}
    try:
        version = known.version(found, _SECONDS)
        count = len(_models(found, known))
    except ConnectionRefused:
        return Finding(
            name,
            label,
            State.OK,
            Text("none runs at {address}", values),
            facts={**facts, "answers": False},
        )
    except LapisError as error:
        facts["answers"] = False
        return Finding(name, label, State.WARNING, error.title, error.hint, facts)
    return Finding(
        name,
        label,
        State.OK,
        Text(
            "{version} at {address}; models: {count}",
            {**values, "version": version, "count": count},
        ),
        facts={**facts, "answers": True, "version": version, "models": count},
    )


def _count(entered: list[Connection]) -> Finding:
    keys = sum(each.has_key for each in entered)
    values = {"count": len(entered), "keys": keys}
    return Finding(
        "connections.servers",
        Text("Other servers"),
        State.OK,
        Text("{count}, with a key: {keys}", values) if entered else Text("none set up"),
        facts={"servers": len(entered), "keys": keys},
    )


def _server(name: str, server: Connection, known: Connections) -> Finding:
    label = verbatim(server.name)
    try:
        count = len(_models(server, known))
    except AccessDenied:
        detail = Text("answers on this computer, and wants its key")
        return Finding(name, label, State.OK, detail, facts={"answers": True})
    except LapisError as error:
        return Finding(
            name, label, State.WARNING, error.title, error.hint, facts={"answers": False}
        )
    return Finding(
        name,
        label,
        State.OK,
        Text("answers on this computer; models: {count}", {"count": count}),
        facts={"answers": True, "models": count},
    )


def _models(server: Connection, known: Connections) -> tuple[object, ...]:
    try:
        return known.test(server, "", _SECONDS)
    except ModelNotServed:
        return ()

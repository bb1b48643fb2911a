"""How servers and their models are called, and where they are: typed, kept and shown.

`ollama:gemma2:9b` is a model of the Ollama of this computer, `ollama@NAME:MODEL` of another one,
`openai:NAME/MODEL` of a server by the name that a person gave it. Pure; any thread.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from desktop.domain.connection import (
    FOUND_NAME,
    LONGEST_CONNECTION_NAME,
    Connection,
    ServedModel,
    ServerKind,
    cloud_host,
)
from desktop.domain.errors import BadReference, UserFixable
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text, printable, shortened
from desktop.hub.network import is_near, is_this_computer, origin, shown_address, split_address

USUAL_OLLAMA: Final = "http://127.0.0.1:11434"
LONGEST_ADDRESS: Final = 500
MOST_KEEP_MINUTES: Final = 525_600
_OLLAMA_PORT: Final = "11434"
_LONGEST_MODEL: Final = 300
_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_CONNECTION_NAME - 1}}}")
_SERVED: Final = re.compile(
    r"\s*(?:(?P<found>ollama:)|ollama@(?P<ollama>[^:/]*):|openai:(?P<openai>[^/]*)/)(?P<model>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SERVED_AT_ALL: Final = re.compile(r"\s*(?:ollama[:@]|openai:)", re.IGNORECASE)
# What is often pasted along: the address of a single question.
_QUESTIONS: Final = {
    ServerKind.OPENAI: re.compile(
        r"/(?:chat/completions|completions|models|embeddings|responses)/*\Z"
    ),
    ServerKind.OLLAMA: re.compile(r"/(?:api(?:/[a-z]*)?|v1(?:/[a-z/]*)?)/*\Z"),
}


@dataclass(frozen=True, slots=True)
class ServedName:
    """The name of a served model in its parts."""

    kind: ServerKind
    connection: str
    model: str


def read_name(name: str) -> ServedName | None:
    """Return the parts of a served model's name, None for names of other kinds.

    Of what begins like one, and is none, the parts are empty.
    """
    if not _SERVED_AT_ALL.match(name):
        return None
    found = _SERVED.fullmatch(name)
    if found is None:
        return ServedName(ServerKind.OPENAI, "", "")
    model = found["model"].strip()
    if not is_model_name(model):
        model = ""
    if found["found"]:
        return ServedName(ServerKind.OLLAMA, FOUND_NAME, model)
    if found["openai"] is None:
        return ServedName(ServerKind.OLLAMA, found["ollama"].strip(), model)
    return ServedName(ServerKind.OPENAI, found["openai"].strip(), model)


def is_model_name(model: str) -> bool:
    """Return whether a server may call a model like this."""
    return 0 < len(model) <= _LONGEST_MODEL and model.isprintable() and model == model.strip()


def name_of(connection: Connection, model: str) -> str:
    """Return the name under which people choose a model of a server."""
    if connection.is_found:
        return f"{FOUND_NAME}:{model}"
    if connection.kind is ServerKind.OLLAMA:
        return f"ollama@{connection.name}:{model}"
    return f"openai:{connection.name}/{model}"


def installed(connection: Connection, served: ServedModel) -> InstalledModel:
    """Return a served model as one that can be chosen."""
    name = name_of(connection, served.id)
    passes_to = printable(served.passes_to)
    if connection.kind is ServerKind.OLLAMA:
        passes_to = passes_to or cloud_host(served.id)
    return InstalledModel(
        name,
        shortened(printable(served.id), _LONGEST_MODEL),
        Path(name),
        0 if passes_to else served.size,  # all that is there is who answers
        server=connection.name,
        leaves_to=leaves_to(connection.address) or passes_to,
        embeds=served.embeds is True,
    )


def expected(
    name: str, servers: Iterable[Connection], environment: Mapping[str, str]
) -> InstalledModel | None:
    """Return a served model by its name, before anybody was asked; None where there is none."""
    wanted = read_name(name)
    if wanted is None or not wanted.model:
        return None
    found = Connection(ServerKind.OLLAMA, FOUND_NAME, find_ollama(environment), is_found=True)
    for connection in (found, *servers):
        is_named = connection.name.casefold() == wanted.connection.casefold()
        if is_named and connection.kind is wanted.kind:
            return installed(connection, ServedModel(connection.name, wanted.model))
    return None


def leaves_to(address: str) -> str:
    """Return the host that reads what is asked at `address`, empty if it is this computer."""
    host = origin(address)[1]
    return "" if is_this_computer(host) else shown_address(host)


def find_ollama(environment: Mapping[str, str]) -> str:
    """Return the address of the Ollama of this computer, as Ollama's own programs find it.

    `OLLAMA_HOST` is read as envconfig.Host of Ollama does: with or without scheme, port and path;
    a port that is none becomes the usual one. An address to listen at, such as 0.0.0.0, is asked
    at this computer.
    """
    text = environment.get("OLLAMA_HOST", "").strip().strip("\"'").strip()
    scheme, has_scheme, rest = text.partition("://")
    if not has_scheme:
        scheme, rest = ("https", "ollama.com:443") if text == "ollama.com" else ("http", text)
    usual = {"http": "80", "https": "443"}.get(scheme, _OLLAMA_PORT) if has_scheme else _OLLAMA_PORT
    place, _, path = rest.partition("/")
    host, port = _host_and_port(place)
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= 65_535):
        port = usual
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    address = f"{scheme}://{shown}:{port}" + (f"/{path}".rstrip("/"))
    return address if "@" not in text and _is_address(address) else USUAL_OLLAMA


def server_address(text: str, kind: ServerKind) -> str:
    """Return the base address of a server as typed or pasted; raises BadReference.

    Without a scheme it is http for this computer and its private network, https for others.
    """
    address = text.strip()
    if "://" not in address:
        host = origin(f"http://{address}")[1]
        address = f"{'http' if is_near(host) else 'https'}://{address}"
    address = address.rstrip("/")
    if not _is_address(address):
        raise BadReference(
            Text("{address} is not the address of a server", {"address": shown_address(text)}),
            Text("Write it like this: http://192.168.0.20:11434")
            if kind is ServerKind.OLLAMA
            else Text("Write it like this: https://api.example.com/v1"),
        )
    parts = urlsplit(address)
    path = _QUESTIONS[kind].sub("", parts.path).rstrip("/")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}"


def check_name(name: str) -> None:
    """Raise UserFixable if a server cannot be called `name`."""
    if not _NAME.fullmatch(name):
        raise UserFixable(
            Text("{name} cannot be the name of a server", {"name": shown_address(name) or "–"}),
            Text(
                "Take up to {most} letters, digits and signs such as - and _, without spaces.",
                {"most": LONGEST_CONNECTION_NAME},
            ),
        )
    if name.casefold() == FOUND_NAME:
        raise UserFixable(
            Text("The name {name} belongs to the Ollama of this computer", {"name": FOUND_NAME}),
            Text("Choose another name for this server."),
        )


def is_sound(connection: Connection) -> bool:
    """Return whether a server in the settings file is one that Lapis could have written."""
    return (
        bool(_NAME.fullmatch(connection.name))
        and connection.name.casefold() != FOUND_NAME
        and not connection.is_found
        and _is_address(connection.address)
        and (connection.keep_minutes is None or -1 <= connection.keep_minutes <= MOST_KEEP_MINUTES)
    )


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, port.removeprefix(":")
    if place.count(":") > 1:
        return place, ""
    host, _, port = place.partition(":")
    return host, port


def _is_address(address: str) -> bool:
    parts = split_address(address)
    return (
        parts is not None
        and len(address) <= LONGEST_ADDRESS
        and parts.scheme.lower() in {"http", "https"}
        and parts.username is None
        and parts.password is None
        and not parts.query
        and not parts.fragment
        and "?" not in address
    )

"""`lapis connections`: servers listed, set up, tried and forgotten. Main thread."""

import getpass
import json
import sys
from dataclasses import asdict
from typing import Final

from desktop.base.translation import Translator
from desktop.domain.connection import Connection, ServedModel
from desktop.domain.errors import LapisError, ModelNotFound
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.services.connections import Connections
from desktop.services.server_names import name_of
from desktop.terminal.connections_orders import (
    AddConnection,
    ConnectionOrder,
    GiveKey,
    ListConnections,
    RemoveConnection,
    TryConnection,
)
from desktop.terminal.errors import EXIT_ERROR, EXIT_OK, report
from desktop.terminal.output import Screen
from desktop.terminal.tables import print_rows

_LONGEST_KEY: Final = 4096


def manage(order: ConnectionOrder, known: Connections, words: Translator, screen: Screen) -> int:
    """Carry an order out and return the exit code; raises LapisError."""
    match order:
        case ListConnections(as_json):
            _show(known.all(), words, screen, as_json=as_json)
        case AddConnection():
            _add(order, known, words, screen)
        case GiveKey(name):
            _keep_key(_named(name, known), known, words, screen)
        case RemoveConnection(name):
            found = _named(name, known)
            if found.is_found:
                raise ModelNotFound(
                    Text("The Ollama of this computer is found by itself"),
                    Text("In the settings of Lapis, under Connections, it can be left alone."),
                )
            known.remove(found.name)
            screen.line(words.say("{name} is forgotten", name=found.name))
        case TryConnection(name):
            tried = (_named(name, known),) if name else known.all()
            return _test(tried, known, words, screen)
    return EXIT_OK


def _show(
    listed: tuple[Connection, ...], words: Translator, screen: Screen, *, as_json: bool
) -> None:
    if as_json:
        screen.line(json.dumps([asdict(each) for each in listed], ensure_ascii=False))
        return
    if not listed:
        screen.note(words.say("No server is set up."))
        return
    rows = [
        (
            each.name,
            "Ollama" if each.kind == "ollama" else "OpenAI",
            words.say("with a key") if each.has_key else "",
            each.address,
        )
        for each in listed
    ]
    head = (words.say("Name"), words.say("Kind"), words.say("API key"), words.say("Address"))
    print_rows(rows, screen, header=head)


def _add(order: AddConnection, known: Connections, words: Translator, screen: Screen) -> None:
    kept = next(
        (each for each in known.all() if each.name.casefold() == order.name.casefold()), None
    )
    replaces = kept.name if kept is not None and not kept.is_found else ""
    known.save(Connection(order.kind, order.name, order.address), replaces)
    saved = _named(order.name, known)
    # Said first: it holds, whatever becomes of the key.
    screen.line(words.say("{name} is set up: {address}", name=saved.name, address=saved.address))
    if order.asks_key:
        _keep_key(saved, known, words, screen)
    screen.note(words.say("To try it: {command}", command=f"lapis connections test {saved.name}"))


def _keep_key(
    connection: Connection, known: Connections, words: Translator, screen: Screen
) -> None:
    key = _read_key(words, connection.name)
    if not key:
        known.forget_key(connection)
        screen.line(words.say("The key of {name} is forgotten", name=connection.name))
        return
    problem = known.set_key(connection, key)
    if problem is not None:
        # This process ends in a moment, and with it what only it remembers.
        known.forget_key(connection)
        raise problem
    screen.line(words.say("The key of {name} is in the keyring", name=connection.name))


def _read_key(words: Translator, name: str) -> str:
    """Return the key that is typed without being shown, or piped in."""
    if sys.stdin.isatty():
        return getpass.getpass(words.say("Key of {name}: ", name=name)).strip()
    return sys.stdin.readline(_LONGEST_KEY).strip()


def _test(
    tried: tuple[Connection, ...], known: Connections, words: Translator, screen: Screen
) -> int:
    code = EXIT_OK
    for each in tried:
        try:
            models = known.test(each)
        except LapisError as error:
            screen.note(f"{each.name} ({each.address})")
            report(error, words, screen)
            code = EXIT_ERROR
            continue
        screen.line(words.say("{name} answers: {count} models", name=each.name, count=len(models)))
        print_rows([_row(each, model) for model in models], screen)
    return code


def _row(connection: Connection, model: ServedModel) -> tuple[str, str, str]:
    context = f"{model.context:,}" if model.context else ""
    return name_of(connection, model.id), sized(model.size) if model.size else "", context


def _named(name: str, known: Connections) -> Connection:
    listed = known.all()
    found = next((each for each in listed if each.name.casefold() == name.casefold()), None)
    if found is None:
        raise ModelNotFound(
            Text("There is no server called {name}", {"name": name}),
            Text(
                "These are set up: {names}.",
                {"names": tuple(each.name for each in listed) or "–"},
            ),
        )
    return found

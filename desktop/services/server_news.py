"""What servers said when they were last asked, kept for as long as Lapis runs. Any thread; at once."""

import threading
from dataclasses import dataclass, replace

from desktop.domain.connection import Connection, ServedModel
from desktop.domain.errors import LapisError


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server at `address` said; `problem` is why it did not say more.

    Not `is_there` is also an Ollama that does not run on this computer, which is no problem.
    """

    address: str
    models: tuple[ServedModel, ...] = ()
    problem: LapisError | None = None
    is_there: bool = True


class ServerNews:
    """By the name of the connection; what was said at another address is no longer true."""

    def __init__(self) -> None:
        """Know nothing."""
        self._guard = threading.Lock()
        self._heard: dict[str, Heard] = {}
        self._details: dict[tuple[str, str], ServedModel] = {}

    def note(self, connection: Connection, heard: Heard) -> None:
        """Remember what a server said, instead of what it said before."""
        with self._guard:
            self._heard[connection.name] = heard

    def note_details(self, connection: Connection, told: ServedModel) -> None:
        """Remember what a server told of one model."""
        with self._guard:
            self._details[connection.name, told.id] = told

    def of(self, connection: Connection) -> Heard | None:
        """Return what a server said last, None where it was not asked."""
        with self._guard:
            heard = self._heard.get(connection.name)
        return heard if heard is not None and heard.address == connection.address else None

    def models(self, connection: Connection) -> tuple[ServedModel, ...]:
        """Return the models of a server, with the details that it told."""
        heard = self.of(connection)
        if heard is None:
            return ()
        with self._guard:
            details = dict(self._details)
        return tuple(
            _merged(served, details.get((connection.name, served.id))) for served in heard.models
        )

    def model(self, connection: Connection, name: str) -> ServedModel | None:
        """Return what a server told of one model, None where nothing."""
        for served in self.models(connection):
            if served.id == name:
                return served
        with self._guard:
            return self._details.get((connection.name, name))

    def drop(self, name: str) -> None:
        """Forget all that a server said."""
        with self._guard:
            self._heard.pop(name, None)
            for key in [key for key in self._details if key[0] == name]:
                del self._details[key]


def _merged(listed: ServedModel, detailed: ServedModel | None) -> ServedModel:
    """Return the details of a model with what the list, which is newer, tells of this moment."""
    if detailed is None or (listed.modified and listed.modified != detailed.modified):
        return listed
    memory = detailed.memory if listed.memory is None else listed.memory
    return replace(detailed, size=listed.size or detailed.size, memory=memory)

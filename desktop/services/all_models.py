"""Every model that can be chosen: the files of this computer, then what servers have. Any thread."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from desktop.base.path_text import typed_path
from desktop.domain.connection import Connection
from desktop.domain.errors import LapisError, ModelFileError, ModelNotFound, UnknownModel
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.hub.network import shown_address
from desktop.models.library import Library
from desktop.services.connections import Connections
from desktop.services.pictures import files_are_blind
from desktop.services.server_names import is_model_name, name_of

_BEGUN: Final = re.compile(r"(?P<server>[^/:@\s]+)[/:](?P<model>.+)", re.DOTALL)


class AllModels:
    """Files and served models by the names people type. Servers are not asked."""

    def __init__(
        self,
        library: Callable[[], Library],
        connections: Connections | None,
        *,
        typed: bool = False,
    ) -> None:
        """`library` returns the files of the moment; without `connections` there are only those.

        `typed`: a person types the names, as in the terminal; hints tell how a served one is
        written.
        """
        self._library = library
        self._connections = connections
        self._typed = typed

    def models(self) -> list[InstalledModel]:
        """Return the guide, the other files by name, then served models, as last heard."""
        served = () if self._connections is None else self._connections.models()
        return [*self._library().models(), *served]

    def sees(self, model: InstalledModel) -> bool | None:
        """Return whether a model takes pictures, at once; None where its server has not told."""
        if self._connections is None or not model.is_served:
            return files_are_blind(model)
        known = self._connections.known(model)
        return None if known is None else known.sees

    def find(self, name_or_path: str) -> InstalledModel:
        """Return the model of that name or path; a served one also by its server's own name.

        Raises as `Library.find` does, and ModelNotFound for a server that there is not, or with the
        way to write the name where it begins like that of a server.
        """
        connections = self._connections
        if connections is None:
            return self._library().find(name_or_path)
        served = connections.find(name_or_path)
        if served is not None:
            return served
        try:
            return self._library().find(name_or_path)
        except (ModelNotFound, ModelFileError) as error:
            key = name_or_path.strip().casefold()
            same = [model for model in connections.models() if model.title.casefold() == key]
            if len(same) == 1:
                return same[0]
            hint = self._hint(name_or_path.strip(), connections.all(), error)
            if hint is None or typed_path(name_or_path).exists():
                raise
            title = Text("There is no model named {name}", {"name": shown_address(name_or_path)})
            raise ModelNotFound(title, hint) from error

    def _hint(self, name: str, servers: Sequence[Connection], error: LapisError) -> Text | None:
        """Return how `name` is written if a server is meant; None if the hint of `error` is better."""
        meant = _begun_like_a_server(name, servers)
        if meant:
            return Text(
                "If that server is meant, write it like this: {example}", {"example": meant}
            )
        if not self._typed or not isinstance(error, UnknownModel):
            return None
        if not servers or not is_model_name(name):
            return None
        return Text(
            "Give the path of a .gguf file or, for a model of a server, write the server in front: "
            "{example}",
            {"example": shown_address(name_of(servers[0], name))},
        )


def _begun_like_a_server(name: str, servers: Sequence[Connection]) -> str:
    """Return how `name` is written where it begins with the name of one of `servers`, else empty."""
    begun = _BEGUN.fullmatch(name)
    if begun is None or not is_model_name(begun["model"]):
        return ""
    key = begun["server"].casefold()
    found = next((each for each in servers if each.name.casefold() == key), None)
    return "" if found is None else shown_address(name_of(found, begun["model"]))

"""Every model that can be chosen: the files of this computer, then what servers have. Any thread."""

from collections.abc import Callable

from desktop.domain.errors import ModelNotFound
from desktop.domain.model import InstalledModel
from desktop.models.library import Library
from desktop.services.connections import Connections
from desktop.services.pictures import files_are_blind


class AllModels:
    """Files and served models by the names people type. Servers are not asked."""

    def __init__(self, library: Callable[[], Library], connections: Connections | None) -> None:
        """`library` returns the files of the moment; without `connections` there are only those."""
        self._library = library
        self._connections = connections

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

        Raises as `Library.find` does, and ModelNotFound for a server that there is not.
        """
        connections = self._connections
        if connections is None:
            return self._library().find(name_or_path)
        served = connections.find(name_or_path)
        if served is not None:
            return served
        try:
            return self._library().find(name_or_path)
        except ModelNotFound:
            key = name_or_path.strip().casefold()
            same = [model for model in connections.models() if model.title.casefold() == key]
            if len(same) != 1:
                raise
            return same[0]

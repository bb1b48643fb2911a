"""What can be told of the model that is about to answer, for the window's first picture.

Nothing is read from the disk, and nobody is asked. Before the second part of the start.
"""

import os
from pathlib import Path

from desktop.domain.model import InstalledModel
from desktop.domain.settings import ConnectionSettings

__all__ = ["expected_model"]

_SERVED = ("ollama:", "ollama@", "openai:")


def expected_model(name: str, connections: ConnectionSettings) -> InstalledModel:
    """Return the model called `name`; of a served one that it is, and where words go."""
    path = Path(name)
    if name.strip().casefold() in {"", "guide"}:
        return InstalledModel("guide", "guide", path, 0, is_guide=True)
    if name.strip().casefold().startswith(_SERVED):
        # Not for files: most starts do without it.
        from desktop.services.server_names import expected

        served = expected(name, connections.servers, os.environ)
        if served is not None:
            return served
    title = path.stem if path.suffix.lower() == ".gguf" else name
    return InstalledModel(title, title, path, 0)

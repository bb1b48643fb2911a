"""What routes are given of the rest of Lapis, and how a name in a request becomes a model.

The API's thread; what looks at disks does so in another one. Names come from outside: they are
held against the models that are listed, and never become a path.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

from desktop.backends.base import Listener
from desktop.domain.chat import ChatRequest
from desktop.domain.connection import ServedModel
from desktop.domain.engine import EngineState
from desktop.domain.errors import ModelNotFound
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.text import Text, printable, shortened
from desktop.services.engine import Vectors
from desktop.services.model_turns import Wanted

CURRENT: Final = frozenset({"", "local-model", "default"})
"""Names that mean the model that was chosen in Lapis."""
LATEST: Final = ":latest"
"""What Ollama puts behind a name without a tag. Programs that list models as Ollama does carry it over
to OpenAI's routes."""
_LONGEST_SHOWN: Final = 80


class AsksEngine(Protocol):
    """What routes do with the engine, as in `services.engine.Engine`."""

    @property
    def state(self) -> EngineState:
        """The latest picture."""
        ...

    @property
    def here(self) -> EngineState:
        """The model that is, or was last, loaded on this computer."""
        ...

    @property
    def chosen(self) -> InstalledModel | None:
        """The model that was chosen last; None while none was."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether a model is being loaded here, or anybody waits for an answer."""
        ...

    def ask(self, request: ChatRequest, listener: Listener, wanted: Wanted | None = None) -> int:
        """Queue a request and return its number; the last event is Finished or Failed."""
        ...

    def cancel(self, request: int) -> None:
        """Stop a request."""
        ...

    def embed(
        self,
        texts: Sequence[str],
        cancel: threading.Event | None = None,
        wanted: Wanted | None = None,
    ) -> Vectors:
        """Return one vector a text; waits."""
        ...

    def unload(self) -> None:
        """Give the memory back."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """Everything routes may use; any thread.

    `models` lists what can be asked (it looks at the disk); `usual` is the model that is asked
    where the engine has none yet (raises LapisError); `settings_for` and `template_for` say what is
    in force for a model; `served` is what its server tells of it, None for a file; `unload` gives
    the memory back that a model takes, if it has any. Where the engine `is_shared` with somebody in
    front of the window, they go first.
    """

    engine: AsksEngine
    models: Callable[[], Sequence[InstalledModel]]
    usual: Callable[[], InstalledModel]
    settings_for: Callable[[InstalledModel], Settings]
    template_for: Callable[[InstalledModel], str]
    served: Callable[[InstalledModel], ServedModel | None]
    unload: Callable[[InstalledModel], None]
    is_shared: bool = False


async def listed(door: Door) -> Sequence[InstalledModel]:
    """Return every model that can be asked."""
    return await asyncio.to_thread(door.models)


async def wanted_for(door: Door, name: str) -> Wanted:
    """Return the model that a request names, with the context that it is loaded with if it is.

    A name is one that `listed` has, in whatever case, that of its file, or what its server calls it
    if only one does; `CURRENT` ones mean the chosen model. It may come with `LATEST` or without.
    Raises ModelNotFound.
    """
    try:
        return await _wanted(door, name)
    except ModelNotFound:
        plain = name.strip()
        is_long = plain.casefold().endswith(LATEST)
        with suppress(ModelNotFound):
            return await _wanted(door, plain[: -len(LATEST)] if is_long else plain + LATEST)
        raise


async def _wanted(door: Door, name: str) -> Wanted:
    state = door.engine.state
    asked = name.strip().casefold()
    model: InstalledModel
    if asked in CURRENT:
        chosen = door.engine.chosen
        model = await asyncio.to_thread(door.usual) if chosen is None else chosen
    elif state.model is not None and asked == state.model.name.casefold():
        model = state.model
    else:
        model = _named(name, await listed(door))
    had = (state, door.engine.here)
    loaded = (
        each.n_ctx for each in had if each.model is not None and each.model.path == model.path
    )
    return Wanted(model, next(loaded, None))


def _named(name: str, models: Sequence[InstalledModel]) -> InstalledModel:
    asked = name.strip().casefold()
    named = (model for model in models if model.name.casefold() == asked)
    files = (model for model in models if not model.is_served)
    filed = (model for model in files if model.path.name.casefold() == asked)
    served = [model for model in models if model.is_served and model.title.casefold() == asked]
    for model in chain(named, filed, served if len(served) == 1 else ()):
        return model
    raise ModelNotFound(
        Text(
            "There is no model named {name}", {"name": shortened(printable(name), _LONGEST_SHOWN)}
        ),
        Text("The list of models has the names of all that there are."),
    )

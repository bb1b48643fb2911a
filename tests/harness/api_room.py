"""The local server for tests: real routes, guard and sockets over a real engine with tiny models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from desktop.api.door import Door
from desktop.base.paths import paths_under
from desktop.domain.api import Access
from desktop.domain.connection import ServedModel
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import ApiSettings, Settings
from desktop.services.engine import Engine
from desktop.services.local_api import Listening
from desktop.services.manner import nothing_set, settings_for

KEY = "lapis-key-of-the-tests"


@dataclass
class ApiRoom:
    """A server that listens, the engine behind it, and what clients did."""

    engine: Engine
    port: int
    models: Sequence[InstalledModel]
    accesses: list[Access]
    api: ApiSettings = field(default_factory=ApiSettings)
    host: str = "127.0.0.1"

    @property
    def address(self) -> str:
        """Where the server is, without a path."""
        return f"http://{self.host}:{self.port}"

    def model(self, name: str) -> InstalledModel:
        """Return a model by its name."""
        return next(model for model in self.models if model.name == name)


def installed(path: Path, *, is_guide: bool = False) -> InstalledModel:
    """Return a file as a model that can be asked for."""
    name = "guide" if is_guide else path.stem
    return InstalledModel(name, name, path, path.stat().st_size, is_guide=is_guide)


@contextmanager
def api_room(
    folder: Path,
    models: Sequence[InstalledModel],
    *,
    settings: Settings | None = None,
    served: Mapping[str, ServedModel] | None = None,
    backend: Callable[..., Any] | None = None,
    api: ApiSettings | None = None,
    is_shared: bool = False,
    **plan: object,
) -> Iterator[ApiRoom]:
    """Give a server over a real engine under `folder`; the first of `models` is the usual one.

    `plan` changes fields of every LoadPlan; `served` tells what servers say of their models, and
    `backend` makes what answers for them. The engine `is_shared` with somebody at a window.
    """
    from desktop.api.server import start_server

    paths = paths_under(folder)
    paths.create()
    in_force = settings or Settings()
    known = dict(served or {})

    def plan_for(chosen: InstalledModel) -> LoadPlan:
        return replace(LoadPlan(path=chosen.path, threads=1), **plan)  # type: ignore[arg-type]

    more: dict[str, Any] = {} if backend is None else {"served": backend}
    engine = Engine(plan_for, paths, **more)
    accesses: list[Access] = []
    door = Door(
        engine=engine,
        models=lambda: models,
        usual=lambda: models[0],
        settings_for=lambda model: settings_for(model, in_force, nothing_set(model)),
        template_for=lambda _model: "",
        served=lambda model: known.get(model.name),
        unload=lambda _model: engine.unload(),
        is_shared=is_shared,
    )
    allowed = api or ApiSettings()
    listening = Listening(
        host="127.0.0.1",
        port=0,
        key=lambda: KEY,
        access=lambda: allowed,
        note=accesses.append,
        refuse=lambda _origin: None,
        count=lambda _requests: None,
    )
    try:
        server = start_server(door, listening)
        try:
            yield ApiRoom(engine, server.port, models, accesses, allowed)
        finally:
            server.close()
    finally:
        engine.close()

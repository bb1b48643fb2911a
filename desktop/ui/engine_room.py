"""The engine of the window: what is noted of models, who is loaded, and how it all ends.

Nothing here is loaded before the window's first picture. GUI thread.
"""

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.base.paths import Paths, resources
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineMemory
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.ui.bridge import Bridge
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.backends.base import Backend
    from desktop.config.secrets import Secrets
    from desktop.models.library import Library
    from desktop.services.answering_parts import AnsweringParts
    from desktop.services.connections import Connections
    from desktop.services.devices import Devices
    from desktop.services.engine import Engine
    from desktop.services.load_watch import LoadWatch
    from desktop.services.model_notes import ModelNotes
    from desktop.services.planning import Known
    from desktop.services.sizes import Sizes
    from desktop.ui.model_controller import ModelController

__all__ = ["EngineRoom"]


class EngineRoom(QObject):
    """Opened once; its parts are ended one by one, as they depend on each other."""

    def __init__(
        self,
        window: MainWindow,
        preferences: Preferences,
        own: OwnSettings,
        paths: Paths,
        bridge: Bridge,
    ) -> None:
        """Start nothing yet."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._own = own
        self._paths = paths
        self._bridge = bridge
        self._notes: ModelNotes | None = None
        self._loads: LoadWatch | None = None
        self._engine: Engine | None = None
        self.models: ModelController | None = None
        self.sizes: Sizes | None = None
        self.devices: Devices | None = None
        self.connections: Connections | None = None
        self.parts: AnsweringParts | None = None
        self.secrets: Secrets | None = None

    def open(self, model: str) -> "tuple[Engine, ModelController]":
        """Start the engine with the model `model` (a name or a path, empty for the last one).

        What the window was asked meanwhile is to be asked of the engine now: after its model.
        """
        from desktop.services.all_models import AllModels
        from desktop.services.answering_parts import AnsweringParts
        from desktop.services.devices import Devices
        from desktop.services.engine import Engine
        from desktop.services.limits import idle_limit, silence_limit, states_limit
        from desktop.services.load_watch import LoadWatch
        from desktop.services.manner import settings_for
        from desktop.services.models_folder import models_folder
        from desktop.services.planning import check_model, plan_for
        from desktop.services.sizes import Sizes
        from desktop.ui.model_controller import ModelController

        preferences, notes = self._preferences, self.notes()
        self._own.attach(notes)

        sizes = Sizes(self._paths.engine, notes.records)
        devices = Devices(self._paths.engine, self._paths.devices, is_busy=self._is_busy)
        self.sizes, self.devices = sizes, devices

        def settings_of(model: InstalledModel) -> Settings:
            return settings_for(model, preferences.value, notes.defaults(model))

        known = self.known

        def plan_context(model: InstalledModel, n_ctx: int, anyway: bool) -> LoadPlan:
            own = settings_for(
                model, preferences.value, notes.defaults(model), ChatSettings(n_ctx=n_ctx)
            )
            return plan_for(model, own, known(), anyway=anyway)

        connections = self._open_connections()
        all_models = AllModels(self._library, connections)

        def served(model: InstalledModel, n_ctx: int | None) -> "Backend":
            return connections.backend(model, n_ctx or settings_of(model).engine.n_ctx)

        def check(model: InstalledModel) -> None:
            if not model.is_served:
                check_model(model, settings_of(model), known())

        engine = Engine(
            lambda model: plan_for(model, settings_of(model), known()),
            self._paths,
            idle_limit=lambda: idle_limit(preferences.value.engine),
            states_limit=lambda: states_limit(preferences.value.engine),
            silence_limit=lambda: silence_limit(preferences.value.engine),
            plan_anyway=lambda model: plan_for(model, settings_of(model), known(), anyway=True),
            plan_context=plan_context,
            served=served,
            sees=all_models.sees,
        )
        self._engine = engine
        engine.watch(self._bridge.engine_observer)
        self._loads = LoadWatch(notes, engine.memory, sizes=sizes, devices=devices.known)
        engine.watch(self._loads.observe)
        engine.watch_answers(self._loads.observe_answer)
        models = ModelController(
            self._window,
            preferences,
            self._own,
            all_models,
            self._bridge,
            lambda: models_folder(preferences.value, self._paths),
            check,
        )
        self.models = models
        self.parts = AnsweringParts(
            engine,
            all_models,
            connections,
            lambda: all_models.find(preferences.value.model),
            settings_of,
            notes.defaults,
            is_shared=True,
        )
        models.attach(engine, model)
        return engine, models

    def notes(self) -> "ModelNotes":
        """Return what is noted of models; made once, and long before the manager."""
        if self._notes is None:
            from desktop.services.model_notes import ModelNotes
            from desktop.store.records import Records

            self._notes = ModelNotes(Records(self._paths.records))
        return self._notes

    def _is_busy(self) -> bool:
        return self._engine is not None and self._engine.is_busy

    def known(self) -> "Known":
        """Return what is known of this computer and its models now; any thread, once opened."""
        from desktop.services.planning import Known

        return Known(self.sizes, self.devices, self.memory())

    def memory(self) -> EngineMemory | None:
        """Return at once what the engine holds; None where there is none."""
        return self._engine.memory() if self._engine is not None else None

    def close_loads(self) -> None:
        """Note no more of what models take; idempotent."""
        if self._loads is not None:
            self._loads.close()

    def close_notes(self) -> None:
        """Close what is noted of models, where no manager has done it; idempotent."""
        if self._notes is not None:
            self._notes.close()

    def close(self) -> None:
        """End the checks and the engine process; idempotent."""
        if self.models is not None:
            self.models.close()
        if self._engine is not None:
            self._engine.close()

    def close_connections(self) -> None:
        """End what servers were asked, and all connections to them; idempotent."""
        if self.connections is not None:
            self.connections.close()

    def _open_connections(self) -> "Connections":
        from desktop.config.secrets import Secrets
        from desktop.services.connections import Connections
        from desktop.services.network_log import NetworkLog

        preferences = self._preferences
        self.secrets = secrets = Secrets()
        self.connections = Connections(
            lambda: preferences.value,
            preferences.change,
            secrets,
            os.environ,
            NetworkLog(self._paths.network_log).note,
        )
        return self.connections

    def _library(self) -> "Library":
        from desktop.services.models_folder import open_library

        guide = resources() / "guide" / "guide.gguf"
        return open_library(self._preferences.value, self._paths, guide)

"""Where installed models would run: badges of the list, and the memory of the marked one.

GUI thread; headers, what is kept and what is measured are errands.
"""

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.domain.advice import Computer
from desktop.domain.errors import LapisError, ModelFileError
from desktop.domain.footprint import Load, Point
from desktop.domain.model import DEFAULT_CONTEXT, InstalledModel, LoadPlan
from desktop.domain.settings import EngineSettings, Settings
from desktop.domain.shelf import ModelDefaults, ShelfEntry
from desktop.models.active import active_weights
from desktop.services.advice_places import verdict
from desktop.services.manner import settings_for
from desktop.services.model_manager import ModelManager
from desktop.services.sized_points import plain_plan, plan_as_placed
from desktop.ui.errands import Errand, Errands
from desktop.ui.exact_sizes import ExactSizes
from desktop.ui.installed_memory import OwnContext
from desktop.ui.installed_tab import InstalledTab
from desktop.ui.known_models import KnownModels
from desktop.ui.memory_views import Fitting, fitting, memory_view
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences

__all__ = ["InstalledFigures"]

# Whoever walks through the list has not asked for the figures of each.
_SETTLED_MS = 250
_TOLD_EVERY = 32


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is needed to reckon at once; `real` is where the file really lies."""

    model: InstalledModel
    engine: EngineSettings
    own: OwnContext
    real: str
    trained: int
    active: int
    loads: tuple[Load, ...]
    fit: Fitting


class InstalledFigures(QObject):
    """Reckons all models anew when the computer, the settings or the list have changed."""

    def __init__(
        self,
        tab: InstalledTab,
        manager: ModelManager,
        known: KnownModels,
        errands: Errands,
        preferences: Preferences,
        own: OwnSettings,
    ) -> None:
        """Show nothing before `known` knows this computer."""
        super().__init__(tab)
        self._tab = tab
        self._manager = manager
        self._known = known
        self._errands = errands
        self._preferences = preferences
        self._own = own
        self._entries: tuple[ShelfEntry, ...] = ()
        self._facts: dict[Path, _Facts] = {}
        self._marked: Path | None = None
        self._context = 0
        self._exact = ExactSizes(manager.sizes, errands, "measure-installed", _SETTLED_MS, self)
        memory = tab.detail.memory
        memory.context_chosen.connect(self._on_context_chosen)
        memory.context_set.connect(self._on_context_set)
        memory.kv_type_chosen.connect(known.set_kv_type)
        tab.marked.connect(self._on_marked)
        known.changed.connect(self._reckon)
        own.changed.connect(lambda _model: self._reckon())
        self._exact.told.connect(self._show_memory)

    def set_entries(self, entries: tuple[ShelfEntry, ...]) -> None:
        """Reckon for these models."""
        if entries != self._entries:
            self._entries = entries
            self._reckon()

    def _reckon(self) -> None:
        computer = self._known.computer
        if computer is None:
            return
        entries, settings = self._entries, self._preferences.value

        def work(errand: Errand) -> dict[Path, _Facts]:
            found: dict[Path, _Facts] = {}
            for entry in entries:
                if errand.stop.is_set():
                    break
                facts = self._facts_of(entry, computer, settings)
                if facts is not None:
                    found[entry.model.path] = facts
                    if len(found) % _TOLD_EVERY == 0:
                        errand.report_latest(partial(self._take, dict(found)))
            return found

        self._errands.run("fits", work, self._take, _nothing)

    def _facts_of(self, entry: ShelfEntry, computer: Computer, settings: Settings) -> _Facts | None:
        """Return what is known of a model; None for one that cannot be used. An errand's thread."""
        model, sizes = entry.model, self._manager.sizes
        if entry.problem is not None or entry.facts is None:
            return None
        try:
            info = sizes.read_header(model)
            defaults = self._manager.shelf.defaults(model)
        except ModelFileError:
            return None
        except LapisError:
            defaults = ModelDefaults()
        if info is None:
            return None
        engine = settings_for(model, settings, defaults).engine
        usual = min(info.context_length or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
        own = OwnContext(engine.n_ctx or usual, defaults.n_ctx is not None)
        real, active = os.path.realpath(model.path), active_weights(info)
        plan, points = self._plan(model, engine, own.used, computer), _points(engine, own.used)
        footprint = sizes.kept(model, plan, points)[0] or sizes.reckoned(model, plan, points)[0]
        fit = fitting(footprint, real, active, computer, engine)
        loads = sizes.loads(model)
        return _Facts(model, engine, own, real, info.context_length, active, loads, fit)

    def _plan(
        self, model: InstalledModel, engine: EngineSettings, context: int, computer: Computer
    ) -> LoadPlan:
        """Return how a model would be loaded: with the layers on cards that a formula gives it."""
        plan = plain_plan(engine, model.path)
        (footprint,) = self._manager.sizes.reckoned(model, plan, _points(engine, context))
        return plan_as_placed(plan, verdict(footprint, computer, engine).footprint)

    def _take(self, found: dict[Path, _Facts]) -> None:
        self._facts = found
        self._tab.set_fits({path: facts.fit for path, facts in found.items()})
        self._measure()
        self._show_memory()

    def _on_marked(self, entry: ShelfEntry | None) -> None:
        path = entry.model.path if entry is not None else None
        if path != self._marked:
            self._marked, self._context = path, 0
            self._exact.leave()
        self._measure()
        self._show_memory()

    @property
    def _shown(self) -> _Facts | None:
        return self._facts.get(self._marked) if self._marked is not None else None

    def _measure(self) -> None:
        """Ask for exact figures of the marked model, where they can be seen."""
        facts, computer = self._shown, self._known.computer
        if facts is not None and computer is not None and self._tab.detail.isVisible():
            context = self._context or facts.own.used
            plan = self._plan(facts.model, facts.engine, context, computer)
            self._exact.ask(facts.model, plan, facts.own.used, facts.trained)

    def _show_memory(self) -> None:
        facts, computer = self._shown, self._known.computer
        memory = self._tab.detail.memory
        if facts is None or computer is None:
            memory.hide()
            return
        context = self._context or facts.own.used
        plan = self._plan(facts.model, facts.engine, context, computer)
        points = _points(facts.engine, context)
        (footprint,) = self._manager.sizes.best(facts.model, plan, points)
        fit = fitting(footprint, facts.real, facts.active, computer, facts.engine)
        problem = self._exact.problem
        view = memory_view(
            "",
            fit.placed,
            fit.speed,
            computer,
            facts.trained,
            is_measuring=self._exact.is_measuring,
            obstacle=problem.title if problem is not None else None,
        )
        last = next(iter(facts.loads), None)
        if last is not None:
            last = self._manager.sizes.as_measured(facts.model, plan, last)
        memory.show_memory(view, facts.own, last)
        if context == facts.own.used and fit != facts.fit:
            # The list says the same.
            self._facts[facts.model.path] = replace(facts, fit=fit)
            self._tab.set_fits({path: each.fit for path, each in self._facts.items()})

    def _on_context_chosen(self, context: int) -> None:
        self._context = context
        self._measure()
        self._show_memory()

    def _on_context_set(self, context: int | None) -> None:
        facts = self._shown
        if facts is not None:
            self._context = 0
            self._own.set(facts.model, replace(self._own.of(facts.model), n_ctx=context))


def _points(engine: EngineSettings, context: int) -> tuple[Point]:
    return (Point(context, engine.kv_type),)


def _nothing(_error: LapisError) -> None:
    """Leave the list without badges."""

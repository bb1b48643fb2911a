"""What is noted of single models: what a person set for them, and what they took when loaded.

Apart from the shelf, which lists models, so that one question in the terminal needs no more than
this. Any thread. What is set is read once, for whoever asks for it is about to answer.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from desktop.config.bounds import BOUNDS
from desktop.domain.chat import Sampling
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.shelf import ModelDefaults
from desktop.store.records import Records

GUIDE_KEY: Final = "guide"
BOUND_SECONDS: Final = 0.1
"""A window does not wait longer for a lock that another program or thread holds."""

Value = TypeVar("Value")

_log = logging.getLogger(__name__)


def key_of(model: InstalledModel) -> str:
    """Return what a model's defaults are kept under; the guide's place changes with the program."""
    return GUIDE_KEY if model.is_guide else os.path.realpath(model.path)


class ModelNotes:
    """Notes are an addition: where they cannot be read or written, models are used without them."""

    def __init__(self, records: Records) -> None:
        """Read nothing yet.

        Nobody else in this process may open the file: closing it would break SQLite's locks on it.
        """
        self.records = records
        # Each change of it is one step, so that no lock is needed.
        self._known: dict[str, ModelDefaults] = {}

    def defaults(self, model: InstalledModel) -> ModelDefaults:
        """Return what a person set for `model`, within the bounds of the settings.

        Waits for BOUND_SECONDS at most, and then, as for a file that cannot be read, nothing is set.
        """
        try:
            return self.read_defaults(model, BOUND_SECONDS)
        except LapisError as error:
            _log.warning("what is set for a model is not known: %s", error.title.message)
            return ModelDefaults()

    def read_defaults(self, model: InstalledModel, patience: float | None = None) -> ModelDefaults:
        """Return the same for whoever is about to change it, and must not take it for nothing.

        Waits for locks for `patience` seconds, or as usual. Raises LapisError.
        """
        key = key_of(model)
        known = self._known.get(key)
        if known is not None:
            return known
        kept = self.records.defaults(key, patience)
        # What was set meanwhile counts.
        return self._known.setdefault(key, _within_bounds(kept))

    def set_defaults(
        self, model: InstalledModel, defaults: ModelDefaults, patience: float | None = None
    ) -> None:
        """Use and keep what a person set for `model`; in a window `patience` is BOUND_SECONDS.

        Raises LapisError if it is not kept: it holds until Lapis ends.
        """
        key = key_of(model)
        self._known[key] = defaults
        self.records.set_defaults(key, defaults, patience)

    def read_again(self) -> None:
        """Trust what is on the disk alone: models were moved or removed."""
        self._known.clear()

    def remember_loaded(self, path: Path, context: int, memory: int) -> None:
        """Note that a model was loaded with `context` tokens and took `memory` bytes; may wait."""
        real = os.path.realpath(path)
        _try_to(lambda: self.records.set_measured(real, context, memory))

    def remember_used(self, path: Path) -> None:
        """Note that a model is used now; may wait."""
        real = os.path.realpath(path)
        _try_to(lambda: self.records.set_used(real))

    def close(self) -> None:
        """Close the file, unless a shelf does that."""
        _try_to(self.records.close)


def _within_bounds(defaults: ModelDefaults) -> ModelDefaults:
    """Return `defaults` without what may not be set; in a sampling it becomes what is usual."""
    sampling = defaults.sampling
    return ModelDefaults(
        system_prompt=_allowed("system_prompt", defaults.system_prompt),
        sampling=None if sampling is None else _usable(sampling),
        n_ctx=_allowed("engine.n_ctx", defaults.n_ctx),
        n_gpu_layers=_allowed("engine.n_gpu_layers", defaults.n_gpu_layers),
        template=defaults.template,
    )


def _usable(sampling: Sampling) -> Sampling:
    usual = Sampling()
    changes: dict[str, Any] = {
        field.name: getattr(usual, field.name)
        for field in fields(sampling)
        if not _is_allowed(f"sampling.{field.name}", getattr(sampling, field.name))
    }
    return replace(sampling, **changes)


def _allowed(name: str, value: Value | None) -> Value | None:
    return value if value is not None and _is_allowed(name, value) else None


def _is_allowed(name: str, value: object) -> bool:
    if BOUNDS[name](value):
        return True
    _log.warning("%s, as it is set for a model, is out of bounds", name)
    return False


def _try_to(note: Callable[[], None]) -> None:
    try:
        note()
    except LapisError as error:
        _log.warning("what is noted of models: %s", error.title.message)

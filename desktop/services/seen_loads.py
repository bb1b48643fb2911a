"""What is seen of one loaded model, answer by answer, against what was foretold of it.

Belongs to the thread that notes loads.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop.domain.chat import Usage
from desktop.domain.engine import EngineMemory
from desktop.domain.errors import LapisError
from desktop.domain.footprint import HOST, Footprint, Load, Point
from desktop.domain.layer_placing import Placing
from desktop.domain.model import (
    Device,
    DeviceKind,
    GgufInfo,
    InstalledModel,
    LoadedModel,
    LoadPlan,
)
from desktop.domain.speed import Reading
from desktop.models.active import active_weights
from desktop.models.fit import spread
from desktop.services.sized_points import plan_key
from desktop.services.sizes import Sizes
from desktop.services.speeds import reading

LEAST_TOKENS: Final = 64
"""Fewer say little about a model's speed."""
# After these nothing more of the model is touched for the first time; what grows from then on are
# chats that are kept, which are not what was foretold.
_MOST_ANSWERS: Final = 8

_log = logging.getLogger(__name__)


class Seen:
    """One load of a model."""

    def __init__(
        self, model: InstalledModel, loaded: LoadedModel, sizes: Sizes, devices: Sequence[Device]
    ) -> None:
        """Ask `sizes` what was foretold of it."""
        self.loaded = loaded
        self._plan = plan_as_loaded(loaded)
        self._devices = devices
        self._answers = 0
        self._host = self._cards = 0
        self._speed = 0.0
        self._reading: Reading | None = None
        self._info: GgufInfo | None = None
        self._predicted: Footprint | None = None
        try:
            point = Point(loaded.n_ctx, loaded.plan.kv_type)
            self._predicted = as_loaded(sizes.predicted(model, self._plan, point), loaded)
            self._info = sizes.read_header(model)
        except LapisError as error:
            _log.warning("nothing was foretold of a model: %s", error.title.message)

    @property
    def total(self) -> int:
        """The most bytes that it was seen to take."""
        return self._host + self._cards

    def add(self, usage: Usage, memory: EngineMemory) -> bool:
        """Take an answer in, and what the engine held at its end; return whether that was news."""
        before = (self._host, self._cards, self._speed)
        self._answers += 1
        if self._answers <= _MOST_ANSWERS:
            self._host = max(self._host, memory.resident)
            self._cards = max(self._cards, memory.gpu)
        self._time(usage)
        return before != (self._host, self._cards, self._speed)

    def load(self, now: float) -> Load | None:
        """Return what was seen, at `now` in Unix seconds; None where nothing was foretold."""
        if self._predicted is None:
            return None
        # A file that is mapped counts as far as it happens to be in memory.
        host = 0 if self.loaded.plan.mmap else self._host
        return Load(
            path="",
            plan=plan_key(self._plan),
            machine="",
            changed_at=now,
            predicted=self._predicted,
            host=host,
            cards=self._cards,
            decode_tps=self._speed,
            reading=self._reading,
        )

    def _time(self, usage: Usage) -> None:
        """Keep the speed of the fastest answer: beside others, or other programs, it is slower.

        Guesses that came true are luck of that text: they do not count.
        """
        computed = usage.completion_tokens - usage.accepted_tokens
        speed = usage.decode_tps * computed / max(1, usage.completion_tokens)
        if self._info is None or self._predicted is None or computed < LEAST_TOKENS:
            return
        if speed <= self._speed:
            return
        self._speed = speed
        self._reading = reading(
            self._predicted,
            active_weights(self._info),
            self._devices,
            fill=usage.prompt_tokens + usage.completion_tokens // 2,
        )


def plan_as_loaded(loaded: LoadedModel) -> LoadPlan:
    """Return the plan of a load as sizes are asked for by: without a card that took a layer of it.

    To leave the layers to llama.cpp, and to keep them all with the processor, is then the same.
    """
    if loaded.offloaded_layers:
        return loaded.plan
    return replace(loaded.plan, n_gpu_layers=0, devices=(), tensor_split=())


def as_loaded(footprint: Footprint, loaded: LoadedModel) -> Footprint:
    """Return a footprint that lies with the processor as llama.cpp has spread the model."""
    names = tuple(name for name in loaded.devices if name != HOST)
    if footprint.gpu_layers or not loaded.offloaded_layers or not names:
        return footprint
    layers = max(footprint.layers, loaded.offloaded_layers)
    parts = loaded.plan.tensor_split or (1.0,) * len(names)
    shares = [part / sum(parts) for part in parts[: len(names)]]
    counts = [round(loaded.offloaded_layers * share) for share in shares]
    counts[0] += loaded.offloaded_layers - sum(counts)
    cards = tuple(Device(name, "", "", DeviceKind.GPU, 0, 0) for name in names)
    return spread(footprint, Placing(layers, cards[: len(counts)], tuple(counts)))

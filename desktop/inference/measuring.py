"""How much memory a model takes with given settings, as llama.cpp itself plans it.

In `no_alloc` mode everything is read but the weights, and every buffer is planned but none is made,
so one load answers for any number of contexts. That mode needs a load without memory map, or
llama.cpp aborts. States of recurrent layers are made all the same, which takes a tenth of a second
or more, so of such models not every context is. Runs inside a process for one job.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from desktop.inference.bindings import load_extension
from desktop.inference.breakdown import Breakdown
from desktop.inference.in_between import all_of
from desktop.inference.load_order import Load
from desktop.inference.loading import (
    LoadError,
    ModelParameters,
    context_parameters,
    is_for_embedding,
    keeps_state,
    load_error,
    make_context,
    text_about,
)
from desktop.inference.native_log import NativeLog
from desktop.inference.next_token_heads import head_parameters
from desktop.inference.side_messages import Measure, Measured, Room
from desktop.inference.split import HOST, Split

_NONE: Final = 0
_CPU: Final = 0


class _Model(NamedTuple):
    """A model without weights, and where its layers would lie."""

    handle: Any
    devices: list[str]
    split: Split


def measure(lib: Any, ggml: Any, order: Measure, advance: Callable[[int], None]) -> Measured:
    """Return the memory at each of the order's points; raises LoadError with the reason if not.

    `advance` is told how many points are done.
    """
    return _Measuring(lib, ggml, order).all(advance)


class _Measuring:
    """One measurement; native handles are freed with the process, contexts at once."""

    def __init__(self, lib: Any, ggml: Any, order: Measure) -> None:
        self._lib = lib
        self._ggml = ggml
        self._load = order.load
        self._points = order.points
        self._log = NativeLog(lib)
        self._process = 0
        self._results: Counter[str] = Counter()
        try:
            self._breakdown: Breakdown | None = Breakdown(lib)
        except AttributeError:
            self._breakdown = None

    def all(self, advance: Callable[[int], None]) -> Measured:
        """Measure every point."""
        lib, load = self._lib, self._load
        main = self._model(load.path)
        handle = main.handle
        if lib.llama_model_has_encoder(handle) and lib.llama_model_has_decoder(handle):
            raise LoadError("not_chat", "encoder and decoder")
        embeds = is_for_embedding(lib, handle)
        draft = self._model(load.draft_model) if load.draft_model and not embeds else None
        has_state = keeps_state(lib, handle)
        done = 0

        def at(context: int, kv_type: str) -> list[Room]:
            nonlocal done
            point = msgspec.structs.replace(load, n_ctx=context, kv_type=kv_type)
            rooms = self._at(point, main, draft, embeds=embeds)
            if self._breakdown is not None:
                self._log.mute()
            done += 1
            advance(done)
            return rooms

        rooms = all_of(self._points, at) if has_state else [at(*one) for one in self._points]
        return Measured(
            architecture=text_about(lib, handle, "general.architecture"),
            parameters=lib.llama_model_n_params(handle),
            trained=lib.llama_model_n_ctx_train(handle),
            embeds=embeds,
            layers=main.devices,
            process=self._process,
            rooms=rooms,
        )

    def _model(self, path: bytes) -> _Model:
        lib, log = self._lib, self._log
        parameters = ModelParameters(lib, self._ggml, self._load, lambda _share: None)
        parameters.native.no_alloc = True
        parameters.native.load_mode = _NONE
        log.next_model()
        model = lib.llama_model_load_from_file(path, parameters.native)
        if not model and path != self._load.path:
            raise LoadError("draft", "not loaded")
        if not model:
            raise load_error(log.last)
        split = Split(self._ggml, path, lib.llama_model_size(model), log)
        return _Model(model, log.layers, split)

    def _at(self, point: Load, main: _Model, draft: _Model | None, *, embeds: bool) -> list[Room]:
        """Return what everything takes at one point, the processor first."""
        lib, log = self._lib, self._log
        total: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        total[HOST]
        trained = lib.llama_model_n_ctx_train(main.handle)
        log.next_context()
        ctx, params = make_context(lib, main.handle, point, trained, embeds=embeds)
        if not ctx and log.muted:
            # Once more, to hear why.
            log.listen()
            ctx, params = make_context(lib, main.handle, point, trained, embeds=embeds)
        if not ctx:
            raise load_error(log.last, context=True)
        states = sum(
            size
            for name, size in log.context.kind("RS")
            if name not in main.devices or name == HOST
        )
        # A part may be swapped out.
        self._process = self._process or max(0, _resident() - states)
        _add(total, self._shares(main, ctx, "main"), weights=True)
        n_ctx = params.n_batch if embeds else lib.llama_n_ctx(ctx)
        if draft is None and not embeds:
            self._add_heads(total, point, main, ctx, n_ctx)
        lib.llama_free(ctx)
        if draft is not None:
            own = context_parameters(lib, point, n_ctx)
            own.n_ctx, own.n_outputs_max = n_ctx, point.slots
            self._add_context(total, draft, own, "draft")
        return [Room(device, *sizes) for device, sizes in total.items()]

    def _add_heads(
        self, total: dict[str, list[int]], point: Load, main: _Model, ctx: Any, n_ctx: int
    ) -> None:
        """Add the context of the model's own heads, where the engine would use them."""
        lib = self._lib
        if keeps_state(lib, main.handle) and not lib.llama_n_rs_seq(ctx):
            return
        params = head_parameters(lib, main.handle, ctx, point, n_ctx)
        if params is not None and load_extension() is not None:
            self._add_context(total, main, params, "heads")

    def _add_context(
        self, total: dict[str, list[int]], model: _Model, params: Any, role: str
    ) -> None:
        """Add a context beside the first one; without memory for it the engine answers as well."""
        self._log.next_context()
        ctx = self._lib.llama_init_from_model(model.handle, params)
        if ctx:
            _add(total, self._shares(model, ctx, role), weights=role != "heads")
            self._lib.llama_free(ctx)

    def _shares(
        self, model: _Model, ctx: Any, role: str
    ) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
        """Yield device, and bytes of weights, cache, computing and results there."""
        if not self._log.muted:
            # The same at every point.
            self._results[role] = sum(size for _, size in self._log.context.kind("output"))
        # Where the processor reads it, whatever its name.
        yield HOST, (0, 0, 0, self._results[role])
        try:
            found = self._breakdown.of(ctx) if self._breakdown else None
        except ValueError:
            if self._log.muted:
                raise
            found = self._breakdown = None
        if found is None:
            for device, share in model.split.of(self._log.context):
                yield device, (*share, 0)
            return
        for buffer, share in found.items():
            yield self._device(buffer), (*share, 0)

    def _device(self, buffer: int) -> str:
        """Return the device whose memory a type of buffer takes."""
        ggml = self._ggml
        device = ggml.ggml_backend_buft_get_device(buffer)
        if (
            not device
            or ggml.ggml_backend_buft_is_host(buffer)
            or ggml.ggml_backend_dev_type(device) == _CPU
        ):
            return HOST
        return str(ggml.ggml_backend_dev_name(device).decode(errors="replace"))


def _resident() -> int:
    """Return the bytes of memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def _add(
    total: dict[str, list[int]],
    shares: Iterator[tuple[str, tuple[int, int, int, int]]],
    *,
    weights: bool,
) -> None:
    for device, share in shares:
        sizes = total[device]
        for place, size in enumerate(share):
            if place or weights:
                sizes[place] += size

"""How much memory a model takes on this computer, measured by llama.cpp without reading its weights.

It runs in a process of its own: what damages llama.cpp damages nothing else. One load answers for
all points asked for, in about a second for a model of any size; of a model that is elsewhere the
header is enough, in a sparse file of the true size. The thread that asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop.backends import explain
from desktop.backends.ladder import Cause
from desktop.backends.side_job import JobDied, JobRefused, run_job
from desktop.backends.wire import load_command
from desktop.base.cancelling import never
from desktop.domain.errors import ModelLoadError
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.model import FlashAttention, GgufInfo, KvType, LoadPlan
from desktop.domain.text import Text
from desktop.inference.messages import LoadFailed
from desktop.inference.side_messages import Measure, Measured, Room
from desktop.models.gguf import read_gguf
from desktop.models.kv_cache import can_quantise

# Without a sign of progress: the load, or one point.
_SECONDS: Final = 20.0
_LOADING: Final = "load"
# What the engine holds beside what a process with model and context does: bytes.
_ENGINE: Final = 8 * 2**20
# More than any machine has, in bytes: what a process that went astray might say.
_ABSURD: Final = 2**50


def measure(
    work_folder: Path,
    path: Path,
    plan: LoadPlan,
    points: Sequence[Point],
    *,
    projector_bytes: int = 0,
    info: GgufInfo | None = None,
    cancelled: Callable[[], bool] = never,
) -> tuple[Footprint, ...]:
    """Return what the model file `path` takes at each of `points`, loaded by `plan`.

    Layers, devices, slots and all else as `plan` says; where `plan` leaves layers to llama.cpp (-1)
    all go to the devices. A cache that cannot be quantised is measured, and named, as F16: so the
    engine makes it. `projector_bytes` are added for pictures. `info` is what `read_gguf` has said
    of the file as it is now, if it was asked already.

    Raises ModelFileError or ModelLoadError where the file is to blame (no model, damaged, of an
    architecture that this llama.cpp does not know), another LapisError where it could not be found
    out (no memory, no engine, no answer), `side_job.Cancelled`.
    """
    info = info or read_gguf(path)
    plain = plan.flash_attention is FlashAttention.OFF or not can_quantise(info)
    wanted = [replace(point, kv_type=KvType.F16) if plain else point for point in points]
    measured = ask(work_folder, replace(plan, path=path), wanted, cancelled)
    return tuple(
        Footprint(
            point=point,
            devices=_devices(rooms),
            certainty=Certainty.MEASURED,
            layers=len(measured.layers),
            gpu_layers=sum(device != HOST for device in measured.layers),
            projector=projector_bytes,
            process=measured.process + _ENGINE,
            looked_up=info.looked_up,
        )
        for point, rooms in zip(wanted, measured.rooms, strict=True)
    )


def ask(
    work_folder: Path,
    plan: LoadPlan,
    points: Sequence[Point],
    cancelled: Callable[[], bool] = never,
) -> Measured:
    """Return what llama.cpp says of the model file of `plan`; raises what `measure` raises.

    The file must have passed the check of `models.gguf`.
    """
    load = load_command(replace(plan, path=plan.path.absolute(), mmap=False), None, 0)
    order = Measure(load, [(point.context, point.kv_type.value) for point in points])
    try:
        found = run_job(work_folder, order, Measured, patience=_SECONDS, cancelled=cancelled)
    except JobRefused as refusal:
        raise explain.explain_load_failure(LoadFailed(refusal.kind, refusal.detail)) from refusal
    except JobDied as death:
        # Before that step it is no matter of the file, and on a card maybe one of its driver.
        crashed = death.cause in {Cause.ABORT, Cause.CRASH} and death.step == _LOADING
        if crashed and not plan.n_gpu_layers:
            raise ModelLoadError(
                Text("The engine crashes on this model file"),
                Text("It is damaged, or made for another program. Download it again."),
            ) from death
        raise
    if len(found.rooms) != len(points) or not _is_sensible(found):
        raise JobDied(Cause.NONSENSE, "")
    return found


def _is_sensible(found: Measured) -> bool:
    sizes = [
        size
        for rooms in found.rooms
        for room in rooms
        for size in (room.weights, room.kv, room.compute, room.output)
    ]
    return all(found.rooms) and all(0 <= size < _ABSURD for size in (found.process, *sizes))


def _devices(rooms: Sequence[Room]) -> tuple[DeviceBytes, ...]:
    return tuple(
        DeviceBytes(room.device, room.weights, room.kv, room.compute, room.output) for room in rooms
    )

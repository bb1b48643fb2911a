"""The engine's part of an examination: every device tried out.

Each device loads the built-in guide and answers a few tokens in an engine process of its own that
may crash or hang. Any one thread.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from desktop.backends.engine_files import damaged_files
from desktop.backends.libraries import built_backends
from desktop.backends.trial import (
    SEARCH_SECONDS,
    TRIAL_SECONDS,
    TrialFailed,
    Tried,
    find_devices,
    try_plan,
)
from desktop.base.redaction import redactor
from desktop.domain.health import Fact, Finding, State
from desktop.domain.model import Device, DeviceKind, LoadPlan
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.models.hardware import usable_cores
from desktop.services.doctor_cards import unused_findings
from desktop.services.guide_trial import CONTEXT, guide_question
from desktop.services.unused_cards import unused_here
from desktop.services.unused_reasons import GPU_BACKENDS

_SHOWN: Final = 4
_DRIVER: Final = Text(
    "A driver may be at fault: update the drivers of graphics cards, or install Lapis again."
)


def examine_engine(
    work_folder: Path,
    guide: Path,
    *,
    search_seconds: float = SEARCH_SECONDS,
    trial_seconds: float = TRIAL_SECONDS,
) -> Iterator[Finding]:
    """Yield what the engine finds and how each device does with the model `guide`.

    A process that has not done its part within its time is ended and reported as hanging.
    """
    built = built_backends()
    try:
        devices = find_devices(work_folder, search_seconds)
    except TrialFailed as failure:
        yield _broken(failure, built)
        devices = ()
    else:
        yield backends_found(devices, built)
    expected = ""
    for device in sorted(devices, key=lambda each: each.kind is not DeviceKind.CPU):
        if device.kind is DeviceKind.ACCELERATOR:
            continue
        try:
            tried = try_plan(work_folder, _plan(device, guide), guide_question(), trial_seconds)
        except TrialFailed as failure:
            yield failed_device(device, failure)
            continue
        expected = expected or tried.text
        yield working_device(device, tried, same_answer=tried.text == expected)
    yield from unused_findings(unused_here(devices))


def backends_found(devices: Iterable[Device], built: Sequence[str]) -> Finding:
    """Return the finding on what can compute here, and on libraries that lack a device."""
    backends = list(dict.fromkeys(device.backend for device in devices))
    names = [_title(backend) for backend in backends]
    idle = [name for key, name in GPU_BACKENDS.items() if key in built and name not in names]
    # A comma would be another one in Chinese.
    values = {"names": " + ".join(names), "idle": " / ".join(idle)}
    detail = Text("computes with {names}", values)
    if idle:
        detail = Text("computes with {names}; there is no device for {idle}", values)
    return Finding(
        "engine.backends",
        Text("Engine"),
        State.OK if names else State.BAD,
        detail if names else Text("finds nothing to compute with"),
        None if names else _reinstall(),
        {"backends": backends, "built": list(built), "damaged": [] if names else _damaged()},
    )


def working_device(device: Device, tried: Tried, *, same_answer: bool) -> Finding:
    """Return the finding on a device that answered, maybe other words than the processor."""
    values = {
        "free": sized(device.free),
        "total": sized(device.total),
    }
    facts = _facts(device) | {
        "works": same_answer,
        "load_ms": round(tried.load_ms, 1),
        "tokens_per_second": round(tried.tokens_per_second, 1),
        "offloaded_layers": tried.offloaded_layers,
    }
    if device.is_gpu and not same_answer:
        return Finding(
            f"engine.device.{device.name}",
            _label(device),
            State.WARNING,
            Text("answers, but in other words than the processor"),
            Text(
                "Its driver may compute wrongly. Update it; until then answers may be nonsense with "
                "this card."
            ),
            facts,
        )
    detail = Text("the guide answers")
    if device.is_gpu and device.total:
        detail = Text("the guide answers; {free} of {total} are free", values)
    return Finding(f"engine.device.{device.name}", _label(device), State.OK, detail, None, facts)


def failed_device(device: Device, failure: TrialFailed) -> Finding:
    """Return the finding on a device that could not answer."""
    advice = Text("Install Lapis again. If that does not help, this is a defect in Lapis.")
    if device.is_gpu:
        advice = Text(
            "Update the driver of this card. Lapis goes on without it: the processor answers."
        )
    return Finding(
        f"engine.device.{device.name}",
        _label(device),
        State.BAD,
        failure.reason,
        advice,
        _facts(device) | {"works": False, "last_words": redactor()(failure.last_words)},
    )


def _broken(failure: TrialFailed, built: Sequence[str]) -> Finding:
    return Finding(
        "engine.process",
        Text("Engine"),
        State.BAD,
        failure.reason,
        _reinstall() if damaged_files() else _DRIVER,
        {
            "built": list(built),
            "damaged": _damaged(),
            "last_words": redactor()(failure.last_words),
        },
    )


def _damaged() -> list[str]:
    return list(damaged_files())


def _reinstall() -> Text:
    """Return the advice, with the files that are at fault; a damage names itself in no other way."""
    damaged = damaged_files()
    if not damaged:
        return Text("Install Lapis again.")
    shown = " ".join(damaged[:_SHOWN]) + (" …" if len(damaged) > _SHOWN else "")
    return Text(
        "Files of the engine are missing or damaged: {files}. Install Lapis again.",
        {"files": shown},
    )


def _plan(device: Device, guide: Path) -> LoadPlan:
    return LoadPlan(
        path=guide,
        n_ctx=CONTEXT,
        n_gpu_layers=-1 if device.is_gpu else 0,
        devices=(device.name,) if device.is_gpu else (),
        threads=usable_cores(),
        slots=1,
    )


def _label(device: Device) -> Text:
    return Text(
        "{name} ({backend})",
        {"name": device.description or device.name, "backend": _title(device.backend)},
    )


def _title(backend: str) -> str:
    """Return the name for people of what ggml calls a backend."""
    return "Metal" if backend == "MTL" else backend


def _facts(device: Device) -> dict[str, Fact]:
    return {
        "device": device.name,
        "backend": device.backend,
        "kind": device.kind.value,
        "library": device.library,
        "free": device.free,
        "total": device.total,
    }

"""How much of a model goes to graphics cards, once it is known what they have free.

Plain functions for any thread. Memory that a driver does not tell is taken to be enough; when it is
not, llama.cpp refuses, and less is tried.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop.domain.model import Device, LoadPlan
from desktop.domain.text import Text

# Bytes of a card that are not ours: the desktop draws with it as well.
_LEFT_FREE: Final = 1 << 30
_FEWEST_LAYERS: Final = 4


def gpus_of(plan: LoadPlan, devices: Sequence[Device]) -> list[Device]:
    """Return the graphics devices that `plan` puts layers on."""
    if plan.n_gpu_layers == 0:
        return []
    return [
        device
        for device in devices
        if device.is_gpu and (not plan.devices or device.name in plan.devices)
    ]


def fitted(plan: LoadPlan, devices: Sequence[Device]) -> LoadPlan:
    """Return `plan` with as many layers on its graphics devices as have room there.

    A number of layers that was set stays as it is.
    """
    gpus = gpus_of(plan, devices)
    unknown = any(device.total == 0 for device in gpus)
    if plan.n_gpu_layers >= 0 or not gpus or unknown or not plan.layer_bytes:
        return plan
    room = sum(max(0, device.free - _LEFT_FREE - plan.device_bytes) for device in gpus)
    layers = room // plan.layer_bytes
    return plan if layers >= plan.layers else replace(plan, n_gpu_layers=layers)


def lighter(
    plan: LoadPlan, devices: Sequence[Device], refusal: str, *, again: bool = False
) -> tuple[LoadPlan, Text] | None:
    """Return what to try after llama.cpp found no room, if `refusal` names a graphics device.

    Half of the layers; or none, when it was refused `again`: each try may read the whole file.
    """
    gpus = gpus_of(plan, devices)
    words = {device.name.lower() for device in gpus} | {device.backend.lower() for device in gpus}
    if not any(word in refusal.lower() for word in words):
        return None
    fewer = None if again else with_half_the_layers(plan)
    if fewer is not None:
        return (
            fewer,
            Text(
                "The graphics card has too little memory for all of the model, so the processor "
                "does a part."
            ),
        )
    return (
        on_the_processor(plan),
        Text("The graphics card has too little memory, so the model runs on the processor."),
    )


def with_half_the_layers(plan: LoadPlan, offloaded: int = 0) -> LoadPlan | None:
    """Return `plan` with half of its layers on graphics cards, None where that is hardly any.

    `offloaded` were there, if that is known.
    """
    layers = (offloaded or plan.layers) if plan.n_gpu_layers < 0 else plan.n_gpu_layers
    return replace(plan, n_gpu_layers=layers // 2) if layers // 2 >= _FEWEST_LAYERS else None


def on_the_processor(plan: LoadPlan) -> LoadPlan:
    """Return `plan` without graphics cards."""
    return replace(plan, n_gpu_layers=0, devices=(), tensor_split=())

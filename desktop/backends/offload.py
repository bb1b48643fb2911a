"""How much of a model goes to graphics cards, once it is known what they have free.

Plain functions for any thread. Memory that a driver does not tell is taken to be enough; when it is
not, llama.cpp refuses, and less is tried.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop.domain.layer_placing import cards_of, place_layers
from desktop.domain.model import Device, LoadPlan
from desktop.domain.text import Text

ALL_LAYERS: Final = -1
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

    On the devices, and in the parts, that `layer_placing` says. A number of layers that was set
    stays as it is. Where two libraries know one card it is named, so that no layer goes by the
    other way, and what it takes is counted once.
    """
    if not plan.n_gpu_layers:
        return plan
    cards = cards_of(devices, plan.devices)
    if len(cards) < len(gpus_of(plan, devices)):
        plan = replace(plan, devices=tuple(card.name for card in cards))
    if plan.n_gpu_layers != ALL_LAYERS:
        return plan
    placing = place_layers(plan.layer_bytes, plan.device_bytes, plan.layers, cards)
    if placing is None or (placing.is_whole and len(cards) == 1):
        return plan
    return replace(
        plan,
        n_gpu_layers=ALL_LAYERS if placing.is_whole else placing.gpu_layers,
        devices=tuple(card.name for card in placing.cards),
        tensor_split=tuple(map(float, placing.counts)) if len(placing.cards) > 1 else (),
    )


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

"""`lapis hardware`: what this computer has for models, as rows with bars or as JSON."""

import json
from collections.abc import Iterator
from typing import Final

from desktop.base.translation import Translator
from desktop.domain.engine_pack import PackState, PackView
from desktop.domain.machine import Machine, Power, Supply, UnitKind
from desktop.domain.model import Device
from desktop.domain.quantities import sized
from desktop.domain.text import Text, verbatim
from desktop.terminal.bars import bar
from desktop.terminal.output import Screen, Style
from desktop.terminal.tables import print_facts, print_indented, print_rows

_CELLS: Final = 20
_FACTS: Final = (
    ("memory", Text("Memory")),
    ("disk", Text("Disk")),
    ("processor", Text("Processor")),
    ("power", Text("Power")),
    ("devices", Text("Graphics cards")),
    ("bandwidth", Text("Reads from memory")),
)


def hardware_as_json(machine: Machine, pack: PackView | None = None) -> str:
    """Return one JSON object: figures in bytes, null for what nobody can tell. Pure ASCII."""
    memory, disk, processor = machine.memory, machine.disk, machine.processor
    power = machine.power
    told = {
        "memory": {
            "total_bytes": memory.total,
            "free_bytes": memory.free,
            "lapis_bytes": memory.lapis,
        },
        "processor": {
            "name": processor.name,
            "performance_cores": processor.performance_cores,
            "efficiency_cores": processor.efficiency_cores,
            "threads": processor.threads,
            "usable_cores": machine.usable_cores,
            "features": list(processor.features),
            "memory_bandwidth_bytes_per_s": machine.bandwidth,
        },
        "devices": None
        if machine.devices is None
        else [_device_fields(device) for device in machine.devices],
        "unused_devices": [
            {
                "name": unused.name,
                "reason": str(unused.reason),
                "advice": None if unused.advice is None else str(unused.advice),
                "driver": unused.driver,
                "memory_bytes": unused.memory,
            }
            for unused in machine.unused
        ],
        "engine_pack": None
        if pack is None
        else {"id": pack.pack.id, "state": pack.state.value, "download_bytes": pack.pack.size},
        "power": None
        if power is None
        else {"supply": power.supply.value, "charge_percent": power.charge},
        "disk": None
        if disk is None
        else {
            "folder": disk.folder,
            "total_bytes": disk.total,
            "free_bytes": disk.free,
            "models_bytes": disk.models,
        },
        "unknown": {one.name: str(one.reason) for one in machine.unknown},
    }
    return json.dumps(told, indent=2)


def show_hardware(
    machine: Machine, words: Translator, screen: Screen, pack: PackView | None = None
) -> None:
    """Print what there is: memory and disk with bars, then everything that computes.

    `pack` is the one for this computer, if there is one.
    """
    say = words.say
    print_rows(_bars(machine, words, plain=not screen.can_write("█▏")), screen)
    screen.line()
    print_facts(((say(name), say(what)) for name, what in _facts(machine)), screen)
    screen.line()
    for unit in machine.units:
        screen.line(unit.name or say("Processor"), Style.STRONG)
        print_indented(say(unit.can), screen)
        if unit.advice is not None:
            print_indented(say(unit.advice), screen)
    if pack is not None:
        screen.line(pack.pack.name, Style.STRONG)
        print_indented(say(_pack(pack)), screen)
    for one in machine.unknown:
        what = dict(_FACTS).get(one.name.partition(".")[0], verbatim(one.name))
        screen.note(say("{what}: {detail}", what=say(what), detail=say(one.reason)))


def _device_fields(device: Device) -> dict[str, object]:
    return {
        "name": device.name,
        "description": device.description,
        "backend": device.backend,
        "kind": device.kind.value,
        "total_bytes": device.total,
        "free_bytes": device.free,
        "shares_memory": device.is_shared,
    }


def _bars(machine: Machine, words: Translator, *, plain: bool) -> Iterator[list[str]]:
    """Yield rows of what is taken and what is free."""
    places = [(Text("Memory"), machine.memory.total, machine.memory.free)]
    if machine.disk is not None:
        places.append((Text("Disk"), machine.disk.total, machine.disk.free))
    places += [
        (verbatim(unit.name), unit.total, unit.free)
        for unit in machine.units
        if unit.kind is UnitKind.CARD and unit.total
    ]
    for name, total, free in places:
        if not total:
            continue
        room = Text("{free} of {total} free", {"free": sized(free), "total": sized(total)})
        drawn = bar(1 - free / total, plain=plain, cells=_CELLS)
        empty = "." if plain else "░"
        yield [words.say(name), drawn + empty * (_CELLS - len(drawn)), words.say(room)]


def _facts(machine: Machine) -> Iterator[tuple[Text, Text]]:
    processor = machine.processor
    if processor.efficiency_cores:
        yield (
            Text("Cores"),
            Text(
                "{fast} fast ones and {economic} economic ones",
                {"fast": processor.performance_cores, "economic": processor.efficiency_cores},
            ),
        )
    elif processor.cores:
        yield Text("Cores"), verbatim(str(processor.cores))
    if processor.instructions:
        yield Text("Instruction sets"), verbatim(processor.instructions)
    if machine.bandwidth:
        yield Text("Reads from memory"), verbatim(f"{sized(round(machine.bandwidth))}/s")
    if machine.power is not None:
        yield Text("Power"), _power(machine.power)


def _pack(view: PackView) -> Text:
    values = {"size": sized(view.pack.size), "command": "lapis engine get"}
    match view.state:
        case PackState.IN_USE:
            return Text("An installed pack of the engine.")
        case PackState.OFF if view.reason is not None:
            return view.reason
        case _:
            return Text("A pack of the engine for this card, {size} to download: {command}", values)


def _power(power: Power) -> Text:
    if power.supply is Supply.BATTERY:
        if power.charge is None:
            return Text("on battery")
        return Text("on battery, {charge} %", {"charge": power.charge})
    if power.charge is None:
        return Text("from the mains")
    return Text("from the mains, battery at {charge} %", {"charge": power.charge})

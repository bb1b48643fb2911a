"""Small facts of a computer as chips: processor, cores, power, memory's speed. GUI thread."""

from desktop.domain.machine import Machine, Power, Processor, Supply
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.ui.chips import Chip
from desktop.ui.translation import say

__all__ = ["machine_chips", "power_chips", "processor_chips"]


def machine_chips(machine: Machine) -> tuple[Chip, ...]:
    """Return what is worth knowing beside the memory, in few words."""
    chips: list[Chip] = []
    processor = machine.processor
    if processor.name:
        chips.append(Chip(processor.name, "chip"))
    cores = _core_words(processor, machine.usable_cores)
    if cores:
        chips.append(Chip(cores))
    chips += power_chips(machine)
    if machine.disk is not None:
        free = say(Text("{size} free on the disk", {"size": sized(machine.disk.free)}))
        chips.append(Chip(free, "disk"))
    return tuple(chips)


def processor_chips(machine: Machine) -> tuple[Chip, ...]:
    """Return what makes the processor fast or slow: cores, instruction sets, its memory."""
    chips: list[Chip] = []
    cores = _core_words(machine.processor, machine.usable_cores)
    if cores:
        chips.append(Chip(cores, "chip"))
    sets = machine.processor.instructions
    if sets:
        chips.append(Chip(sets, hint=say(Text("Instructions that make models faster"))))
    if machine.bandwidth:
        pace = Text("{speed} GB/s from memory", {"speed": f"{machine.bandwidth / 1e9:.0f}"})
        hint = Text("How fast it reads memory: that decides how fast answers are written.")
        chips.append(Chip(say(pace), "memory", hint=say(hint)))
    return tuple(chips)


def power_chips(machine: Machine) -> tuple[Chip, ...]:
    """Return where the power comes from, where that can change."""
    power = machine.power
    if power is None or (power.charge is None and power.supply is Supply.MAINS):
        return ()
    return (Chip(_power_words(power), "battery"),)


def _core_words(processor: Processor, usable: int) -> str:
    """Return how many cores there are, or how many may be used where that is all one knows."""
    if processor.efficiency_cores:
        counts = {"fast": processor.performance_cores, "slow": processor.efficiency_cores}
        return say(Text("{fast} fast cores and {slow} efficient ones", counts))
    count = processor.cores or usable
    if count == 1:
        return say(Text("1 core"))
    return say(Text("{count} cores", {"count": count})) if count else ""


def _power_words(power: Power) -> str:
    """Return where the power comes from, and how full the battery is."""
    charge = {"charge": power.charge if power.charge is not None else 0}
    if power.supply is Supply.BATTERY:
        if power.charge is None:
            return say(Text("On battery"))
        return say(Text("On battery, {charge} %", charge))
    return say(Text("On mains, battery {charge} %", charge))

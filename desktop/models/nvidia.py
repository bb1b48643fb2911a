"""What NVIDIA's driver says of its cards, through the program that comes with it. Any thread.

`nvidia-smi --query-gpu` prints a line for each card, its memory in MiB; "[N/A]" where a card has
none of its own. Asking would wake a card that a laptop has put to sleep, so then nobody asks.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.models.system_answers import answer_of, is_there, listed, system_text

_ROOT: Final = Path("/")
_QUERY: Final = (
    "--query-gpu=name,driver_version,memory.total,memory.free",
    "--format=csv,noheader,nounits",
)
# Known to drivers from the year 2022 on; older ones refuse the whole question.
_CAPABILITIES: Final = ("--query-gpu=compute_cap", "--format=csv,noheader")
_WSL: Final = "/usr/lib/wsl/lib/nvidia-smi"
_VERSION: Final = re.compile(r"\d+(?:\.\d+)*")
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class NvidiaCard:
    """A card as its driver describes it; memory in bytes, 0 where it has none of its own.

    `free` is less than what programs have left of `total`: the driver keeps some for itself.
    """

    name: str
    version: str
    total: int
    free: int


def nvidia_cards(ask: Callable[[Sequence[str]], str] = answer_of) -> tuple[NvidiaCard, ...]:
    """Return the cards; none where the driver is not there, sleeps, or does not answer in 2 s."""
    program = _program()
    if not program or is_asleep():
        return ()
    return tuple(_cards(ask([program, *_QUERY])))


def compute_capabilities(ask: Callable[[Sequence[str]], str] = answer_of) -> tuple[str, ...]:
    """Return what cards can compute, in NVIDIA's numbers ("8.6"), as for `nvidia_cards`."""
    program = _program()
    if not program or is_asleep():
        return ()
    lines = (line.strip() for line in ask([program, *_CAPABILITIES]).splitlines())
    return tuple(line for line in lines if _VERSION.fullmatch(line))


def is_asleep(root: Path = _ROOT) -> bool:
    """Return whether a card of NVIDIA's is switched off to save power; `root` stands for `/`."""
    places = listed(root, "sys/bus/pci/drivers/nvidia/*:*")
    return any(system_text(place / "power/runtime_status") == "suspended" for place in places)


def _program() -> str:
    if sys.platform == "win32":
        # Never by its name alone: Windows would look into the current folder first.
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32/nvidia-smi.exe"
        return str(system) if is_there(system) else ""
    found = shutil.which("nvidia-smi")
    return found or (_WSL if is_there(Path(_WSL)) else "")


def _cards(said: str) -> Iterator[NvidiaCard]:
    for line in said.splitlines():
        # From the right: who knows what stands in a name.
        parts = [part.strip() for part in line.rsplit(",", 3)]
        if len(parts) == 4 and parts[0] and _VERSION.fullmatch(parts[1]):
            yield NvidiaCard(parts[0], parts[1], _bytes(parts[2]), _bytes(parts[3]))


def _bytes(words: str) -> int:
    return int(words) * _MIB if words.isascii() and words.isdigit() else 0

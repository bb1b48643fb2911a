"""How fast a model answers on this computer: foretold from bytes and bandwidth, or as it was timed.

Answering waits for memory: seconds for a token = a constant + the bytes it reads / the bandwidth
they are read with, one such term for the processor and one for each card. Bandwidths are nominal
at first; the first answers that were timed here replace them. What nobody knows is None, never a
guess. Pure arithmetic; any thread.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from desktop.domain.advice import Computer
from desktop.domain.footprint import HOST, Footprint
from desktop.domain.model import Device
from desktop.domain.speed import PROCESSOR, Calibration, Pace, Reading, Speed, TimedRun
from desktop.models.card_speeds import CardSpeeds, load_card_speeds

SHORT_CHAT: Final = 1024
"""Tokens that have been read and written when the speed of a chat is told."""
STARTING: Final = 0.0013
"""Seconds of each token that no byte explains, where nobody measured them."""
# Of what a processor reads when it only reads; the middle of 0.7 to 0.85.
_OF_PROCESSOR: Final = 0.775
_UNTRIED: Final = 0.3
_TRIED_ONCE: Final = 0.15
_TRIED: Final = 0.1
_AS_MEASURED: Final = 0.05
_MOST_MODELS: Final = 8
# Two models tell a constant from a bandwidth only if one reads clearly more.
_UNLIKE: Final = 1.5
_LONGEST_START: Final = 0.02
_LEAST_READ: Final = 100_000_000
"""Bytes of a token. Of a smaller model, as the guide is, the time is hardly that of reading."""
# Shares of a model on a device that differ by no more are the same.
_SAME_SHARE: Final = 0.05


def reading(
    footprint: Footprint, active: int, devices: Sequence[Device], fill: int = SHORT_CHAT
) -> Reading:
    """Return what a token reads of a model that lies as `footprint` says.

    `active` bytes of its weights are read for each token, wherever they lie, and of the cache what
    `fill` tokens take.
    """
    used = min(1.0, fill / max(1, footprint.point.context))
    names = {device.name: called(device) for device in devices}
    cards = [one for one in footprint.devices if one.device != HOST]
    host_kv = footprint.kv - sum(card.kv for card in cards)
    on_cards = active * footprint.gpu_layers / max(1, footprint.layers) if cards else 0.0
    weights = max(1, sum(card.weights for card in cards))
    return Reading(
        processor=round(active - on_cards + host_kv * used),
        cards=tuple(
            (
                names.get(card.device, card.device),
                round(on_cards * card.weights / weights + card.kv * used),
            )
            for card in cards
        ),
    )


def speed_of(
    footprint: Footprint, active: int, computer: Computer, model: str = ""
) -> Speed | None:
    """Return how fast a model answers that lies as `footprint` says; None where nobody knows.

    `active` as for `reading`; as it was timed, if it was, where its file is the path `model`.
    """
    read = reading(footprint, active, computer.devices, SHORT_CHAT)
    return (measured(model, read, computer) if model else None) or predicted(read, computer)


def predicted(reading: Reading, computer: Computer) -> Speed | None:
    """Return how fast tokens come that read so much; None where a device's pace is not known."""
    paces = paces_of(computer)
    terms = _terms(reading)
    known = [(paces[device], count) for device, count in terms if device in paces]
    if len(known) < len(terms) or not terms:
        return None
    times = [count / pace.bandwidth for pace, count in known]
    seconds = max(pace.start for pace, _ in known) + sum(times)
    spread = sum(pace.spread * time for (pace, _), time in zip(known, times, strict=True)) / sum(
        times
    )
    likely = 1 / seconds
    return Speed(likely, likely * (1 - spread), likely * (1 + spread))


def measured(model: str, reading: Reading, computer: Computer) -> Speed | None:
    """Return how fast this very model was; None if it was never timed with as much on each device.

    `model` is the path at which its file really lies.
    """
    runs = [
        run
        for run in computer.calibration.runs
        if run.model == model and _is_alike(run.reading, reading)
    ]
    if not runs:
        return None
    speeds = sorted(1 / run.seconds for run in runs)
    low, high = speeds[0] * (1 - _AS_MEASURED), speeds[-1] * (1 + _AS_MEASURED)
    return Speed(1 / runs[0].seconds, low, high, is_measured=True)


def called(device: Device) -> str:
    """Return what a card is known by in what was timed."""
    return device.description or device.name


def paces_of(computer: Computer) -> Mapping[str, Pace]:
    """Return how fast each device reads, as far as anybody knows, by its description."""
    out: dict[str, Pace] = {}
    if computer.bandwidth > 0:
        out[PROCESSOR] = Pace(STARTING, computer.bandwidth * _OF_PROCESSOR, _UNTRIED)
    for device in computer.devices:
        bandwidth = _card_speeds().of(device) if device.is_gpu else None
        if bandwidth is not None:
            out[called(device)] = Pace(STARTING, bandwidth, _UNTRIED)
    return out | dict(computer.calibration.paces)


def calibration(timed: Iterable[TimedRun]) -> Calibration:
    """Return what answers tell that were timed on this computer, the newest first."""
    runs = tuple(run for run in timed if run.seconds > 0)
    alone: dict[str, dict[str, tuple[int, float]]] = {}
    for run in runs:
        device, count = _only_term(run.reading)
        if device is not None and count >= _LEAST_READ:
            alone.setdefault(device, {}).setdefault(run.model, (count, run.seconds))
    paces = {
        device: _fitted(list(points.values())[:_MOST_MODELS]) for device, points in alone.items()
    }
    return Calibration(tuple(paces.items()), runs)


def _terms(reading: Reading) -> list[tuple[str, int]]:
    """Return the bytes by device, those of equal cards together."""
    counts = {PROCESSOR: reading.processor}
    for description, count in reading.cards:
        counts[description] = counts.get(description, 0) + count
    return [(device, count) for device, count in counts.items() if count > 0]


def _only_term(reading: Reading) -> tuple[str | None, int]:
    """Return the device that reads everything, with its bytes; None for several."""
    terms = _terms(reading)
    return terms[0] if len(terms) == 1 else (None, 0)


def _is_alike(one: Reading, other: Reading) -> bool:
    """Tell whether as large a part of a model lies on each device; fills may differ."""
    parts = []
    for each in (one, other):
        terms = dict(_terms(each))
        total = max(1, sum(terms.values()))
        parts.append({device: count / total for device, count in terms.items()})
    devices = parts[0].keys() | parts[1].keys()
    return all(
        abs(parts[0].get(device, 0) - parts[1].get(device, 0)) <= _SAME_SHARE for device in devices
    )


def _fitted(points: Sequence[tuple[int, float]]) -> Pace:
    """Return the pace that points of (bytes, seconds) lie on.

    The constant is taken as usual for one point, or for points that lie close together; else both
    are fitted, with as small a share of each time left over as can be.
    """
    most, least = max(count for count, _ in points), min(count for count, _ in points)
    if most >= _UNLIKE * least:
        start, slope = _least_squares(points)
        if 0 <= start <= _LONGEST_START and slope > 0:
            worst = max(abs((start + slope * count) / time - 1) for count, time in points)
            return Pace(start, 1 / slope, min(_UNTRIED, max(_TRIED, worst)))
    # Of a token that hardly takes longer, the constant is a part at most.
    start = min(STARTING, min(time for _, time in points) / 2)
    rates = sorted(count / (time - start) for count, time in points)
    return Pace(start, rates[len(rates) // 2], _TRIED_ONCE)


def _least_squares(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return (start, slope) of seconds over bytes, each point weighed by its own time."""
    ones = [1 / time for _, time in points]
    counts = [count / time for count, time in points]
    aa = sum(one * one for one in ones)
    ab = sum(one * count for one, count in zip(ones, counts, strict=True))
    bb = sum(count * count for count in counts)
    ya, yb = sum(ones), sum(counts)
    determinant = aa * bb - ab * ab
    if determinant <= 0:
        return -1.0, 0.0
    return (ya * bb - yb * ab) / determinant, (yb * aa - ya * ab) / determinant


@cache
def _card_speeds() -> CardSpeeds:
    return load_card_speeds()

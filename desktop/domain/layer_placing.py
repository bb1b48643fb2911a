"""How many layers of a model go to which graphics card: the one rule, for advice, plan and engine.

Cards keep a gigabyte for what else draws on them, and need their working memory before the first
layer. Where one card holds a model whole, it gets it alone: nothing travels between cards. A card
whose share would be too small to help is left out. Pure arithmetic; any thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desktop.domain.model import Device, DeviceKind

LEFT_FREE: Final = 1 << 30
"""Bytes of a card that are not ours: the desktop draws with it as well."""
# A card that holds less of a model than this share of it is left out.
_LEAST_PARTS: Final = 32


@dataclass(frozen=True, slots=True)
class Placing:
    """Which cards get layers: `counts` of them on each of `cards`.

    Of the model's `layers`, the output counts as one. Without cards everything is computed by the
    processor.
    """

    layers: int
    cards: tuple[Device, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def gpu_layers(self) -> int:
        """How many layers lie on cards."""
        return sum(self.counts)

    @property
    def is_whole(self) -> bool:
        """Whether all of them do."""
        return self.layers > 0 and self.gpu_layers >= self.layers


def cards_of(devices: Sequence[Device], names: Sequence[str] = ()) -> tuple[Device, ...]:
    """Return the cards that a model is spread over: those of `names`, or what is best without any.

    As llama.cpp chooses: each card once, though several libraries may know it, and one that shares
    the computer's memory only where there is no other.
    """
    found = [one for one in devices if one.is_gpu and (not names or one.name in names)]
    if names:
        return tuple(found)
    own = [one for one in found if one.kind is DeviceKind.GPU] or found
    first: list[Device] = []
    for one in own:
        if not any(_is_same(one, other) for other in first):
            first.append(one)
    return tuple(first)


def room_on(card: Device, working: int) -> int:
    """Return the bytes for layers on `card`, once it has its `working` memory."""
    return max(0, card.free - LEFT_FREE - working)


def place_layers(
    layer_bytes: int, working: int, layers: int, cards: Sequence[Device]
) -> Placing | None:
    """Return how many of a model's `layers` go to each of `cards`; None if nobody can tell.

    `layer_bytes` is what one takes with its cache, `working` what each card takes beside, once it
    computes. Nobody can tell where a driver does not say what it has, or a layer's size is unknown.
    """
    if not cards or layer_bytes <= 0 or layers <= 0 or any(card.total <= 0 for card in cards):
        return None
    fitting = [room_on(card, working) // layer_bytes for card in cards]
    roomiest = max(range(len(cards)), key=lambda index: fitting[index])
    if fitting[roomiest] >= layers:
        counts = [layers if index == roomiest else 0 for index in range(len(cards))]
    else:
        worthwhile = [count if count * _LEAST_PARTS >= layers else 0 for count in fitting]
        counts = _spread(min(layers, sum(worthwhile)), worthwhile)
    return _placing(layers, cards, counts)


def share_layers(wanted: int, layers: int, cards: Sequence[Device]) -> Placing:
    """Return `wanted` of a model's `layers` on `cards`, as llama.cpp does when it is told a number.

    In parts that are to each other as what is free, whether they have room or not.
    """
    return _placing(
        layers, cards, _spread(min(wanted, layers), [max(1, card.free) for card in cards])
    )


def _placing(layers: int, cards: Sequence[Device], counts: Sequence[int]) -> Placing:
    used = [(card, count) for card, count in zip(cards, counts, strict=True) if count]
    return Placing(
        layers=layers,
        cards=tuple(card for card, _ in used),
        counts=tuple(count for _, count in used),
    )


def _spread(layers: int, most: Sequence[int]) -> list[int]:
    """Return `layers` in parts that are to each other as `most`, and no larger than those."""
    room = sum(most)
    if not room:
        return [0] * len(most)
    parts = [layers * each // room for each in most]
    for index, each in enumerate(most):
        missing = layers - sum(parts)
        parts[index] += min(missing, each - parts[index])
    return parts


def _is_same(one: Device, other: Device) -> bool:
    """Tell whether two libraries speak of one card; a second card is told by the same library."""
    if one.backend == other.backend:
        return False
    if one.card and other.card:
        return one.card.casefold() == other.card.casefold()
    if not one.description or not other.description:
        return False
    short, long = sorted((one.description, other.description), key=len)
    return long.startswith(short)

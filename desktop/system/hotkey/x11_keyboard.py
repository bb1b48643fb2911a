"""The keyboard as the X server describes it: where the key of a chord is, and what its locks are.

Pure values and functions over the answers to GetKeyboardMapping and GetModifierMapping (X Window
System Protocol). Any thread.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from desktop.domain.hotkey import Chord
from desktop.system.hotkey.keys import us_keycode, x_keysym

_SHIFT: Final = 1
_LOCK: Final = 1 << 1
_CONTROL: Final = 1 << 2
_MOD1: Final = 1 << 3
_MOD4: Final = 1 << 6
_MODIFIERS: Final = 8

_NUM_LOCK: Final = frozenset({0xFF7F})
_SCROLL_LOCK: Final = frozenset({0xFF14})
_ALT: Final = frozenset({0xFFE9, 0xFFEA})
_SUPER: Final = frozenset({0xFFEB, 0xFFEC})
# Group 1 and group 2, two levels each. What lies behind them is typed with AltGr, which is a
# modifier of its own and no part of any chord.
_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chord is pressed: a key, and the bits of what is held with it."""

    keycode: int
    held: int


@dataclass(frozen=True, slots=True)
class Keyboard:
    """Which keys type what, and which bit of an event's state each modifier is.

    `symbols[i]` are the keysyms of keycode `first + i`. `locks` are the bits that count for
    nothing: a chord is the same with each of them on or off.
    """

    first: int
    symbols: tuple[tuple[int, ...], ...]
    alt: int
    meta: int
    locks: tuple[int, ...]

    @property
    def counted(self) -> int:
        """The bits of a state that count; all others are locks, layouts and mouse buttons."""
        return _SHIFT | _CONTROL | self.alt | self.meta

    def place(self, chord: Chord) -> Place | None:
        """Return where `chord` is on this keyboard; None if no key types it.

        The first layout goes before the second one, and a key as it is before one with Shift. A
        letter or digit that no layout has lies where an American keyboard has it.
        """
        keysym = x_keysym(chord.key)
        if keysym is None:
            return None
        held = _SHIFT * chord.shift | _CONTROL * chord.ctrl
        held |= self.alt * chord.alt | self.meta * chord.meta
        for column in range(_COLUMNS):
            for index, row in enumerate(self.symbols):
                if column < len(row) and row[column] == keysym:
                    # Nobody presses such a mark without Shift. Digits that are typed with Shift
                    # (French) name their key all the same.
                    needs_shift = column % 2 == 1 and not chord.key.isalnum()
                    return Place(self.first + index, held | _SHIFT * needs_shift)
        keycode = us_keycode(chord.key)
        return None if keycode is None else Place(keycode, held)

    def states(self, held: int) -> Iterator[int]:
        """Yield `held` with every set of locks that can be on beside it."""
        for size in range(len(self.locks) + 1):
            for locks in combinations(self.locks, size):
                yield held | sum(locks)


def keyboard(
    first: int, width: int, keysyms: Sequence[int], keycodes: Sequence[int], each: int
) -> Keyboard:
    """Return the keyboard of two answers of the X server.

    `keysyms` has `width` for each keycode from `first` on; `keycodes` has `each` for each of the
    eight modifiers, 0 for none.
    """
    rows = [tuple(keysyms[at : at + width]) for at in range(0, len(keysyms), width)]
    bits: list[set[int]] = []
    for modifier in range(_MODIFIERS):
        codes = keycodes[modifier * each : (modifier + 1) * each]
        known = [code - first for code in codes if first <= code < first + len(rows)]
        bits.append({keysym for index in known for keysym in rows[index]})
    alt, meta = next(_bits(bits, _ALT), _MOD1), next(_bits(bits, _SUPER), _MOD4)
    counted = _SHIFT | _CONTROL | alt | meta
    locks = dict.fromkeys((_LOCK, *_bits(bits, _NUM_LOCK), *_bits(bits, _SCROLL_LOCK)))
    return Keyboard(
        first,
        tuple(rows),
        alt=alt,
        meta=meta,
        locks=tuple(lock for lock in locks if not lock & counted),
    )


def _bits(typed: Iterable[set[int]], wanted: frozenset[int]) -> Iterator[int]:
    """Yield the bits of the modifiers whose keys type one of the `wanted` keysyms, lowest first."""
    for modifier, keysyms in enumerate(typed):
        if keysyms & wanted:
            yield 1 << modifier

"""GBNF for JSON numbers between bounds.

Runs in any process; pure Python, exact: bounds are Decimal. Numbers are written without an
exponent where a bound is given, so that comparing digits is comparing numbers.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import TypeAlias

from desktop.inference.gbnf import GrammarRefused

Digits: TypeAlias = tuple[tuple[int, int], ...]
"""For each place the lowest and the highest digit."""

_MAX_DIGITS = 40
_MORE = 15
_SHORT = 3
ANY_INTEGER = '"-"? ("0" | [1-9] [0-9]{0,15})'
ANY_NUMBER = ANY_INTEGER + ' ("." [0-9]{1,16})? ([eE] [+-]? [0-9]{1,2})?'


def bounded(
    low: Decimal | None,
    high: Decimal | None,
    *,
    open_low: bool,
    open_high: bool,
    integer: bool,
) -> str:
    """Return GBNF for numbers from `low` to `high`; an open bound itself is left out.

    Raises GrammarRefused where no number fits, or where a bound has too many digits.
    """
    if low is None and high is None:
        return ANY_INTEGER if integer else ANY_NUMBER
    places = 0 if integer else max(_places(low), _places(high))
    if not integer and low is not None and high is not None and high - low <= 2:
        places += 1
    # Shorter spellings first: 1 and 0.5 where the bounds are written with two places.
    parts = []
    for shown in sorted({*range(min(places, _SHORT)), places}):
        first = None if low is None else _scaled(low, shown, ROUND_CEILING)
        last = None if high is None else _scaled(high, shown, ROUND_FLOOR)
        if first is not None and open_low and first == _exactly(low, shown):
            first += 1
        if last is not None and open_high and last == _exactly(high, shown):
            last -= 1
        more = "" if integer or shown < places else _fraction(places)
        parts += _between(first, last, shown, more)
    if not parts:
        raise GrammarRefused("no number lies between the bounds of the schema")
    return f"({' | '.join(parts)})"


def _between(first: int | None, last: int | None, places: int, more: str) -> list[str]:
    if first is not None and last is not None and first > last:
        return []
    parts = []
    if last is None or last >= 0:
        parts += _positive(max(first or 0, 0), last, places, more)
    if first is None or first < 0:
        top = None if first is None else -first
        bottom = 1 if last is None else max(-last, 1)
        parts.append(f'"-" ({" | ".join(_positive(bottom, top, places, more))})')
    return parts


def _positive(low: int, high: int | None, places: int, more: str) -> list[str]:
    """Return GBNF for the numbers from `low` to `high`, both divided by 10 ** `places`.

    `more` are further digits that may follow: they make a number larger, so not the highest.
    """
    if high is None:
        length = max(len(str(low)), places + 1)
        parts = [_written(digits, places) + more for digits in _ranges(low, 10**length - 1, places)]
        whole = f"[1-9] [0-9]{{{length - places},{length - places + _MORE}}}"
        dot = f' "." [0-9]{{{places}}}' if places else ""
        return [*parts, whole + dot + more]
    if not more:
        return [_written(digits, places) for digits in _ranges(low, high, places)]
    below = _ranges(low, high - 1, places) if high > low else ()
    parts = [_written(digits, places) + more for digits in below]
    return [*parts, *(_written(digits, places) for digits in _ranges(high, high, places))]


def _fraction(places: int) -> str:
    return " [0-9]{0,12}" if places else ' ("." [0-9]{1,12})?'


def _ranges(low: int, high: int, places: int) -> Iterator[Digits]:
    """Yield digit patterns that together are the numbers from `low` to `high`, without overlap."""
    length = max(len(str(low)), places + 1)
    while low <= high:
        end = min(high, 10**length - 1)
        yield from _same_length(_digits(low, length), _digits(end, length))
        low = end + 1
        length += 1


def _same_length(low: Sequence[int], high: Sequence[int]) -> Iterator[Digits]:
    shared = 0
    while shared < len(low) and low[shared] == high[shared]:
        shared += 1
    head = tuple((digit, digit) for digit in low[:shared])
    if shared == len(low):
        yield head
        return
    if not any(low[shared:]) and all(digit == 9 for digit in high[shared:]):
        yield head + ((0, 9),) * (len(low) - shared)
        return
    for place in range(len(low) - 1, shared, -1):
        if low[place] < 9:
            yield _edge(low, place, low[place] + 1, 9)
    yield tuple((digit, digit) for digit in low)
    if high[shared] - low[shared] > 1:
        yield _edge(low, shared, low[shared] + 1, high[shared] - 1)
    for place in range(shared + 1, len(high)):
        if high[place] > 0:
            yield _edge(high, place, 0, high[place] - 1)
    yield tuple((digit, digit) for digit in high)


def _edge(digits: Sequence[int], place: int, lowest: int, highest: int) -> Digits:
    head = tuple((digit, digit) for digit in digits[:place])
    return (*head, (lowest, highest), *((0, 9),) * (len(digits) - place - 1))


def _written(digits: Digits, places: int) -> str:
    parts = [f'"{low}"' if low == high else f"[{low}-{high}]" for low, high in digits]
    if places:
        parts.insert(len(parts) - places, '"."')
    return " ".join(parts)


def _digits(number: int, length: int) -> list[int]:
    return [int(digit) for digit in str(number).rjust(length, "0")]


def _places(bound: Decimal | None) -> int:
    if bound is None:
        return 0
    exponent = bound.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or abs(bound.adjusted()) + abs(exponent) > _MAX_DIGITS:
        raise GrammarRefused(f"a bound in the schema has more than {_MAX_DIGITS} digits")
    return max(0, -exponent)


def _scaled(bound: Decimal, places: int, rounding: str) -> int:
    _places(bound)
    with localcontext() as context:
        context.prec = 3 * _MAX_DIGITS
        return int(bound.scaleb(places).to_integral_value(rounding=rounding))


def _exactly(bound: Decimal | None, places: int) -> Decimal | None:
    with localcontext() as context:
        context.prec = 3 * _MAX_DIGITS
        return None if bound is None else bound.scaleb(places)

"""What was written behind options of a command, checked; whatever cannot be is a UsageError."""

import math
from collections.abc import Sequence
from typing import Final

from desktop.base.path_text import typed_path
from desktop.domain.chat import Adapter
from desktop.domain.repository import SourceKind
from desktop.domain.text import Text
from desktop.inference.builtin_templates import AUTOMATIC, NAMES
from desktop.services.manner import OWN_TEMPLATE
from desktop.terminal.errors import UsageError
from desktop.terminal.orders import Choices

_HIGHEST_TEMPERATURE: Final = 5.0
_STRONGEST_ADAPTER: Final = 10.0
_HIGHEST_SEED: Final = 2**32 - 2
_MOST_TOKENS: Final = 2**24
_MOST_DIGITS: Final = 20


def choices(
    model: str,
    system: str | None,
    temperature: str,
    max_tokens: str,
    seed: str,
    context: str,
    template: str,
    adapters: Sequence[str],
    *,
    anyway: bool,
) -> Choices:
    """Return what the options of a command that answers choose; empty ones choose nothing."""
    return Choices(
        model=model,
        system=system,
        temperature=_decimal("--temperature", temperature, _HIGHEST_TEMPERATURE),
        max_tokens=whole("--max-tokens", max_tokens, 1, _MOST_TOKENS),
        seed=whole("--seed", seed, 0, _HIGHEST_SEED),
        context=whole("--context", context, 256, _MOST_TOKENS),
        template=word("--template", template, (OWN_TEMPLATE, AUTOMATIC, *NAMES)),
        adapters=tuple(map(_adapter, adapters)),
        anyway=anyway,
    )


def source_kind(name: str) -> SourceKind | None:
    """Return the source that is called so, None for an empty name."""
    found = word("--source", name, tuple(SourceKind))
    return SourceKind(found) if found else None


def word(option: str, text: str, words: Sequence[str]) -> str | None:
    """Return `text` if it is one of `words`, None if it is empty."""
    if text and text not in words:
        raise UsageError(
            Text("{option} cannot be {value}", {"option": option, "value": text}),
            Text("It takes one of: {names}.", {"names": tuple(words)}),
        )
    return text or None


def _adapter(text: str) -> Adapter:
    """Return the LoRA file that `text` names, with the scale that may stand after its last colon.

    What stands there and is no number belongs to the path, which the engine looks up from a folder
    of its own.
    """
    path, _, after = text.rpartition(":")
    scale = _number(after) if path else None
    if scale is None:
        return Adapter(typed_path(text).absolute())
    scale = _within("--lora", text, scale, -_STRONGEST_ADAPTER, _STRONGEST_ADAPTER)
    return Adapter(typed_path(path).absolute(), scale)


def _decimal(option: str, text: str, highest: float) -> float | None:
    if not text:
        return None
    value = _number(text)
    return _within(option, text, math.nan if value is None else value, 0, highest)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _within(option: str, text: str, value: float, lowest: float, highest: float) -> float:
    if not lowest <= value <= highest:
        raise UsageError(
            Text("{option} cannot be {value}", {"option": option, "value": text}),
            Text(
                "It takes a number from {low} to {high}.",
                {"low": f"{lowest:g}", "high": f"{highest:g}"},
            ),
        )
    return value


def whole(option: str, text: str, lowest: int, highest: int) -> int | None:
    """Return a whole number within these bounds, None for an empty text."""
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    value = int(text) if is_number else -1
    if not lowest <= value <= highest:
        raise UsageError(
            Text("{option} cannot be {value}", {"option": option, "value": text}),
            Text("It takes a whole number from {low} to {high}.", {"low": lowest, "high": highest}),
        )
    return value

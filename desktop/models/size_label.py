"""How many parameters a model's own label speaks of ("9B", "8x7B", "350M"). Pure; any thread."""

import re
from typing import Final

from desktop.domain.model import GgufInfo

_LABEL: Final = re.compile(r"(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([KMBT])", re.IGNORECASE)
_UNITS: Final = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_MOST: Final = 10**14


def parameters_of(info: GgufInfo) -> int:
    """Return the count in the header's words, roughly; 0 where it has none."""
    count = info.metadata.get("general.parameter_count")
    if isinstance(count, int) and not isinstance(count, bool) and 0 < count < _MOST:
        return count
    label = info.metadata.get("general.size_label")
    found = _LABEL.match(label) if isinstance(label, str) else None
    if found is None:
        return 0
    times, number, unit = found.groups()
    return round(int(times or 1) * float(number) * _UNITS[unit.upper()])

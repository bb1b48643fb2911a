"""Numbers of a GGUF header, taken out with their bounds; any other value is refused by its name."""

from desktop.domain.text import Text
from desktop.models.gguf_faults import damaged, impossible, shown
from desktop.models.gguf_reader import Header


def number(header: Header, key: str, least: int, most: int) -> int:
    """Return the whole number of a key that must be there; raises ModelFileError."""
    value = header.values.get(key)
    if value is None:
        raise damaged(
            Text("Its header does not say {key}. Download the file again.", {"key": shown(key)})
        )
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise impossible(key, value)
    return value


def optional(header: Header, key: str, least: int, most: int) -> int | None:
    """Return the whole number of a key, None where it is absent; raises ModelFileError."""
    if key not in header.values:
        return None
    return number(header, key, least, most)


def each_layer(header: Header, key: str, layers: int, most: int) -> tuple[int, ...]:
    """Return the values of a key that is one number or one for each layer; () when absent."""
    array = header.arrays.get(key)
    if array is None:
        value = optional(header, key, 0, most)
        return () if value is None else (value,)
    if array.count != layers:
        raise impossible(key, f"{array.count} numbers for {layers} layers")
    for one in array.numbers or (-1,):
        if not isinstance(one, int) or not 0 <= one <= most:
            raise impossible(key, one)
    return tuple(int(one) for one in array.numbers)

"""What `lapis serve` asks for, as a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServeOrder:
    """Answer other programs; what is empty, 0 or None is as it is set.

    An empty `key` is the one that Lapis keeps. With `keyless` programs of this computer need none.
    """

    model: str = ""
    host: str = ""
    port: int = 0
    key: str = field(default="", repr=False)
    keyless: bool | None = None

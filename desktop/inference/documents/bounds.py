"""What bounds the reading of any document, and how it ends where there is nothing to be had.

Runs in the process that reads the document.
"""

from typing import Final, Literal, TypeAlias

__all__ = ["Bounded", "Fault", "Unreadable"]

Fault: TypeAlias = Literal[
    "damaged", "empty", "foreign", "large", "old", "password", "pictures", "unpacks"
]
"""Why there is no text.

`foreign`: it is another kind of file. `large`: more text than was asked for. `old`: a Word document
from before 2007. `pictures`: pages without a text. `unpacks`: far more comes out of it than a
document holds.
"""

_JOINT: Final = "\n"


class Unreadable(Exception):
    """Nothing can be read of a document, or nothing should."""

    def __init__(self, fault: Fault) -> None:
        """Keep the reason."""
        super().__init__(fault)
        self.fault: Fault = fault


class Bounded:
    """Lines of text, as long as they are `most` bytes of UTF-8 together."""

    def __init__(self, most: int) -> None:
        """Begin with nothing."""
        self._most = most
        self._size = 0
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Take one more; raises Unreadable where it is too much."""
        self._size += len(line.encode("utf-8", "surrogatepass")) + len(_JOINT)
        if self._size > self._most:
            raise Unreadable("large")
        self._lines.append(line)

    @property
    def text(self) -> str:
        """All of it."""
        return _JOINT.join(self._lines).strip(_JOINT)

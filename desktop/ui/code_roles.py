"""What a piece of code may be, as far as colours tell it apart. Standard library only; any thread."""

from typing import Final, Literal, TypeAlias, get_args

__all__ = ["LONGEST_CODE", "ROLES", "Role"]

Role: TypeAlias = Literal["keyword", "string", "number", "comment", "name", "type", ""]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
LONGEST_CODE: Final = 50_000
"""Characters; longer code stays in the colour of text, wherever it is shown."""

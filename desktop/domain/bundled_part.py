"""Other people's work inside of Lapis, as About lists it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BundledPart:
    """What it is called and on what terms it came along; `version` and `homepage` may be empty."""

    name: str
    version: str
    licence: str
    """An SPDX expression."""
    homepage: str
    files: tuple[str, ...]
    """Names of the files with its terms, in the folder of the list."""

    def matches(self, words: str) -> bool:
        """Tell whether every one of `words` is in its name or its licence."""
        text = f"{self.name} {self.licence}".casefold()
        return all(word in text for word in words.casefold().split())

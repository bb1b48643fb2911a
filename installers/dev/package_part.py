"""One part of a bundle that somebody else made: the value that licences and bill of materials share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A licence, or a notice that has to come along."""

    file: str
    """Its file's name; parts with the same text share one file."""
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """What it is called, who speaks for it, and on what terms it may be passed on."""

    name: str
    version: str
    """Empty where nobody can tell: a library that came from the system of the build."""
    licence: str
    """An SPDX expression."""
    homepage: str
    texts: tuple[Text, ...]
    libraries: tuple[str, ...] = ()
    """Patterns of paths inside the bundle's folder of libraries, with "/" between folders."""
    purl: str = ""
    needs: tuple[str, ...] = ()
    """Names of the packages that it depends on, canonical."""
    sha256: str = ""
    about: str = ""

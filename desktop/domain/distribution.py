"""How this Lapis came onto the computer, and who can tell it of newer ones."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The form it was given out in; `SOURCE` is a checkout, or a form that nobody named."""

    SOURCE = "source"
    DEB = "deb"
    RPM = "rpm"
    TAR = "tar"
    APPIMAGE = "appimage"
    FLATPAK = "flatpak"
    WINDOWS = "windows"
    MACOS = "macos"

    @property
    def is_managed(self) -> bool:
        """Whether a package manager of the system brings newer ones."""
        return self in {Kind.DEB, Kind.RPM, Kind.FLATPAK}


@dataclass(frozen=True, slots=True)
class Distribution:
    """What was put into the package when it was made.

    `update_address` is the https address of the signed file that tells of the newest version, empty
    where there is none. `update_keys` are the Ed25519 public keys, 32 bytes each in base64, any of
    which may have signed it.
    """

    kind: Kind = Kind.SOURCE
    update_address: str = ""
    update_keys: tuple[str, ...] = ()

    @property
    def can_ask(self) -> bool:
        """Whether this Lapis knows where to ask for newer versions, and whom to believe."""
        return not self.kind.is_managed and bool(self.update_address and self.update_keys)

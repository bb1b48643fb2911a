"""What a person may set of the way to models: judged, and brought into the form that is kept.

The same rules as for every request; see `hub/network`. Any thread, but for the file.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from desktop.domain.errors import UserFixable
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.hub.network import Network, base_address, shown_address, trusted_certificates
from desktop.hub.proxies import proxy_address

_USUAL_MIRROR: Final = LibrarySettings().mirror


def mirror_of(text: str) -> str:
    """Return the address of a mirror as typed, the usual one for nothing; raises BadReference."""
    return base_address(text) if text.strip() else _USUAL_MIRROR


def proxy_of(text: str) -> str:
    """Return the address of a proxy as typed, empty for nothing; raises UserFixable."""
    if not text.strip():
        return ""
    address = proxy_address(text)
    if urlsplit(address).path.strip("/"):
        raise UserFixable(
            Text("{address} is not the address of a proxy", {"address": shown_address(address)}),
            Text(
                "Lapis runs no scripts that choose one (PAC). "
                "Ask for the proxy itself: http://proxy.example.com:8080"
            ),
        )
    return address


def certificates_of(file: Path) -> str:
    """Return a file of certificates that was chosen, once it was read; raises UserFixable."""
    trusted_certificates(Network(certificates=str(file)))
    return str(file)

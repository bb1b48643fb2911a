"""What the tests of updates share: keys, signed files, and an `Updates` that asks a real server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from desktop.domain.distribution import Distribution, Kind
from desktop.domain.settings import LibrarySettings, Settings, UpdateSettings
from desktop.services.updates import Surroundings, Updates
from installers.release.sign_update import envelope, new_secret, public_of
from tests.harness.update_server import NewsServer

HOST = "127.0.0.1"
PAGE = f"https://{HOST}/lapis/download"
SECRET = new_secret()
OTHER_SECRET = new_secret()
DAY = 86_400.0
WEEK = 7 * DAY
TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()

GOOD: Mapping[str, Any] = {
    "format": 1,
    "serial": 7,
    "version": "1.2.0",
    "channel": "stable",
    "issued": "2026-11-20",
    "expires": "2027-05-01",
    "page": PAGE,
    "notes": {"en": "Faster, and it reads PDFs.", "zh_CN": "更快，还能读 PDF。"},
    "files": [
        {"name": "Lapis-1.2.0.AppImage", "size": 75_000_000, "sha256": "a" * 64, "kind": "appimage"}
    ],
}


def signed(secret: str = SECRET, **changes: Any) -> bytes:
    """Return the good file with `changes`, signed."""
    return envelope(json.dumps({**GOOD, **changes}).encode(), secret)


@dataclass
class Room:
    """Updates over real files and a real server; `now` is its clock.

    `address` is where it asks, the server's own if empty.
    """

    server: NewsServer
    folder: Path
    certificates: str
    now: float = NOON
    has_network: bool = True
    settings: Settings = field(default_factory=Settings)
    kind: Kind = Kind.APPIMAGE
    keys: tuple[str, ...] = (public_of(SECRET),)
    version: str = "1.1.0"
    seconds: float = 20.0
    forbidden: bool = False
    address: str = ""

    def __post_init__(self) -> None:
        self.settings = replace(
            self.settings,
            updates=UpdateSettings(check=True),
            library=LibrarySettings(certificates=self.certificates),
        )

    @property
    def file(self) -> Path:
        return self.folder / "updates.json"

    def updates(self) -> Updates:
        """Return updates as a new start has them."""
        return Updates(
            Distribution(self.kind, self.address or self.server.address, self.keys),
            self.file,
            lambda: self.settings,
            Surroundings(
                {}, lambda: self.now, lambda: self.has_network, self.version, self.seconds
            ),
            forbidden=self.forbidden,
        )

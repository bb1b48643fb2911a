"""The signed file that tells of a release: keys made, `latest.json` written, signed and checked.

    python -m installers.release.sign_update new-key lapis-update.key
    LAPIS_UPDATE_KEYS="…" LAPIS_UPDATE_SIGNING_KEY="…"
    python -m installers.release.sign_update sign --files dist --version 1.2.0
        --page https://example.org/lapis/1.2.0 --note en=notes.en.txt --note zh_CN=notes.zh.txt
        --previous previous/latest.json --out dist/latest.json

`LAPIS_UPDATE_KEYS` are the public keys that go into the packages, separated by spaces, and
`LAPIS_UPDATE_SIGNING_KEY` is the secret one, 32 bytes in base64. What is written was read by the
same lines that read it in Lapis, so that nothing is given out that Lapis would refuse. Needs
Lapis's own libraries.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from desktop.config.distribution import KEY_BYTES, is_update_key
from desktop.domain.distribution import Kind
from desktop.domain.updates import News, NewsRefused, is_newer
from desktop.hub.update_news import CHANNEL, FORMAT, MOST_BYTES, MOST_VALID_DAYS, read_news
from desktop.hub.update_signature import PREFIX, key_id

KEYS_VARIABLE: Final = "LAPIS_UPDATE_KEYS"
SIGNING_VARIABLE: Final = "LAPIS_UPDATE_SIGNING_KEY"
USUAL_DAYS: Final = 180
_ENDINGS: Final[Mapping[str, Kind]] = {
    ".deb": Kind.DEB,
    ".rpm": Kind.RPM,
    ".tar.xz": Kind.TAR,
    ".AppImage": Kind.APPIMAGE,
    ".flatpak": Kind.FLATPAK,
    ".exe": Kind.WINDOWS,
    ".dmg": Kind.MACOS,
}
_BLOCK: Final = 1 << 20


class Refused(Exception):
    """The release would be told in a way that Lapis does not believe, or not at all."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is to be told: `notes` by language, `files` of the release, valid for so many `days`."""

    version: str
    page: str
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Sequence[Path] = ()
    days: int = USUAL_DAYS


def new_secret() -> str:
    """Return a new secret key: 32 bytes in base64."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode("ascii")


def public_of(secret: str) -> str:
    """Return the public key of a secret one, both in base64; raises Refused."""
    return base64.b64encode(_private(secret).public_key().public_bytes_raw()).decode("ascii")


def next_serial(previous: News | None, wanted: int | None = None) -> int:
    """Return the serial after `previous`, or `wanted`, which must be higher; raises Refused."""
    before = previous.serial if previous is not None else 0
    serial = before + 1 if wanted is None else wanted
    if serial <= before:
        raise Refused(f"serial {serial} does not grow: the last one was {before}")
    return serial


def sign(release: Release, serial: int, secret: str, today: date) -> bytes:
    """Return the content of `latest.json`; raises Refused, and OSError for files."""
    payload = {
        "format": FORMAT,
        "serial": serial,
        "version": release.version,
        "channel": CHANNEL,
        "issued": today.isoformat(),
        "expires": (today + timedelta(days=release.days)).isoformat(),
        "page": release.page,
        "notes": dict(release.notes),
        "files": [_told(path, kind) for path, kind in packages_of(release.files)],
    }
    return envelope(json.dumps(payload, ensure_ascii=False, sort_keys=True).encode(), secret)


def envelope(payload: bytes, secret: str) -> bytes:
    """Return `payload` signed, in the form that Lapis fetches; raises Refused."""
    signature = _private(secret).sign(PREFIX + payload)
    said = {
        "payload": base64.b64encode(payload).decode("ascii"),
        "key": key_id(public_of(secret)),
        "signature": base64.b64encode(signature).decode("ascii"),
    }
    return json.dumps(said, indent=1).encode() + b"\n"


def check(content: bytes, keys: Iterable[str], page: str) -> News:
    """Return what Lapis with `keys` would read in `content`; raises Refused."""
    try:
        return read_news(content, keys, urlsplit(page).hostname or "")
    except NewsRefused as refused:
        raise Refused(f"Lapis would refuse it: {refused.refusal.value}") from refused


def packages_of(files: Iterable[Path]) -> list[tuple[Path, Kind]]:
    """Return those of `files` that install Lapis, with their kinds, by name."""
    found: list[tuple[Path, Kind]] = []
    for path in sorted(files, key=lambda each: each.name):
        kind = next((_ENDINGS[end] for end in _ENDINGS if path.name.endswith(end)), None)
        if kind is not None and path.is_file():
            found.append((path, kind))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line; 0 done, 1 refused."""
    parser = argparse.ArgumentParser(prog="sign_update", description="Tell of a release.")
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("new-key", help="make a key pair")
    made.add_argument("file", type=Path, help="takes the secret key; must not exist")
    signed = commands.add_parser("sign", help="write the signed file")
    signed.add_argument("--files", type=Path, required=True, help="folder with the packages")
    signed.add_argument("--version", required=True)
    signed.add_argument("--page", required=True, help="web page to get it from")
    signed.add_argument("--note", action="append", default=[], metavar="LANGUAGE=FILE")
    signed.add_argument("--serial", type=int, help="usually one more than the previous file has")
    before = signed.add_mutually_exclusive_group(required=True)
    before.add_argument("--previous", type=Path, help="the file that was given out last")
    before.add_argument("--first", action="store_true", help="none was given out so far")
    signed.add_argument("--days", type=int, default=USUAL_DAYS, help="how long it holds")
    signed.add_argument("--out", type=Path, required=True)
    read = commands.add_parser("check", help="read a signed file as Lapis does")
    read.add_argument("file", type=Path)
    read.add_argument("--page", required=True, help="any page on the host that Lapis knows")
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "new-key":
                _make_key(given.file)
            case "sign":
                _sign(given)
            case _:
                _tell(check(_content(given.file), _public_keys(), given.page))
    except (Refused, OSError) as error:
        print(f"Refused: {error}", file=sys.stderr)
        return 1
    return 0


def _make_key(file: Path) -> None:
    secret = new_secret()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secret + "\n")
    public = public_of(secret)
    print(f"public key {public}\nits id     {key_id(public)}\nthe secret one is in {file}")


def _sign(given: argparse.Namespace) -> None:
    keys = _public_keys()
    secret = os.environ.get(SIGNING_VARIABLE, "").strip()
    if not secret:
        raise Refused(f"{SIGNING_VARIABLE} is not set")
    if public_of(secret) not in keys:
        raise Refused(f"the key that signs is not one of {KEYS_VARIABLE}: no Lapis would know it")
    if not 0 < given.days <= MOST_VALID_DAYS:
        raise Refused(f"it can hold for 1 to {MOST_VALID_DAYS} days")
    previous = None if given.first else check(_content(given.previous), keys, given.page)
    if previous is not None and is_newer(previous.version, given.version):
        raise Refused(f"version {given.version} is older than the last one, {previous.version}")
    release = Release(
        given.version, given.page, _notes(given.note), list(given.files.iterdir()), given.days
    )
    if not packages_of(release.files):
        raise Refused(f"{given.files} holds no package")
    serial = next_serial(previous, given.serial)
    content = sign(release, serial, secret, datetime.now(UTC).date())
    news = check(content, keys, given.page)
    given.out.write_bytes(content)
    _tell(news)


def _tell(news: News) -> None:
    print(
        f"version {news.version}, serial {news.serial}, key {news.key}, "
        f"{news.issued} to {news.expires}, {len(news.files)} files"
    )


def _content(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _notes(given: Sequence[str]) -> dict[str, str]:
    pairs = [entry.partition("=") for entry in given]
    return {language: Path(file).read_text(encoding="utf-8").strip() for language, _, file in pairs}


def _told(path: Path, kind: Kind) -> dict[str, str | int]:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return {
        "name": path.name,
        "size": path.stat().st_size,
        "sha256": digest.hexdigest(),
        "kind": kind.value,
    }


def _public_keys() -> list[str]:
    keys = re.split(r"\s+", os.environ.get(KEYS_VARIABLE, "").strip())
    if not all(is_update_key(key) for key in keys):
        raise Refused(f"{KEYS_VARIABLE} does not hold public keys in base64")
    return keys


def _private(secret: str) -> Ed25519PrivateKey:
    try:
        raw = base64.b64decode(secret.strip(), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise Refused("the secret key is not 32 bytes in base64")
    return Ed25519PrivateKey.from_private_bytes(raw)


if __name__ == "__main__":
    sys.exit(main())

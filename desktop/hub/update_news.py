"""The file that tells of new versions, read with distrust: first who signed it, then what it says.

    {"payload": "<base64 of JSON>", "key": "<id of the key>", "signature": "<base64, Ed25519>"}

Nothing of the payload is looked at before the signature is known to be good, and everything in it
has bounds even then: a key may be stolen. Pure; any thread.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NoReturn
from urllib.parse import urlsplit

from desktop.domain.text import printable
from desktop.domain.updates import News, NewsRefused, Refusal, ReleaseFile, is_version
from desktop.hub.network import origin
from desktop.hub.update_signature import is_signed, key_named
from desktop.hub.update_words import refusal_words

MOST_BYTES: Final = 64 * 1024
FORMAT: Final = 1
CHANNEL: Final = "stable"
MOST_FILES: Final = 64
MOST_LANGUAGES: Final = 8
LONGEST_NOTE: Final = 1000
MOST_VALID_DAYS: Final = 400
MOST_SERIAL: Final = 2**53
_MOST_SIZE: Final = 10**11
_LONGEST_PAGE: Final = 300
_SIGNATURE_BYTES: Final = 64
_HTTPS: Final = 443
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_KIND: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")


def read_news(content: bytes, keys: Iterable[str], host: str) -> News:
    """Return what the file tells that was signed by one of `keys`; raises NewsRefused.

    `host` is the only one that its page may be on. Whether it holds today, and whether it is older
    than another one that came, is not judged here.
    """
    envelope = _parsed(content)
    name = _text(envelope, "key", 64)
    payload = _bytes(envelope, "payload")
    signature = _bytes(envelope, "signature")
    key = key_named(name, keys)
    if not key:
        _refuse(Refusal.UNKNOWN_KEY)
    if len(signature) != _SIGNATURE_BYTES or not is_signed(payload, signature, key):
        _refuse(Refusal.FORGED)
    return _news(name, _parsed(payload), host)


def _news(key: str, said: Mapping[str, object], host: str) -> News:
    if _number(said, "format", 2**16) != FORMAT or _text(said, "channel", 20) != CHANNEL:
        _refuse()
    version, page = _text(said, "version", _LONGEST_PAGE), _text(said, "page", _LONGEST_PAGE)
    issued, expires = _day(said, "issued"), _day(said, "expires")
    if not is_version(version) or not _is_page(page, host):
        _refuse()
    if not 0 <= (expires - issued).days <= MOST_VALID_DAYS:
        _refuse()
    serial = _number(said, "serial", MOST_SERIAL)
    return News(key, serial, version, issued, expires, page, _notes(said), _files(said))


def _notes(said: Mapping[str, object]) -> dict[str, str]:
    notes = _mapping(said.get("notes", {}))
    if len(notes) > MOST_LANGUAGES or not all(map(_LANGUAGE.fullmatch, notes)):
        _refuse()
    return {language: _plain(_text(notes, language, LONGEST_NOTE)) for language in notes}


def _files(said: Mapping[str, object]) -> tuple[ReleaseFile, ...]:
    listed = said.get("files", [])
    if not isinstance(listed, list) or len(listed) > MOST_FILES:
        _refuse()
    return tuple(_file(_mapping(one)) for one in listed)


def _file(said: Mapping[str, object]) -> ReleaseFile:
    name, sha256, kind = (_text(said, part, 128) for part in ("name", "sha256", "kind"))
    if not (_FILE.fullmatch(name) and _HASH.fullmatch(sha256) and _KIND.fullmatch(kind)):
        _refuse()
    return ReleaseFile(name, _number(said, "size", _MOST_SIZE), sha256, kind)


def _is_page(page: str, host: str) -> bool:
    """Return whether a browser may be sent there: https, on `host`, and nowhere hidden."""
    if not page.isascii() or origin(page) != ("https", host, _HTTPS):
        return False
    return urlsplit(page).username is None and not set(page) & set('"<>')


def _plain(note: str) -> str:
    """Return a note as plain text; what is invisible, or would turn a line round, is shown."""
    return "\n".join(printable(line.replace("\t", " ")) for line in note.strip().splitlines())


def _parsed(content: bytes) -> Mapping[str, object]:
    if len(content) > MOST_BYTES:
        _refuse()
    try:
        said = json.loads(
            content.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        _refuse()
    return _mapping(said)


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Take no name twice: readers differ about which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _mapping(said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        _refuse()
    return said


def _text(said: Mapping[str, object], name: str, most: int) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > most:
        _refuse()
    return value


def _bytes(said: Mapping[str, object], name: str) -> bytes:
    try:
        return base64.b64decode(_text(said, name, MOST_BYTES), validate=True)
    except (binascii.Error, ValueError):
        _refuse()


def _number(said: Mapping[str, object], name: str, most: int) -> int:
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        _refuse()
    return value


def _day(said: Mapping[str, object], name: str) -> date:
    text = _text(said, name, 10)
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        _refuse()


def _refuse(refusal: Refusal = Refusal.DAMAGED) -> NoReturn:
    title, hint = refusal_words(refusal)
    raise NewsRefused(title, hint, refusal) from None

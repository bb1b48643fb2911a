"""Which links of an answer may be followed, and how a person sees where they lead.

A model's words are hostile input: only web and mail addresses pass, without names or passwords in
them, and what is shown is the address itself, with look-alike letters of the host in their ASCII
form and invisible characters made visible. Standard library only; any thread.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

__all__ = ["Destination", "destination", "safe_link", "visible"]

_MAX_LENGTH = 4000
_MAIL = re.compile(r"mailto:[^?@\s/]+@[^?@\s/]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]")
# Unicode's categories Cc (but newline and tab), Cf, Zl, Zp and Cs.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f]"
)
_KEPT = "!#$%&'()*+,/:;=?@[]~-._"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a link leads: `host` (or mail address) stands out, `url` is all of it."""

    host: str
    url: str
    is_mail: bool


def safe_link(href: str) -> str:
    """Return `href` in ASCII if it may be offered, else an empty string."""
    found = destination(href)
    return found.url if found is not None else ""


def destination(href: str) -> Destination | None:
    """Return where `href` leads; None if it is anything but http, https or a mail address."""
    if len(href) > _MAX_LENGTH or not href.isprintable() or any(c in href for c in ' \\"<>'):
        return None
    if _MAIL.fullmatch(href):
        return Destination(visible(href[len("mailto:") :]), visible(href), is_mail=True)
    try:
        parts = urlsplit(href)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not parts.hostname:
        return None
    host = _ascii_host(parts.hostname, bracketed="[" in parts.netloc)
    if not host:
        return None
    where = host if port is None else f"{host}:{port}"
    rest = parts.path or "/"
    if parts.query:
        rest += "?" + parts.query
    if parts.fragment:
        rest += "#" + parts.fragment
    return Destination(where, f"{parts.scheme}://{where}{quote(rest, safe=_KEPT)}", is_mail=False)


def visible(text: str) -> str:
    """Return `text` with control, direction and zero-width characters spelt out as ‹U+202E›."""
    return _INVISIBLE.sub(lambda found: f"‹U+{ord(found.group()):04X}›", text)


def _ascii_host(host: str, *, bracketed: bool) -> str:
    if bracketed:
        return f"[{host}]" if _IPV6.fullmatch(f"[{host}]") else ""
    try:
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return ascii_host if _HOST.fullmatch(ascii_host) else ""

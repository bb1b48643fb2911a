"""What a client sent, as values that were checked: types, ranges, sizes. Plain functions.

`msgspec` reads strictly: nothing is turned into another type, `NaN` and `Infinity` are no JSON,
unknown keys are left out. The API's thread; nothing here waits.
"""

import base64
import binascii
import re
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from desktop.api.refused import Refused
from desktop.domain.chat import Picture
from desktop.services.pictures import media_type_of

Value = TypeVar("Value")

Temperature: TypeAlias = Annotated[float, Meta(ge=0, le=5)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
TopK: TypeAlias = Annotated[int, Meta(ge=-1, le=1000)]
"""-1, as vLLM says it, and 0, as llama.cpp does, are all tokens."""
Penalty: TypeAlias = Annotated[float, Meta(ge=-2, le=2)]
MirostatTau: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
MirostatEta: TypeAlias = Annotated[float, Meta(ge=0, le=10)]
Tokens: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Limit: TypeAlias = Annotated[int, Meta(ge=-1, le=2**31 - 1)]
"""How many tokens an answer may have; -1, as LM Studio and llama.cpp say it, is no limit."""
Seed: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Name: TypeAlias = Annotated[str, Meta(max_length=256)]

MOST_STOPS: Final = 16
LONGEST_STOP: Final = 256
MOST_MESSAGES: Final = 2_000
MOST_PICTURES: Final = 16
MOST_TEXTS: Final = 2_048
"""Texts that are turned into vectors at once."""
LONGEST_GRAMMAR: Final = 64 * 1024

_FIELD: Final = re.compile(r"`?\$((?:\.\w+|\[[^\]]*\])*)`?\Z")
_PICTURE: Final = re.compile(r"data:(image/[a-z+.-]{1,20})(?:;[\w=-]{1,40})*;base64,")
_KINDS: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def read(wanted: type[Value], body: bytes) -> Value:
    """Return `body`, which is JSON, as `wanted`; raises Refused, naming the field."""
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at ")
        raise Refused(
            400, f"{words}{' at ' + place if place else ''}", param=field_of(place)
        ) from None
    except RecursionError:
        raise Refused(400, "The body is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, "The body is not valid JSON") from None


def field_of(place: str) -> str:
    """Return the field that a place such as `$.messages[0].role` names, without the `$.`."""
    found = _FIELD.match(place)
    return "" if found is None else found[1].removeprefix(".")


def stops(given: str | list[str] | None) -> tuple[str, ...] | None:
    """Return the texts that end an answer; None where nothing was said of them."""
    if given is None:
        return None
    each = [given] if isinstance(given, str) else given
    if len(each) > MOST_STOPS:
        raise Refused(400, f"At most {MOST_STOPS} texts can end an answer", param="stop")
    if any(len(text.encode(errors="replace")) > LONGEST_STOP for text in each):
        raise Refused(
            400, f"A text that ends an answer may have {LONGEST_STOP} bytes at most", param="stop"
        )
    return tuple(text for text in each if text)


def picture(address: str, param: str) -> Picture:
    """Return the picture that a `data:` address holds; nothing is ever fetched for a client."""
    head = _PICTURE.match(address[:120])
    if head is None:
        raise Refused(
            400,
            "Pictures are taken as data: addresses in base64 alone (PNG, JPEG, WebP or GIF)",
            param=param,
        )
    return picture_of(address[head.end() :], param, head[1])


def picture_of(text: str, param: str, media_type: str = "") -> Picture:
    """Return the picture whose file `text` holds in base64; its first bytes say what it is."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(400, "A picture is not valid base64", param=param) from None
    kind = media_type_of(data)
    if kind not in _KINDS or media_type not in {"", kind, "image/jpg"}:
        raise Refused(400, "A picture is no PNG, JPEG, WebP or GIF", param=param)
    return Picture(kind, data)

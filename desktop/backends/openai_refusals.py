"""What an OpenAI-compatible server says when it says no, and which field it minds. Pure.

There is no common form: OpenAI's own (`error.message`, `param`, `code`), FastAPI's (`detail`, with
places), Google's (a list of errors), plain text, a page.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from desktop.backends.openai_body import JSON_SCHEMA, SAME_ROLE, SPARED, SYSTEM_TURN
from desktop.base.json_values import decoded, mapping, sequence
from desktop.base.retry_after import seconds_until

_READ: Final = 4096
_LONGEST_WAIT: Final = 24 * 3600.0
_PAGE: Final = re.compile(r"\s*<(?:!doctype|html|head|\?xml)", re.IGNORECASE)
_TOO_LONG: Final = re.compile(
    r"context[ _](?:length|window|size)|maximum (?:prompt|input) length|too many (?:input )?tokens"
    r"|prompt is too long|max_model_len",
    re.IGNORECASE,
)
_LIMIT: Final = re.compile(r"exceed|maximum|longer|larger|too (?:long|large|many)", re.IGNORECASE)
_BOUND: Final = re.compile(
    r"exceed|maximum|minimum|less than|greater than|between|range|at (?:most|least)|must be"
    r"|too (?:large|small|high|low|long|many)",
    re.IGNORECASE,
)
_LENGTHS: Final = frozenset({"max_tokens", "max_completion_tokens"})
_SYSTEM: Final = re.compile(
    r"system (?:role|message|prompt)s?\b.{0,40}(?:not|n't|only)|only user and assistant roles",
    re.IGNORECASE,
)
_ALTERNATE: Final = re.compile(r"must alternate|alternat\w+ (?:between )?user", re.IGNORECASE)
_OUTRIGHT: Final = frozenset({400, 404, 415, 422, 500, 501})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server said with a status that is no success.

    `words` is the message, `fields` are the names that it points at itself.
    """

    status: int
    words: str
    code: str = ""
    fields: tuple[str, ...] = ()
    is_page: bool = False
    is_told: bool = False
    seconds: float = 0.0


def refusal_of(status: int, headers: Mapping[str, str], body: bytes | str) -> Refusal:
    """Return what an answer with an error says; `headers` have lower-case names."""
    text = body if isinstance(body, str) else body.decode(errors="replace")
    try:
        said: object = decoded(text)
    except ValueError:
        said = None
    return told(status, said, text, _wait(headers))


def told(status: int, said: object, text: str = "", seconds: float = 0.0) -> Refusal:
    """Return what an error says that came as a value of JSON, or else as a text."""
    first = sequence(said)[0] if sequence(said) else said
    whole = mapping(first)
    error = mapping(whole.get("error")) or whole
    detail = error.get("detail", whole.get("detail"))
    words = next(filter(None, _messages(whole, error, detail)), "")
    code = error.get("code")
    fields = [place for place in (error.get("param"), *_places(detail)) if isinstance(place, str)]
    kind = error.get("type")
    return Refusal(
        status,
        (words or text)[:_READ],
        " ".join(one for one in (code, kind) if isinstance(one, str))[:_READ],
        tuple(fields[:64]),
        is_page=not words and bool(_PAGE.match(text)),
        is_told=bool(words),
        seconds=seconds,
    )


def refused_fields(refusal: Refusal, sent: Mapping[str, object]) -> frozenset[str]:
    """Return which of the fields that were `sent` could be left out, or said in another way."""
    if refusal.status not in _OUTRIGHT or refusal.is_page:
        return frozenset()
    found = {name for name in SPARED if name in sent and minds(refusal, name)}
    if "response_format" in sent and "json_object" in refusal.words:
        found.add(JSON_SCHEMA)
    if "messages" in sent and not found:
        if "reasoning_content" in refusal.words:
            found.add("reasoning_content")
        elif _SYSTEM.search(refusal.words):
            found.add(SYSTEM_TURN)
        elif _ALTERNATE.search(refusal.words):
            found.add(SAME_ROLE)
    if found <= _LENGTHS and _LENGTHS & sent.keys() and _minds_value(refusal):
        # So long an answer may be the fault, and not the question; or the field has a bound.
        found = set(_LENGTHS)
    return frozenset(found)


def is_lasting(refusal: Refusal) -> bool:
    """Return whether the same field would be refused again, whatever its value."""
    return not _minds_value(refusal)


def minds(refusal: Refusal, name: str) -> bool:
    """Return whether a refusal points at a field, or names it."""
    return _points_at(refusal, name) or _names(refusal.words, name)


def _points_at(refusal: Refusal, name: str) -> bool:
    return any(re.split(r"[.\[]", place)[0] == name for place in refusal.fields)


def _names(words: str, name: str) -> bool:
    """Return whether a message names a field, and does not only use a word that is one."""
    exact = re.escape(name)
    if "_" in name:
        return re.search(rf"(?<![\w.]){exact}(?!\w)", words) is not None
    quoted = rf"[\"'`]{exact}[\"'`]"
    announced = (
        rf"(?:parameters?|arguments?|fields?|supplied|input|propert\w+)\W{{1,3}}{exact}(?!\w)"
    )
    return re.search(f"{quoted}|{announced}", words, re.IGNORECASE) is not None


def _minds_value(refusal: Refusal) -> bool:
    return is_too_long(refusal) or _BOUND.search(refusal.words) is not None


def is_too_long(refusal: Refusal) -> bool:
    """Return whether the text, or the answer that is to come, is more than the context holds."""
    if refusal.status not in _OUTRIGHT | {413} or refusal.is_page:
        return False
    if "context_length" in refusal.code or "exceed_context" in refusal.code:
        return True
    return bool(_TOO_LONG.search(refusal.words) and _LIMIT.search(refusal.words))


def _messages(
    whole: Mapping[str, object], error: Mapping[str, object], detail: object
) -> Iterator[str]:
    for value in (error.get("message"), whole.get("error"), detail, whole.get("message")):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _messages(value, value, value.get("detail"))
    yield "; ".join(
        f"{'.'.join(map(str, sequence(one.get('loc'))))}: {one.get('msg')}"
        for one in map(mapping, sequence(detail)[:8])
        if isinstance(one.get("msg"), str)
    )


def _places(detail: object) -> Iterator[object]:
    """Yield the fields of the body that FastAPI complains about."""
    for one in map(mapping, sequence(detail)[:64]):
        for place in sequence(one.get("loc")):
            if place != "body":
                yield place
                break


def _wait(headers: Mapping[str, str]) -> float:
    """Return how many seconds an answer asks to wait, 0 where it does not."""
    return min(seconds_until(headers.get("retry-after", "")) or 0.0, _LONGEST_WAIT)

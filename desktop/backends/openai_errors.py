"""What an OpenAI-compatible server says when it says no: in words, and which field it minds. Pure.

There is no common form: OpenAI's own (`error.message`, `param`, `code`), FastAPI's (`detail`, with
places), Google's (a list of errors), plain text, a page. What the server says itself is shown to
the person, shortened and without keys, and is written into no log.
"""

import email.utils
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from desktop.backends.openai_body import JSON_SCHEMA, SAME_ROLE, SPARED, SYSTEM_TURN
from desktop.backends.openai_values import decoded, mapping, real, sequence
from desktop.base.redaction import redactor
from desktop.domain.errors import (
    AccessDenied,
    ContextOverflow,
    LapisError,
    ModelNotServed,
    NetworkError,
    NotSupported,
    OddAnswer,
    ServerBusy,
    ServerFault,
    TooManyRequests,
)
from desktop.domain.text import Text, printable, shortened

_SHOWN: Final = 240
_READ: Final = 4096
_LONGEST_WAIT: Final = 24 * 3600.0
_BUSY_SECONDS: Final = 1.0
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
_NO_MODEL: Final = re.compile(
    r"model\b.{0,300}?\b(?:not (?:exist|found|loaded|available|supported)|unknown|does not exist"
    r"|doesn't exist)|(?:unknown|invalid|no such|not a valid) model|no models? loaded",
    re.IGNORECASE | re.DOTALL,
)
_SYSTEM: Final = re.compile(
    r"system (?:role|message|prompt)s?\b.{0,40}(?:not|n't|only)|only user and assistant roles",
    re.IGNORECASE,
)
_ALTERNATE: Final = re.compile(r"must alternate|alternat\w+ (?:between )?user", re.IGNORECASE)
_REFUSING: Final = (
    r"not|n't|no (?:endpoints?|support)|un(?:known|supported|recognized|expected)|only supported"
    r"|requires|at most 0|disabled"
)


def _near(what: str) -> re.Pattern[str]:
    """Return what finds a thing beside words that refuse it."""
    gap = r"\b.{0,80}?\b"
    pairs = f"(?:{what}){gap}(?:{_REFUSING})|(?:{_REFUSING}){gap}(?:{what})"
    return re.compile(pairs, re.IGNORECASE | re.DOTALL)


_SIGHT: Final = _near(r"images?|image_url|vision|multi-?modal|visual|mmproj")
_TOOLS: Final = _near(r"tools?|tool_choice|function calls?|function calling")
_NO_PARTS: Final = re.compile(r"(?:must|should) be a (?:valid )?string", re.IGNORECASE)
_CREDIT: Final = re.compile(r"insufficient_quota|billing|credit|payment|balance", re.IGNORECASE)
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom: `host` and `model` for people, `key` only to be kept unseen."""

    host: str
    model: str = ""
    key: str = ""
    fields: Collection[str] = ()
    sees: bool = False


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
    found = {
        name
        for name in SPARED
        if name in sent and (_points_at(refusal, name) or _names(refusal.words, name))
    }
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


def failure_of(refusal: Refusal, asked: Asked) -> LapisError:
    """Return in words what a refusal means to who asked."""
    host, status = {"host": asked.host}, refusal.status
    if status in {401, 403, 407}:
        return _no_access(refusal, asked)
    if status == 402 or (status == 429 and _CREDIT.search(f"{refusal.code} {refusal.words}")):
        return NetworkError(
            Text("{host} wants to be paid first", host), _in_its_words(refusal, asked)
        )
    if status == 429:
        return TooManyRequests(
            Text("{host} is asked too often", host),
            Text("Wait a while, then ask again."),
            refusal.seconds or _BUSY_SECONDS,
        )
    if status == 503:
        return ServerBusy(
            Text("{host} is too busy", host),
            Text("Wait a while, then ask again."),
            refusal.seconds,
        )
    if _is_too_long(refusal):
        return ContextOverflow(
            Text("The text is too long for this model"),
            Text("Shorten it, start a new chat, or choose a model with a longer context."),
        )
    if status == 413:
        return NotSupported(
            Text("{host} does not take so much at once", host),
            Text("Send fewer or smaller pictures and files, or shorten the text."),
        )
    if asked.model and _lacks_model(refusal):
        return ModelNotServed(
            Text("{host} has no model {name}", {**host, "name": shortened(asked.model, 80)}),
            Text("Choose one that the server lists; its name must be written exactly as there."),
        )
    if status in {404, 405, 410}:
        return OddAnswer(
            Text("{host} knows no such address", host),
            Text("Check the path of the address, which often ends in /v1."),
        )
    if status < 500 and not refusal.is_told:
        return OddAnswer(
            Text("{host} answers in a way that Lapis does not understand", host),
            Text("Check whether its address leads to a server for models."),
        )
    return _refused(refusal, asked)


def _in_its_words(refusal: Refusal, asked: Asked) -> Text:
    """Return what the server said for people: printable, short, without keys."""
    words = refusal.words.replace(asked.key, "…") if asked.key else refusal.words
    shown = " ".join(printable(redactor()(words), " ").split())
    if refusal.is_page or not shown:
        return Text("Look at what the server itself reports.")
    return Text("It says: {words}", {"words": shortened(shown, _SHOWN)})


def _refused(refusal: Refusal, asked: Asked) -> LapisError:
    host, hint = {"host": asked.host}, _in_its_words(refusal, asked)
    words = refusal.words
    if asked.sees and (_SIGHT.search(words) or _NO_PARTS.search(words)):
        return NotSupported(Text("This model cannot look at pictures"), hint)
    for name, title in (
        ("tools", Text("This model, or its server, cannot call tools")),
        ("logprobs", Text("This model, or its server, tells no chances of tokens")),
        ("response_format", Text("This model, or its server, keeps to no such shape of an answer")),
        ("grammar", Text("This model, or its server, keeps to no such shape of an answer")),
    ):
        told_so = _points_at(refusal, name) or _names(words, name)
        if name in asked.fields and (told_so or (name == "tools" and _TOOLS.search(words))):
            return NotSupported(title, hint)
    if refusal.status >= 500:
        return ServerFault(Text("{host} has a problem", host), hint)
    return NetworkError(Text("{host} does not take this question", host), hint)


def _no_access(refusal: Refusal, asked: Asked) -> AccessDenied:
    host = {"host": asked.host}
    if refusal.status == 403 and asked.key and refusal.is_told:
        return AccessDenied(Text("{host} does not allow this", host), _in_its_words(refusal, asked))
    if asked.key:
        return AccessDenied(
            Text("{host} does not accept the key", host),
            Text("Enter it again in the settings; it may have been renewed or have run out."),
        )
    return AccessDenied(
        Text("{host} wants a key", host), Text("Enter it in the settings, beside the address.")
    )


def _minds_value(refusal: Refusal) -> bool:
    return _is_too_long(refusal) or _BOUND.search(refusal.words) is not None


def _is_too_long(refusal: Refusal) -> bool:
    if refusal.status not in _OUTRIGHT | {413} or refusal.is_page:
        return False
    if "context_length" in refusal.code or "exceed_context" in refusal.code:
        return True
    return bool(_TOO_LONG.search(refusal.words) and _LIMIT.search(refusal.words))


def _lacks_model(refusal: Refusal) -> bool:
    if "model_not_found" in refusal.code or "model" in refusal.fields:
        return True
    return refusal.status in {400, 404} and bool(_NO_MODEL.search(refusal.words))


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
    given = headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    whole = real(seconds) if seconds == seconds else None  # noqa: PLR0124 - NaN is a number too
    return min(max(0.0, whole or 0.0), _LONGEST_WAIT)

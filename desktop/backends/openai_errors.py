"""Why an OpenAI-compatible server gives no answer, in words for people. Pure.

What the server says itself is shown to the person, shortened and without keys, and is written into
no log.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from desktop.backends.openai_refusals import Refusal, is_too_long, minds
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
    Unreachable,
)
from desktop.domain.text import Text, printable, shortened

_SHOWN: Final = 240
_NAME: Final = 80
_BUSY_SECONDS: Final = 1.0
_NO_MODEL: Final = re.compile(
    r"model\b.{0,300}?\b(?:not (?:exist|found|loaded|available|supported)|unknown|does not exist"
    r"|doesn't exist)|(?:unknown|invalid|no such|not a valid) model|no models? loaded",
    re.IGNORECASE | re.DOTALL,
)
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom: `host` and `model` for people, `key` only to be kept unseen."""

    host: str
    model: str = ""
    key: str = field(default="", repr=False)
    fields: Collection[str] = ()
    sees: bool = False


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
    if is_too_long(refusal):
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
        return not_served(asked.host, asked.model)
    if status in {404, 405, 410}:
        return OddAnswer(
            Text("{host} knows no such address", host),
            Text("Check the path of the address, which often ends in /v1."),
        )
    if status < 500 and not refusal.is_told:
        return odd_answer(asked.host)
    return _refused(refusal, asked)


def takes_no_pictures(refusal: Refusal, asked: Asked) -> bool:
    """Return whether a question with pictures was refused because of them."""
    words = refusal.words
    return asked.sees and bool(_SIGHT.search(words) or _NO_PARTS.search(words))


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
    if takes_no_pictures(refusal, asked):
        return NotSupported(Text("This model cannot look at pictures"), hint)
    for name, title in (
        ("tools", Text("This model, or its server, cannot call tools")),
        ("logprobs", Text("This model, or its server, tells no chances of tokens")),
        ("response_format", Text("This model, or its server, keeps to no such shape of an answer")),
        ("grammar", Text("This model, or its server, keeps to no such shape of an answer")),
    ):
        told_so = minds(refusal, name) or (name == "tools" and _TOOLS.search(words))
        if name in asked.fields and told_so:
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


def _lacks_model(refusal: Refusal) -> bool:
    if "model_not_found" in refusal.code or "model" in refusal.fields:
        return True
    return refusal.status in {400, 404} and bool(_NO_MODEL.search(refusal.words))


def not_served(host: str, model: str) -> ModelNotServed:
    """Return the error of a model that the server has not."""
    return ModelNotServed(
        Text("{host} has no model {name}", {"host": host, "name": shortened(model, _NAME)}),
        Text("Choose one that the server lists; its name must be written exactly as there."),
    )


def odd_answer(host: str) -> OddAnswer:
    """Return the error of an answer that such a server would not give."""
    return OddAnswer(
        Text("{host} answers in a way that Lapis does not understand", {"host": host}),
        Text("Check whether its address leads to a server for models."),
    )


def endless(host: str) -> OddAnswer:
    """Return the error of an answer without measure."""
    return OddAnswer(
        Text("{host} sends more than an answer can be", {"host": host}),
        Text("Check whether its address leads to a server for models."),
    )


def no_vectors() -> OddAnswer:
    """Return the error of an answer where vectors should be."""
    return OddAnswer(
        Text("The server did not turn the texts into vectors"),
        Text("Choose a model that is made for embeddings."),
    )


def no_answer(host: str) -> ServerFault:
    """Return the error of a stream in which nothing came."""
    return ServerFault(
        Text("{host} ended without an answer", {"host": host}),
        Text("Look at what the server itself reports; the text may be too long for its context."),
    )


def broke_off(host: str) -> Unreachable:
    """Return the error of a line that was cut."""
    return Unreachable(
        Text("The connection to {host} broke off", {"host": host}),
        Text("Try again. If it happens each time, look at what the server itself reports."),
    )

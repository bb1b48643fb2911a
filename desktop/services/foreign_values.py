"""What other programs wrote, taken for what it may be: nothing here believes a file.

Every function takes whatever a JSON parser or a database may give and returns a value that Lapis can
keep, or an empty one. Pure, any thread.
"""

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from desktop.domain.carried import CarriedMessage
from desktop.domain.chat import Role
from desktop.domain.errors import UserFixable
from desktop.domain.history import MessageState, TitleSource
from desktop.domain.text import Text, encodable, shortened
from desktop.services.fences import fenced
from desktop.services.titles import title_of

Object = dict[str, object]

IMAGE: Final = "[image]"
"""What stands for a picture, in every language."""

_MOST_CHARACTERS: Final = 8_000_000
_LONGEST_LABEL: Final = 200
_READ: Final = 1000
_JOINER: Final = "\u200d"  # between the parts of one emoji
_MOST_OUTPUT: Final = 20_000
_LATEST: Final = 4_102_444_800.0  # the year 2100
# Larger numbers are no seconds: those of the year 2001 in milliseconds are more already.
_MILLISECONDS: Final = 1e11
_MICROSECONDS: Final = 1e14
_NANOSECONDS: Final = 1e17
_MOST_TOKENS: Final = 10**9


class Unreadable(UserFixable):
    """A file or a chat of another program cannot be read; `hint` says why, in one sentence."""

    def __init__(self, why: Text) -> None:
        """Keep the reason; who reads the file knows its name."""
        super().__init__(Text("The chats could not be read"), why)


def mapping(value: object) -> Object:
    """Return the JSON object that `value` is, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return the JSON array that `value` is, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> list[Object]:
    """Return the objects in an array."""
    return [each for each in items(value) if isinstance(each, dict)]


def words(value: object) -> str:
    """Return a text that can be kept: with line feeds, no NUL, no half characters, not endless."""
    if not isinstance(value, str):
        return ""
    text = encodable(value[:_MOST_CHARACTERS])
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "")


def label(value: object) -> str:
    """Return a short text on one line, such as a title or the name of a model."""
    if not isinstance(value, str):
        return ""
    line = " ".join(encodable(value[:_READ]).split())
    if not line.isprintable():
        line = "".join(char for char in line if char.isprintable() or char == _JOINER)
    return shortened(line.strip(), _LONGEST_LABEL)


def seconds(value: object) -> float:
    """Return Unix seconds for a number of them, of milli-, micro- or nanoseconds, or an ISO date.

    What lies before 1970 or after 2100, and what is no time at all, is 0.
    """
    if isinstance(value, str):
        return _of_date(value)
    number = measure(value)
    if number >= _NANOSECONDS:
        number /= 1e9
    elif number >= _MICROSECONDS:
        number /= 1e6
    elif number >= _MILLISECONDS:
        number /= 1e3
    return number if number <= _LATEST else 0.0


def measure(value: object) -> float:
    """Return a number that is not negative, else 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def count(value: object) -> int:
    """Return a number of tokens."""
    return int(min(measure(value), _MOST_TOKENS))


def json_text(value: object) -> str:
    """Return `value` as JSON; a text that is JSON already stays as it is."""
    if isinstance(value, str):
        text = words(value)
        return text if text.lstrip().startswith(("{", "[")) else json.dumps(text)
    try:
        return words(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return "{}"


def block(text: str, language: str = "") -> str:
    """Return what a program wrote or ran as a block, or nothing for none; not endless."""
    text = text.strip("\n")
    return fenced(shortened(text, _MOST_OUTPUT), language) if text.strip() else ""


def joined(*parts: str) -> str:
    """Return what is not empty, as paragraphs."""
    return "\n\n".join(part for part in parts if part.strip())


def file_mark(name: str) -> str:
    """Return what stands for a file whose text is not there."""
    name = label(name)
    return f"[{name}]" if name else ""


def titled(title: object, messages: Iterable[CarriedMessage]) -> tuple[str, TitleSource]:
    """Return the title of a chat, from its first question if it has none, and who gave it."""
    if given := label(title):
        return given, TitleSource.PERSON
    first = next((each.content for each in messages if each.role is Role.USER), "")
    return title_of(first), TitleSource.QUESTION


def ended(reason: object) -> MessageState:
    """Return how an answer ended, by the words that OpenAI's and llama.cpp's servers use."""
    match reason:
        case "length" | "max_tokens" | "maxPredictedTokensReached" | "contextLengthReached":
            return MessageState.LENGTH
        case "interrupted" | "stopped" | "userStopped" | "user_stopped":
            return MessageState.STOPPED
        case "failed" | "error":
            return MessageState.FAILED
        case "modelUnloaded" | "pending" | "in_progress":
            return MessageState.INTERRUPTED
        case _:
            return MessageState.COMPLETE


def _of_date(text: str) -> float:
    try:
        date = datetime.fromisoformat(text.strip()[:64])
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        moment = date.timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return moment if 0 < moment <= _LATEST else 0.0

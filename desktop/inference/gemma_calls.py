"""The notation of values in Gemma's tool calls: `{key:<escape>text<escape>,list:[1,true]}`.

Runs inside the engine process, on untrusted text. FunctionGemma puts text between `<escape>`,
Gemma 4 between `<|"|>`; keys are bare or quoted the same way, the rest is as in JSON.
"""

import re

_QUOTES = ('<|"|>', "<escape>", '"')
_BLANK = re.compile(r"\s*")
_KEY = re.compile(r"[^:{}\[\],]+")
_BARE = re.compile(r"[^,\]}]+")
_DEEPEST = 50
_WORDS = {"true": True, "false": False, "null": None, "none": None}


def gemma_value(text: str, start: int, depth: int = 0) -> tuple[object, int]:
    """Return the value that begins at `start`, and where it ends.

    Raises ValueError: with the text "cut" if the value may only lack its end.
    """
    at = _skip(text, start)
    if depth > _DEEPEST:
        msg = "too deep"
        raise ValueError(msg)
    if text[at] == "{":
        return _members(text, at + 1, depth)
    if text[at] == "[":
        return _elements(text, at + 1, depth)
    if (quoted := _quoted(text, at)) is not None:
        return quoted
    bare = _BARE.match(text, at)
    if bare is None:
        msg = "no value"
        raise ValueError(msg)
    return _bare(bare[0].strip()), bare.end()


def _members(text: str, at: int, depth: int) -> tuple[object, int]:
    values: dict[str, object] = {}
    at = _skip(text, at)
    while text[at] != "}":
        key, at = _key(text, at)
        at = _skip(text, at)
        if text[at] != ":":
            msg = "no colon"
            raise ValueError(msg)
        values[key], at = gemma_value(text, at + 1, depth + 1)
        at = _after(text, at, "}")
    return values, at + 1


def _elements(text: str, at: int, depth: int) -> tuple[object, int]:
    values: list[object] = []
    at = _skip(text, at)
    while text[at] != "]":
        value, at = gemma_value(text, at, depth + 1)
        values.append(value)
        at = _after(text, at, "]")
    return values, at + 1


def _after(text: str, at: int, closing: str) -> int:
    """Pass over the comma after a value; the closing bracket stays."""
    at = _skip(text, at)
    if text[at] == ",":
        return _skip(text, at + 1)
    if text[at] != closing:
        msg = "no comma"
        raise ValueError(msg)
    return at


def _key(text: str, at: int) -> tuple[str, int]:
    if (quoted := _quoted(text, at)) is not None:
        return quoted
    match = _KEY.match(text, at)
    if match is None:
        msg = "no key"
        raise ValueError(msg)
    return match[0].strip(), match.end()


def _quoted(text: str, at: int) -> tuple[str, int] | None:
    for quote in _QUOTES:
        if text.startswith(quote, at):
            inner = at + len(quote)
            end = text.find(quote, inner)
            if end < 0:
                msg = "cut"
                raise ValueError(msg)
            return text[inner:end], end + len(quote)
    return None


def _bare(word: str) -> object:
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return word


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    at = blank.end() if blank else at
    if at >= len(text):
        msg = "cut"
        raise ValueError(msg)
    return at

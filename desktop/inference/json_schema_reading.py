"""A JSON schema from outside: bounded before it is parsed, its references found inside it only.

Runs in any process; pure Python. Depth and size are checked before anything walks the schema, so
that nothing here or in `json_schema` can run out of stack.
"""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote

from desktop.inference.gbnf import GrammarRefused

Schema: TypeAlias = dict[str, Any] | bool

MAX_CHARACTERS = 131_072
MAX_DEPTH = 64
MAX_NODES = 5_000
_MAX_DIGITS = 400
_BRACKETS = re.compile(r'"(?:[^"\\]+|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def read(text: str) -> Schema:
    """Return the schema as Python values, fractions as Decimal; raises GrammarRefused."""
    if len(text) > MAX_CHARACTERS:
        raise GrammarRefused(f"the schema is longer than {MAX_CHARACTERS:,} characters")
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            raise GrammarRefused(f"the schema is nested deeper than {MAX_DEPTH}")
    try:
        document = json.loads(text, parse_float=_fraction, parse_constant=_no_constant)
    except ValueError as error:
        raise GrammarRefused("the schema is not valid JSON") from error
    if not isinstance(document, dict | bool):
        raise GrammarRefused("the schema is not a JSON object")
    _bound(document)
    return document


def resolve(document: Schema, reference: object) -> Schema:
    """Return the part of `document` that a `$ref` points to; raises GrammarRefused."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise GrammarRefused("a “$ref” points outside the schema, or to a name instead of a path")
    found: Any = document
    for part in reference.split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and re.fullmatch("[0-9]{1,4}", key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise GrammarRefused(f"the “$ref” to “{reference[:80]}” leads nowhere")
    if not isinstance(found, dict | bool):
        raise GrammarRefused(f"the “$ref” to “{reference[:80]}” leads to no schema")
    return found


def json_text(value: Any) -> str:
    """Return a value of the schema as JSON, without spaces between its parts."""
    match value:
        case dict():
            pairs = (f"{json_text(key)}:{json_text(entry)}" for key, entry in value.items())
            return f"{{{','.join(pairs)}}}"
        case list():
            return f"[{','.join(map(json_text, value))}]"
        case Decimal():
            return str(value)
    return json.dumps(value, ensure_ascii=False)


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _fraction(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise ValueError from error
    if len(text) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_DIGITS:
        raise GrammarRefused(f"a number in the schema has more than {_MAX_DIGITS} digits")
    return number


def _bound(document: Schema) -> None:
    todo: list[Any] = [document]
    nodes = 0
    while todo:
        value = todo.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise GrammarRefused(f"the schema has more than {MAX_NODES:,} parts")
        match value:
            case dict():
                todo += value.keys()
                todo += value.values()
            case list():
                todo += value
            case str() if any("\ud800" <= character <= "\udfff" for character in value):
                raise GrammarRefused("the schema contains half a surrogate pair")

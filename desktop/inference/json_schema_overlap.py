"""Whether two branches of `oneOf` can both hold: JSON Schema forbids an answer that fits two.

Runs in any process; pure Python.
"""

import json
from decimal import Decimal
from typing import Any

from desktop.inference.json_schema_merge import flat
from desktop.inference.json_schema_reading import Schema, json_text

_ALL = frozenset({"object", "array", "string", "number", "boolean", "null"})


def type_of(value: Any) -> str:
    """Return the JSON type of a value, `integer` for numbers without a fraction."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case Decimal():
            return "integer" if value == value.to_integral_value() else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def apart(document: Schema, first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether no value can match both of two flat schemas; False where that is not plain to see."""
    if not _types(first) & _types(second):
        return True
    if _choices_apart(first, second):
        return True
    if _types(first) != {"object"} or _types(second) != {"object"}:
        return False
    needed = set(first.get("required", ())) & set(second.get("required", ()))
    shared = needed & set(first.get("properties", ())) & set(second.get("properties", ()))
    return any(
        _choices_apart(
            flat(document, first["properties"][name]), flat(document, second["properties"][name])
        )
        for name in shared
    )


def _types(schema: dict[str, Any]) -> frozenset[str]:
    values = _choices(schema)
    if values is not None:
        names = {type_of(value) for value in values}
    else:
        given = schema.get("type", list(_ALL))
        names = {given} if isinstance(given, str) else set(given)
    return frozenset("number" if name == "integer" else name for name in names)


def _choices(schema: dict[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _choices_apart(first: dict[str, Any], second: dict[str, Any]) -> bool:
    one, other = _choices(first), _choices(second)
    if one is None or other is None:
        return False
    return not {_key(value) for value in one} & {_key(value) for value in other}


def _key(value: Any) -> str:
    """Return a text that is the same for values that are equal in JSON."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(Decimal(value).normalize())
    if isinstance(value, dict | list):
        # Numbers inside are not told apart: better one refusal too many.
        return "compound"
    return json.dumps(value) if not isinstance(value, str) else json_text(value)

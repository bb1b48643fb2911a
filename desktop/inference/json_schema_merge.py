"""One schema out of all that hold at once: references followed, `allOf` and neighbours joined.

Runs in any process; pure Python. A keyword that restricts and is not understood is refused here:
an answer must never be less than what was asked for.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from desktop.inference.gbnf import GrammarRefused
from desktop.inference.json_schema_reading import Schema, resolve

_MAX_PARTS = 64
_UNDERSTOOD = frozenset({
    "type", "enum", "const", "anyOf", "oneOf", "properties", "required", "additionalProperties",
    "unevaluatedProperties", "minProperties", "maxProperties", "items", "prefixItems",
    "additionalItems", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
})  # fmt: skip
_REFUSED = frozenset({
    "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "dependencies",
    "patternProperties", "propertyNames", "contains", "minContains", "maxContains", "uniqueItems",
    "unevaluatedItems", "contentSchema", "$dynamicRef", "$recursiveRef", "extends", "disallow",
    "divisibleBy",
})  # fmt: skip
_HARMLESS: dict[str, tuple[Any, ...]] = {
    "uniqueItems": (False,),
    "patternProperties": ({},),
    "dependentSchemas": ({},),
    "dependentRequired": ({},),
    "dependencies": ({},),
    "unevaluatedItems": (True, {}),
    "unevaluatedProperties": (True, {}),
    "propertyNames": (True, {}, {"type": "string"}),
}
_OBJECT = frozenset({
    "properties", "required", "additionalProperties", "unevaluatedProperties", "minProperties",
    "maxProperties",
})  # fmt: skip


def flat(document: Schema, schema: Schema) -> dict[str, Any]:
    """Return `schema` without `$ref`, `allOf` and notes; `{}` allows anything.

    Raises GrammarRefused for what is not understood, contradicts itself or leads back to itself.
    """
    parts: list[dict[str, Any]] = []
    todo: list[Schema] = [schema]
    seen: dict[int, Schema] = {}
    while todo:
        part = todo.pop(0)
        if part is True:
            continue
        if part is False:
            raise GrammarRefused("a part of the schema allows nothing")
        if not isinstance(part, dict):
            raise GrammarRefused("where a schema should stand, the schema has something else")
        if id(part) in seen:
            raise GrammarRefused("a “$ref” leads back to itself, or is used twice in one place")
        if len(seen) >= _MAX_PARTS:
            raise GrammarRefused(f"more than {_MAX_PARTS} references and “allOf” parts are joined")
        seen[id(part)] = part
        own = _own(part)
        inner = schemas(part, "allOf") if "allOf" in part else []
        if "$ref" in part:
            inner = [resolve(document, part["$ref"]), *inner]
        todo += inner
        # What only refers to one other is that other.
        if own or parts or len(inner) != 1:
            parts.append(own)
    return _joined(parts)


def schemas(schema: dict[str, Any], keyword: str) -> list[Schema]:
    """Return a list of schemas under `keyword`; raises GrammarRefused for anything else."""
    found = schema[keyword]
    if not isinstance(found, list) or not found:
        raise GrammarRefused(f"“{keyword}” should be a list of schemas")
    return found


def _own(part: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for keyword, value in part.items():
        if any(value == harmless for harmless in _HARMLESS.get(keyword, ())):
            continue
        if keyword in _REFUSED:
            raise GrammarRefused(f"“{keyword}” is not supported in a schema")
        if keyword in _UNDERSTOOD:
            found[keyword] = value
    _check_shapes(found)
    return found


def _check_shapes(own: dict[str, Any]) -> None:
    """Refuse values that the rest could not compute with."""
    for keyword, value in own.items():
        match keyword:
            case "type":
                good = isinstance(value, str) or _is_list_of_names(value)
            case "required":
                good = _is_list_of_names(value)
            case "enum":
                good = isinstance(value, list)
            case "properties":
                good = isinstance(value, dict)
            case "exclusiveMinimum" | "exclusiveMaximum":
                good = isinstance(value, bool | int | Decimal)
            case "minimum" | "maximum" | "multipleOf":
                good = isinstance(value, int | Decimal) and not isinstance(value, bool)
            case _ if keyword.startswith(("min", "max")):
                good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            case "pattern" | "format":
                good = isinstance(value, str)
            case _:
                good = True
        if not good:
            raise GrammarRefused(f"“{keyword}” has a value that it cannot have")


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    given = [part for part in parts if part]
    if len(given) < 2:
        return given[0] if given else {}
    result: dict[str, Any] = {}
    closed = [part for part in given if _closed(part, is_first=part is parts[0])]
    everything = {name for part in given for name in part.get("properties", ())}
    for part in given:
        for keyword, value in part.items():
            if keyword in {"additionalProperties", "unevaluatedProperties"}:
                if value is not True and value is not False:
                    raise GrammarRefused(f"“{keyword}” with a schema cannot be joined by “allOf”")
                continue
            if keyword not in result or result[keyword] == value:
                result[keyword] = value
                continue
            join = _JOINS.get(keyword)
            if join is None:
                raise GrammarRefused(f"“{keyword}” is restricted twice in one place")
            result[keyword] = join(result[keyword], value)
    if "prefixItems" in result and any(_is_about_all_items(part) for part in given):
        raise GrammarRefused("“items” beside the “prefixItems” of another part is not supported")
    allowed = everything
    for part in closed:
        allowed = allowed & set(part.get("properties", ()))
    if "properties" in result:
        result["properties"] = {
            name: entry for name, entry in result["properties"].items() if name in allowed
        }
    # Extra properties are never needed, so leaving them out keeps every part content.
    if any(keyword in part for part in given for keyword in _OBJECT):
        result["additionalProperties"] = False
        needed = result.get("required", [])
        if not closed:
            missing = [name for name in needed if name not in result.get("properties", {})]
            result["properties"] = result.get("properties", {}) | dict.fromkeys(missing, True)
    return result


def _is_about_all_items(part: dict[str, Any]) -> bool:
    """Whether its “items” are all items, and not those behind its own first ones."""
    return part.get("items", True) is not True and "prefixItems" not in part


def _closed(part: dict[str, Any], *, is_first: bool) -> bool:
    if part.get("additionalProperties") is False:
        return True
    return part.get("unevaluatedProperties") is False and not is_first


def _join_types(left: Any, right: Any) -> list[str]:
    sides = [[side] if isinstance(side, str) else list(side) for side in (left, right)]
    both = [name for name in sides[0] if name in sides[1]]
    for mine, theirs in (sides, sides[::-1]):
        if "integer" in mine and "number" in theirs and "integer" not in both:
            both.append("integer")
    if not both:
        raise GrammarRefused("two types that exclude each other are asked for in one place")
    return both


def _join_properties(left: Any, right: Any) -> dict[str, Schema]:
    joined = dict(left)
    for name, entry in right.items():
        joined[name] = {"allOf": [joined[name], entry]} if name in joined else entry
    return joined


def _join_required(left: Any, right: Any) -> list[str]:
    return [*left, *(name for name in right if name not in left)]


def _join_enum(left: Any, right: Any) -> list[Any]:
    return [value for value in left if any(same(value, other) for other in right)]


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal in JSON, where true is not 1."""
    return bool(left == right) and isinstance(left, bool) is isinstance(right, bool)


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _join_types,
    "properties": _join_properties,
    "required": _join_required,
    "enum": _join_enum,
    "minimum": max,
    "maximum": min,
    "minLength": max,
    "maxLength": min,
    "minItems": max,
    "maxItems": min,
}

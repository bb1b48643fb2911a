"""A JSON schema as a grammar: whatever is written along it matches the schema.

Runs in any process; pure Python. The library's own converter is not used: it skips what it does
not know, lets control characters into strings, and recurses without a bound. This one may allow
less than the schema does (properties come in the schema's order, extra ones only where the schema
names them), never more; what it cannot hold to, it refuses.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import combinations, count
from typing import Any

from desktop.inference.gbnf import GrammarRefused
from desktop.inference.json_numbers import ANY_INTEGER, ANY_NUMBER, bounded
from desktop.inference.json_schema_merge import flat, same, schemas
from desktop.inference.json_schema_overlap import apart, type_of
from desktop.inference.json_schema_reading import Schema, json_text, read
from desktop.inference.json_strings import (
    FORMATS,
    any_character,
    excluding,
    pattern,
    quoted,
    repeated,
)

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_KEYWORDS = {
    "object": (
        "properties", "required", "additionalProperties", "unevaluatedProperties",
        "minProperties", "maxProperties",
    ),
    "array": ("items", "prefixItems", "additionalItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}  # fmt: skip
_NUMBER_FORMATS = {"int32", "int64", "float", "double"}
_LONGEST_FORMAT = 1_000
_MAX_BRANCHES = 32
_MAX_RULES = 20_000
_FEW_CHOICES = 8
_COMMON = {
    "ws": r'| " " | "\n" [ \t]{0,20}',
    "value": "object | array | string | number | boolean | null",
    "object": '"{" ws (string ":" ws value ws ("," ws string ":" ws value ws)*)? "}"',
    "array": '"[" ws (value ws ("," ws value ws)*)? "]"',
    "string": r'"\"" char* "\""',
    "char": any_character(),
    "number": ANY_NUMBER,
    "integer": ANY_INTEGER,
    "boolean": '"true" | "false"',
    "null": '"null"',
}


def grammar_of_schema(text: str) -> str:
    """Return GBNF for documents that match the schema `text`; raises GrammarRefused.

    The grammar still has to pass `gbnf_check.check`, which finds schemas that never end.
    """
    return _Converter(read(text)).convert()


def grammar_of_json() -> str:
    """Return GBNF for any JSON object."""
    return "\n".join(f"{name} ::= {body}" for name, body in ({"root": "object"} | _COMMON).items())


class _Converter:
    """Names each part of the schema once; parts wait in a list, so depth costs no stack."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._bodies: dict[str, str] = {}
        self._todo: list[tuple[str, Callable[[], str]]] = []
        # By identity; the schema is kept beside its name, as an identity is free again after it.
        self._names: dict[int, tuple[str, Schema]] = {}
        self._shared: dict[str, str] = {}
        self._numbers = count(1)

    def convert(self) -> str:
        start = self._name(self._document)
        while self._todo:
            name, body = self._todo.pop()
            self._bodies[name] = body()
        bodies = {"root": start} | self._bodies | _COMMON
        return "\n".join(f"{name} ::= {body}" for name, body in bodies.items())

    def _name(self, schema: Schema) -> str:
        if schema is True:
            return "value"
        if id(schema) not in self._names:
            self._names[id(schema)] = (self._later(partial(self._body, schema)), schema)
        return self._names[id(schema)][0]

    def _later(self, body: Callable[[], str]) -> str:
        number = next(self._numbers)
        if number > _MAX_RULES:
            raise GrammarRefused("the schema is too large once its parts are written out")
        name = f"s{number}"
        self._todo.append((name, body))
        return name

    def _rule(self, body: str) -> str:
        """Return the name of a rule with this body; equal bodies share one."""
        if body not in self._shared:
            self._shared[body] = self._later(partial(str, body))
        return self._shared[body]

    def _body(self, schema: Schema) -> str:
        plain = flat(self._document, schema)
        if "anyOf" in plain or "oneOf" in plain:
            return self._branches(plain)
        types = _types(plain)
        if "const" in plain or "enum" in plain:
            return self._choices(plain, types)
        return " | ".join(self._of_type(plain, name) for name in types)

    def _branches(self, plain: dict[str, Any]) -> str:
        keyword = "oneOf" if "oneOf" in plain else "anyOf"
        rest = {name: value for name, value in plain.items() if name != keyword}
        branches = [branch for branch in schemas(plain, keyword) if branch is not False]
        if rest:
            branches = [{"allOf": [rest, branch]} for branch in branches]
        if keyword == "oneOf":
            if len(branches) > _MAX_BRANCHES:
                raise GrammarRefused(f"a “oneOf” has more than {_MAX_BRANCHES} branches")
            plains = [flat(self._document, branch) for branch in branches]
            if not all(apart(self._document, *pair) for pair in combinations(plains, 2)):
                raise GrammarRefused(
                    "branches of a “oneOf” may overlap; “anyOf”, or a required property with a "
                    "different “const” in each branch, can be held to"
                )
        if not branches:
            raise GrammarRefused("a part of the schema allows nothing")
        return " | ".join(dict.fromkeys(map(self._name, branches)))

    def _choices(self, plain: dict[str, Any], types: Sequence[str]) -> str:
        if any(keyword in plain for keywords in _KEYWORDS.values() for keyword in keywords):
            raise GrammarRefused("“enum” and “const” are supported beside “type” only")
        values = plain.get("enum", [plain.get("const")])
        if "const" in plain:
            values = [value for value in values if same(value, plain["const"])]
        fitting = [
            value
            for value in values
            if type_of(value) in types or (type_of(value) == "integer" and "number" in types)
        ]
        if not fitting:
            raise GrammarRefused("no value of an “enum” fits the rest of its schema")
        return self._words(sorted({json_text(value) for value in fitting}))

    def _words(self, words: Sequence[str]) -> str:
        """Return GBNF for one of the words, branching where they differ."""
        if len(words) <= _FEW_CHOICES:
            return " | ".join(map(quoted, words))
        groups: dict[str, list[str]] = {}
        for word in words:
            groups.setdefault(word[:1], []).append(word)
        parts = []
        for first, group in groups.items():
            shared = _shared_start(group) if first else ""
            rest = [word[len(shared) :] for word in group]
            if len(rest) == 1:
                parts.append(quoted(shared))
            else:
                parts.append(f"{quoted(shared)} {self._later(partial(self._words, rest))}")
        return " | ".join(parts)

    def _of_type(self, plain: dict[str, Any], name: str) -> str:
        match name:
            case "object":
                return self._object(plain)
            case "array":
                return self._array(plain)
            case "string":
                return self._string(plain)
            case "number" | "integer":
                return self._number(plain, name)
        return name

    def _string(self, plain: dict[str, Any]) -> str:
        low, high = _counts(plain, "minLength", "maxLength")
        inner = None
        if "format" in plain:
            inner = FORMATS.get(plain["format"])
            if inner is None:
                raise GrammarRefused(f"the format “{plain['format'][:40]}” is not supported")
            if low > 1 or (high is not None and high < _LONGEST_FORMAT) or "pattern" in plain:
                raise GrammarRefused("“format” is not supported beside a length or a “pattern”")
        elif "pattern" in plain:
            if low or high is not None:
                raise GrammarRefused("“pattern” is not supported beside a length")
            inner = pattern(plain["pattern"])
        elif low or high is not None:
            inner = repeated("char", low, high)
        return "string" if inner is None else self._rule(rf'"\"" {inner} "\""')

    def _number(self, plain: dict[str, Any], name: str) -> str:
        step = plain.get("multipleOf")
        if step is not None and (step != 1 or isinstance(step, bool)):
            raise GrammarRefused("“multipleOf” is supported for 1 only")
        if "format" in plain and plain["format"] not in _NUMBER_FORMATS:
            raise GrammarRefused(f"the format “{plain['format'][:40]}” is not supported")
        low, open_low = _bound(plain, "minimum", "exclusiveMinimum", max)
        high, open_high = _bound(plain, "maximum", "exclusiveMaximum", min)
        integer = name == "integer" or step is not None
        body = bounded(low, high, open_low=open_low, open_high=open_high, integer=integer)
        return self._rule(body)

    def _array(self, plain: dict[str, Any]) -> str:
        low, high = _counts(plain, "minItems", "maxItems")
        first: list[Schema] = []
        more: Any = plain.get("items", True)
        if isinstance(more, list) or "prefixItems" in plain:
            keyword = "prefixItems" if "prefixItems" in plain else "items"
            first = schemas(plain, keyword)
            more = plain.get("items" if keyword == "prefixItems" else "additionalItems", True)
            if more is True:
                more = low > len(first)
        if high is not None:
            first = first[:high]
        if more is False:
            high = len(first) if high is None else min(high, len(first))
        if (low > len(first) and more is False) or (high is not None and low > high):
            raise GrammarRefused("the schema asks for more items than it allows")
        if high == 0:
            return '"[" ws "]"'
        items = [f"{self._name(entry)} ws" for entry in first]
        if more is not False and (high is None or high > len(first)):
            items.append(self._rest_of_array(more, len(first), low, high))
        separator = ' "," ws '
        body = separator.join(items[: len(first)])
        tail = items[len(first)] if len(items) > len(first) else ""
        return self._rule(f'"[" ws {body} {tail} "]"')

    def _rest_of_array(self, more: Schema, done: int, low: int, high: int | None) -> str:
        item = f"{self._name(more)} ws"
        following = self._rule(f'"," ws {item}')
        if done:
            return repeated(following, max(low - done, 0), None if high is None else high - done)
        others = repeated(following, max(low - 1, 0), None if high is None else high - 1)
        return f"{item} {others}" if low else f"({item} {others})?"

    def _object(self, plain: dict[str, Any]) -> str:
        properties = plain.get("properties", {})
        required = plain.get("required", [])
        named = [key for key in ("additionalProperties", "unevaluatedProperties") if key in plain]
        extra: Any = plain[named[0]] if named else not properties
        hidden: Any = plain[named[0]] if named else True
        members: list[tuple[str, Schema]] = [*properties.items()]
        members += [(name, hidden) for name in dict.fromkeys(required) if name not in properties]
        wanted = set(required)
        if any(schema is False and name in wanted for name, schema in members):
            raise GrammarRefused("a required property is not allowed by the rest of the schema")
        members = [(name, schema) for name, schema in members if schema is not False]
        low, high = _counts(plain, "minProperties", "maxProperties")
        least = sum(name in wanted for name, _schema in members)
        if not members:
            return self._map(extra, low, high)
        if high is not None:
            if high < least:
                raise GrammarRefused("the schema requires more properties than it allows")
            if high < len(members):
                members = [member for member in members if member[0] in wanted]
            extra = False
        if low > least:
            raise GrammarRefused("“minProperties” beside named properties is not supported")
        return self._members(members, wanted, extra)

    def _map(self, extra: Schema, low: int, high: int | None) -> str:
        # A name may come twice and counts once, so more than one cannot be promised.
        if low > 1 or (low and (extra is False or high == 0)):
            raise GrammarRefused("“minProperties” is supported up to 1")
        if extra is False or high == 0:
            return '"{" ws "}"'
        pair = f'string ":" ws {self._name(extra)} ws'
        others = repeated(self._rule(f'"," ws {pair}'), 0, None if high is None else high - 1)
        body = f"{pair} {others}"
        return self._rule(f'"{{" ws {body if low else f"({body})?"} "}}"')

    def _members(
        self, members: Sequence[tuple[str, Schema]], required: set[str], extra: Schema
    ) -> str:
        """Chain the properties: one rule for each place, before and after the first comma."""
        opening, following = '""', '""'
        if extra is not False:
            key = self._other_name([name for name, _schema in members])
            pair = f'{key} ":" ws {self._name(extra)} ws'
            following = self._rule(f'("," ws {pair})*')
            opening = self._rule(f"({pair} {following})?")
        for name, schema in reversed(members):
            pair = f'{quoted(json_text(name))} ":" ws {self._name(schema)} ws {following}'
            skip_first = "" if name in required else f" | {opening}"
            skip = "" if name in required else f" | {following}"
            opening = self._later(partial(str, f"{pair}{skip_first}"))
            following = self._later(partial(str, f'"," ws {pair}{skip}'))
        return self._rule(f'"{{" ws {opening} "}}"')

    def _other_name(self, names: Sequence[str]) -> str:
        """Return a rule for a property's name that is none of `names`.

        It is written without escapes, so a name that needs one is never met.
        """
        plain = sorted({name for name in names if json_text(name) == f'"{name}"'})
        return self._later(partial(self._other_than, plain, '"\\"" '))

    def _other_than(self, rests: Sequence[str], start: str = "") -> str:
        groups: dict[str, list[str]] = {}
        for rest in rests:
            if rest:
                groups.setdefault(rest[0], []).append(rest[1:])
        parts = [f'{excluding(groups)} {self._rule(f"{excluding(())}*")} "\\""']
        for first, group in groups.items():
            deeper = self._later(partial(self._other_than, group))
            parts.append(f"{quoted(first)} {deeper}")
        if "" not in rests:
            parts.append('"\\""')
        return f"{start}({' | '.join(parts)})"


def _types(plain: dict[str, Any]) -> Sequence[str]:
    """Return the types to write: those asked for, or the one that the other keywords are about."""
    given = plain.get("type")
    if given is None:
        if "enum" in plain or "const" in plain:
            return _TYPES
        about = [name for name, keys in _KEYWORDS.items() if any(key in plain for key in keys)]
        return about[:1] or ("value",)
    names = [given] if isinstance(given, str) else given
    if not names or not all(name in _TYPES for name in names):
        raise GrammarRefused("a “type” is unknown")
    return list(dict.fromkeys(name for name in names if name != "integer" or "number" not in names))


def _counts(plain: dict[str, Any], least: str, most: str) -> tuple[int, int | None]:
    return plain.get(least, 0), plain.get(most)


def _bound(
    plain: dict[str, Any], keyword: str, exclusive: str, tighter: Callable[..., Decimal]
) -> tuple[Decimal | None, bool]:
    """Return a bound and whether it is itself left out; both drafts' ways of saying so."""
    values = {key: plain[key] for key in (keyword, exclusive) if key in plain}
    is_open = values.get(exclusive) is True
    if isinstance(values.get(exclusive), bool):
        del values[exclusive]
    if not values:
        return None, False
    bound = tighter(map(Decimal, values.values()))
    return bound, is_open or (exclusive in values and bound == values[exclusive])


def _shared_start(words: Sequence[str]) -> str:
    first, last = min(words), max(words)
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]

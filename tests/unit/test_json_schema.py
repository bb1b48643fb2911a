"""What is written along a schema's grammar matches the schema; what cannot be held to is refused."""

import json
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop.inference.gbnf import GrammarRefused, parse
from desktop.inference.gbnf_stacks import Reader
from desktop.inference.grammar import checked_grammar
from desktop.inference.json_numbers import bounded
from desktop.inference.json_schema_reading import MAX_DEPTH, MAX_NODES
from tests.gguf_files import write_llama
from tests.native_grammars import ask_llama
from tests.unit.gbnf_matching import matches

NODE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": 3},
                "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
            },
            "required": ["name", "next"],
        }
    },
    "$ref": "#/$defs/node",
}
PERSON = {
    "type": "object",
    "title": "Person",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 6},
        "age": {"type": "integer", "minimum": -3, "exclusiveMaximum": 121},
        'say "x"\\\n': {"type": ["boolean", "null"]},
        "nick": {"enum": ["a", 'b"\n', "é", 4, None]},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
DEEP: dict[str, Any] = {}
for _ in range(30):
    DEEP = {"type": "array", "items": DEEP}


def _reader(schema: object) -> Reader:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    rules = parse(checked_grammar("json_schema", text))
    return Reader([body or [] for body in rules.bodies], rules.numbers["root"])


def _chain(length: int) -> dict[str, Any]:
    links = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(length)}
    return {"$defs": {**links, f"d{length}": {"type": "null"}}, "$ref": "#/$defs/d0"}


REFUSED: dict[str, tuple[object, str]] = {
    "not JSON": ("{", "not valid JSON"),
    "text instead of a schema": ('"string"', "not a JSON object"),
    "a list": ("[]", "not a JSON object"),
    "NaN": ('{"minimum": NaN}', "not valid JSON"),
    "a number of 5,000 digits": ('{"minimum": ' + "1" * 5_000 + "}", "not valid JSON"),
    "NUL": ('{"type": "string", "const": "\0"}', "not valid JSON"),
    "lone surrogate": (r'{"const": "\ud800"}', "surrogate"),
    "lone surrogate in a name": (r'{"properties": {"\udc00": {}}}', "surrogate"),
    "depth 10,000": ('{"items":' * 10_000 + "{}" + "}" * 10_000, "nested deeper"),
    "depth 10,000 without an end": ("[" * 10_000, "nested deeper"),
    "100,000 properties": (
        {"properties": {f"p{n}": {"type": "string"} for n in range(100_000)}}, "longer than"
    ),
    "many small parts": ({"enum": list(range(MAX_NODES + 1))}, "more than 5,000 parts"),
    "$ref to nowhere": ({"$ref": "#/$defs/none"}, "leads nowhere"),
    "$ref to a text": ({"title": "x", "$ref": "#/title"}, "leads to no schema"),
    "$ref outside": ({"$ref": "https://example.org/schema"}, "points outside"),
    "$ref to a file": ({"$ref": "file:///etc/passwd"}, "points outside"),
    "$ref that is a number": ({"$ref": 1}, "points outside"),
    "$ref to itself": ({"$ref": "#"}, "back to itself"),
    "$ref round about": (
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        "back to itself",
    ),
    "$ref to itself in a choice": (
        {"anyOf": [{"$ref": "#"}, {"type": "string"}]}, "can start with itself"
    ),
    "$ref to itself in allOf": ({"allOf": [{"$ref": "#"}]}, "back to itself"),
    "recursion without an end": (
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "never end"
    ),
    "nothing": (False, "allows nothing"),
    "not": ({"not": {"type": "string"}}, "“not”"),
    "if": ({"if": {"type": "string"}, "then": {"minLength": 3}}, "“if”"),
    "patternProperties": ({"patternProperties": {"^a": {}}}, "“patternProperties”"),
    "contains": ({"type": "array", "contains": {"type": "null"}}, "“contains”"),
    "uniqueItems": ({"type": "array", "uniqueItems": True}, "“uniqueItems”"),
    "long chain of references": (_chain(400), "joined"),
    "refused deep inside": (
        {"properties": {"a": {"items": {"not": {}}}}}, "“not”"
    ),
    "unknown type": ({"type": "text"}, "“type”"),
    "unknown format": ({"type": "string", "format": "hostname"}, "“hostname”"),
    "multipleOf": ({"type": "integer", "multipleOf": 3}, "“multipleOf”"),
    "no number between": ({"type": "integer", "minimum": 3, "maximum": 2}, "no number"),
    "no fraction between": (
        {"type": "number", "exclusiveMinimum": 3, "exclusiveMaximum": 3}, "no number"
    ),
    "bound of 10,000 digits": ('{"type": "number", "minimum": 1e9999}', "digits"),
    "tiny bound": ('{"type": "number", "minimum": 1e-9999}', "digits"),
    "bound that is text": ({"type": "number", "minimum": "3"}, "“minimum”"),
    "length that is a fraction": ('{"type": "string", "maxLength": 1.5}', "“maxLength”"),
    "negative length": ({"type": "string", "minLength": -1}, "“minLength”"),
    "more least than most": ({"type": "string", "minLength": 3, "maxLength": 2}, "at least more"),
    "very long text": ({"type": "string", "minLength": 10**9}, "more than 2,000"),
    "too few items": (
        {"prefixItems": [{}], "items": False, "minItems": 2}, "more items than it allows"
    ),
    "empty enum": ({"enum": []}, "no value"),
    "enum of another type": ({"type": "string", "enum": [1, True]}, "no value"),
    "types that exclude each other": (
        {"allOf": [{"type": "string"}, {"type": "null"}]}, "exclude each other"
    ),
    "required and forbidden": (
        {"properties": {"a": False}, "required": ["a"]}, "not allowed by the rest"
    ),
    "required beyond a closed object": (
        {"properties": {"b": {}}, "required": ["a"], "additionalProperties": False},
        "not allowed by the rest",
    ),
    "oneOf that overlaps": ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "overlap"),
    "lookahead": ({"type": "string", "pattern": "^(?=a)b$"}, "not supported, at character 3"),
    "backreference": ({"type": "string", "pattern": r"(a)\1"}, "not supported"),
    "open group in a pattern": ({"type": "string", "pattern": "(a"}, "not supported"),
    "deep pattern": ({"type": "string", "pattern": "(" * 400 + ")" * 400}, "nested too deep"),
    "half an escape": ({"type": "string", "pattern": r"\u41"}, "at character 3"),
    "long pattern": ({"type": "string", "pattern": "a" * 1_001}, "longer than"),
    "endless pattern": ({"type": "string", "pattern": "(a*)*"}, "may be empty"),
    "huge pattern": ({"type": "string", "pattern": "a{1,100000}"}, "more than 2,000"),
    "first items in one part, all items in another": (
        {"allOf": [{"prefixItems": [{"type": "null"}]}, {"items": {"type": "string"}}]},
        "of another part",
    ),
    "range up to a class": ({"type": "string", "pattern": r"^[+-\d]+$"}, "not supported"),
    "range from a class": ({"type": "string", "pattern": r"^[\d-x]$"}, "not supported"),
    "empty class": ({"type": "string", "pattern": "[^\\d\\D]"}, "no character fits"),
    "pattern that is a list": ({"type": "string", "pattern": []}, "“pattern”"),
    "properties that are a list": ({"properties": []}, "“properties”"),
    "required that is a number": ({"properties": {}, "required": 3}, "“required”"),
    "schema that is a number": ({"properties": {"a": 3}}, "something else"),
    "anyOf of nothing": ({"anyOf": []}, "“anyOf”"),
}  # fmt: skip

MEANING: dict[str, tuple[object, list[str], list[str]]] = {
    "anything": (True, ["1", "null", '{"a":[1.5e3,"\\u00e9"]}'], ["", "nul", '"\n"', "01"]),
    "empty schema": ({}, ["[]"], ["["]),
    "person": (
        PERSON,
        ['{"name":"Ann","age":120}', '{ "name": "é", "age": -3, "nick": "b\\"\\n"}'],
        ['{"name":"Ann","age":121}', '{"name":"","age":1}', '{"age":1}', '{"name":"A","age":1.5}',
         '{"name":"A","age":1,"more":1}', '{"name":"Abcdefg","age":1}'],
    ),
    "optional properties": (
        {"properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}},
         "required": ["b"]},
        ['{"b":null}', '{"a":null,"b":null}', '{"b":null,"c":null}'],
        ["{}", '{"a":null}', '{"a":null,}', '{,"b":null}', '{"b":null"c":null}'],
    ),
    "nodes": (
        NODE,
        ['{"name":"a","next":null}', '{"name":"a","next":{"name":"b","next":null}}'],
        ['{"name":"a"}', '{"name":"a","next":{}}'],
    ),
    "escaped pointer": (
        {"$defs": {"a/b~%": {"const": 1}}, "$ref": "#/$defs/a~1b~0%25"}, ["1"], ["2"]
    ),
    "other properties": (
        {"properties": {"ab": {"type": "integer"}, "a": {"type": "integer"}},
         "additionalProperties": {"type": "string"}},
        ['{"ab":1,"b":"x"}', '{"":"z"}', '{"abc":"z"}', '{"b":"1","c":"2"}', "{}"],
        ['{"ab":"x"}', '{"a":"x"}', '{"b":1}', '{"\\u0061":"x"}'],
    ),
    "other properties beside names with a quote": (
        {"properties": {'a"': {"type": "integer"}, "b": {"type": "null"}}, "additionalProperties": True},
        [r'{"a\"":1,"b":null,"a":"x","c":[]}', r'{"a":2}'],
        ['{"a"x":1}', '{"a"":1}', r'{"a\"":"x"}', '{"b":1}'],
    ),
    "map": (
        {"type": "object", "additionalProperties": {"type": "null"}, "maxProperties": 2},
        ["{}", '{"a":null,"b":null}'], ['{"a":1}', '{"a":null,"b":null,"c":null}'],
    ),
    "closed": ({"type": "object", "additionalProperties": False}, ["{}"], ['{"a":1}']),
    "items": (
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
        ["[true,false]", "[true, true,false ]"], ["[]", "[true]", "[true,true,true,true]"],
    ),
    "no items": ({"type": "array", "maxItems": 0}, ["[]"], ["[1]"]),
    "tuple": (
        {"prefixItems": [{"type": "null"}, {"type": "boolean"}], "items": {"type": "string"}},
        ["[null,true]", '[null,true,"x","y"]'], ["[null,1]", "[null,true,1]"],
    ),
    "lengths": (
        {"type": "string", "minLength": 2, "maxLength": 3},
        ['"ab"', '"é\\n\\u00e9"', '"😀😀"'], ['"a"', '"abcd"', r'"\ud83d\ude00"', '"a\n"'],
    ),
    "long texts": ({"type": "string", "maxLength": 5_000}, [f'"{"a" * 4_900}"'], [f'"{"a" * 5_001}"']),
    "pattern": (
        {"type": "string", "pattern": '^[a-c"]{2,3}\\d+(x|y)?$'},
        ['"ab12x"', r'"a\"1"'], ['"abcd"', '"ab"', '"a"1"'],
    ),
    "pattern with escapes": (
        {"pattern": r"\w+\.(?:[^\s.]|\\)*?\/\x41\u00e9"}, [r'"ab.x\\/Aé"'], ['"ab./a"']
    ),
    "no white space of any script": (
        {"pattern": r"^\S+$"}, ['"中文"', '"a-b"'], ['"a b"', '"中\u3000文"', '"\u2003"', '"\ufeff"']
    ),
    "pattern of choices": ({"type": "string", "pattern": "^a$|^b$|c"}, ['"a"', '"b"', '"c"'], ['"ab"']),
    "dates": (
        {"type": "string", "format": "date"}, ['"2024-12-31"'], ['"2024-02-30"', '"2024-13-01"']
    ),
    "moments": (
        {"type": "string", "format": "date-time"},
        ['"2024-12-31T23:59:59Z"', '"2024-01-01T00:00:00.5+02:00"'], ['"2024-12-31T24:00:00Z"'],
    ),
    "e-mail": ({"type": "string", "format": "email"}, ['"a.b@x.org"'], ['"a@b"', '"@x.org"']),
    "enum": (
        {"enum": ["a", "aa", "aaa", "b", "c", "d", "e", "f", "hi", "hid", 1, True, None, [1, {}]]},
        ['"aa"', '"hid"', "1", "true", "[1,{}]"], ['"aaaa"', '"h"', "2", '""'],
    ),
    "constant": ({"const": {"a": 'x"\\'}}, [r'{"a":"x\"\\"}'], ["{}"]),
    "enum and type": ({"type": "integer", "enum": [1, "1", True, None]}, ["1"], ['"1"', "true"]),
    "one of": (
        {"oneOf": [
            {"type": "object", "properties": {"k": {"const": "a"}, "v": {"type": "null"}}, "required": ["k", "v"]},
            {"type": "object", "properties": {"k": {"const": "b"}}, "required": ["k"]},
            {"type": "string"},
        ], "title": "x"},
        ['{"k":"a","v":null}', '{"k":"b"}', '"x"'], ['{"k":"a"}', "1"],
    ),
    "all of": (
        {"allOf": [
            {"properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]},
            {"properties": {"a": {"type": ["null", "integer"]}, "b": {"const": 1}}, "required": ["b"]},
        ]},
        ['{"a":null,"b":1}'], ['{"a":"x","b":1}', '{"a":null}'],
    ),
    "reference and neighbours": (
        {"$defs": {"s": {"type": "string", "maxLength": 5}}, "$ref": "#/$defs/s", "minLength": 4},
        ['"abcd"', '"abcde"'], ['"abc"', '"abcdef"'],
    ),
    "what is common to branches": (
        {"type": "string", "anyOf": [{"maxLength": 1}, {"minLength": 3}]},
        ['"a"', '"abc"'], ['"ab"', "1"],
    ),
    "types": ({"type": ["string", "null", "integer"], "minLength": 2}, ["null", "7", '"xy"'], ['"x"']),
    "long chain of references": (_chain(50), ["null"], ["1"]),
    "deep": (DEEP, ["[[[]]]"], ["[1]"]),
    "deepest": ("{" + '"items":{' * (MAX_DEPTH - 1) + "}" * MAX_DEPTH, ["[[]]"], ["[1]"]),
    "unused parts": ({"$defs": {"x": {"not": {}}}, "type": "null"}, ["null"], ["1"]),
    "400 properties": (
        {"properties": {f"p{n}": {"type": "null"} for n in range(400)}},
        ["{}", '{"p3":null,"p399":null}'], ['{"p400":null}'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_schema_that_cannot_be_held_to_is_refused_with_the_reason(name: str) -> None:
    schema, reason = REFUSED[name]
    with pytest.raises(GrammarRefused) as refused:
        checked_grammar("json_schema", schema if isinstance(schema, str) else json.dumps(schema))
    assert reason in refused.value.reason
    assert len(refused.value.reason) < 200


@pytest.mark.parametrize("name", MEANING)
def test_the_grammar_of_a_schema_allows_what_the_schema_allows(name: str) -> None:
    schema, fitting, failing = MEANING[name]
    reader = _reader(schema)
    assert [text for text in fitting if not matches(reader, text)] == []
    assert [text for text in failing if matches(reader, text)] == []


@pytest.mark.parametrize(
    ("low", "high"),
    [("0", "1"), ("-0.25", "0.5"), ("3", None), (None, "-7"), ("-120", "99"), ("9.5", "110"),
     ("0.05", "0.07"), (None, "0"), ("-1", None)],
)  # fmt: skip
@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("integer", [False, True])
def test_no_number_beyond_a_bound_is_allowed(
    low: str | None, high: str | None, *, is_open: bool, integer: bool
) -> None:
    least, most = (None if bound is None else Decimal(bound) for bound in (low, high))

    def fits(number: Decimal) -> bool:
        above = least is None or (number > least if is_open else number >= least)
        below = most is None or (number < most if is_open else number <= most)
        return above and below

    written = [f"{number / Decimal(100):f}" for number in range(-1300, 1300)]
    written += [str(number) for number in range(-130, 130)] + ["12345678", "-9876543", "0.051"]
    if integer and not any(fits(Decimal(number)) for number in range(-1000, 1000)):
        with pytest.raises(GrammarRefused):
            bounded(least, most, open_low=is_open, open_high=is_open, integer=integer)
        return
    grammar = bounded(least, most, open_low=is_open, open_high=is_open, integer=integer)
    rules = parse(f"root ::= {grammar}")
    reader = Reader([body or [] for body in rules.bodies], rules.numbers["root"])
    allowed = [text for text in written if matches(reader, text)]
    assert allowed
    assert [text for text in allowed if not fits(Decimal(text))] == []
    if integer:
        whole = [text for text in written if "." not in text and fits(Decimal(text))]
        assert [text for text in whole if text not in allowed] == []


def test_whatever_stands_in_a_schema_only_a_refusal_comes_out() -> None:
    chance = random.Random(7)
    values: list[Any] = [None, True, False, -1, 0, 1, 3, 1.5, "", "a", "#", "#/a", "string", "object", [], {},
              [1], ["a"], [{}], {"a": {}}, {"type": "string"}, [[]], [{"$ref": "#"}], "[", 10**30]  # fmt: skip
    keywords = ["$ref", "allOf", "anyOf", "oneOf", "type", "enum", "const", "properties", "required",
                "additionalProperties", "unevaluatedProperties", "minProperties", "maxProperties",
                "items", "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern",
                "format", "minimum", "maximum", "exclusiveMinimum", "multipleOf", "not", "$defs"]  # fmt: skip

    def draw(depth: int) -> Any:
        if depth == 0 or chance.random() < 0.3:
            return chance.choice(values)
        if chance.random() < 0.3:
            return [draw(depth - 1) for _ in range(chance.randint(0, 2))]
        return {chance.choice(keywords): draw(depth - 1) for _ in range(chance.randint(1, 3))}

    accepted = 0
    for _ in range(600):
        try:
            checked_grammar("json_schema", json.dumps(draw(3)))
        except GrammarRefused:
            continue
        accepted += 1
    assert 20 < accepted < 580


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(GrammarRefused, match="kind"):
        checked_grammar("regex", "a")


def _fits(schema: Any, value: Any, document: Any) -> bool:
    """Judge by hand, for the keywords that the written documents below use."""
    if "$ref" in schema:
        target = document
        for part in schema["$ref"].split("/")[1:]:
            target = target[part]
        return _fits(target, value, document)
    if "anyOf" in schema:
        return any(_fits(branch, value, document) for branch in schema["anyOf"])
    if "enum" in schema:
        return any(type(value) is type(entry) and value == entry for entry in schema["enum"])
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    match value:
        case None:
            return "null" in types
        case bool():
            return "boolean" in types
        case int() | float():
            return ("number" in types or ("integer" in types and isinstance(value, int))) and (
                schema.get("minimum", value) <= value <= schema.get("maximum", value)
                and value < schema.get("exclusiveMaximum", value + 1)
            )
        case str():
            return (
                "string" in types
                and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
                and re.search(schema.get("pattern", ""), value) is not None
            )
        case list():
            return (
                "array" in types
                and schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
                and all(_fits(schema["items"], entry, document) for entry in value)
            )
    properties = schema.get("properties", {})
    return (
        "object" in types
        and all(name in value for name in schema.get("required", ()))
        and all(
            _fits(properties.get(name, schema.get("additionalProperties", False)), entry, document)
            for name, entry in value.items()
        )
    )


def test_what_a_model_writes_matches_the_schema(tmp_path: Path) -> None:
    model = write_llama(tmp_path / "m.gguf", stops=True, raw_bytes=True)
    schemas: list[dict[str, Any]] = [
        PERSON,
        NODE,
        {"type": "array", "items": {"type": "number", "minimum": -0.5, "maximum": 12}, "minItems": 2,
         "maxItems": 5},
        {"type": "string", "pattern": '^[A-F0-9"]{4}(-[a-z]+)?$'},
        {"type": "array", "maxItems": 3, "items": {"enum": [f"word {n}" for n in range(40)]}},
        {"type": "object", "additionalProperties": {"type": "integer", "minimum": 7},
         "properties": {"a": {"type": "boolean"}}},
    ]  # fmt: skip
    grammars = [checked_grammar("json_schema", json.dumps(schema)) for schema in schemas]
    natives = ask_llama(model, grammars, tokens=250, seeds=range(1, 9))
    for schema, native in zip(schemas, natives, strict=True):
        texts = [text for text in native.texts if text is not None]
        assert texts, schema
        for text in texts:
            assert _fits(schema, json.loads(text), schema), (schema, text)


def test_llama_takes_the_grammar_of_every_schema(tmp_path: Path) -> None:
    model = write_llama(tmp_path / "m.gguf", stops=True, raw_bytes=True)
    grammars = [
        checked_grammar("json_schema", schema if isinstance(schema, str) else json.dumps(schema))
        for schema, _fitting, _failing in MEANING.values()
    ]
    taken = [native.accepted for native in ask_llama(model, grammars)]
    assert dict(zip(MEANING, taken, strict=True)) == dict.fromkeys(MEANING, True)

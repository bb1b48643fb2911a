"""From what a model writes between the marks of a tool call to a function's name and arguments.

Runs inside the engine process, on untrusted text. Nothing here runs anything: a call is accepted if
it names a tool that was offered and its arguments are an object; everything else is told as
malformed, and the caller shows it as the text it is. The notations are those of Hermes and Qwen
(`{"name": …, "arguments": …}`), Llama 3 (`parameters`), Qwen Coder and GLM (tags), Mistral
(`name[ARGS]{…}`), Gemma (`call:name{…}`) and Python-like calls.
"""

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from desktop.inference.gemma_calls import gemma_value

_MAX_PYTHON = 16 * 1024
_MAX_CALLS = 64
_SPACE = re.compile(r"[\s;,]*")
# White space is never given back: tried in every way, a few thousand of it would take minutes.
_MISTRAL = re.compile(r"\s*([\w.\-]+)\s*+(?:\[CALL_ID\][\w\-]*)?\s*+(?:\[ARGS\])?\s*+(?=\{)")
_GEMMA = re.compile(r"\s*call:([\w.\-]+)\s*(?=\{)")
_JSON = re.compile(r"\[?\s*\{")
_FUNCTION = re.compile(r"<function(?:=|\s+name=\")([\w.\-]+)\"?>(.*?)</function>", re.DOTALL)
_PARAMETER = re.compile(
    r"<parameter(?:=|\s+name=\")([^>\"\n]{1,200})\"?>(.*?)"
    r"(?:</parameter>|(?=<parameter[=\s])|\Z)",
    re.DOTALL,
)
_GLM = re.compile(r"\s*([\w.\-]+)\s*((?:<arg_key>.*)?)\Z", re.DOTALL)
_GLM_PAIR = re.compile(
    r"<arg_key>([^<]{1,200})</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL
)
_FENCE = re.compile(r"\A\s*```\w*\n(.*?)\n?```\s*\Z", re.DOTALL)


# The name of a tool, and the JSON text of an object.
Call: TypeAlias = tuple[str, str]


class Malformed(Exception):
    """The text is no call of an offered tool. `cut`: it may be one that has not ended yet."""

    def __init__(self, *, cut: bool = False) -> None:
        super().__init__()
        self.cut = cut


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of a request: the names a call may have, and the JSON types of parameters."""

    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def offered(cls, tools: Sequence[Mapping[str, Any]]) -> "Tools":
        """Read OpenAI function tools; what is not well formed counts as untyped."""
        types: dict[str, dict[str, str]] = {}
        for tool in tools:
            function = _mapping(tool.get("function"), tool)
            name = function.get("name")
            if isinstance(name, str) and name:
                properties = _mapping(_mapping(function.get("parameters")).get("properties"))
                types[name] = {
                    key: kind
                    for key, schema in properties.items()
                    if isinstance(kind := _mapping(schema).get("type"), str)
                }
        return cls(types)

    def call(self, name: object, arguments: object) -> Call:
        """Return a call that was checked; raises Malformed."""
        if not isinstance(name, str) or name not in self.types:
            raise Malformed
        if isinstance(arguments, str):
            arguments = json_value(arguments) if arguments.strip() else {}
        if not isinstance(arguments, dict):
            raise Malformed
        return name, json_text(arguments)

    def value(self, name: str, key: str, text: str) -> object:
        """Return what a tag's `text` means for the parameter `key`: JSON, unless it is a string."""
        if self.types.get(name, {}).get(key) == "string":
            return text
        try:
            return json_value(text)
        except Malformed:
            return {"True": True, "False": False, "None": None}.get(text, text)


def calls_in(body: str, tools: Tools) -> list[Call]:
    """Return the calls written in `body`, at least one; raises Malformed."""
    if fenced := _FENCE.match(body):
        body = fenced[1]
    text = body.strip()
    if _JSON.match(text):
        calls = _json(text, tools)
    elif text.startswith("<function"):
        calls = _tagged(text, tools)
    elif text.startswith("call:"):
        calls = _gemma(text, tools)
    elif match := _MISTRAL.match(text):
        calls = [tools.call(match[1], json_value(text[match.end() :]))]
    elif "<arg_key>" in text or "(" not in text:
        calls = _glm(text, tools)
    else:
        calls = _python(text, tools)
    if not 0 < len(calls) <= _MAX_CALLS:
        raise Malformed
    return calls


def json_value(text: str) -> object:
    """Return the one JSON value that `text` is; raises Malformed."""
    value, end = _decode(text, len(text) - len(text.lstrip()))
    if text[end:].strip():
        raise Malformed
    return value


def json_text(value: object) -> str:
    """Return `value` as strict JSON that can be encoded; raises Malformed."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed from error
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return json.dumps(value, allow_nan=False)
    return text


def _decode(text: str, start: int) -> tuple[object, int]:
    try:
        # Models write line ends into strings as they are.
        return json.JSONDecoder(strict=False).raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise Malformed(cut=error.msg.startswith("Unterminated string")) from error
    except (ValueError, RecursionError) as error:
        raise Malformed from error


def _json(text: str, tools: Tools) -> list[Call]:
    calls: list[Call] = []
    at = 0
    while at < len(text):
        value, at = _decode(text, at)
        for entry in value if isinstance(value, list) else [value]:
            outer = _mapping(entry)
            call = _mapping(outer.get("function"), outer)
            name = call.get("name", call.get("tool_name", outer.get("function")))
            arguments: object = next(
                (call[key] for key in ("arguments", "parameters", "args") if key in call), {}
            )
            calls.append(tools.call(name, arguments))
        if len(calls) > _MAX_CALLS:
            raise Malformed
        blank = _SPACE.match(text, at)
        at = blank.end() if blank else at
    return calls


def _tagged(text: str, tools: Tools) -> list[Call]:
    calls = []
    if not text.endswith("</function>"):
        raise Malformed(cut=True)
    if _FUNCTION.sub("", text).strip():
        raise Malformed
    for name, inner in _FUNCTION.findall(text):
        if inner.lstrip().startswith("{"):
            calls.append(tools.call(name, json_value(inner)))
            continue
        if _PARAMETER.sub("", inner).strip():
            raise Malformed
        values = {
            key.strip(): tools.value(name, key.strip(), _trimmed(value))
            for key, value in _PARAMETER.findall(inner)
        }
        calls.append(tools.call(name, values))
    return calls


def _glm(text: str, tools: Tools) -> list[Call]:
    match = _GLM.match(text)
    if text.count("<arg_value>") != text.count("</arg_value>"):
        raise Malformed(cut=True)
    if not match or _GLM_PAIR.sub("", match[2]).strip():
        raise Malformed
    name, pairs = match[1], _GLM_PAIR.findall(match[2])
    values = {key.strip(): tools.value(name, key.strip(), value) for key, value in pairs}
    return [tools.call(name, values)]


def _gemma(text: str, tools: Tools) -> list[Call]:
    calls = []
    at = 0
    while match := _GEMMA.match(text, at):
        try:
            value, at = gemma_value(text, match.end())
        except ValueError as error:
            raise Malformed(cut=str(error) == "cut") from error
        calls.append(tools.call(match[1], value))
    if text[at:].strip():
        raise Malformed
    return calls


def _python(text: str, tools: Tools) -> list[Call]:
    """Read `name(key=value)`, several in a list or on lines; the tree is read, nothing is run."""
    if len(text) > _MAX_PYTHON:
        raise Malformed
    calls = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text)
        for statement in tree.body:
            value = statement.value if isinstance(statement, ast.Expr) else None
            for node in value.elts if isinstance(value, ast.List) else [value]:
                if not isinstance(node, ast.Call) or node.args:
                    raise Malformed
                if any(item.arg is None for item in node.keywords):
                    raise Malformed
                values = {str(item.arg): ast.literal_eval(item.value) for item in node.keywords}
                name = ast.unparse(node.func)
                # Llama 3 writes its built-in tools as `name.call(…)`.
                known = name if name in tools.types else name.removesuffix(".call")
                calls.append(tools.call(known, values))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise Malformed from error
    return calls


def _trimmed(value: str) -> str:
    return value.removeprefix("\n").removesuffix("\n")


def _mapping(value: object, default: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else default or {}

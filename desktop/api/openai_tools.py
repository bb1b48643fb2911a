"""The tools that a client offers, and how a model is held to calling one of them.

A model that may call writes its calls in its own way, and the engine finds them. One that must call
is held to a shape instead: the arguments of the one tool, or a tool's name with its arguments; so it
works with every model. Plain functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from desktop.api.openai_knobs import json_text, schema_grammar
from desktop.api.openai_values import Choice, Function, Tool, ToolChoice
from desktop.api.refused import Refused
from desktop.domain.chat import Grammar

_LONGEST_TOOLS = 256 * 1024
_NO_PARAMETERS = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Forced:
    """A call that has to come: `shape` is what is written, the arguments of the tool `name`.

    Without a `name` it is an object of a `name` and `arguments`.
    """

    shape: Grammar
    name: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the model is told: `tools` as JSON texts, and the call it is held to."""

    tools: tuple[str, ...] = ()
    forced: Forced | None = None


def offer(
    tools: Sequence[Tool] | None,
    choice: Choice | ToolChoice | None,
) -> Offer:
    """Return what is offered of `tools` under `choice`; raises Refused."""
    functions = _functions(tools or ())
    if choice == "none":
        return Offer()
    if choice is None or choice == "auto":
        return Offer(_texts(functions))
    if not functions:
        raise Refused(400, "A tool is to be called, and none is offered", param="tool_choice")
    if choice == "required":
        return Offer(_texts(functions), _forced(functions))
    if choice.type == "allowed_tools" and choice.allowed_tools is not None:
        allowed = _named(functions, [_name(tool) for tool in choice.allowed_tools.tools])
        must = choice.allowed_tools.mode == "required"
        return Offer(_texts(allowed), _forced(allowed) if must else None)
    if choice.type != "function" or choice.function is None:
        raise Refused(400, "Only functions can be called", param="tool_choice.type")
    named = _named(functions, [choice.function.name])
    return Offer(_texts(named), _forced(named))


def named_call(text: str) -> tuple[str, str]:
    """Return the name and the arguments that an answer of several tools' shape holds.

    The name is empty where the answer was cut off.
    """
    try:
        call = msgspec.json.decode(text, type=_Written)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", text
    return call.name, bytes(call.arguments).decode()


class _Written(msgspec.Struct):
    name: str
    arguments: msgspec.Raw


def _functions(tools: Sequence[Tool]) -> tuple[Function, ...]:
    functions = []
    for number, tool in enumerate(tools):
        if tool.type != "function" or tool.function is None:
            raise Refused(400, "Only functions can be offered", param=f"tools[{number}].type")
        functions.append(tool.function)
    if len({function.name for function in functions}) < len(functions):
        raise Refused(400, "Two tools have the same name", param="tools")
    return tuple(functions)


def _texts(functions: Sequence[Function]) -> tuple[str, ...]:
    texts = tuple(
        json_text({"type": "function", "function": msgspec.to_builtins(function)})
        for function in functions
    )
    if sum(map(len, texts)) > _LONGEST_TOOLS:
        raise Refused(413, f"Tools may have {_LONGEST_TOOLS:,} characters at most", param="tools")
    return texts


def _name(tool: dict[str, Any]) -> str:
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else tool.get("name")
    return name if isinstance(name, str) else ""


def _named(functions: Sequence[Function], names: Sequence[str]) -> tuple[Function, ...]:
    found = tuple(function for function in functions if function.name in names)
    if not found or len(found) < len(set(names)):
        raise Refused(400, "A tool is to be called that is not offered", param="tool_choice")
    return found


def _forced(functions: Sequence[Function]) -> Forced:
    if len(functions) == 1:
        function = functions[0]
        return Forced(schema_grammar(_parameters(function), "tools"), function.name)
    branches = [
        {
            "type": "object",
            "properties": {
                "name": {"const": function.name},
                "arguments": _moved(
                    _parameters(function), f"#/anyOf/{number}/properties/arguments"
                ),
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for number, function in enumerate(functions)
    ]
    return Forced(schema_grammar({"anyOf": branches}, "tools"))


def _parameters(function: Function) -> dict[str, Any]:
    return function.parameters or _NO_PARAMETERS


def _moved(schema: Any, place: str) -> Any:
    """Return `schema` with its references as they are inside of a larger one, at `place`."""
    match schema:
        case dict():
            return {
                key: place + value[1:]
                if key == "$ref" and isinstance(value, str) and value.startswith("#")
                else _moved(value, place)
                for key, value in schema.items()
            }
        case list():
            return [_moved(value, place) for value in schema]
    return schema

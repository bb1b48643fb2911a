"""From the turns of a request to the messages a chat template takes.

Runs inside the engine process. Templates agree on OpenAI's messages only roughly: this module knows
what they want differently, and says in words what a template has no place for (a system text,
tools), the way models of the Hermes kind were taught.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from desktop.inference.messages import ToolCall, Turn
from desktop.inference.sandbox import escaped_marks

Message: TypeAlias = dict[str, Any]

_MISTRAL_ID = re.compile(r"[a-zA-Z0-9]{9}")
_TOOLS_HEAD = (
    "# Tools\n\nYou may call one or more functions to help with the request.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
)
_TOOLS_TAIL = (
    "\n</tools>\n\nFor each function call, return a JSON object with function name and arguments "
    "within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)


def messages_of(turns: Sequence[Turn], source: str, *, text_arguments: bool) -> list[Message]:
    """Return `turns` for the template `source`.

    `text_arguments` gives the arguments of earlier calls as JSON text, as a few templates want
    them, instead of as an object.
    """
    names = {call.id: call.name for turn in turns for call in turn.tool_calls}
    short_ids = "[TOOL_CALLS]" in source
    messages = []
    for turn in turns:
        message: Message = {"role": turn.role, "content": turn.content}
        if turn.reasoning:
            message |= {"reasoning_content": turn.reasoning, "reasoning": turn.reasoning}
            message["thinking"] = turn.reasoning
        if turn.tool_calls:
            message["tool_calls"] = [
                _call(call, text_arguments=text_arguments, short_id=short_ids)
                for call in turn.tool_calls
            ]
            if turn.reasoning and turn.content and "<|channel|>" in source:
                # gpt-oss raises on both; what was said before a call belongs to the thinking.
                message |= {"thinking": f"{turn.reasoning}\n\n{turn.content}", "content": ""}
        if turn.role == "tool":
            identity = turn.tool_call_id
            message["tool_call_id"] = _mistral_id(identity) if short_ids else identity
            message["name"] = turn.name or names.get(identity, "")
        messages.append(message)
    return _responses_joined(messages) if "tool_responses" in source else messages


def alternating(turns: Sequence[Turn]) -> list[Turn]:
    """Join neighbours of one role, for templates that want roles to alternate; not around tools."""
    joined: list[Turn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.role == turn.role != "tool"
            and not (last.tool_calls or turn.tool_calls)
        ):
            reasoning = "\n\n".join(filter(None, (last.reasoning, turn.reasoning)))
            joined[-1] = Turn(turn.role, f"{last.content}\n\n{turn.content}", reasoning=reasoning)
        else:
            joined.append(turn)
    return joined


def system_in_question(turns: Sequence[Turn]) -> list[Turn]:
    """Put the system text at the head of the first question."""
    system, rest = turns[0], list(turns[1:])
    if rest and rest[0].role == "user":
        return [Turn("user", f"{system.content}\n\n{rest[0].content}"), *rest[1:]]
    return [Turn("user", system.content), *rest]


def tools_in_words(turns: Sequence[Turn], tools: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Describe `tools` in the system text."""
    if not tools:
        return list(turns)
    signatures = escaped_marks("\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools))
    words = f"{_TOOLS_HEAD}{signatures}{_TOOLS_TAIL}"
    if turns and turns[0].role == "system":
        return [Turn("system", f"{turns[0].content}\n\n{words}"), *turns[1:]]
    return [Turn("system", words), *turns]


def calls_in_words(turns: Sequence[Turn]) -> list[Turn]:
    """Write earlier calls and their results as text, for templates that know neither."""
    return [_in_words(turn) for turn in turns]


def _in_words(turn: Turn) -> Turn:
    if turn.role == "tool":
        return Turn("user", f"<tool_response>\n{turn.content}\n</tool_response>")
    if not turn.tool_calls:
        return turn
    calls = [
        "<tool_call>\n"
        + escaped_marks(
            f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {call.arguments}}}'
        )
        + "\n</tool_call>"
        for call in turn.tool_calls
    ]
    text = "\n".join(filter(None, (turn.content, *calls)))
    return Turn(turn.role, text, reasoning=turn.reasoning)


def _call(call: ToolCall, *, text_arguments: bool, short_id: bool) -> Message:
    arguments: object = escaped_marks(call.arguments)
    if not text_arguments:
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError):
            arguments = call.arguments
    return {
        "type": "function",
        "id": _mistral_id(call.id) if short_id else call.id,
        "function": {"name": call.name, "arguments": arguments},
    }


def _mistral_id(identity: str) -> str:
    """Return `identity` as Mistral's templates insist on it: nine letters or digits."""
    if _MISTRAL_ID.fullmatch(identity):
        return identity
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:9]


def _responses_joined(messages: Sequence[Message]) -> list[Message]:
    """Put results into the message that called: Gemma 4 takes them as part of its own turn."""
    joined: list[Message] = []
    for message in messages:
        if message["role"] == "tool" and joined and joined[-1]["role"] == "assistant":
            response = {"name": message["name"], "response": _object_or_text(message["content"])}
            joined[-1] = joined[-1] | {
                "tool_responses": [*joined[-1].get("tool_responses", []), response]
            }
        else:
            joined.append(message)
    return joined


def _object_or_text(content: str) -> object:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    return value if isinstance(value, dict) else content

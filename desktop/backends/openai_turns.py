"""The turns of a conversation as OpenAI-compatible servers take them. Pure."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from desktop.domain.chat import Message, Picture, Role
from desktop.domain.text import encodable

# For servers that cannot begin inside of an answer. Read by the model, not by people.
_GO_ON: Final = (
    "Go on with your last answer exactly where it ended: repeat nothing of it and say nothing"
    " about it."
)


def turns_of(
    messages: Sequence[Message],
    *,
    thoughts: bool = True,
    system: bool = True,
    same_role: bool = True,
    asks_to_go_on: bool = False,
) -> list[dict[str, Any]]:
    """Return the conversation as JSON.

    Each switch says what the server takes: `thoughts` of the model beside what it said (they go
    along only where it is to go on, or had called tools), turns of the `system`, two turns of the
    `same_role` in a row. With `asks_to_go_on` the model is asked in words to go on with its answer.
    """
    turns = list(messages)
    if asks_to_go_on:
        turns.append(Message(Role.USER, _GO_ON))
    if not system:
        turns = _system_in_question(turns)
    if not same_role:
        turns = _alternating(turns)
    last = len(turns) - 1
    return [
        _turn(turn, thoughts=thoughts and (bool(turn.tool_calls) or at == last))
        for at, turn in enumerate(turns)
    ]


def _turn(message: Message, *, thoughts: bool) -> dict[str, Any]:
    text = encodable(message.content)
    turn: dict[str, Any] = {"role": message.role.value, "content": text}
    if message.role is Role.TOOL:
        turn["tool_call_id"] = encodable(message.tool_call_id)
        if message.name:
            turn["name"] = encodable(message.name)
    if message.tool_calls:
        turn["content"] = text or None
        turn["tool_calls"] = [
            {
                "id": encodable(call.id),
                "type": "function",
                "function": {"name": encodable(call.name), "arguments": encodable(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.reasoning and thoughts:
        turn["reasoning_content"] = encodable(message.reasoning)
    if message.pictures:
        seen = [_picture(picture) for picture in message.pictures]
        turn["content"] = [*seen, {"type": "text", "text": text}] if text else seen
    return turn


def _picture(picture: Picture) -> dict[str, Any]:
    data = base64.b64encode(picture.data).decode()
    url = f"data:{encodable(picture.media_type)};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _system_in_question(turns: Sequence[Message]) -> list[Message]:
    """Return turns where what the system says stands at the head of the first question."""
    said = [turn.content for turn in turns if turn.role is Role.SYSTEM]
    others = [turn for turn in turns if turn.role is not Role.SYSTEM]
    for at, turn in enumerate(others):
        if turn.role is Role.USER:
            others[at] = replace(turn, content=_joined(*said, turn.content))
            break
    return others


def _alternating(turns: Sequence[Message]) -> list[Message]:
    """Return turns where no two questions, and no two answers, stand in a row."""
    joined: list[Message] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last is None or last.role is not turn.role or turn.role is Role.TOOL or turn.tool_calls:
            joined.append(turn)
            continue
        joined[-1] = replace(
            last,
            content=_joined(last.content, turn.content),
            reasoning=_joined(last.reasoning, turn.reasoning),
            pictures=(*last.pictures, *turn.pictures),
        )
    return joined


def _joined(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))

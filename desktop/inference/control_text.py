"""Keeping what people write apart from a template's control tokens.

Runs inside the engine process. Nobody may fake a turn by writing `<|im_start|>`: a text that would
be read as control tokens goes through the template as a mark that nobody can guess, and is put in
its place afterwards, tokenised as plain text.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from desktop.inference.messages import ToolCall, Turn
from desktop.inference.sandbox import ESCAPED, MARK, TemplateFailed

_KEY = slice(1, 17)


class ControlText:
    """The texts of one request that must not be read as control tokens."""

    def __init__(self, suspicious: Callable[[str], bool]) -> None:
        """Begin with none; `suspicious` says whether a text holds control tokens."""
        self._suspicious = suspicious
        self._texts: dict[str, str] = {}
        self._needed: set[str] = set()

    def hidden(
        self, turns: Sequence[Turn], tools: Sequence[dict[str, Any]]
    ) -> tuple[list[Turn], list[dict[str, Any]]]:
        """Return `turns` and `tools` with marks in the place of what is suspicious."""
        # One look at everything: most conversations hold nothing of the kind.
        if not self._suspicious("\n".join(_strings(turns, tools))):
            return list(turns), list(tools)
        hidden_turns = [self._turn(turn) for turn in turns]
        return hidden_turns, [self._value(tool) for tool in tools]

    def apart(self, rendered: str) -> Iterator[tuple[str, bool]]:
        """Yield the pieces of a prompt, each with whether it is the template's own.

        Raises TemplateFailed if the template rewrote a mark, or left out what somebody said.
        """
        pieces = MARK.split(rendered)
        found = {piece[_KEY] for piece in pieces if MARK.fullmatch(piece)}
        lowered = rendered.lower()
        broken = {key for key in self._texts.keys() - found if key in lowered}
        if broken or not self._needed <= found:
            # Then nothing keeps text and control apart.
            msg = "it cannot take text that looks like its own control words"
            raise TemplateFailed(msg)
        for piece in filter(None, pieces):
            text = self._texts.get(piece[_KEY]) if MARK.fullmatch(piece) else None
            if text is None:
                yield piece, True
            elif piece.endswith(ESCAPED):
                yield json.dumps(text, ensure_ascii=False)[1:-1], False
            else:
                yield text, False

    def _turn(self, turn: Turn) -> Turn:
        calls = [
            ToolCall(
                id=self._text(call.id),
                name=self._text(call.name),
                arguments=self._arguments(call.arguments),
            )
            for call in turn.tool_calls
        ]
        return Turn(
            turn.role,
            self._text(turn.content, needed=True),
            reasoning=self._text(turn.reasoning),
            tool_calls=calls,
            tool_call_id=self._text(turn.tool_call_id),
            name=self._text(turn.name),
        )

    def _arguments(self, arguments: str) -> str:
        try:
            value = json.loads(arguments)
        except (ValueError, RecursionError):
            return self._text(arguments)
        return json.dumps(self._value(value), ensure_ascii=False)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self._text(value)
            case list():
                return [self._value(entry) for entry in value]
            case dict():
                return {self._text(key): self._value(entry) for key, entry in value.items()}
        return value

    def _text(self, text: str, *, needed: bool = False) -> str:
        if not text or not self._suspicious(text):
            return text
        key = secrets.token_hex(8)
        self._texts[key] = text
        if needed:
            self._needed.add(key)
        return f"\ue000{key}\ue001"


def _strings(turns: Sequence[Turn], tools: Sequence[dict[str, Any]]) -> Iterator[str]:
    for turn in turns:
        yield from (turn.content, turn.reasoning, turn.tool_call_id, turn.name)
        for call in turn.tool_calls:
            yield from (call.id, call.name, call.arguments)
            # Escapes in the JSON text hide what the template will write out.
            if "\\" in call.arguments:
                yield from _inner_strings(_loaded(call.arguments))
    for tool in tools:
        yield from _inner_strings(tool)


def _inner_strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for entry in value:
                yield from _inner_strings(entry)
        case dict():
            for key, entry in value.items():
                yield key
                yield from _inner_strings(entry)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

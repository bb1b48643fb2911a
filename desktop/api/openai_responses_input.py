"""The input of `/v1/responses` as turns of a conversation. Plain functions."""

from collections.abc import Sequence

from desktop.api.openai_messages import content
from desktop.api.openai_responses_values import Item
from desktop.api.openai_values import Part
from desktop.api.refused import Refused
from desktop.domain.chat import Message, Picture, Role, ToolCall

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}


def turns(given: str | Sequence[Item]) -> tuple[Message, ...]:
    """Return the turns that an input consists of; raises Refused."""
    if isinstance(given, str):
        return (Message(Role.USER, given),)
    collected = _Turns()
    for number, item in enumerate(given):
        collected.add(item, f"input[{number}]")
    return collected.all()


class _Turns:
    """Puts together what belongs to one turn of the model: thinking, words, calls."""

    def __init__(self) -> None:
        self._turns: list[Message] = []
        self._reasoning = ""
        self._text = ""
        self._calls: list[ToolCall] = []

    def add(self, item: Item, param: str) -> None:
        """Take the next item."""
        match item.type:
            case "message":
                self._message(item, param)
            case "reasoning":
                self._end_answer()
                self._reasoning = _words(item.content) or _words(item.summary)
            case "function_call":
                self._call(item, param)
            case "function_call_output":
                self._result(item, param)
            case _:
                raise Refused(
                    400, "Only turns, calls of functions and their results are taken here",
                    param=f"{param}.type",
                )  # fmt: skip

    def all(self) -> tuple[Message, ...]:
        """Return the turns."""
        self._end_answer()
        return tuple(self._turns)

    def _message(self, item: Item, param: str) -> None:
        if item.role is None:
            raise Refused(400, "A turn has a role", param=f"{param}.role")
        text, pictures = content(item.content, f"{param}.content")
        role = _ROLES[item.role]
        if role is Role.ASSISTANT:
            if self._text or self._calls:
                self._end_answer()
            self._text = text
            return
        self._end_answer()
        self._turns.append(Message(role, text, pictures=_of_user(pictures, role, param)))

    def _call(self, item: Item, param: str) -> None:
        if not item.call_id or not item.name:
            raise Refused(400, "A call has a call_id and a name", param=param)
        self._calls.append(ToolCall(item.call_id, item.name, item.arguments or "{}"))

    def _result(self, item: Item, param: str) -> None:
        if not item.call_id:
            raise Refused(400, "The result of a call names its call_id", param=f"{param}.call_id")
        self._end_answer()
        text, pictures = content(item.output, f"{param}.output")
        self._turns.append(Message(Role.TOOL, text, tool_call_id=item.call_id, pictures=pictures))

    def _end_answer(self) -> None:
        if self._text or self._calls or self._reasoning:
            self._turns.append(
                Message(
                    Role.ASSISTANT,
                    self._text,
                    reasoning=self._reasoning,
                    tool_calls=tuple(self._calls),
                )
            )
        self._reasoning, self._text, self._calls = "", "", []


def _of_user(pictures: tuple[Picture, ...], role: Role, param: str) -> tuple[Picture, ...]:
    if pictures and role is not Role.USER:
        raise Refused(400, "Pictures belong to questions", param=f"{param}.content")
    return pictures


def _words(given: str | list[Part] | None) -> str:
    if isinstance(given, list):
        return "".join(part.text or "" for part in given)
    return given if isinstance(given, str) else ""

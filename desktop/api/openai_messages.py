"""Conversations as OpenAI's interface has them, turned into ours. Plain functions, values in and out."""

from collections.abc import Sequence

from desktop.api.openai_values import Call, ChatMessage, ImageAddress, Part
from desktop.api.reading import MOST_PICTURES, picture
from desktop.api.refused import Refused
from desktop.domain.chat import Message, Picture, Role, ToolCall

_ROLES = {"developer": Role.SYSTEM}
_TEXTS = frozenset({"text", "input_text", "output_text"})
_PICTURES = frozenset({"image_url", "input_image"})


def messages(given: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """Return the turns of a conversation; raises Refused for what is no text and no picture."""
    turns = [_turn(message, f"messages[{number}]") for number, message in enumerate(given)]
    return joined_head(turns)


def joined_head(turns: Sequence[Message]) -> tuple[Message, ...]:
    """Return `turns` with one system text at their head, where several stood: models know one.

    Raises Refused for more pictures than are taken.
    """
    if sum(len(turn.pictures) for turn in turns) > MOST_PICTURES:
        raise Refused(400, f"At most {MOST_PICTURES} pictures are taken", param="messages")
    count = next(
        (number for number, turn in enumerate(turns) if turn.role is not Role.SYSTEM), len(turns)
    )
    words = "\n\n".join(turn.content for turn in turns[:count] if turn.content)
    head = (Message(Role.SYSTEM, words),) if words else ()
    return (*head, *turns[count:])


def content(given: str | list[Part] | None, param: str) -> tuple[str, tuple[Picture, ...]]:
    """Return the text of a message and its pictures; raises Refused."""
    if given is None or isinstance(given, str):
        return given or "", ()
    texts: list[str] = []
    pictures: list[Picture] = []
    for number, part in enumerate(given):
        place = f"{param}[{number}]"
        if part.type in _TEXTS:
            texts.append(part.text or "")
        elif part.type == "refusal":
            texts.append(part.refusal or "")
        elif part.type in _PICTURES:
            pictures.append(picture(_address(part, place), f"{place}.image_url"))
        else:
            raise Refused(400, "Only text and pictures are taken here", param=f"{place}.type")
    return "\n".join(texts), tuple(pictures)


def _turn(message: ChatMessage, param: str) -> Message:
    text, pictures = content(message.content, f"{param}.content")
    role = _ROLES.get(message.role) or Role(message.role)
    if pictures and role not in {Role.USER, Role.TOOL}:
        raise Refused(400, "Pictures belong to questions", param=f"{param}.content")
    if role is Role.TOOL and not message.tool_call_id:
        raise Refused(
            400, "The result of a tool names the call it answers", param=f"{param}.tool_call_id"
        )
    is_answer = role is Role.ASSISTANT
    return Message(
        role,
        text,
        reasoning=(message.reasoning_content or message.reasoning or "") if is_answer else "",
        tool_calls=tuple(map(_call, message.tool_calls or ())) if is_answer else (),
        tool_call_id=message.tool_call_id or "",
        name=message.name or "" if role is Role.TOOL else "",
        pictures=pictures,
    )


def _call(call: Call) -> ToolCall:
    return ToolCall(call.id, call.function.name, call.function.arguments)


def _address(part: Part, place: str) -> str:
    address = part.image_url
    if isinstance(address, ImageAddress):
        return address.url
    if address is None:
        raise Refused(400, "The address of a picture is missing", param=f"{place}.image_url")
    return address

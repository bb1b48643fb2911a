"""From what a client of Ollama asks to a request for the engine, or to the reason why not.

Pure functions; the API's thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from desktop.api.ollama_values import (
    Asked,
    Call,
    ChatBody,
    Format,
    GenerateBody,
    Turn,
    pictures,
    sampling,
    thinking,
)
from desktop.api.openai_knobs import ANY_OBJECT, json_text, schema_grammar
from desktop.api.openai_messages import joined_head
from desktop.api.refused import Refused
from desktop.domain.chat import (
    ChatRequest,
    Grammar,
    GrammarKind,
    Message,
    Role,
    Sampling,
    ToolCall,
)

_LONGEST_TOOL: Final = 64 * 1024
_MOST_CALLS: Final = 64


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for the model that is asked, where the client says nothing.

    `sees` is None where nobody knows whether the model takes pictures.
    """

    sampling: Sampling = field(default_factory=Sampling)
    template: str = ""
    sees: bool | None = False


def chat_request(body: ChatBody, usual: InForce) -> ChatRequest:
    """Return the request of `POST /api/chat` with at least one message; raises Refused."""
    messages = _messages(body.messages or ())
    last = messages[-1]
    request = ChatRequest(
        messages=messages,
        tools=tuple(_tool(tool) for tool in body.tools or ()),
        builtin_template=usual.template,
        # As Ollama has it: a turn that the assistant has begun is gone on with.
        continue_answer=last.role is Role.ASSISTANT and not last.tool_calls,
    )
    return _with_manner(request, body, usual)


def generate_request(body: GenerateBody, usual: InForce) -> ChatRequest:
    """Return the request of `POST /api/generate` with a prompt; raises Refused."""
    _refuse_unknown(body)
    seen = pictures(body.images)
    if body.raw or body.suffix:
        if seen:
            raise Refused(400, "Pictures cannot go with a raw prompt or a suffix", param="images")
        return _with_manner(
            ChatRequest(
                prompt=body.prompt or "",
                suffix=body.suffix or None,
                prompt_special=bool(body.raw),
            ),
            body,
            usual,
        )
    head = (Message(Role.SYSTEM, body.system),) if body.system else ()
    question = Message(Role.USER, body.prompt or "", pictures=seen)
    request = ChatRequest(messages=(*head, question), builtin_template=usual.template)
    return _with_manner(request, body, usual)


def _refuse_unknown(body: GenerateBody) -> None:
    """Refuse what would change the prompt and cannot be done here, instead of leaving it out."""
    if body.template:
        raise Refused(
            400,
            "Templates in Ollama's language cannot be used here; send the prompt with raw instead",
            param="template",
        )
    if body.context:
        raise Refused(
            400,
            "context is not kept here; send the conversation with /api/chat instead",
            param="context",
        )
    if body.raw and body.system:
        raise Refused(400, "raw mode does not support template, system, or context", param="system")


def _with_manner(request: ChatRequest, body: Asked, usual: InForce) -> ChatRequest:
    """Return `request` as it is to be sampled, shaped and told."""
    if usual.sees is False and any(message.pictures for message in request.messages):
        raise Refused(400, f"{body.model} cannot see pictures", param="images")
    shape = _grammar(body.format)
    wants_thinking = thinking(body.think)
    return replace(
        request,
        sampling=sampling(body.options, usual.sampling),
        # Whoever wants a shape gets it from the first token on.
        thinking=wants_thinking if shape is None else False,
        grammar=shape,
        logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        keep_state=False,
    )


def _messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Return the turns as messages, each tool's turn beside the call that it answers."""
    messages: list[Message] = []
    open_calls: list[ToolCall] = []
    for number, turn in enumerate(turns):
        place = f"messages[{number}]"
        if turn.role not in set(Role):
            raise Refused(
                400, "A role must be system, user, assistant or tool", param=f"{place}.role"
            )
        role = Role(turn.role)
        if role is Role.TOOL:
            messages.append(_tool_turn(turn, open_calls))
            continue
        if turn.tool_calls and role is not Role.ASSISTANT:
            raise Refused(400, "Only an assistant calls tools", param=f"{place}.tool_calls")
        if turn.images and role is not Role.USER:
            raise Refused(400, "Only a user sends pictures", param=f"{place}.images")
        calls = _calls(turn.tool_calls or (), number)
        open_calls = list(calls)
        messages.append(
            Message(
                role,
                turn.content or "",
                reasoning=(turn.thinking or "") if role is Role.ASSISTANT else "",
                tool_calls=calls,
                pictures=pictures(turn.images),
            )
        )
    return joined_head(messages)


def _calls(calls: Sequence[Call], number: int) -> tuple[ToolCall, ...]:
    if len(calls) > _MOST_CALLS:
        raise Refused(
            400, f"At most {_MOST_CALLS} calls in one turn", param=f"messages[{number}].tool_calls"
        )
    return tuple(
        ToolCall(
            call.id or f"call_{number}_{index}",
            call.function.name,
            _arguments(call.function.arguments),
        )
        for index, call in enumerate(calls)
    )


def _arguments(arguments: Mapping[str, object] | str | None) -> str:
    if isinstance(arguments, str):
        return arguments or "{}"
    return json_text(arguments or {})


def _tool_turn(turn: Turn, open_calls: list[ToolCall]) -> Message:
    """Return what a tool said, with the call that it answers: by id, by name, else the next one."""
    name = turn.tool_name or turn.name or ""
    call = next((each for each in open_calls if each.id == turn.tool_call_id), None)
    if call is None:
        call = next((each for each in open_calls if not name or each.name == name), None)
    if call is not None:
        open_calls.remove(call)
    return Message(
        Role.TOOL,
        turn.content or "",
        tool_call_id=turn.tool_call_id or ("" if call is None else call.id),
        name=name or ("" if call is None else call.name),
    )


def _tool(tool: Mapping[str, object]) -> str:
    """Return a tool as JSON text; its function must have a name."""
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    if tool.get("type", "function") != "function" or not isinstance(name, str) or not name:
        raise Refused(400, "A tool must be a function with a name", param="tools")
    text = json_text({"type": "function", **tool})
    if len(text) > _LONGEST_TOOL:
        raise Refused(400, f"A tool may have {_LONGEST_TOOL} characters at most", param="tools")
    return text


def _grammar(form: Format | None) -> Grammar | None:
    """Return the shape that the answer must have; the engine checks the schema itself."""
    if not form:
        return None
    if isinstance(form, str):
        if form != "json":
            raise Refused(400, 'format must be "json" or a JSON schema', param="format")
        return Grammar(GrammarKind.JSON_SCHEMA, ANY_OBJECT)
    return schema_grammar(form, "format")

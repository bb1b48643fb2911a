"""`/v1/responses`: from the body of a request to its answer, and back to earlier ones.

The API's thread.
"""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from starlette.responses import Response

from desktop.api.answering import Answer, begin
from desktop.api.door import Door, wanted_for
from desktop.api.errors import refusal
from desktop.api.kept_responses import KeptResponses
from desktop.api.openai_chat import effort_thinking, sees
from desktop.api.openai_knobs import grammar, sampling
from desktop.api.openai_messages import joined_head
from desktop.api.openai_replies import Json, encoded, event
from desktop.api.openai_responses_events import ResponseStream, Told
from desktop.api.openai_responses_input import turns
from desktop.api.openai_responses_values import FlatChoice, ResponseBody
from desktop.api.openai_streams import streamed, together
from desktop.api.openai_tools import Offer, offer
from desktop.api.openai_values import Choice, NamedFunction, ToolChoice
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Message, Role
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel

_CHANCES = "message.output_text.logprobs"


async def respond(kept: KeptResponses, door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `body`, and keep it; raises Refused or LapisError."""
    wish = read(ResponseBody, body)
    _no_more_than_is_here(wish)
    wanted = await wanted_for(door, wish.model)
    offered = offer([tool.nested() for tool in wish.tools or ()], _choice(wish.tool_choice))
    said = _conversation(kept, wish)
    request = _request(door, wanted.model, wish, offered, said)
    answer = ResponseStream(
        _frame(wish, request, wanted.model),
        offered.forced,
        several_calls=wish.parallel_tool_calls is not False,
        tells_chances=request.logprobs is not None,
    )
    if wish.stream:
        return await streamed(
            door,
            visit,
            [request],
            wanted,
            partial(_pieces, kept, wish, said, answer),
            partial(_failed, answer),
        )
    last: Told = ("", {})
    async for _number, heard in together([await begin(door, visit, request, wanted)]):
        for told in answer.feed(heard):
            last = told
    whole: Json = last[1]["response"]
    _keep(kept, wish, said, answer, whole)
    return Response(encoded(whole), media_type="application/json")


def response(kept: KeptResponses, name: str) -> Response:
    """Return an earlier answer; raises Refused where it is not kept."""
    found = kept.find(name)
    if found is None:
        raise Refused(
            404, "There is no response with this id, or not any more", param="response_id"
        )
    return Response(found.response, media_type="application/json")


def forget(kept: KeptResponses, name: str) -> Response:
    """Forget an earlier answer; raises Refused where it is not kept."""
    if not kept.forget(name):
        raise Refused(
            404, "There is no response with this id, or not any more", param="response_id"
        )
    gone = {"id": name, "object": "response", "deleted": True}
    return Response(encoded(gone), media_type="application/json")


def _no_more_than_is_here(wish: ResponseBody) -> None:
    if wish.background:
        raise Refused(400, "Answers are not written in the background here", param="background")
    if wish.conversation is not None:
        raise Refused(
            400, "Conversations are not kept here. Use previous_response_id.", param="conversation"
        )
    if wish.prompt is not None:
        raise Refused(400, "There are no prompts to refer to here", param="prompt")
    if wish.n is not None and wish.n != 1:
        raise Refused(400, "One answer is given here", param="n")


def _conversation(kept: KeptResponses, wish: ResponseBody) -> tuple[Message, ...]:
    """Return all turns up to the question, without instructions."""
    asked = turns(wish.input)
    if not asked:
        raise Refused(400, "The input is empty", param="input")
    if wish.previous_response_id is None:
        return asked
    before = kept.find(wish.previous_response_id)
    if before is None:
        raise Refused(
            400,
            "The previous response is not known, or not any more",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    return (*before.turns, *asked)


def _request(
    door: Door,
    model: InstalledModel,
    wish: ResponseBody,
    offered: Offer,
    said: Sequence[Message],
) -> ChatRequest:
    head = (Message(Role.SYSTEM, wish.instructions),) if wish.instructions else ()
    whole = joined_head((*head, *said))
    sees(door, model, any(turn.pictures for turn in whole))
    form = None if wish.text is None else wish.text.format
    shape = grammar(wish, form)
    if offered.forced is not None:
        if shape is not None:
            raise Refused(
                400, "An answer that must call a tool has no other shape", param="text.format"
            )
        shape = offered.forced.shape
    tells_chances = wish.top_logprobs is not None or _CHANCES in (wish.include or ())
    effort = None if wish.reasoning is None else wish.reasoning.effort
    return ChatRequest(
        messages=whole,
        sampling=sampling(wish, door.settings_for(model).sampling, most=wish.max_output_tokens),
        builtin_template=door.template_for(model),
        tools=offered.tools,
        thinking=False if shape is not None else effort_thinking(effort, "reasoning.effort"),
        grammar=shape,
        logprobs=(wish.top_logprobs or 0) if tells_chances else None,
        keep_state=False,
    )


def _choice(given: Choice | FlatChoice | None) -> Choice | ToolChoice | None:
    if not isinstance(given, FlatChoice):
        return given
    named = None if given.name is None else NamedFunction(given.name)
    return ToolChoice(given.type, named, given.allowed())


def _frame(wish: ResponseBody, request: ChatRequest, model: InstalledModel) -> Json:
    """Return what a response repeats of its request."""
    form = None if wish.text is None else wish.text.format
    shape: Json = {"type": "text" if form is None else form.type}
    if form is not None and form.type == "json_schema":
        shape |= {"name": form.name or "answer", "schema": form.schema or {}}
    return {
        "model": model.name,
        "instructions": wish.instructions,
        "max_output_tokens": wish.max_output_tokens,
        "metadata": wish.metadata or {},
        "parallel_tool_calls": wish.parallel_tool_calls is not False,
        "previous_response_id": wish.previous_response_id,
        "store": wish.store is not False,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "text": {"format": shape},
        "tool_choice": _told_choice(wish.tool_choice),
        "tools": [
            {
                "type": tool.type,
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters or {},
                "strict": tool.strict,
            }
            for tool in wish.tools or ()
        ],
        "truncation": "disabled",
    }


def _told_choice(given: Choice | FlatChoice | None) -> Json | str:
    if not isinstance(given, FlatChoice):
        return given or "auto"
    if given.mode is not None:
        return {"type": given.type, "mode": given.mode, "tools": given.tools or []}
    return {"type": given.type, "name": given.name}


def _keep(
    kept: KeptResponses,
    wish: ResponseBody,
    said: Sequence[Message],
    answer: ResponseStream,
    whole: Json,
) -> None:
    if wish.store is not False:
        kept.add(answer.id, encoded(whole), (*said, answer.said))


async def _pieces(
    kept: KeptResponses,
    wish: ResponseBody,
    said: Sequence[Message],
    answer: ResponseStream,
    answers: Sequence[Answer],
) -> AsyncIterator[bytes]:
    for name, told in answer.begin():
        yield event(told, name)
    async for _number, heard in together(answers):
        for name, told in answer.feed(heard):
            if name in {"response.completed", "response.incomplete"}:
                # First: who has read the last event may come back to it at once.
                _keep(kept, wish, said, answer, told["response"])
            yield event(told, name)


def _failed(answer: ResponseStream, error: Refused | LapisError) -> bytes:
    refused = refusal(error) if isinstance(error, LapisError) else error
    name, told = answer.fail(refused.message)
    return event(told, name)

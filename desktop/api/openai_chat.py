"""`/v1/chat/completions`: from the body of a request to its answer. The API's thread."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from starlette.responses import Response

from desktop.api.answering import Answer, Whole, side_by_side
from desktop.api.door import Door, wanted_for
from desktop.api.openai_chat_answers import ChoiceStream, choice
from desktop.api.openai_knobs import grammar, sampling
from desktop.api.openai_messages import messages
from desktop.api.openai_replies import (
    DONE,
    Heading,
    Json,
    encoded,
    event,
    new_id,
    total,
    usage,
)
from desktop.api.openai_streams import stopped, streamed, together
from desktop.api.openai_tools import Offer, offer
from desktop.api.openai_values import ChatBody
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.chat import ChatRequest, Finished, Role, StopReason, alternatives
from desktop.domain.model import InstalledModel

_NO_THINKING: Final = frozenset({"none", "minimal"})
_EFFORTS: Final = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


async def chat(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `body`; raises Refused or LapisError."""
    wish = read(ChatBody, body)
    wanted = await wanted_for(door, wish.model)
    offered = _offer(wish)
    request = chat_request(door, wanted.model, wish, offered)
    requests = alternatives(request, wish.n or 1)
    heading = Heading(new_id("chatcmpl-"), "chat.completion", wanted.model.name)
    if wish.stream:
        return await streamed(
            door,
            visit,
            requests,
            wanted,
            partial(_pieces, heading, wish, offered),
        )
    answers = await side_by_side(door, visit, requests, wanted)
    unstopped(answers)
    choices = [
        choice(
            number,
            answer,
            offered.forced,
            several_calls=wish.parallel_tool_calls is not False,
            tells_chances=bool(wish.logprobs),
        )
        for number, answer in enumerate(answers)
    ]
    used = usage(total(answer.usage for answer in answers))
    return Response(
        encoded(heading.with_choices(choices) | {"usage": used}), media_type="application/json"
    )


def chat_request(door: Door, model: InstalledModel, wish: ChatBody, offered: Offer) -> ChatRequest:
    """Return what `wish` asks of `model`; raises Refused."""
    turns = messages(wish.messages)
    sees(door, model, any(turn.pictures for turn in turns))
    shape = offered.forced.shape if offered.forced else grammar(wish, wish.response_format)
    goes_on = bool(wish.continue_final_message)
    if goes_on and (not turns or turns[-1].role is not Role.ASSISTANT or turns[-1].tool_calls):
        raise Refused(
            400, "Only an answer without calls can be gone on with", param="continue_final_message"
        )
    return ChatRequest(
        messages=turns,
        sampling=sampling(wish, door.settings_for(model).sampling, most=wish.max_completion_tokens),
        builtin_template=door.template_for(model),
        tools=offered.tools,
        # Whoever wants a shape gets it from the first token on.
        thinking=False if shape is not None else _thinking(wish),
        grammar=shape,
        logprobs=wish.top_logprobs or 0 if wish.logprobs else None,
        keep_state=False,
        continue_answer=goes_on,
    )


def unstopped(answers: Sequence[Whole]) -> None:
    """Raise Refused if one of `answers` was stopped here."""
    if any(answer.reason is StopReason.STOPPED for answer in answers):
        raise stopped()


def sees(door: Door, model: InstalledModel, has_pictures: bool) -> None:
    """Raise Refused where pictures are for a model that is known not to see any."""
    if not has_pictures:
        return
    served = door.served(model) if model.is_served else None
    if not model.is_served or (served is not None and served.sees is False):
        raise Refused(
            400, "This model does not see pictures. Choose one that does.", param="messages"
        )


def _offer(wish: ChatBody) -> Offer:
    if wish.functions is not None:
        raise Refused(400, "Functions are offered as tools", param="functions")
    offered = offer(wish.tools, wish.tool_choice)
    has_shape = wish.grammar is not None or (
        wish.response_format is not None and wish.response_format.type != "text"
    )
    if offered.forced is not None and has_shape:
        raise Refused(
            400, "An answer that must call a tool has no other shape", param="response_format"
        )
    return offered


def effort_thinking(effort: str | None, param: str) -> bool | None:
    """Return whether the model thinks first, None where that is left to it; raises Refused."""
    if effort is not None and effort not in _EFFORTS:
        raise Refused(400, "The effort is not known", param=param)
    return None if effort is None else effort not in _NO_THINKING


def _thinking(wish: ChatBody) -> bool | None:
    said = None if wish.chat_template_kwargs is None else wish.chat_template_kwargs.enable_thinking
    return effort_thinking(wish.reasoning_effort, "reasoning_effort") if said is None else said


async def _pieces(
    heading: Heading, wish: ChatBody, offered: Offer, answers: Sequence[Answer]
) -> AsyncIterator[bytes]:
    tells_usage = wish.stream_options is not None and bool(wish.stream_options.include_usage)
    several = wish.parallel_tool_calls is not False
    extra: Json = {"usage": None} if tells_usage else {}
    parts = Heading(heading.id, "chat.completion.chunk", heading.model, heading.created)
    streams = [
        ChoiceStream(number, offered.forced, several_calls=several)
        for number in range(len(answers))
    ]
    for stream in streams:
        yield event(parts.with_choices([stream.head()]) | extra)
    used = []
    async for number, said in together(answers):
        for part in streams[number].choices(said):
            yield event(parts.with_choices([part]) | extra)
        if isinstance(said, Finished):
            used.append(said.usage)
    if tells_usage:
        yield event(parts.with_choices([]) | {"usage": usage(total(used))})
    yield DONE

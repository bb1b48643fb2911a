"""`/v1/completions`: texts to be continued as they stand, or filled in. The API's thread."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from starlette.responses import Response

from desktop.api.answering import Answer, Whole, side_by_side
from desktop.api.door import Door, wanted_for
from desktop.api.openai_chat import unstopped
from desktop.api.openai_knobs import grammar, sampling
from desktop.api.openai_replies import (
    DONE,
    Heading,
    Json,
    encoded,
    event,
    finish,
    new_id,
    total,
    usage,
)
from desktop.api.openai_streams import streamed, together
from desktop.api.openai_values import MOST_ANSWERS, CompletionBody
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.api.visit import Visit
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Finished,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenChosen,
    Usage,
    alternatives,
)
from desktop.domain.model import InstalledModel

# What this route writes for whoever does not say, as OpenAI documents it: a text has no end.
USUAL_TOKENS: Final = 16


@dataclass(slots=True)
class _Place:
    """Where the next token stands in the text of an answer, in characters."""

    offset: int = 0


async def complete(door: Door, visit: Visit, body: bytes) -> Response:
    """Return the answer to `body`; raises Refused or LapisError."""
    wish = read(CompletionBody, body)
    prompts = _prompts(wish)
    wanted = await wanted_for(door, wish.model)
    requests = [
        request
        for prompt in prompts
        for request in alternatives(_request(door, wanted.model, wish, prompt), wish.n or 1)
    ]
    heads = [prompt for prompt in prompts for _ in range(wish.n or 1)]
    heading = Heading(new_id("cmpl-"), "text_completion", wanted.model.name)
    if wish.stream:
        return await streamed(
            door,
            visit,
            requests,
            wanted,
            partial(_pieces, heading, wish, heads),
        )
    answers = await side_by_side(door, visit, requests, wanted)
    unstopped(answers)
    choices = [
        _choice(number, answer, head if wish.echo else "")
        for number, (answer, head) in enumerate(zip(answers, heads, strict=True))
    ]
    used = usage(_total([answer.usage for answer in answers], wish.n or 1))
    return Response(
        encoded(heading.with_choices(choices) | {"usage": used}), media_type="application/json"
    )


def _prompts(wish: CompletionBody) -> list[str]:
    given = [wish.prompt] if isinstance(wish.prompt, str) else wish.prompt
    prompts = [prompt for prompt in given if isinstance(prompt, str)]
    if len(prompts) < len(given):
        raise Refused(400, "Prompts are taken as texts, not as tokens", param="prompt")
    if not prompts or len(prompts) * (wish.n or 1) > MOST_ANSWERS:
        raise Refused(
            400, f"From one to {MOST_ANSWERS} answers can be asked for at once", param="prompt"
        )
    if wish.best_of is not None and wish.best_of != (wish.n or 1):
        raise Refused(400, "Every answer that is written is given", param="best_of")
    if wish.suffix and wish.echo:
        raise Refused(400, "What is filled in has no echo", param="echo")
    if wish.echo and _tops(wish) is not None:
        raise Refused(
            400, "Chances are told of the tokens that are written alone", param="logprobs"
        )
    return prompts


def _tops(wish: CompletionBody) -> int | None:
    """Return how many likely tokens are told of in each place, None for no chances at all."""
    if wish.logprobs is None or wish.logprobs is False:
        return None
    return int(wish.logprobs)


def _request(door: Door, model: InstalledModel, wish: CompletionBody, prompt: str) -> ChatRequest:
    usual = door.settings_for(model).sampling
    return ChatRequest(
        prompt=prompt,
        suffix=wish.suffix or None,
        sampling=sampling(wish, replace(usual, max_tokens=usual.max_tokens or USUAL_TOKENS)),
        grammar=grammar(wish, wish.response_format),
        # Marks that a client writes here are meant: it fills in the template by itself.
        prompt_special=True,
        logprobs=_tops(wish),
        keep_state=False,
    )


def _choice(number: int, answer: Whole, head: str) -> Json:
    chances = _chances(answer.tokens, _Place()) if answer.tokens else None
    reason = finish(answer.reason)
    return {
        "index": number,
        "text": head + answer.reasoning + answer.text,
        "logprobs": chances,
        "finish_reason": reason,
    }


def _total(usages: Sequence[Usage], n: int) -> Usage:
    """Return what all answers took; each of the prompts counts once, for its `n` answers."""
    groups = [total(usages[start : start + n]) for start in range(0, len(usages), n)]
    return Usage(
        sum(group.prompt_tokens for group in groups),
        sum(group.cached_tokens for group in groups),
        sum(group.completion_tokens for group in groups),
        0.0,
        0.0,
        0.0,
    )


def _chances(tokens: Sequence[TokenChosen], place: _Place) -> Json:
    """Return the chances of `tokens` in lists side by side, as this route has them."""
    offsets = []
    for token in tokens:
        offsets.append(place.offset)
        place.offset += len(token.chosen.text)
    return {
        "tokens": [token.chosen.text for token in tokens],
        "token_logprobs": [token.chosen.logprob for token in tokens],
        "top_logprobs": [{other.text: other.logprob for other in token.top} for token in tokens],
        "text_offset": offsets,
    }


class _Stream:
    """One answer in pieces."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._place = _Place()
        self._tokens: list[TokenChosen] = []

    def choice(self, event: Event) -> Json | None:
        """Return what `event` adds."""
        match event:
            case TokenChosen():
                self._tokens.append(event)
                return None
            case TextDelta(text) | ReasoningDelta(text):
                return self.part(text)
            case Finished():
                return self.part("", event.reason)
            case _:
                return None

    def part(self, text: str, reason: StopReason | None = None) -> Json:
        """Return a choice of a chunk."""
        tokens, self._tokens = self._tokens, []
        return {
            "index": self._number,
            "text": text,
            "logprobs": _chances(tokens, self._place) if tokens else None,
            "finish_reason": None if reason is None else finish(reason),
        }


async def _pieces(
    heading: Heading, wish: CompletionBody, heads: Sequence[str], answers: Sequence[Answer]
) -> AsyncIterator[bytes]:
    tells_usage = wish.stream_options is not None and bool(wish.stream_options.include_usage)
    extra: Json = {"usage": None} if tells_usage else {}
    streams = [_Stream(number) for number in range(len(answers))]
    if wish.echo:
        for stream, head in zip(streams, heads, strict=True):
            yield event(heading.with_choices([stream.part(head)]) | extra)
    used: list[Usage | None] = [None] * len(answers)
    async for number, said in together(answers):
        part = streams[number].choice(said)
        if part is not None:
            yield event(heading.with_choices([part]) | extra)
        if isinstance(said, Finished):
            used[number] = said.usage
    if tells_usage:
        counted = _total([each for each in used if each is not None], wish.n or 1)
        yield event(heading.with_choices([]) | {"usage": usage(counted)})
    yield DONE

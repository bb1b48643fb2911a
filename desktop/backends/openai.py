"""A server that speaks OpenAI's protocol, through the openai library.

Lives in the thread of `ServerLoop`, but for its making. The library asks and tells the errors
apart; what it is given to ask with (proxies, certificates, the key, bounds on what comes back)
comes from outside. What the server says is read here, for the library takes it as it comes.
"""

from array import array
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from desktop.backends.openai_answer import Answer, Endless
from desktop.backends.openai_body import fields_of, missed
from desktop.backends.openai_errors import (
    Asked,
    broke_off,
    endless,
    failure_of,
    no_vectors,
    not_served,
    odd_answer,
    takes_no_pictures,
)
from desktop.backends.openai_line import Line, value_of
from desktop.backends.openai_models import (
    is_llama_server,
    is_lm_studio,
    knows_gbnf,
    listed,
    with_lm_studio,
    with_props,
)
from desktop.backends.openai_refusals import (
    Refusal,
    is_lasting,
    refusal_of,
    refused_fields,
    told,
)
from desktop.backends.openai_sse import TooLong
from desktop.backends.server_client import Embedded
from desktop.base.json_values import count, mapping, real, sequence
from desktop.domain.chat import ChatRequest, Event, GrammarKind, Notice
from desktop.domain.connection import Connection, ServedModel
from desktop.domain.errors import LapisError, NetworkError
from desktop.domain.sight import has_pictures, is_about_pictures, without_pictures
from desktop.domain.text import Text, Value, encodable

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncAPIResponse

# One of a field said in another way, and others left out: no server minds more than that.
_TRIES: Final = 12


class OpenAIClient:
    """One such server, as a `ServerClient`."""

    def __init__(self, connection: Connection, options: Mapping[str, Any], key: str = "") -> None:
        """Connect nothing yet, but import the library, which takes a while: not in the loop.

        `options` are those of `hub.server_http` for httpx2; they show the key. `key` is given only
        so that it is never shown to people, whoever repeats it.
        """
        import openai

        self._connection = connection
        self._host = urlsplit(connection.address).netloc.rpartition("@")[2] or connection.name
        self._key = key
        # With a key of its own, not even that of the environment is looked up.
        self._library = openai.AsyncOpenAI(
            api_key="-",
            base_url=connection.address,
            http_client=openai.DefaultAsyncHttpxClient(**options),
            max_retries=0,
        )
        # By model, what was refused: it would be again.
        self._refused: dict[str, frozenset[str]] = {}
        self._knows_gbnf: bool | None = None

    async def models(self) -> tuple[ServedModel, ...]:
        """Return what the server lists; raises OddAnswer where that is no list."""
        return (await self._list())[0]

    async def details(self, model: str) -> ServedModel:
        """Return what the server tells of one model; raises ModelNotServed."""
        models, answer = await self._list()
        found = next((one for one in models if one.id == model), None)
        if found is None:
            raise not_served(self._host, model)
        if is_llama_server(answer):
            return with_props(found, await self._aside("/props"))
        return found

    async def stream(
        self, model: str, request: ChatRequest, n_ctx: int
    ) -> AsyncGenerator[Event, None]:
        """Yield what becomes of a request; the context window is the server's affair."""
        del n_ctx
        is_gbnf = request.grammar is not None and request.grammar.kind is GrammarKind.GBNF
        if is_gbnf and self._knows_gbnf is None:
            await self._list()
        async with AsyncExitStack() as stack:
            response, left_out = await self._begin(stack, model, request)
            if left_out:
                values: dict[str, Value] = {"host": self._host, "names": left_out}
                yield Notice(Text("{host} does not take {names}: answered without", values))
            begun = request.messages[-1].content if request.continue_answer else ""
            answer = Answer(begun=begun, splits=request.prompt is None)
            async with aclosing(self._events(response, answer, model)) as events:
                async for event in events:
                    yield event

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        """Return a vector for each text."""
        with self._in_words(Asked(self._host, model, self._key)):
            answered = await self._library.embeddings.with_raw_response.create(
                model=model, input=[encodable(text) for text in texts], encoding_format="float"
            )
        said = mapping(value_of(answered.content, self._host))
        rows = list(map(mapping, sequence(said.get("data"))))
        vectors: dict[int, array[float]] = {}
        for at, row in enumerate(rows[: len(texts)]):
            index = row.get("index", at)
            numbers = [real(number) for number in sequence(row.get("embedding"))]
            known = array("f", [number for number in numbers if number is not None])
            if isinstance(index, int) and known and len(known) == len(numbers):
                vectors[index] = known
        if vectors.keys() != set(range(len(texts))):
            raise no_vectors()
        read = count(mapping(said.get("usage")).get("prompt_tokens"))
        return Embedded([vectors[at] for at in range(len(texts))], read)

    async def unload(self, model: str) -> None:
        """Do nothing: this protocol has no word for it."""

    async def close(self) -> None:
        """End all connections."""
        await self._library.close()

    async def _list(self) -> tuple[tuple[ServedModel, ...], object]:
        """Return the models, and the list as it came."""
        with self._in_words(Asked(self._host, key=self._key)):
            answered = await self._library.models.with_raw_response.list()
        answer = value_of(answered.content, self._host)
        models = listed(self._connection.name, answer)
        if models is None:
            raise odd_answer(self._host)
        self._knows_gbnf = knows_gbnf(answer)
        if is_lm_studio(answer):
            models = with_lm_studio(models, await self._aside("/api/v0/models"))
        return models, answer

    async def _aside(self, path: str) -> object:
        """Return what a server tells beside the protocol, None where it does not."""
        root = self._connection.address.removesuffix("/").removesuffix("/v1")
        try:
            with self._in_words(Asked(self._host, key=self._key)):
                return value_of(await self._library.get(root + path, cast_to=str), self._host)
        except NetworkError:
            return None

    async def _begin(
        self, stack: AsyncExitStack, model: str, request: ChatRequest
    ) -> tuple["AsyncAPIResponse[Any]", tuple[str, ...]]:
        """Return an answer that has begun, and what had to be left out for it, in words."""
        import openai

        known = refused = self._refused.get(model, frozenset())
        chat = self._library.chat.completions.with_streaming_response
        raw = self._library.completions.with_streaming_response
        create: Any = raw.create if request.prompt is not None else chat.create
        while True:
            gbnf = bool(self._knows_gbnf)
            fields = fields_of(model, request, refused, knows_gbnf=gbnf)
            asked = Asked(self._host, model, self._key, fields.keys(), has_pictures(request))
            with self._in_words(asked):
                try:
                    begun = await stack.enter_async_context(create(**_apart(fields)))
                except openai.APIStatusError as error:
                    refusal = _refusal(error)
                    if takes_no_pictures(refusal, asked) and not is_about_pictures(request):
                        # They came earlier in the chat, when another model answered.
                        messages = without_pictures(request.messages)
                        request = replace(request, messages=messages)
                        continue
                    new = refused_fields(refusal, fields) - refused
                    if not new or len(refused - known) >= _TRIES:
                        raise
                    refused |= new
                    if is_lasting(refusal):
                        self._refused[model] = self._refused.get(model, frozenset()) | new
                else:
                    return begun, missed(refused - known)

    async def _events(
        self, response: "AsyncAPIResponse[Any]", answer: Answer, model: str
    ) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer to its end, however it ends."""
        line = Line(response, answer, self._host)
        try:
            async with aclosing(line.values()) as values:
                async for value in values:
                    if (error := mapping(value).get("error")) is not None:
                        status = mapping(error).get("code")
                        refusal = told(status if isinstance(status, int) else 500, value)
                        raise failure_of(refusal, Asked(self._host, model, self._key))
                    for event in answer.take(value):
                        yield event
        except (Endless, TooLong) as error:
            raise endless(self._host) from error
        except LapisError:
            for event in answer.rest():
                yield event
            raise
        for event in answer.end():
            yield event
        await line.drain()

    @contextmanager
    def _in_words(self, asked: Asked) -> Iterator[None]:
        """Turn what the library raises into words; without its cause, which holds the question."""
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise failure_of(_refusal(error), asked) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__
            raise cause if isinstance(cause, LapisError) else broke_off(self._host) from None


def _apart(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments for the library: what it does not know goes along as it is."""
    own = {"model", "stream", "messages", "prompt"}
    return {
        **{name: value for name, value in fields.items() if name in own},
        "extra_body": {name: value for name, value in fields.items() if name not in own},
    }


def _refusal(error: "APIStatusError") -> Refusal:
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    return refusal_of(error.status_code, headers, error.response.content)

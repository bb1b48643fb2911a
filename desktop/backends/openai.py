"""A server that speaks OpenAI's protocol, through the openai library.

Lives in the thread of `ServerLoop`, but for its making. The library asks and tells the errors
apart; what it is given to ask with (proxies, certificates, the key, bounds on what comes back)
comes from outside. What the server says is read here, for the library takes it as it comes.
"""

import asyncio
from array import array
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from desktop.backends.openai_answer import Answer, Endless
from desktop.backends.openai_body import fields_of, missed
from desktop.backends.openai_errors import (
    Asked,
    Refusal,
    failure_of,
    is_lasting,
    refusal_of,
    refused_fields,
    told,
)
from desktop.backends.openai_models import (
    is_llama_server,
    is_lm_studio,
    knows_gbnf,
    listed,
    with_lm_studio,
    with_props,
)
from desktop.backends.openai_sse import EventReader, TooLong
from desktop.backends.openai_values import clean, decoded, mapping, real, sequence
from desktop.domain.chat import ChatRequest, Event, GrammarKind, Notice
from desktop.domain.connection import Connection, ServedModel
from desktop.domain.errors import (
    LapisError,
    ModelNotServed,
    NetworkError,
    OddAnswer,
    ServerFault,
    Unreachable,
)
from desktop.domain.text import Text, shortened

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncAPIResponse

# One of a field said in another way, and others left out: no server minds more than that.
_TRIES: Final = 12
# What an answer is followed by (usage, the mark of the end) comes at once, or not at all.
_REST_SECONDS: Final = 3.0
_DRAIN_SECONDS: Final = 0.2
_DONE: Final = b"[DONE]"


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
            raise self._not_served(model)
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
                values = {"host": self._host, "names": left_out}
                yield Notice(Text("{host} does not take {names}: answered without", values))
            begun = request.messages[-1].content if request.continue_answer else ""
            answer = Answer(begun=begun, splits=request.prompt is None)
            async with aclosing(self._events(response, answer, model)) as events:
                async for event in events:
                    yield event

    async def embed(self, model: str, texts: Sequence[str]) -> list["array[float]"]:
        """Return a vector for each text, in their order."""
        with self._in_words(Asked(self._host, model, self._key)):
            answered = await self._library.embeddings.with_raw_response.create(
                model=model, input=[clean(text) for text in texts], encoding_format="float"
            )
        rows = list(map(mapping, sequence(mapping(self._value(answered.content)).get("data"))))
        vectors: dict[int, array[float]] = {}
        for at, row in enumerate(rows[: len(texts)]):
            index = row.get("index", at)
            numbers = [real(number) for number in sequence(row.get("embedding"))]
            known = array("f", [number for number in numbers if number is not None])
            if isinstance(index, int) and known and len(known) == len(numbers):
                vectors[index] = known
        if vectors.keys() != set(range(len(texts))):
            raise OddAnswer(
                Text("The server did not turn the texts into vectors"),
                Text("Choose a model that is made for embeddings."),
            )
        return [vectors[at] for at in range(len(texts))]

    async def unload(self, model: str) -> None:
        """Do nothing: this protocol has no word for it."""

    async def close(self) -> None:
        """End all connections."""
        await self._library.close()

    async def _list(self) -> tuple[tuple[ServedModel, ...], object]:
        """Return the models, and the list as it came."""
        with self._in_words(Asked(self._host, key=self._key)):
            answered = await self._library.models.with_raw_response.list()
        answer = self._value(answered.content)
        models = listed(self._connection.name, answer)
        if models is None:
            raise self._odd()
        self._knows_gbnf = knows_gbnf(answer)
        if is_lm_studio(answer):
            models = with_lm_studio(models, await self._aside("/api/v0/models"))
        return models, answer

    async def _aside(self, path: str) -> object:
        """Return what a server tells beside the protocol, None where it does not."""
        root = self._connection.address.removesuffix("/").removesuffix("/v1")
        try:
            with self._in_words(Asked(self._host, key=self._key)):
                return self._value(await self._library.get(root + path, cast_to=str))
        except NetworkError:
            return None

    async def _begin(
        self, stack: AsyncExitStack, model: str, request: ChatRequest
    ) -> tuple["AsyncAPIResponse[Any]", str]:
        """Return an answer that has begun, and what had to be left out for it, in words."""
        import openai

        known = refused = self._refused.get(model, frozenset())
        chat = self._library.chat.completions.with_streaming_response
        raw = self._library.completions.with_streaming_response
        create: Any = raw.create if request.prompt is not None else chat.create
        while True:
            gbnf = bool(self._knows_gbnf)
            fields = fields_of(model, request, refused, knows_gbnf=gbnf)
            asked = Asked(self._host, model, self._key, fields.keys(), _shows_pictures(request))
            with self._in_words(asked):
                try:
                    begun = await stack.enter_async_context(create(**_apart(fields)))
                except openai.APIStatusError as error:
                    refusal = _refusal(error)
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
        try:
            async with aclosing(self._values(response, answer)) as values:
                async for value in values:
                    if (error := mapping(value).get("error")) is not None:
                        status = mapping(error).get("code")
                        refusal = told(status if isinstance(status, int) else 500, value)
                        raise failure_of(refusal, Asked(self._host, model, self._key))
                    for event in answer.take(value):
                        yield event
        except (Endless, TooLong) as error:
            raise OddAnswer(
                Text("{host} sends more than an answer can be", {"host": self._host}),
                Text("Check whether its address leads to a server for models."),
            ) from error
        except LapisError:
            for event in answer.rest():
                yield event
            raise
        for event in answer.end():
            yield event

    async def _values(
        self, response: "AsyncAPIResponse[Any]", answer: Answer
    ) -> AsyncGenerator[object, None]:
        """Yield the pieces of an answer as values; raises Unreachable where it breaks off."""
        if "json" in response.headers.get("content-type", ""):
            # It does not write bit by bit, whatever it was asked.
            yield self._value(await response.read())
            return
        reader = EventReader()
        is_done = has_said = False
        blocks = response.iter_bytes()
        end = _End()
        while (block := await _next(blocks, end)) is not None:
            for data in reader.feed(block):
                is_done = is_done or data.startswith(_DONE)
                if not is_done:
                    yield self._value(data)
                    has_said = True
            end.is_near(
                _DRAIN_SECONDS if is_done else _REST_SECONDS if answer.is_complete else None
            )
        for data in () if is_done else reader.rest():
            is_done = is_done or data.startswith(_DONE)
            if not is_done:
                yield self._value(data)
                has_said = True
        if not is_done and not answer.is_complete:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                raise self._broke_off() if has_said else self._no_answer()
            raise self._odd()

    def _value(self, text: bytes | str) -> object:
        try:
            return decoded(text)
        except ValueError as error:
            raise self._odd() from error

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
            raise cause if isinstance(cause, LapisError) else self._broke_off() from None

    def _not_served(self, model: str) -> ModelNotServed:
        return ModelNotServed(
            Text("{host} has no model {name}", {"host": self._host, "name": shortened(model, 80)}),
            Text("Choose one that the server lists; its name must be written exactly as there."),
        )

    def _odd(self) -> OddAnswer:
        return OddAnswer(
            Text("{host} answers in a way that Lapis does not understand", {"host": self._host}),
            Text("Check whether its address leads to a server for models."),
        )

    def _no_answer(self) -> ServerFault:
        return ServerFault(
            Text("{host} ended without an answer", {"host": self._host}),
            Text(
                "Look at what the server itself reports; the text may be too long for its context."
            ),
        )

    def _broke_off(self) -> Unreachable:
        return Unreachable(
            Text("The connection to {host} broke off", {"host": self._host}),
            Text("Try again. If it happens each time, look at what the server itself reports."),
        )


class _End:
    """Until when more of an answer is waited for: after its end only for a moment.

    That moment lets the connection serve the next request too.
    """

    def __init__(self) -> None:
        self.time: float | None = None

    def is_near(self, seconds: float | None) -> None:
        """Wait no longer than so many seconds from now; None for ever, as long as it may."""
        if seconds is not None:
            time = asyncio.get_running_loop().time() + seconds
            self.time = time if self.time is None else min(self.time, time)


async def _next(blocks: AsyncIterator[bytes], end: _End) -> bytes | None:
    """Return what comes next over the line, None at its end.

    Near the `end` nothing more is needed: its being late, or broken off, is an end too.
    """
    try:
        async with asyncio.timeout_at(end.time):
            return await anext(blocks)
    except StopAsyncIteration:
        return None
    except (TimeoutError, NetworkError):
        if end.time is None:
            raise
        return None


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


def _shows_pictures(request: ChatRequest) -> bool:
    return any(message.pictures for message in request.messages)

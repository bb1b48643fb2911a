"""One Ollama as a `ServerClient`, and what only Ollama can do: getting models and deleting them.

Runs in the loop of `ServerLoop`. The context window is sent with every question: Ollama's own is
short, and what does not fit it would be cut off in silence.
"""

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

from desktop.backends.ollama import asking, reading
from desktop.backends.ollama.pulling import Pull
from desktop.backends.ollama.wire import Wire
from desktop.backends.ollama.words import broke_off, left_out, not_ollama, was_cut
from desktop.backends.server_client import Embedded
from desktop.backends.server_loop import not_silent
from desktop.base.json_values import count, mapping
from desktop.domain.chat import ChatRequest, Event, Finished, Notice
from desktop.domain.connection import Connection, PullProgress, ServedModel, cloud_host
from desktop.domain.errors import LapisError
from desktop.domain.model import DEFAULT_CONTEXT

_MOST_MODELS: Final = 4096
# Ollama says nothing while it checks what it has fetched, which may be hundreds of gigabytes.
_PULL_SILENCE_SECONDS: Final = 900.0


class OllamaClient:
    """An Ollama at the address of `connection`."""

    def __init__(
        self,
        connection: Connection,
        options: Mapping[str, Any],
        check_host: Callable[[str], None] = lambda _host: None,
        key: str = "",
    ) -> None:
        """Connect to nobody yet; `options` are for its HTTP client, and show the key.

        `key` is given only so that it is never shown to people, whoever repeats it.

        Some models Ollama has others answer: `check_host` is called with the host before such a
        one is asked anything, and with each piece of its answer; it raises LapisError where nothing
        may get there.
        """
        self._connection = connection
        self._check_host = check_host
        self._wire = Wire(connection.address, options, key)
        # What was told of models, until they are listed anew; and the contexts set for them there.
        self._known: dict[str, ServedModel] = {}
        self._contexts: dict[str, int] = {}

    async def version(self) -> str:
        """Return the version of the server; raises LapisError."""
        version = reading.short((await self._wire.ask("GET", "/api/version")).get("version"))
        if not version:
            raise not_ollama()
        return version

    async def models(self) -> tuple[ServedModel, ...]:
        """Return the models that are there, with what of the memory they hold now."""
        listed = await self._wire.ask("GET", "/api/tags")
        loaded = await self._wire.ask("GET", "/api/ps")
        memory = {
            name: count(entry.get("size")) for name, entry in reading.names_and_entries(loaded)
        }
        self._known.clear()
        return tuple(
            replace(self._listed(name, entry), memory=memory.get(name, 0))
            for name, entry in reading.names_and_entries(listed)
        )[:_MOST_MODELS]

    async def details(self, model: str) -> ServedModel:
        """Return all that is told of a model; raises ModelNotServed."""
        told = await self._wire.ask("POST", "/api/show", {"model": model}, model)
        info = mapping(told.get("model_info"))
        found = self._listed(model, told)
        architecture = info.get("general.architecture")
        found = replace(
            found,
            context=count(info.get(f"{architecture}.context_length")),
            parameters=count(info.get("general.parameter_count")) or found.parameters,
        )
        self._known[model] = found
        self._contexts[model] = reading.set_context(told.get("parameters"))
        return found

    async def stream(
        self, model: str, request: ChatRequest, n_ctx: int
    ) -> AsyncGenerator[Event, None]:
        """Yield what becomes of a request, at last `Finished`; see `ServerClient`."""
        known = await self._checked(model)
        context = self._context(known, n_ctx)
        path, body = asking.body_of(request, known, context, self._connection.keep_minutes)
        if names := asking.unknown_settings(request.sampling):
            yield Notice(left_out(names))
        answer = reading.Answer()
        async with aclosing(self._wire.lines(path, body, model)) as parts:
            async for part in parts:
                self._check_way(known)
                for event in answer.events(part):
                    if isinstance(event, Finished) and await self._was_cut(
                        request, answer, context
                    ):
                        yield Notice(was_cut(answer.prompt_tokens, context))
                    yield event
                if answer.is_done:
                    return
        raise broke_off()

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        """Return a vector for each text; one that is too long is an error, never cut."""
        await self._checked(model)
        body = {
            "model": model,
            "input": list(texts),
            "truncate": False,
            **asking.keep_alive(self._connection.keep_minutes),
        }
        return reading.embedded(await self._wire.ask("POST", "/api/embed", body, model))

    async def unload(self, model: str) -> None:
        """Have Ollama forget what it has loaded of a model; the next question loads it again."""
        body = {"model": model, "keep_alive": 0, "stream": False}
        await self._wire.ask("POST", asking.GENERATE, body, model)

    async def pull(self, model: str) -> AsyncGenerator[PullProgress, None]:
        """Have Ollama fetch a model, and yield how far it is; closing this stops it there.

        What it has fetched stays with Ollama, which goes on from there another time.
        """
        pull = Pull(time.monotonic)
        body = {"model": model, "stream": True}
        lines = self._wire.lines("/api/pull", body, model)
        async with aclosing(not_silent(lines, _PULL_SILENCE_SECONDS)) as parts:
            async for part in parts:
                yield pull.progress(part)
                if pull.is_done:
                    self._known.pop(model, None)
                    return
        raise broke_off()

    async def delete(self, model: str) -> None:
        """Have Ollama delete a model for good; raises ModelNotServed."""
        await self._wire.ask("DELETE", "/api/delete", {"model": model}, model)
        self._known.pop(model, None)

    async def close(self) -> None:
        """End all connections."""
        await self._wire.close()

    async def _checked(self, model: str) -> ServedModel:
        """Return what is known of a model that may be asked; raises LapisError."""
        known = self._known.get(model) or await self.details(model)
        self._check_way(known)
        return known

    def _check_way(self, known: ServedModel) -> None:
        if known.passes_to:
            self._check_host(known.passes_to)

    def _listed(self, name: str, told: Mapping[str, object]) -> ServedModel:
        details = mapping(told.get("details"))
        capabilities = told.get("capabilities")
        can = capabilities if isinstance(capabilities, list) else None
        return ServedModel(
            connection=self._connection.name,
            id=name,
            size=count(told.get("size")),
            context=count(details.get("context_length")),
            parameters=reading.parameters(details.get("parameter_size")),
            family=reading.short(details.get("family")),
            quantisation=reading.short(details.get("quantization_level")),
            modified=reading.unix_time(told.get("modified_at")),
            sees=None if can is None else "vision" in can,
            thinks=None if can is None else "thinking" in can,
            calls_tools=None if can is None else "tools" in can,
            embeds=None if can is None else "embedding" in can,
            passes_to=_host(told.get("remote_host")) or cloud_host(name),
        )

    def _context(self, known: ServedModel, wanted: int) -> int:
        """Return the context to ask for: as wanted, as set there, or what Lapis takes itself."""
        context = wanted or self._contexts.get(known.id, 0) or DEFAULT_CONTEXT
        return min(context, known.context) if known.context else context

    async def _was_cut(self, request: ChatRequest, answer: reading.Answer, context: int) -> bool:
        """Return whether less than the whole prompt was read, although that was asked for.

        Only versions before late 2025 do that. Where the count leaves cached tokens out it proves
        nothing, so that where it looks too small the version is asked for.
        """
        read = answer.prompt_tokens
        if request.prompt is not None:
            texts = [request.prompt, request.suffix or ""]
        else:
            texts = reading.texts_of(request.messages)
        least = reading.lower_bound(texts)
        if read >= context or least > context:
            return True
        if not 0 < read < least:
            return False
        return answer.tells_cached or await self._counts_whole_prompts()

    async def _counts_whole_prompts(self) -> bool:
        try:
            return reading.counts_whole_prompts(await self.version())
        except LapisError:
            return False


def _host(told: object) -> str:
    """Return the host in the address of somebody else who answers, empty for none."""
    if not isinstance(told, str) or not told:
        return ""
    scheme, _, rest = told.rpartition("://")
    host = reading.short(rest.partition("/")[0].rpartition("@")[2]) or "?"
    return host.removesuffix(":443") if scheme == "https" else host

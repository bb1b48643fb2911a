"""What the stand-in for Ollama says to each question, as values; the sockets are the server's.

After https://docs.ollama.com/api, and what version 0.33 does. Streams are iterators of lines.
"""

import itertools
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.harness.http_listener import Answer
from tests.harness.ollama.faults import told
from tests.harness.ollama.models import (
    OllamaModel,
    chat_tokens,
    pieces,
    recited,
    shaped,
    shortened,
)

if TYPE_CHECKING:
    from tests.harness.ollama.server import OllamaServer

Line: TypeAlias = Mapping[str, object]
Said: TypeAlias = Answer | Iterator[Line]
_CREATED = "2026-11-21T20:22:45.499127Z"
_OWN_CONTEXT = 4096
_TOO_LONG = "the input length exceeds the context length"


def answer(world: "OllamaServer", method: str, path: str, body: Mapping[str, Any]) -> Said:
    """Return what Ollama says."""
    match method, path:
        case "GET" | "HEAD", "/":
            return Answer(200, b"Ollama is running", {"Content-Type": "text/plain; charset=utf-8"})
        case "GET", "/api/version":
            return told({"version": world.version})
        case "GET", "/api/tags":
            return told({"models": [model.listed() for model in world.models]})
        case "GET", "/api/ps":
            return told({"models": [_running(model, n) for model, n in world.loaded.items()]})
        case "POST", "/api/pull":
            return _pulled(world, str(body.get("model", "")))
        case ("POST", "/api/show" | "/api/chat" | "/api/generate" | "/api/embed") | (
            "DELETE",
            "/api/delete",
        ):
            model = world.find(str(body.get("model", "")))
            if model is None:
                return told({"error": f"model '{body.get('model', '')}' not found"}, 404)
            return _of_model(world, path, model, body)
        case _:
            return Answer(404, b"404 page not found", {"Content-Type": "text/plain"})


def _of_model(
    world: "OllamaServer", path: str, model: OllamaModel, body: Mapping[str, Any]
) -> Said:
    match path:
        case "/api/show":
            return told(model.shown())
        case "/api/delete":
            world.remove(model.name)
            return Answer()
        case "/api/embed":
            return _embedded(world, model, body)
        case "/api/chat":
            return _chat(world, model, body)
        case _:
            return _generated(world, model, body)


def _chat(world: "OllamaServer", model: OllamaModel, body: Mapping[str, Any]) -> Said:
    wants = [
        name
        for name, is_asked in (
            ("thinking", body.get("think") is True),
            ("tools", body.get("tools")),
        )
        if is_asked
    ]
    for name in wants:
        if name not in model.capabilities:
            return told({"error": f'"{model.name}" does not support {name}'}, 400)
    messages = list(body.get("messages", []))
    context = _context(model, body)
    if not messages:
        return _loaded(
            world, model, context, body, {"message": {"role": "assistant", "content": ""}}
        )
    if chat_tokens(messages) > context:
        if _refuses(world, body):
            return told({"error": _TOO_LONG}, 400)
        messages = shortened(messages, context)
    world.load(model, context)
    read = min(chat_tokens(messages), context)

    def part(thinking: str, text: str, calls: list[Line]) -> Line:
        message: dict[str, object] = {"role": "assistant", "content": text}
        if thinking:
            message["thinking"] = thinking
        if calls:
            message["tool_calls"] = calls
        return {"message": message}

    return _streamed(world, model, body, read, part)


def _generated(world: "OllamaServer", model: OllamaModel, body: Mapping[str, Any]) -> Said:
    if body.get("suffix") and "insert" not in model.capabilities:
        return told({"error": f'"{model.name}" does not support insert'}, 400)
    context, prompt = _context(model, body), str(body.get("prompt", ""))
    if not prompt:
        return _loaded(world, model, context, body, {"response": ""})
    read = len(pieces(prompt)) + len(pieces(str(body.get("suffix", ""))))
    if read > context and _refuses(world, body):
        return told({"error": _TOO_LONG}, 400)
    world.load(model, context)
    # What does not fit is cut to half of the context.
    read = read if read <= context else context // 2
    return _streamed(world, model, body, read, lambda _thinking, text, _calls: {"response": text})


def _streamed(
    world: "OllamaServer", model: OllamaModel, body: Mapping[str, Any], read: int, part: Any
) -> Iterator[Line]:
    """Yield the lines of an answer: thinking, text, calls, the end with its counts."""
    options = body.get("options") or {}
    room = max(1, _context(model, body) - read)
    wanted = options.get("num_predict", -1)
    most = min(room, wanted) if wanted > 0 else room
    text = shaped(body["format"]) if body.get("format") else model.reply
    head = {"model": model.full_name, "created_at": _CREATED}
    written, is_full = 0, False
    if model.thinking and body.get("think") is not False and "messages" in body:
        for token in pieces(model.thinking):
            written += 1
            yield {**head, **part(token, "", []), "done": False}
    texts = itertools.cycle([text]) if world.faults.is_endless else iter([text])
    while not (model.calls and body.get("tools")) and (one := next(texts, None)) is not None:
        left = 2**62 if world.faults.is_endless else most - written
        for token, ends in recited(one, options.get("stop", ()), left):
            written, is_full = written + 1, ends
            yield {**head, **part("", token, []), "done": False, **_logprobs(body, token)}
    if model.calls and body.get("tools"):
        calls = [
            {
                "id": f"call_{number:08d}",
                "function": {"index": number, "name": name, "arguments": dict(arguments)},
            }
            for number, (name, arguments) in enumerate(model.calls)
        ]
        written += 1
        yield {**head, **part("", "", calls), "done": False}
    yield {
        **head,
        **part("", "", []),
        "done": True,
        "done_reason": "length" if is_full else "stop",
        "total_duration": 4_883_583_458,
        "load_duration": 1_334_875,
        **_read(world, read),
        "prompt_eval_duration": 500_000_000,
        "eval_count": written,
        "eval_duration": 2_000_000_000,
    }


def _read(world: "OllamaServer", tokens: int) -> dict[str, object]:
    cached = min(tokens, world.cached or 0)
    if world.counts_new_only:
        return {"prompt_eval_count": tokens - cached}
    told_of = {} if world.cached is None else {"prompt_eval_cached_count": cached}
    return {"prompt_eval_count": tokens, **told_of}


def _logprobs(body: Mapping[str, Any], token: str) -> dict[str, object]:
    if not body.get("logprobs"):
        return {}
    others = [
        {"token": f"other{n}", "logprob": -1.0 - n} for n in range(body.get("top_logprobs", 0))
    ]
    return {
        "logprobs": [
            {
                "token": token,
                "logprob": -0.25,
                "bytes": list(token.encode()),
                "top_logprobs": others,
            }
        ]
    }


def _embedded(world: "OllamaServer", model: OllamaModel, body: Mapping[str, Any]) -> Said:
    if "embedding" not in model.capabilities:
        return told({"error": "this model does not support embeddings"}, 400)
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    if any(len(pieces(text)) > model.context for text in texts) and body.get("truncate") is False:
        return told({"error": _TOO_LONG}, 400)
    world.load(model, model.context)
    numbers = [zlib.crc32(text.encode()) for text in texts]
    found = [[(number >> shift & 255) / 256 for shift in (0, 8, 16, 24)] for number in numbers]
    return told({"model": model.full_name, "embeddings": found, "prompt_eval_count": len(texts)})


def _pulled(world: "OllamaServer", name: str) -> Iterator[Line]:
    yield {"status": "pulling manifest"}
    model = world.library.get(name)
    if model is None:
        yield {"error": "pull model manifest: file does not exist"}
        return
    layers = (("sha256:6a0746a1ec1a", model.size - 1000), ("sha256:4fa551d4f938", 1000))
    for digest, total in layers:
        yield {"status": f"pulling {digest[7:]}", "digest": digest, "total": total}
        for quarter in range(1, 5):
            done = total * quarter // 4
            yield {
                "status": f"pulling {digest[7:]}",
                "digest": digest,
                "total": total,
                "completed": done,
            }
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    world.add(model)
    yield {"status": "success"}


def _loaded(
    world: "OllamaServer", model: OllamaModel, context: int, body: Mapping[str, Any], said: Line
) -> Answer:
    unloads = body.get("keep_alive") == 0
    if unloads:
        world.unload(model)
    else:
        world.load(model, context)
    return told(
        {
            "model": model.full_name,
            "created_at": _CREATED,
            **said,
            "done": True,
            "done_reason": "unload" if unloads else "load",
        }
    )


def _running(model: OllamaModel, context: int) -> Line:
    return {
        "name": model.full_name,
        "model": model.full_name,
        "size": model.size + 1_000_000,
        "digest": "9f438cb9cd58",
        "details": model.details(),
        "expires_at": "2318-11-21T14:38:31.83753-07:00",
        "size_vram": model.size,
        "context_length": context,
    }


def _context(model: OllamaModel, body: Mapping[str, Any]) -> int:
    set_here = (body.get("options") or {}).get("num_ctx") or model.own_context or _OWN_CONTEXT
    return min(int(set_here), model.context)


def _refuses(world: "OllamaServer", body: Mapping[str, Any]) -> bool:
    return body.get("truncate") is False and not world.always_cuts

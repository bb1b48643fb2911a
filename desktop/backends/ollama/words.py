"""What Ollama refuses, in words for people, by its status and its own text. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from desktop.base.retry_after import seconds_until
from desktop.domain.errors import (
    AccessDenied,
    ContextOverflow,
    LapisError,
    ModelNotServed,
    NotSupported,
    OddAnswer,
    OutOfMemory,
    ServerBusy,
    ServerFault,
    TooManyRequests,
    Unreachable,
    UserFixable,
)
from desktop.domain.text import Text, printable, shortened

# Of a reason without measure nobody wants to know more.
_READ: Final = 4096
_MOST_REASON: Final = 200
_MOST_NAME: Final = 80
_TOO_LONG: Final = re.compile(
    r"exceeds? the (available |maximum )?context|context (length|size|window) exceeded"
    r"|(prompt|input) (is )?too (long|large)"
)
_NO_MEMORY: Final = re.compile(r"requires more (system |gpu |vram )?memory|out of memory")
_NOT_THERE: Final = re.compile(
    r"model.{0,300}not found|file does not exist|no such model", re.DOTALL
)
_CANNOT: Final = re.compile(r"does not support (\w+)")


def refusal(status: int, reason: object, model: str, headers: Mapping[str, str]) -> LapisError:
    """Return what an error of Ollama means; `status` is -1 for one in the middle of a stream."""
    said = reason[:_READ] if isinstance(reason, str) else ""
    plain = said.casefold()
    if status == 429:
        return TooManyRequests(_busy(), _later(), _wait(headers))
    if status == 503:
        return ServerBusy(_busy(), _later(), _wait(headers))
    if status == 403 and said:
        return AccessDenied(
            Text("Ollama does not allow this: {reason}", {"reason": _shown(said)}),
            Text("Choose another model, or sign in there."),
        )
    if status in {401, 403, 407}:
        return AccessDenied(
            Text("Ollama wants to know who asks"),
            Text(
                "Enter the key of the server in its connection. For models that Ollama has"
                " others answer, run: ollama signin"
            ),
        )
    if _TOO_LONG.search(plain) or (status == 413 and not said.startswith("<")):
        return ContextOverflow(
            Text("The text is too long for the context of this model at Ollama"),
            Text("Shorten it, start a new chat, or set a longer context for this model."),
        )
    if _NO_MEMORY.search(plain):
        return OutOfMemory(
            Text(
                "{model} does not fit into the memory of the computer that Ollama runs on",
                {"model": named(model)},
            ),
            Text("Unload other models there, set a shorter context, or choose a smaller model."),
        )
    if (found := _CANNOT.search(plain)) is not None:
        return _cannot(found[1], model)
    if _NOT_THERE.search(plain):
        return ModelNotServed(
            Text("Ollama has no model {model}", {"model": named(model)}),
            # Only what is to be fetched has a manifest.
            Text("Look how it is written at ollama.com/library.")
            if "manifest" in plain
            else Text("Look how it is written in the list of models, or get it first."),
        )
    if 300 <= status < 400 or status in {404, 405} or not said or said.lstrip().startswith("<"):
        return not_ollama()
    values = {"reason": _shown(said)}
    if 400 <= status < 500:
        return NotSupported(
            Text("Ollama refuses this: {reason}", values),
            Text("Change what it names, or choose another model."),
        )
    return ServerFault(
        Text("Ollama has a problem of its own: {reason}", values),
        Text("Ask again in a while. If it stays so, look at what Ollama itself reports."),
    )


def not_ollama() -> OddAnswer:
    """Return the error of an answer that Ollama would not give."""
    return OddAnswer(
        Text("What answers there is not Ollama, or a very different version of it"),
        Text("Check the address of the connection. Ollama itself listens at port 11434."),
    )


def broke_off() -> Unreachable:
    """Return the error of a stream without its end."""
    return Unreachable(
        Text("Ollama ended its answer in the middle"),
        Text("What came is kept. Ask again, or have the answer continued."),
    )


def no_pictures(model: str) -> NotSupported:
    """Return the error of a picture for a model that cannot see."""
    return NotSupported(
        Text("{model} cannot look at pictures", {"model": named(model)}),
        Text("Choose a model that can, or ask without the picture."),
    )


def no_grammar() -> NotSupported:
    """Return the error of a grammar in the language of llama.cpp."""
    return NotSupported(
        Text("Ollama cannot keep an answer to a grammar"),
        Text("Give the shape as a JSON schema, or choose a model of this computer."),
    )


def no_json() -> UserFixable:
    """Return the error of a tool or schema that is no object of JSON."""
    return UserFixable(
        Text("A tool or JSON schema that goes with the question is not one"),
        Text("Correct it, and ask again."),
    )


def no_adapters() -> NotSupported:
    """Return the error of LoRA files with a model of a server."""
    return NotSupported(
        Text("Ollama cannot use LoRA files of this computer"),
        Text("Leave them out, or choose a model of this computer."),
    )


def was_cut(read: int, context: int) -> Text:
    """Return what is said of a prompt that did not fit, and was answered all the same."""
    return Text(
        "Ollama left out the beginning of the conversation: its context holds {context} tokens,"
        " and it has read {read}",
        {"context": f"{context:,}", "read": f"{read:,}"},
    )


def left_out(names: tuple[str, ...]) -> Text:
    """Return what is said of settings that Ollama does not know."""
    return Text(
        "Ollama does not know these settings, they were left out: {names}", {"names": names}
    )


def named(model: str) -> str:
    """Return the name of a model as people may see it."""
    return shortened(printable(model), _MOST_NAME)


def _cannot(what: str, model: str) -> NotSupported:
    values = {"model": named(model)}
    hint = Text("Choose another model, or ask without it.")
    match what:
        case "tools":
            return NotSupported(Text("{model} cannot call tools", values), hint)
        case "thinking" | "think":
            return NotSupported(Text("{model} does not think before it answers", values), hint)
        case "vision" | "image" | "images":
            return no_pictures(model)
        case "insert" | "suffix":
            return NotSupported(
                Text("{model} cannot write what lies between two texts", values), hint
            )
        case "embedding" | "embeddings" | "embed":
            return NotSupported(
                Text("{model} cannot turn texts into vectors", values),
                Text("Choose a model that is made for embeddings."),
            )
        case "chat" | "generate" | "completion":
            return NotSupported(
                Text("{model} is not made for conversations", values),
                Text("Choose another model."),
            )
        case _:
            return NotSupported(
                Text("{model} cannot do this: {what}", {**values, "what": _shown(what)}), hint
            )


def _busy() -> Text:
    return Text("Ollama has too much to do")


def _later() -> Text:
    return Text("Ask again in a while.")


def _wait(headers: Mapping[str, str]) -> float:
    return seconds_until(headers.get("retry-after", "")) or 0.0


def _shown(said: str) -> str:
    return shortened(printable(" ".join(said.split())), _MOST_REASON)

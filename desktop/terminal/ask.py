"""`lapis ask`: one question, one answer on stdout. Main thread; the engine has its own."""

import json
import re
import threading
from dataclasses import dataclass
from typing import Protocol
from collections.abc import Iterator

from desktop.base.translation import Translator
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Finished,
    Message,
    Role,
    Sampling,
    StopReason,
)
from desktop.terminal.answering import Answer, follow
from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.output import Screen

_raw_controls = re.compile("[\x7f-\x9f]")


class Answers(Protocol):
    """The part of the engine that a terminal needs."""

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Iterator[Event]:
        """Yield the events of one answer; the last is Finished or Failed."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked and how. `system` empty means no system prompt."""

    text: str
    system: str
    sampling: Sampling
    model_name: str
    as_json: bool


def ask(
    question: Question,
    engine: Answers,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Print the answer and return the exit code; raises BrokenPipeError.

    With `as_json` one object is printed at the end, or nothing at all when the answer failed.
    """
    request = ChatRequest(_messages(question), question.sampling)
    answer = follow(engine.stream(request, cancel), words, screen, shown=not question.as_json)
    if answer.error is not None or answer.finished is None:
        if answer.error is not None:
            report(answer.error, words, screen)
        return EXIT_ERROR
    if question.as_json:
        screen.line(as_json(question.model_name, answer.text, answer.finished))
    if answer.finished.reason is StopReason.STOPPED:
        return EXIT_INTERRUPTED
    if answer.finished.reason is StopReason.LENGTH and question.sampling.max_tokens is None:
        screen.note(words.say("The answer ends here: the model's context window is full."))
    return EXIT_OK


def as_json(model_name: str, text: str, finished: Finished) -> str:
    """Return one JSON object on one line, safe to print: control characters are escaped."""
    usage = finished.usage
    fields = {
        "text": text,
        "model": model_name,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "ttft_ms": round(usage.ttft_ms, 1),
        "prefill_tps": round(usage.prefill_tps, 1),
        "decode_tps": round(usage.decode_tps, 1),
        "finish_reason": finished.reason.value,
    }
    line = json.dumps(fields, ensure_ascii=False)
    return _raw_controls.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _messages(question: Question) -> tuple[Message, ...]:
    asked = Message(Role.USER, question.text)
    return (Message(Role.SYSTEM, question.system), asked) if question.system else (asked,)

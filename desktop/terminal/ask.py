"""`lapis ask`: one question, one answer on stdout. Main thread; the engine has its own."""

import json
import re
import threading
from dataclasses import dataclass
from typing import TextIO

from desktop.base.translation import Translator
from desktop.domain.chat import (
    Adapter,
    ChatRequest,
    Finished,
    Message,
    Picture,
    Role,
    Sampling,
    StopReason,
)
from desktop.domain.text import Text
from desktop.terminal.answering import follow
from desktop.terminal.errors import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_OK,
    UsageError,
    report_failure,
)
from desktop.terminal.output import Screen
from desktop.terminal.piped import read_piped, with_context
from desktop.terminal.reading import sendable
from desktop.terminal.seams import Answers

_raw_controls = re.compile("[\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, about which pictures, and how. `system` empty means no system prompt.

    `builtin_template` and `adapters` as in `ChatRequest`; `anyway` tells that the model was loaded
    so already.
    """

    text: str
    system: str
    sampling: Sampling
    model_name: str
    as_json: bool
    builtin_template: str = ""
    anyway: bool = False
    pictures: tuple[Picture, ...] = ()
    adapters: tuple[Adapter, ...] = ()


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
    template = question.builtin_template
    # Nobody goes on with this conversation, and leaving should not wait for a file of it.
    request = ChatRequest(
        _messages(question),
        question.sampling,
        builtin_template=template,
        adapters=question.adapters,
        keep_state=False,
    )
    answer = follow(engine.stream(request, cancel), words, screen, shown=not question.as_json)
    if answer.error is not None or answer.finished is None:
        if answer.error is not None:
            report_failure(
                answer.error,
                engine.state,
                words,
                screen,
                builtin_template=template,
                anyway=question.anyway,
            )
        return EXIT_ERROR
    if question.as_json:
        screen.line(as_json(question.model_name, answer.text, answer.finished))
    if answer.finished.reason is StopReason.STOPPED:
        return EXIT_INTERRUPTED
    if answer.finished.reason is StopReason.LENGTH and not question.as_json:
        most = question.sampling.max_tokens
        if most is not None and answer.finished.usage.completion_tokens >= most:
            screen.note(words.say("The answer ends here: it reached --max-tokens."))
        else:
            screen.note(words.say("The answer ends here: the model's context window is full."))
    return EXIT_OK


def question_text(asked: str, stdin: TextIO, words: Translator, screen: Screen) -> str:
    """Return what to ask: the question, with what is piped in as its context, or that alone.

    Raises UsageError if there is neither, UnusableInput if what comes is no text.
    """
    piped = ""
    if not stdin.isatty():
        screen.status.allow()
        screen.status.show(words.say("Reading standard input …"))
        piped = read_piped(stdin.buffer)
        screen.status.clear()
    if not asked and not piped:
        raise UsageError(
            Text("What is the question?"), Text('Type: lapis ask "How do I choose a model?"')
        )
    return with_context(sendable(asked), piped) if asked else piped


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
    asked = Message(Role.USER, question.text, pictures=question.pictures)
    return (Message(Role.SYSTEM, question.system), asked) if question.system else (asked,)

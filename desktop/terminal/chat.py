"""`lapis chat`: questions and answers until the person leaves. Main thread.

Works without a terminal too: then each line of standard input is a question.
"""

import threading

from desktop.domain.chat import Finished, StopReason
from desktop.domain.errors import ContextOverflow
from desktop.terminal.answering import Answer, follow
from desktop.terminal.errors import EXIT_ERROR, EXIT_OK, report_failure
from desktop.terminal.interrupt import stopping_on_interrupt
from desktop.terminal.output import Style
from desktop.terminal.reading import LineReader
from desktop.terminal.seams import Tools
from desktop.terminal.session import Session, model_title
from desktop.terminal.slash import is_farewell, run_command

_PATIENCE = 3


def chat(session: Session, reader: LineReader, tools: Tools) -> int:
    """Talk until the end of input or a farewell; return the exit code.

    A failed answer costs that answer; only when piped does it make the exit code 1. Raises
    BrokenPipeError.
    """
    screen, say = tools.screen, tools.words.say
    if reader.interactive:
        _greet(session, tools)
    failed = False
    leaving = False
    while True:
        try:
            line = reader.read()
        except KeyboardInterrupt:
            screen.line()
            if leaving:
                break
            leaving = True
            screen.note(say("Press Ctrl-C again to leave, or type bye."))
            continue
        leaving = False
        if line is None:
            if reader.interactive:
                screen.line()
            break
        if is_farewell(line):
            break
        if not line.strip() or run_command(line, session, tools):
            continue
        answer = _answer(line.strip(), session, tools)
        failed = failed or answer.error is not None
        screen.line()
    if reader.interactive:
        screen.line(say("Goodbye."), Style.FAINT)
    return EXIT_ERROR if failed and not reader.interactive else EXIT_OK


def _greet(session: Session, tools: Tools) -> None:
    screen, say = tools.screen, tools.words.say
    screen.line(f"Lapis · {model_title(session.model, tools.words)}", Style.STRONG)
    if session.model.is_guide:
        about = say("A very small model that only knows Lapis. /model chooses another one.")
        screen.line(about, Style.FAINT)
    screen.line(say("Ask anything. /help lists the commands, bye leaves."), Style.FAINT)
    screen.line()


def _answer(question: str, session: Session, tools: Tools) -> Answer:
    screen, words = tools.screen, tools.words
    cancel = threading.Event()
    request = session.request(question)
    with stopping_on_interrupt(cancel, patience=_PATIENCE):
        events = tools.engine.stream(request, cancel)
        answer = follow(events, words, screen)
    session.remember(question, answer.text)
    if answer.error is not None:
        report_failure(
            answer.error,
            tools.engine.state,
            words,
            screen,
            builtin_template=request.builtin_template,
            anyway=session.anyway,
        )
        if isinstance(answer.error, ContextOverflow) and session.history:
            screen.note(words.say("/new begins a new chat, /save FILE keeps this one."))
    elif answer.finished is not None and screen.out.isatty():
        screen.line(_summary(answer.finished, tools), Style.FAINT)
    return answer


def _summary(finished: Finished, tools: Tools) -> str:
    say, usage = tools.words.say, finished.usage
    if finished.reason is StopReason.STOPPED:
        return say("Stopped. What was written stays.")
    parts = [
        say("{count} tokens", count=usage.completion_tokens),
        say("{speed} tokens/s", speed=f"{usage.decode_tps:.0f}"),
    ]
    if finished.reason is StopReason.LENGTH:
        parts.append(say("cut at the limit of tokens"))
    return " · ".join(parts)

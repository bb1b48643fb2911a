"""Following one answer: events in, text on the screen, what came of it out. Main thread."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from desktop.base.translation import Translator
from desktop.domain.chat import (
    Event,
    Failed,
    Finished,
    Notice,
    PromptProgress,
    Queued,
    ReasoningDelta,
    TextDelta,
    TokenChosen,
    ToolCalled,
)
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.terminal.output import Screen
from desktop.terminal.session import model_title

_LONG_PROMPT = 512


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, or what came before it failed: exactly one of the last two is set."""

    text: str
    finished: Finished | None
    error: LapisError | None


def follow(
    events: Iterable[Event], words: Translator, screen: Screen, *, shown: bool = True
) -> Answer:
    """Read `events` to their end, streaming the text to the screen unless `shown` is False.

    Before the first text the status line says what the engine does. Raises BrokenPipeError.
    """
    write: Callable[[str], None] = screen.answer if shown else _nowhere
    pieces: list[str] = []
    finished: Finished | None = None
    error: LapisError | None = None
    screen.status.allow()
    try:
        for event in events:
            match event:
                case TextDelta(text):
                    if shown:
                        screen.status.clear()
                    pieces.append(text)
                    write(text)
                case Notice(text):
                    screen.note(words.say(text))
                case Finished():
                    finished = event
                case Failed():
                    error = event.error
                case PromptProgress(done, total):
                    if total >= _LONG_PROMPT:
                        screen.status.show(_reading(done, total, words))
                case Queued(place):
                    screen.status.show(_waiting(place, words))
                case ReasoningDelta():
                    screen.status.show(words.say("Thinking …"))
                case ToolCalled() | TokenChosen():
                    # Nothing in the terminal asks for them.
                    pass
    finally:
        screen.status.clear()
        if shown and pieces:
            screen.end_answer()
    return Answer("".join(pieces), finished, error)


def show_loading(words: Translator, screen: Screen) -> Callable[[EngineState], None]:
    """Return an observer of the engine that shows a model being loaded; any thread."""

    def observe(state: EngineState) -> None:
        if state.phase is Phase.LOADING and state.model is not None:
            text = words.say(
                "Loading {name} … {percent}%",
                name=model_title(state.model, words),
                percent=round(state.progress * 100),
            )
            screen.status.show(text)

    return observe


def _waiting(place: int, words: Translator) -> str:
    if place <= 1:
        return words.say("Waiting: next in line …")
    return words.say("Waiting: number {place} in line …", place=place)


def _reading(done: int, total: int, words: Translator) -> str:
    return words.say("Reading {done} of {total} tokens …", done=f"{done:,}", total=f"{total:,}")


def _nowhere(_text: str) -> None:
    return None

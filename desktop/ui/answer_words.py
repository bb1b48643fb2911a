"""What is said in the place of an answer that has not begun. GUI thread."""

from desktop.domain.chat import PromptProgress, Queued
from desktop.domain.engine import EngineState, Phase
from desktop.domain.text import Text
from desktop.ui.engine_words import loading_words
from desktop.ui.translation import say

__all__ = ["beginning_words", "line_words", "reading_words"]


def beginning_words(state: EngineState) -> str:
    """Say that the question was asked, or that its model is still being loaded."""
    if state.phase is Phase.LOADING:
        words = loading_words(state)
        return say(Text("Waiting for the model · {progress}", {"progress": words}))
    return say(Text("Reading the question"))


def line_words(event: Queued) -> str:
    """Say who comes first."""
    if event.place < 1:
        return say(Text("Waiting for another answer to end"))
    if event.place == 1:
        return say(Text("Waiting: next in line"))
    return say(Text("Waiting: number {place} in line", {"place": event.place}))


def reading_words(event: PromptProgress) -> str:
    """Say how much of the prompt was read."""
    values = {"done": f"{event.done:,}", "total": f"{event.total:,}"}
    return say(Text("Reading {done} of {total} tokens", values))

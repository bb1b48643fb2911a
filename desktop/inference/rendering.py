"""A conversation through a chat template, with what the template has no place for put in words.

Runs inside the engine process.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from desktop.inference.conversation import (
    alternating,
    calls_in_words,
    messages_of,
    system_in_question,
    tools_in_words,
)
from desktop.inference.messages import Turn
from desktop.inference.sandbox import TemplateFailed, bounded_memory, compile_template, render

_TOOLS = re.compile(r"\btools\b")
_CALLS = re.compile(r"\btool_calls\b")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt as text. `described`: the tools stand in it in Lapis's words."""

    text: str
    described: bool


class Renderer:
    """Runs templates; compiles each at first use."""

    def __init__(
        self,
        guard: Callable[[], contextlib.AbstractContextManager[None]],
        special: Mapping[str, str],
    ) -> None:
        """Begin; `guard` surrounds every run, `special` are names every template is given."""
        self._guard = guard
        self._special = special
        self._compiled: dict[str, jinja2.Template] = {}
        self._takes_tools: dict[str, bool] = {}

    def text(
        self,
        source: str,
        turns: Sequence[Turn],
        tools: Sequence[Mapping[str, Any]],
        thinking: bool | None,
    ) -> Rendered:
        """Return the prompt as text; raises TemplateFailed.

        `thinking` None leaves it to the template whether the model thinks first.
        """
        values = _thinking_values(thinking, source)
        if tools and self._knows_tools(source, turns, tools, values):
            return Rendered(self._any(source, turns, values | {"tools": list(tools)}), False)
        turns = tools_in_words(turns, tools)
        if tools or not _CALLS.search(source):
            turns = calls_in_words(turns)
        try:
            text = self._any(source, turns, values)
        except TemplateFailed:
            in_words = calls_in_words(turns)
            if in_words == turns:
                raise
            text = self._any(source, in_words, values)
        return Rendered(text, bool(tools))

    def _knows_tools(
        self,
        source: str,
        turns: Sequence[Turn],
        tools: Sequence[Mapping[str, Any]],
        values: Mapping[str, Any],
    ) -> bool:
        """Whether tools make a difference to what the template writes; found once."""
        if not _TOOLS.search(source):
            return False
        if source not in self._takes_tools:
            plain = calls_in_words(turns)
            try:
                with_tools = self._any(source, plain, {**values, "tools": list(tools)})
            except TemplateFailed:
                return False
            self._takes_tools[source] = with_tools != self._any(source, plain, values)
        return self._takes_tools[source]

    def _any(self, source: str, turns: Sequence[Turn], values: Mapping[str, Any]) -> str:
        """Return what the template writes for the first form of `turns` that it takes."""
        failure = TemplateFailed("no messages")
        turns = alternating(turns)
        for form, text_arguments in _forms(turns):
            messages = messages_of(form, source, text_arguments=text_arguments)
            try:
                text = self._run(source, {**values, "messages": messages})
            except TemplateFailed as error:
                failure = error
                continue
            # Some templates drop a system text without a word.
            if form is not turns or not _system(turns) or _system(turns) in text:
                return text
        raise failure

    def _run(self, source: str, values: Mapping[str, Any]) -> str:
        try:
            with self._guard(), bounded_memory():
                if source not in self._compiled:
                    self._compiled[source] = compile_template(source)
                given = {**self._special, "add_generation_prompt": True, **values}
                return render(self._compiled[source], given)
        except TemplateFailed:
            raise
        # A template is foreign code: whatever it raises is its failure, not ours.
        except Exception as error:
            msg = f"{type(error).__name__}: {error}"
            raise TemplateFailed(msg) from error


def _forms(turns: Sequence[Turn]) -> Iterator[tuple[Sequence[Turn], bool]]:
    """Yield the forms a template may want: arguments as objects or text, with or without system."""
    called = any(turn.tool_calls for turn in turns)
    for text_arguments in (False, True) if called else (False,):
        yield turns, text_arguments
        if turns and turns[0].role == "system":
            yield system_in_question(turns), text_arguments


def _system(turns: Sequence[Turn]) -> str:
    return turns[0].content.strip() if turns and turns[0].role == "system" else ""


def _thinking_values(thinking: bool | None, source: str) -> dict[str, Any]:
    """Return the names under which templates ask whether the model thinks first.

    `enable_thinking`: Qwen 3, Gemma 4, GLM and most; `thinking`: DeepSeek, Granite, Kimi;
    `reasoning`: Cohere; `reasoning_effort`: gpt-oss, which cannot do without; `thinking_budget`
    in tokens: Seed.
    """
    if thinking is None:
        return {}
    effort = ("medium", "low") if "<|channel|>" in source else ("high", "none")
    values: dict[str, Any] = dict.fromkeys(("enable_thinking", "thinking", "reasoning"), thinking)
    values["reasoning_effort"] = effort[0 if thinking else 1]
    if not thinking:
        values["thinking_budget"] = 0
    return values

"""From a request to prompt tokens: by the chat template in the model file, or as raw text.

Runs inside the engine process. `rendering` runs the template (in `sandbox`), `control_text` keeps
what people write from being read as control tokens, `formats` says how the answer will be written.
"""

import contextlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from desktop.inference.builtin_templates import AUTOMATIC, builtin_source, fitting_builtin
from desktop.inference.channels import ChannelSplitter
from desktop.inference.control_text import ControlText
from desktop.inference.formats import PLAIN, Format, format_of
from desktop.inference.going_on import apart_from_begun, begun
from desktop.inference.messages import Generate
from desktop.inference.reasoning import AnswerSplitter, Splitter
from desktop.inference.rendering import Renderer
from desktop.inference.sandbox import PromptRefused, TemplateFailed
from desktop.inference.tool_calls import Tools

_MARK_IN_SOURCE = re.compile(r"<[^<>\s]{2,40}>|\[/?[A-Z_]{2,40}\]|◁/?\w+▷")
_ASSISTANT = "<|start|>assistant"
_OPEN_CHANNEL = re.compile(r"<\|channel\|>\w+<\|message\|>")


class Vocabulary(Protocol):
    """What is needed of a loaded model; `runtime.Runtime` has it."""

    @property
    def template(self) -> str | None:
        """The chat template in the file."""

    def tokenise(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return token ids."""

    def bos_text(self) -> str:
        """Return the text of the begin-of-sequence token, or an empty string."""

    def eos_text(self) -> str:
        """Return the text of the end-of-sequence token, or an empty string."""

    def infill_tokens(self) -> tuple[int, int, int] | None:
        """Return the tokens before a prefix, before a suffix and before the middle, if any."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids, and how to read the answer to them.

    `opens` is what the prompt already wrote of the answer's own marks; with `goes_on` words of the
    answer stand there too. `shown` are control tokens that `splitter` must be given as text; `ends`
    are tokens that end the answer besides those of the vocabulary.
    """

    tokens: list[int]
    look_for: Format = PLAIN
    opens: str = ""
    trim: bool = False
    tools: Tools = field(default_factory=Tools)
    shown: frozenset[int] = frozenset()
    ends: frozenset[int] = frozenset()
    goes_on: bool = False

    def splitter(self, request: int) -> Splitter:
        """Return what splits the answer; the ids of calls carry `request`."""
        if self.look_for.channels:
            return ChannelSplitter(self.tools, request, opens=self.opens)
        return AnswerSplitter(
            self.look_for,
            self.tools,
            request,
            opens=self.opens,
            trim=self.trim,
            goes_on=self.goes_on,
        )


class PromptMaker:
    """Makes prompts for one loaded model."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        guard: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        """Compile templates at first use.

        `guard` surrounds every run of a template and bounds its time.
        """
        self._vocabulary = vocabulary
        special = {"bos_token": vocabulary.bos_text(), "eos_token": vocabulary.eos_text()}
        self._renderer = Renderer(guard, special)
        self._words: dict[str, frozenset[str]] = {}

    def prompt(self, order: Generate) -> Prompt:
        """Return the prompt of a request; raises PromptRefused.

        A model without a template continues plain text: the turns, with an empty line between.
        """
        if order.prompt is not None:
            return Prompt(self._raw(order.prompt, order.suffix, special=order.prompt_special))
        source = self._source(order.builtin_template)
        turns, turn = apart_from_begun(order.turns, goes_on=order.continue_answer)
        if source is None:
            text = "\n\n".join(each.content for each in order.turns)
            plain = self._tokens_of(text, parse_special=False, start=True)
            return Prompt(plain, format_of("", tools=False), goes_on=turn is not None)
        has_thought = turn is not None and bool(turn.reasoning)
        thinking = True if has_thought and order.thinking is False else order.thinking
        tools = _parsed(order.tools)
        words = self._own_words(source)
        control = ControlText(lambda text: self._has_control_text(text, words))
        hidden_turns, hidden_tools = control.hidden(turns, tools)
        rendered = self._renderer.text(source, hidden_turns, hidden_tools, thinking)
        text = rendered.text
        look_for = format_of(source, tools=bool(tools), described=rendered.described)
        opens = _opens(text, look_for)
        said: tuple[tuple[str, bool], ...] = ()
        if turn is not None:
            so_far = begun(text, opens, look_for, source, turn)
            text, said, opens = so_far.head, so_far.pieces, so_far.opens
        elif opens and thinking is False and not look_for.channels:
            # This template cannot be told to leave the thinking out; so it is over at once.
            pairs = (*look_for.thinking, *look_for.inner_thinking)
            closing = next(marks.closing for marks in pairs if marks.opening == opens)
            text, opens = f"{text.rstrip()}\n\n{closing}\n\n", ""
        tokens: list[int] = []
        for piece, own in (*control.apart(text), *said):
            parts = [piece] if own else _broken(piece, words)
            for part in parts:
                tokens += self._tokens_of(part, parse_special=own, start=not tokens)
        return Prompt(
            tokens,
            look_for,
            opens,
            trim=True,
            tools=Tools.offered(tools),
            shown=self._control_ids(look_for.controls),
            ends=self._control_ids(frozenset(look_for.ends)),
            goes_on=turn is not None,
        )

    def _raw(self, prompt: str, suffix: str | None, *, special: bool) -> list[int]:
        """Return the tokens of a raw prompt, or of code with a gap: prefix, suffix, middle."""
        if suffix is None:
            return self._vocabulary.tokenise(prompt, add_special=True, parse_special=special)
        tokenise = self._vocabulary.tokenise
        marks = self._vocabulary.infill_tokens()
        if marks is None:
            raise PromptRefused("no_infill")
        before, after = (
            tokenise(text, add_special=False, parse_special=special) for text in (prompt, suffix)
        )
        start = tokenise("", add_special=True, parse_special=False)[:1]
        return [*start, marks[0], *before, marks[1], *after, marks[2]]

    def _source(self, builtin: str) -> str | None:
        if not builtin:
            return self._vocabulary.template
        name = fitting_builtin(self._is_control) if builtin == AUTOMATIC else builtin
        source = builtin_source(name)
        if source is None:
            msg = f"there is no built-in template {builtin}"
            raise TemplateFailed(msg)
        return source

    def _has_control_text(self, text: str, words: frozenset[str]) -> bool:
        if any(word in text for word in words):
            return True
        tokenise = self._vocabulary.tokenise
        plain = tokenise(text, add_special=False, parse_special=False)
        return tokenise(text, add_special=False, parse_special=True) != plain

    def _own_words(self, source: str) -> frozenset[str]:
        """Return the marks of a template that llama.cpp reads as one token even in plain text.

        It does so with tokens that a file calls user-defined, and with the marks of gpt-oss.
        """
        if source not in self._words:
            tokenise = self._vocabulary.tokenise
            self._words[source] = frozenset(
                mark
                for mark in set(_MARK_IN_SOURCE.findall(source))
                if len(tokenise(mark, add_special=False, parse_special=False)) == 1
            )
        return self._words[source]

    def _is_control(self, text: str) -> bool:
        return bool(self._control_ids(frozenset({text})))

    def _control_ids(self, texts: frozenset[str]) -> frozenset[int]:
        """Return the ids of those texts that are one token of their own."""
        tokenise = self._vocabulary.tokenise
        ids = (tokenise(text, add_special=False, parse_special=True) for text in texts)
        return frozenset(tokens[0] for tokens in ids if len(tokens) == 1)

    def _tokens_of(self, text: str, *, parse_special: bool, start: bool) -> list[int]:
        bos = self._vocabulary.bos_text()
        own_start = parse_special and bos and text.lstrip().startswith(bos)
        return self._vocabulary.tokenise(
            text, add_special=start and not own_start, parse_special=parse_special
        )


def _parsed(tools: Sequence[str]) -> list[dict[str, Any]]:
    """Return tools from JSON texts, with the fields that templates take for granted."""
    parsed = []
    for text in tools:
        try:
            tool = json.loads(text)
        except (ValueError, RecursionError):
            tool = None
        if not isinstance(tool, dict):
            msg = "a tool is not described by a JSON object"
            raise TemplateFailed(msg)
        if isinstance(function := tool.get("function"), dict):
            function.setdefault("description", "")
            function.setdefault("parameters", {})
        parsed.append(tool)
    return parsed


def _broken(text: str, words: frozenset[str]) -> list[str]:
    """Return `text` in pieces, cut inside of each of `words`, so that none is read as a token."""
    if not words:
        return [text]
    cuts = [
        found.start() + 1 for found in re.finditer("|".join(map(re.escape, sorted(words))), text)
    ]
    return [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]


def _opens(text: str, look_for: Format) -> str:
    """Return what the end of a prompt already wrote of the answer."""
    if look_for.channels:
        tail = text.rpartition(_ASSISTANT)[2]
        return tail if _OPEN_CHANNEL.fullmatch(tail) else ""
    end = text.rstrip()
    pairs = (*look_for.thinking, *look_for.inner_thinking)
    return next((marks.opening for marks in pairs if end.endswith(marks.opening)), "")

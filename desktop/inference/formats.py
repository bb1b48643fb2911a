"""How a model writes thinking and tool calls, found from its chat template.

Runs inside the engine process. The marks are those that model makers publish in their templates;
llama.cpp's chat parsers know the same ones. A mark counts only if the template of the file at hand
writes it, so that an ordinary answer that mentions another model's marks stays as it is.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from desktop.inference.messages import ToolCall


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of the thinking before it."""

    text: str


Piece: TypeAlias = Said | Thought | ToolCall


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands before and after a part of an answer.

    An empty `closing` means: to the end of the answer. A `closing` equal to `opening` means: to the
    next one, which begins a part of its own.
    """

    opening: str
    closing: str


@dataclass(frozen=True, slots=True)
class Format:
    """What to look for in an answer.

    `thinking` stands at the head only, `inner_thinking` anywhere (its marks are control tokens).
    `calls` are the marks of tool calls; `bare_calls`: an answer that is nothing but JSON may be
    one too (Llama 3). `channels`: the whole answer is written in channels (gpt-oss), and the other
    fields do not count. `quotes` are control texts inside of calls. `ends` are control texts after
    which somebody else speaks, though the vocabulary does not say so.
    """

    thinking: tuple[Marks, ...] = ()
    inner_thinking: tuple[Marks, ...] = ()
    calls: tuple[Marks, ...] = ()
    bare_calls: bool = False
    channels: bool = False
    quotes: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    @property
    def controls(self) -> frozenset[str]:
        """Texts that must be written out where the vocabulary has them as control tokens."""
        if self.channels:
            return frozenset(CHANNEL_CONTROLS)
        pairs = (*self.thinking, *self.inner_thinking, *self.calls)
        texts = {text for pair in pairs for text in (pair.opening, pair.closing)}
        # Gemma 4 spells what kind of channel it opens after the control token.
        spelt = {text.removesuffix("thought") for text in texts}
        return frozenset(filter(None, texts | spelt | set(self.quotes)))


PLAIN = Format()
CHANNEL_CONTROLS = ("<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>")
HERMES = Marks("<tool_call>", "</tool_call>")
_THINK = Marks("<think>", "</think>")
_THINKING = (
    _THINK,
    Marks("<thought>", "</thought>"),
    Marks("<thinking>", "</thinking>"),
    Marks("<seed:think>", "</seed:think>"),
    Marks("◁think▷", "◁/think▷"),
    Marks("<|begin_of_thought|>", "<|end_of_thought|>"),
)
_INNER_THINKING = (
    Marks("<|channel>thought", "<channel|>"),
    Marks("[THINK]", "[/THINK]"),
    Marks("<|START_THINKING|>", "<|END_THINKING|>"),
    Marks("<|inner_prefix|>", "<|inner_suffix|>"),
)
_CALLS = (
    HERMES,
    Marks("<function=", "</function>"),
    Marks("[TOOL_CALLS]", "[TOOL_CALLS]"),
    Marks("<|tool_call>", "<tool_call|>"),
    Marks("<start_function_call>", "<end_function_call>"),
    Marks("<|python_tag|>", ""),
    Marks("<|tool_call_start|>", "<|tool_call_end|>"),
    Marks("<|START_ACTION|>", "<|END_ACTION|>"),
    Marks("<|tool_call|>", "<|/tool_call|>"),
    Marks("```tool_code", "```"),
)
# Written inside of a call, and told apart from words only because they are control tokens.
_QUOTES = ('<|"|>', "<escape>", "[ARGS]", "[CALL_ID]")
_ENDS = ("<|tool_response>", "<start_function_response>")
_BARE_CALLS = ("<|python_tag|>", "Environment: ipython", '{"name": function name, "parameters"')


def format_of(template: str, *, tools: bool, described: bool = False) -> Format:
    """Return what to look for in answers to prompts made by `template` (Jinja source, or empty).

    Calls are looked for only if `tools` were offered. `described`: Lapis itself told the model
    about them, in the words of Hermes, because the template does not.
    """
    if "<|channel|>" in template and "<|message|>" in template:
        return Format(channels=True)
    calls = _written(_CALLS, template)
    if described and HERMES not in calls:
        calls = (HERMES, *calls)
    thinking = _written(_THINKING, template)
    return Format(
        # The tag of DeepSeek R1 and Qwen 3 is looked for in every answer: models learn it from
        # one another, and their templates do not always write it.
        thinking=thinking if _THINK in thinking else (_THINK, *thinking),
        inner_thinking=_written(_INNER_THINKING, template),
        calls=calls if tools else (),
        bare_calls=tools and any(text in template for text in _BARE_CALLS),
        quotes=tuple(text for text in _QUOTES if tools and text in template),
        ends=tuple(text for text in _ENDS if tools and text in template),
    )


def held_back(text: str, marks: Collection[str]) -> int:
    """Return how many characters at the end of `text` may be the start of one of `marks`."""
    reach = max((len(mark) for mark in marks), default=1) - 1
    for length in range(min(len(text), reach), 0, -1):
        tail = text[-length:]
        if any(len(mark) > length and mark.startswith(tail) for mark in marks):
            return length
    return 0


def first_mark(text: str, marks: Collection[str]) -> tuple[int, str]:
    """Return where the first of `marks` stands in `text`, and which; (-1, "") without one.

    Of several at one place the longest counts.
    """
    places = [(at, -len(mark), mark) for mark in marks if (at := text.find(mark)) >= 0]
    if not places:
        return -1, ""
    at, _length, mark = min(places)
    return at, mark


def _written(known: tuple[Marks, ...], template: str) -> tuple[Marks, ...]:
    return tuple(marks for marks in known if marks.opening in template)

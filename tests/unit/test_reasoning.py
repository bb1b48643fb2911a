"""Thinking, text and calls of tools told apart in answers that are still coming."""

import json
import time
from collections.abc import Iterable, Sequence

import pytest

from desktop.inference.channels import ChannelSplitter
from desktop.inference.formats import Said, Thought, format_of
from desktop.inference.messages import ToolCall
from desktop.inference.reasoning import AnswerSplitter, Splitter
from desktop.inference.tool_calls import Tools
from tests import chat_templates as known

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "units": {"type": "object"},
            },
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {}}}
OFFERED = Tools.offered([WEATHER, CLOCK])
PARIS = ("weather", {"city": "Paris"})
Split = tuple[str, str, list[tuple[str, object]]]


def splitter_for(template: str, *, tools: bool = True, opens: str = "") -> Splitter:
    look_for = format_of(template, tools=tools)
    offered = OFFERED if tools else Tools()
    if look_for.channels:
        return ChannelSplitter(offered, 7, opens=opens)
    return AnswerSplitter(look_for, offered, 7, opens=opens)


def split(pieces: Iterable[str], splitter: Splitter) -> Split:
    """Return thinking, text and calls of an answer that comes in `pieces`."""
    out = [part for piece in pieces for part in splitter.feed(piece)] + list(splitter.rest())
    calls = [part for part in out if isinstance(part, ToolCall)]
    assert [call.id for call in calls] == [f"call_7_{n}" for n in range(len(calls))]
    return (
        "".join(part.text for part in out if isinstance(part, Thought)),
        "".join(part.text for part in out if isinstance(part, Said)),
        [(call.name, json.loads(call.arguments)) for call in calls],
    )


def every_cut(text: str) -> Iterable[Sequence[str]]:
    """Yield `text` whole, cut in two at every place, and letter by letter."""
    yield [text]
    yield from ([text[:at], text[at:]] for at in range(1, len(text)))
    yield list(text)


ANSWERS = [
    pytest.param(
        known.QWEN3,
        "<think>\nWhere?\n</think>\n\nLet me look.\n"
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>\n'
        '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>',
        ("Where?", "Let me look.\n", [PARIS, ("clock", {})]),
        id="hermes",
    ),
    pytest.param(
        known.QWEN3,
        '<tool_call>{"name": "weather", "arguments": {"city": "a </tool_call> \\" b"}}</tool_call>'
        "Done.",
        ("", "Done.", [("weather", {"city": 'a </tool_call> " b'})]),
        id="a closing mark in an argument",
    ),
    pytest.param(
        known.QWEN3,
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}',
        ("", "", [PARIS]),
        id="a call the model forgot to close",
    ),
    pytest.param(
        known.QWEN3_CODER,
        "Looking.\n<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n"
        '<parameter=days>\n3\n</parameter>\n<parameter=units>\n{"t": "C"}\n</parameter>\n'
        "</function>\n</tool_call>",
        ("", "Looking.\n", [("weather", {"city": "Paris", "days": 3, "units": {"t": "C"}})]),
        id="tags",
    ),
    pytest.param(
        known.QWEN3_CODER,
        "<function=weather>\n<parameter=city>\n1984\n</parameter>\n</function>",
        ("", "", [("weather", {"city": "1984"})]),
        id="tags without the outer mark, a text that looks like a number",
    ),
    pytest.param(
        known.QWEN3_CODER,
        "<tool_call><function=weather><parameter=city>a </tool_call> b</parameter></function>"
        "</tool_call>",
        ("", "", [("weather", {"city": "a </tool_call> b"})]),
        id="a closing mark between tags",
    ),
    pytest.param(
        known.QWEN3,
        '<tool_call>{"name": "weather", "arguments": {"city": "Par\nis"}}</tool_call>',
        ("", "", [("weather", {"city": "Par\nis"})]),
        id="a line end in an argument",
    ),
    pytest.param(
        known.LLAMA3,
        '{"name": "weather", "parameters": {"city": "Paris"}}',
        ("", "", [PARIS]),
        id="bare json",
    ),
    pytest.param(
        known.LLAMA3 + "<|python_tag|>",
        '<|python_tag|>{"type": "function", "name": "weather", "parameters": {"city": "Paris"}}; '
        '{"name": "clock", "parameters": {}}',
        ("", "", [PARIS, ("clock", {})]),
        id="json after a control token",
    ),
    pytest.param(
        known.LLAMA3 + "<|python_tag|>",
        '<|python_tag|>weather.call(city="Paris")',
        ("", "", [PARIS]),
        id="a built-in call",
    ),
    pytest.param(
        known.LLAMA3,
        '{"name": "Bob", "age": 3}',
        ("", '{"name": "Bob", "age": 3}', []),
        id="json that is an answer",
    ),
    pytest.param(
        known.LLAMA3, '{ "age": 3}', ("", '{ "age": 3}', []), id="json that is surely an answer"
    ),
    pytest.param(
        known.MISTRAL7,
        'One moment.[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Paris"}, '
        '"id": "abc123def"}, {"name": "clock", "arguments": {}}]',
        ("", "One moment.", [PARIS, ("clock", {})]),
        id="a list of calls",
    ),
    pytest.param(
        known.MISTRAL11,
        '[THINK]Where?[/THINK]One moment.[TOOL_CALLS]weather[ARGS]{"city": "Paris"}'
        "[TOOL_CALLS]clock[CALL_ID]abc123def[ARGS]{}",
        ("Where?", "One moment.", [PARIS, ("clock", {})]),
        id="name and arguments",
    ),
    pytest.param(
        known.GEMMA4,
        "<|channel>thought\nWhere?\n<channel|>Looking.<|tool_call>call:weather{city:"
        '<|"|>Paris, "{x}"<|"|>,days:3,units:{ok:true,list:[1,<|"|>b<|"|>]}}<tool_call|>'
        "<|tool_call>call:clock{}<tool_call|><channel|>",
        (
            "Where?",
            "Looking.",
            [
                (
                    "weather",
                    {"city": 'Paris, "{x}"', "days": 3, "units": {"ok": True, "list": [1, "b"]}},
                ),
                ("clock", {}),
            ],
        ),
        id="gemma 4",
    ),
    pytest.param(
        known.GEMMA4,
        "<|channel>thought\nOne.<channel|>So.<|channel>thought\nTwo.<channel|>Yes.",
        ("One.Two.", "So.Yes.", []),
        id="thinking in the middle",
    ),
    pytest.param(
        known.GEMMA4,
        " <channel|>\n\n <channel|>Yes.",
        ("", "Yes.", []),
        id="white space around marks before the answer",
    ),
    pytest.param(
        known.GPT_OSS,
        "<|start|>assistant<|channel|>final It is Paris.",
        ("", "It is Paris.", []),
        id="a header that lacks its last mark",
    ),
    pytest.param(
        known.GPT_OSS,
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to",
        ("Hm.", "", []),
        id="a header that was cut off",
    ),
    pytest.param(
        known.FUNCTION_GEMMA,
        "<start_function_call>call:weather{city:<escape>Paris<escape>}<end_function_call>"
        "<start_function_call>call:clock{}<end_function_call>",
        ("", "", [PARIS, ("clock", {})]),
        id="function gemma",
    ),
    pytest.param(
        "```tool_code",
        "I look.\n```tool_code\nweather(city='Paris')\n```\n",
        ("", "I look.\n", [PARIS]),
        id="python in a fence",
    ),
    pytest.param(
        "<|tool_call_start|>",
        '<|tool_call_start|>[weather(city="Paris"), clock()]<|tool_call_end|>',
        ("", "", [PARIS, ("clock", {})]),
        id="a list in python",
    ),
    pytest.param(
        known.QWEN3,
        "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>",
        ("", "", [PARIS]),
        id="pairs of tags",
    ),
    pytest.param(
        known.GPT_OSS,
        "<|channel|>analysis<|message|>Where?<|end|><|start|>assistant<|channel|>commentary"
        "<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.weather "
        '<|constrain|>json<|message|>{"city": "Paris"}',
        ("Where?", "I look.", [PARIS]),
        id="channels",
    ),
    pytest.param(
        known.GPT_OSS,
        "<|channel|>analysis<|message|>One.<|end|><|start|>assistant to=functions.weather"
        '<|channel|>commentary json<|message|>{"city":"Paris"}<|call|><|start|>assistant'
        "<|channel|>analysis<|message|>Two.<|end|><|start|>assistant<|channel|>final<|message|>"
        "It is < 3 degrees.",
        ("One.\n\nTwo.", "It is < 3 degrees.", [PARIS]),
        id="channels with the function in the role",
    ),
    pytest.param(
        known.GPT_OSS,
        "<|channel|>commentary to=assistant<|message|>So.",
        ("", "So.", []),
        id="a message to oneself",
    ),
    pytest.param(
        known.GPT_OSS, "assistant needs no channel", ("", "assistant needs no channel", []),
        id="no channels at all",
    ),
    pytest.param(
        "<seed:think>",
        "<seed:think>Hm.</seed:think>Yes.",
        ("Hm.", "Yes.", []),
        id="thinking of another make",
    ),
    pytest.param(
        "<|START_THINKING|> <|START_ACTION|>",
        "<|START_THINKING|>Hm.<|END_THINKING|><|START_ACTION|>[\n    "
        '{"tool_call_id": "0", "tool_name": "weather", "parameters": {"city": "Paris"}}\n]'
        "<|END_ACTION|>",
        ("Hm.", "", [PARIS]),
        id="actions",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("template", "answer", "expected"), ANSWERS)
def test_every_format_is_read_however_it_is_cut(
    template: str, answer: str, expected: Split
) -> None:
    for pieces in every_cut(answer):
        assert split(pieces, splitter_for(template)) == expected, pieces


NO_CALLS = [
    (known.QWEN3, '<tool_call>{"name": "rm", "arguments": {}}</tool_call>'),
    (known.QWEN3, '<tool_call>{"name": "weather", "arguments": "none"}</tool_call>'),
    (known.QWEN3, '<tool_call>{"name": "weather", "arguments": [1]}</tool_call>'),
    (known.QWEN3, '<tool_call>{"name": "weather", "arguments": {"a": NaN}}</tool_call>'),
    (known.QWEN3, '<tool_call>{"name": "weather", "arguments": {"city": "Par'),
    (known.QWEN3, "<tool_call>" + "[" * 5000 + "</tool_call>"),
    (known.QWEN3, "<tool_call></tool_call> and <tool_call> in a text"),
    (known.QWEN3_CODER, "<tool_call><function=weather>words</function></tool_call>"),
    (known.QWEN3_CODER, "<tool_call><function=weather><parameter=city>Par</tool_call>"),
    (known.MISTRAL7, '[TOOL_CALLS][{"name": "weather"'),
    (known.MISTRAL11, "[TOOL_CALLS]weather[ARGS]{"),
    (known.GEMMA4, "<|tool_call>call:weather{city<tool_call|> words"),
    (known.GEMMA4, '<|tool_call>call:weather{city:<|"|>Par'),
    (known.GEMMA4, "<|tool_call>call:weather" + "{a:" * 60 + "1" + "}" * 60 + "<tool_call|>"),
    (known.GEMMA4, "<|tool_call>call:weather" + "{a:" * 4000),
    ("```tool_code", "```tool_code\n__import__('os').getpid()\n```"),
    ("```tool_code", "```tool_code\nweather(__import__('os').getpid())\n```"),
    ("```tool_code", "```tool_code\nweather(city=open('x'))\n```"),
    ("```tool_code", "```tool_code\nweather(**{'city': 'Paris'})\n```"),
    ("```tool_code", "```tool_code\n" + "(" * 9000 + "\n```"),
    (known.GPT_OSS, 'to=functions.rm<|channel|>commentary<|message|>{"a": 1}'),
    (known.GPT_OSS, '<|channel|>commentary to=functions.weather<|message|>{"city": "Par'),
]


@pytest.mark.parametrize(("template", "answer"), NO_CALLS)
def test_what_is_no_call_of_an_offered_tool_stays_text(template: str, answer: str) -> None:
    cuts = every_cut(answer) if len(answer) < 200 else ([answer], list(answer))
    for pieces in cuts:
        assert split(pieces, splitter_for(template)) == ("", answer, []), pieces


def test_white_space_in_what_is_no_call_costs_no_time() -> None:
    written = f"weather{' ' * 3_000}tomorrow"
    started = time.process_time()
    answer = split([f"<tool_call>{written}</tool_call>"], splitter_for(known.QWEN3))
    assert time.process_time() - started < 1
    assert answer == ("", f"<tool_call>{written}</tool_call>", [])


def test_without_tools_calls_are_text() -> None:
    answer = '<tool_call>{"name": "weather", "arguments": {"city": "Paris"}}</tool_call>'
    assert split([answer], splitter_for(known.QWEN3, tools=False)) == ("", answer, [])


def test_without_tools_nothing_waits_for_a_call() -> None:
    assert format_of(known.QWEN3, tools=False).calls == ()
    parts = list(splitter_for(known.LLAMA3, tools=False).feed('{"name": '))
    assert parts == [Said('{"name": ')]


@pytest.mark.parametrize(
    ("template", "start"),
    [(known.QWEN3, ""), (known.LLAMA3, "{"), (known.GPT_OSS, "<|channel|>"), (known.GPT_OSS, "")],
)
def test_nothing_waits_for_ever_for_a_mark(template: str, start: str) -> None:
    splitter = AnswerSplitter(format_of(template, tools=True), OFFERED, 7, trim=False)
    chosen = ChannelSplitter(OFFERED, 7) if template == known.GPT_OSS else splitter
    out = [part for piece in (start, *(" " * 500)) for part in chosen.feed(piece)]
    assert sum(len(part.text) for part in out if isinstance(part, Said)) > 300


def test_text_is_held_back_no_longer_than_a_mark() -> None:
    splitter = splitter_for(known.QWEN3)
    out = [part.text for piece in "so, a < b" for part in splitter.feed(piece) if
           isinstance(part, Said)]  # fmt: skip
    assert "".join(out) == "so, a < b"
    assert not list(splitter.rest())


@pytest.mark.parametrize("template", [known.QWEN3, known.GPT_OSS, known.MISTRAL11, known.GEMMA4])
def test_the_work_per_piece_does_not_grow_with_the_answer(template: str) -> None:
    """Fifty thousand letters inside of a call that never ends, one by one."""
    openings = {
        known.QWEN3: '<tool_call>{"name": "weather", "arguments": {"city": "',
        known.GPT_OSS: '<|channel|>commentary to=functions.weather<|message|>{"city": "',
        known.MISTRAL11: '[TOOL_CALLS]weather[ARGS]{"city": "',
        known.GEMMA4: '<|tool_call>call:weather{city:<|"|>',
    }
    splitter = splitter_for(template)
    held = 0
    for piece in [openings[template], *("x" for _ in range(50_000))]:
        assert not list(splitter.feed(piece))
        held = max(held, len(splitter._held), len(getattr(splitter, "_tail", "")))  # type: ignore[attr-defined]
    assert held < 100


def test_arguments_that_cannot_be_encoded_are_escaped() -> None:
    body = '{"name": "weather", "arguments": {"city": "\\ud800 你好"}}'
    parts = list(splitter_for(known.QWEN3).feed(f"<tool_call>{body}</tool_call>"))
    assert isinstance(parts[0], ToolCall)
    parts[0].arguments.encode()
    assert json.loads(parts[0].arguments) == {"city": "\ud800 你好"}


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_thinking_is_split_off_however_it_is_cut(size: int) -> None:
    text = "\n<think>\nwhy <b> not\n</think>\n\nBecause."
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert split(pieces, splitter_for("")) == ("why <b> not", "Because.", [])


def test_thinking_opened_by_the_template_needs_no_tag() -> None:
    answer = split(["so ", "what</thi", "nk>Yes"], splitter_for("", opens="<think>"))
    assert answer == ("so what", "Yes", [])


def test_a_channel_opened_by_the_template_needs_no_header() -> None:
    splitter = splitter_for(known.GPT_OSS, opens="<|channel|>analysis<|message|>")
    answer = "Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes."
    assert split([answer], splitter) == ("Hm.", "Yes.", [])


def test_an_answer_without_thinking_passes_unchanged() -> None:
    answer = ["<", "b>bold</b> and <think> in the middle"]
    assert split(answer, splitter_for("", tools=False)) == ("", "".join(answer), [])


def test_thinking_that_never_ends_stays_thinking() -> None:
    assert split(["<think>on and on"], splitter_for("")) == ("on and on", "", [])


def test_white_space_without_end_is_not_held_back() -> None:
    splitter = splitter_for("", opens="<think>")
    list(splitter.feed("a"))
    spaces = [part for _ in range(1000) for part in splitter.feed(" " * 10)]
    assert sum(len(part.text) for part in spaces if isinstance(part, Thought)) > 9_800

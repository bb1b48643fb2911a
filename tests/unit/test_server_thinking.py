"""Thinking that a server leaves in its answer is told apart, and nothing else is touched."""

from dataclasses import replace

import pytest

from desktop.backends.server_loop import ServerLoop
from desktop.domain.chat import ChatRequest, Grammar, GrammarKind, ReasoningDelta, TextDelta
from desktop.domain.errors import Unreachable
from tests.unit.server_room import FINISHED, QUESTION, WORDS, Scripted, ask


@pytest.mark.parametrize(
    ("pieces", "thinking", "text"),
    [
        (["<th", "ink>\nHm", "m.\n</thi", "nk>\n\n", "Be", "cause"], "Hmm.", "Because"),
        (["<think>Hmm.</think>Because </think>"], "Hmm.", "Because </think>"),
        (["  <think></think>  Because"], "", "Because"),
        (["<think>", "\n\n", "</think>", "\n\n", "Be", " cause"], "", "Be cause"),
        (["<think>Hm", "m."], "Hmm.", ""),
        (["<thi"], "", "<thi"),
        (["    indented"], "", "    indented"),
        (["Because <think>no</think>"], "", "Because <think>no</think>"),
    ],
)
def test_thinking_that_is_left_in_an_answer_is_told_apart(
    loop: ServerLoop, pieces: list[str], thinking: str, text: str
) -> None:
    heard = ask(loop, Scripted([*map(TextDelta, pieces), FINISHED]))

    assert (heard.thinking, heard.text) == (thinking, text)


def test_where_the_server_tells_thinking_apart_marks_are_text(loop: ServerLoop) -> None:
    heard = ask(loop, Scripted([ReasoningDelta("Hm."), TextDelta("<think>a</think>b"), FINISHED]))

    assert (heard.thinking, heard.text) == ("Hm.", "<think>a</think>b")


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest(prompt="a"),
        replace(QUESTION, grammar=Grammar(GrammarKind.JSON_SCHEMA, "{}")),
        replace(QUESTION, continue_answer=True),
    ],
)
def test_in_the_middle_and_in_shapes_marks_are_text(
    loop: ServerLoop, request_: ChatRequest
) -> None:
    heard = ask(loop, Scripted([TextDelta("<think>a</think>b"), FINISHED]), request=request_)

    assert heard.text == "<think>a</think>b"


def test_what_was_held_back_is_not_lost_with_the_connection(loop: ServerLoop) -> None:
    heard = ask(loop, Scripted([TextDelta("<thi"), Unreachable(*WORDS)]))

    assert heard.text == "<thi"
    assert isinstance(heard.error(), Unreachable)

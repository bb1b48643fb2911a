"""What a model says when it is asked for a title, and what of that is one."""

import pytest

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.services.model_titles import said_title, title_request


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("The Blue Sky", "The Blue Sky"),
        ('"The Blue Sky."', "The Blue Sky"),
        ("Title: The Blue Sky", "The Blue Sky"),
        ("**Title:** “The Blue Sky”\n", "The Blue Sky"),
        ("# The Blue Sky\n\nIt is about light.", "The Blue Sky"),
        ("Title:\nThe Blue Sky", "The Blue Sky"),
        ("\n\n  The  Blue\tSky  ", "The Blue Sky"),
        ("天空为什么是蓝色的", "天空为什么是蓝色的"),
        ("标题：《天空的颜色》。", "天空的颜色"),
        ("Dune's 'spice' and \"water\"", "Dune's 'spice' and \"water\""),
        ("To be or not to be", "To be or not to be"),
        ("C++ vs. Rust", "C++ vs. Rust"),
        ("Pi: 3.14", "Pi: 3.14"),
        ("safe\u202egnp.exe", "safegnp.exe"),
    ],
)
def test_a_short_plain_line_is_a_title(said: str, title: str) -> None:
    assert said_title(said, complete=True) == title


@pytest.mark.parametrize(
    "said",
    [
        "",
        " \n ",
        '""',
        "***",
        "…",
        "Sure! Here's a title: Sky",
        "I'm sorry, but I cannot do that",
        "The user asks why the sky is blue and wants to know more",
        "<think>",
        "harbour lamp harbour lamp harbour lamp",
        "A title that goes on and on until nobody would take it for one any more",
        "one two three four five six seven eight nine ten eleven",
        "关于天空为什么在中午是蓝色而在黄昏时是红色的一次很长很长的对话",
        "抱歉，我无法完成",
        '{"title": "Sky"}',
        "https://example.org",
    ],
)
def test_anything_else_is_none(said: str) -> None:
    assert said_title(said, complete=True) == ""


def test_a_line_that_was_cut_is_none_and_one_before_the_cut_is() -> None:
    assert said_title("The Blue", complete=False) == ""
    assert said_title("The Blue Sky\nThis title", complete=False) == "The Blue Sky"


def test_it_is_asked_for_as_one_more_turn_that_leaves_nothing_behind() -> None:
    asked = ChatRequest(
        (Message(Role.SYSTEM, "Rhyme."), Message(Role.USER, "Why?")),
        Sampling(seed=3, stop=("x",)),
        builtin_template="phi",
        thinking=True,
    )
    request = title_request(asked, "Because.")

    assert request.messages[:2] == asked.messages
    assert request.messages[2] == Message(Role.ASSISTANT, "Because.")
    assert request.messages[3].role is Role.USER
    assert request.sampling == Sampling(temperature=0.0, max_tokens=24)
    assert (request.thinking, request.keep_state, request.builtin_template) == (False, False, "phi")


def test_a_chinese_chat_is_asked_in_chinese() -> None:
    asked = ChatRequest((Message(Role.USER, "天空为什么是蓝色的？"),))
    assert "标题" in title_request(asked, "因为散射。").messages[-1].content

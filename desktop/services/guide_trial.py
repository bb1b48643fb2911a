"""The question that the built-in guide is asked where an engine is tried out. Pure; any thread."""

from typing import Final

from desktop.domain.chat import ChatRequest, Message, Role, Sampling

CONTEXT: Final = 512
"""Tokens that question and answer have room in."""


def guide_question() -> ChatRequest:
    """Return it: answered with the same few tokens by whatever computes rightly."""
    return ChatRequest(
        (Message(Role.USER, "Which model suits my computer?"),),
        Sampling(temperature=0, max_tokens=8),
        keep_state=False,
    )

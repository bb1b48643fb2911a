"""Requests with pictures, for models that do not see. Pure functions; any thread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop.domain.chat import ChatRequest, Message, Role

_UNSEEN: Final = "[A picture is attached here. You cannot see it.]"


def has_pictures(request: ChatRequest) -> bool:
    """Return whether any message of `request` comes with pictures."""
    return any(message.pictures for message in request.messages)


def is_about_pictures(request: ChatRequest) -> bool:
    """Return whether the question itself comes with pictures, and not only what was said before."""
    asked = next((each for each in reversed(request.messages) if each.role is Role.USER), None)
    return asked is not None and bool(asked.pictures)


def without_pictures(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return `messages` with words in the place of each picture."""
    return tuple(_told(each) if each.pictures else each for each in messages)


def _told(message: Message) -> Message:
    parts = [_UNSEEN] * len(message.pictures)
    content = "\n\n".join(filter(None, (*parts, message.content)))
    return replace(message, content=content, pictures=())

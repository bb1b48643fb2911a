"""A chat's title as the model itself gives it, after the first exchange. Pure; any thread.

Asked as one more turn of the same conversation: the engine has read all but the last line of it.
What comes back is a guest's word: only a short plain line is taken for a title.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.settings import Language
from desktop.domain.sight import without_pictures
from desktop.services.own_language import is_in
from desktop.services.titles import title_of

MOST_TOKENS: Final = 24
_LONGEST: Final = 60
_LONGEST_CHINESE: Final = 24
_MOST_WORDS: Final = 10
_WISH = (
    "Name this conversation: a title of two to six words, in the language of the conversation. "
    "Write the title alone, without quotes."
)
_WISH_ZH = "请为以上对话起一个标题：不超过十二个字，使用对话的语言。只写标题，不要引号。"
_LABEL = re.compile(
    r"(?:(?:chat|conversation|suggested|the)\s+)?(?:title|topic|name|subject|标题|题目|主题)"
    r"\s*(?:is|是|为)?\s*[:：]\s*",
    re.IGNORECASE,
)
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("《", "》"))
_CHATTER = re.compile(
    r"(?:i'm|i am|i can|i will|i'll|i don|sorry|sure|certainly|of course|okay|ok,|here is|here's|"
    r"as an|the user|this conversation|name this|write the|yes,|no,|好的|当然|抱歉|对不起|作为|"
    r"以下是|请为|用户)",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[<>{}|\\\ufffd]|https?://")


def title_request(asked: ChatRequest, answer: str) -> ChatRequest:
    """Return the request for a title of the conversation that `asked` got `answer` to."""
    question = next((m.content for m in reversed(asked.messages) if m.role is Role.USER), "")
    wish = _WISH_ZH if is_in(question, Language.CHINESE) else _WISH
    said = (Message(Role.ASSISTANT, answer), Message(Role.USER, wish))
    return replace(
        asked,
        # What was seen is in the answer: looking once more would cost as much again.
        messages=(*without_pictures(asked.messages), *said),
        sampling=Sampling(temperature=0.0, max_tokens=MOST_TOKENS),
        thinking=False,
        keep_state=False,
    )


def said_title(text: str, *, complete: bool) -> str:
    """Return the title that a model wrote as `text`; empty if it is none.

    `complete` is False where the model had not come to an end.
    """
    line, has_more = _first_line(text)
    if not complete and not has_more:
        return ""
    title = _bare(title_of(line))
    return title if _is_title(title) else ""


def _first_line(text: str) -> tuple[str, bool]:
    """Return the first line with something on it, and whether another one follows."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    if len(lines) > 1 and _LABEL.fullmatch(lines[0].strip("*# ") + " "):
        # "Title:" has a line of its own.
        lines.pop(0)
    return (lines[0] if lines else ""), len(lines) > 1


def _bare(title: str) -> str:
    """Return `title` without labels, quotes, markup and a full stop around it."""
    before = None
    while title != before:
        before = title
        title = title.strip(" *_#`~\t").strip()
        title = _LABEL.sub("", title, count=1) if _LABEL.match(title) else title
        for opening, closing in _QUOTES:
            inner = title[1:-1]
            if len(title) > 1 and title[0] == opening and title[-1] == closing:
                title = inner if closing not in inner else title
        if not title.endswith(("...", "etc.")):
            title = title.rstrip(".。,，;；:：")
    return title


def _is_title(title: str) -> bool:
    words = title.split()
    longest = _LONGEST_CHINESE if is_in(title, Language.CHINESE) else _LONGEST
    return (
        any(map(str.isalnum, title))
        and len(title) <= longest
        and len(words) <= _MOST_WORDS
        and not _CHATTER.match(title)
        and not _MARKUP.search(title)
        and not _repeats([word.casefold() for word in words])
    )


def _repeats(words: Sequence[str]) -> bool:
    """Tell whether a model only babbles: the same few words over and over."""
    return len(words) > 3 and len(set(words)) * 2 <= len(words)

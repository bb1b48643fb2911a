"""Asking a model for a summary of what leaves its memory. Pure functions, any thread.

The summary is asked for in one question of its own, in the language of the chat, with what was
said as plain text in it: that is the same for every chat template.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.settings import Language
from desktop.services.context_estimate import estimated_tokens
from desktop.services.context_memory import Turn
from desktop.services.own_language import is_in

# Of the window, what a summary may take; and in tokens, what it takes at most.
_SHARE: Final = 8
_LONGEST: Final = 600
_SHORTEST: Final = 64
# What is estimated may be off by a third.
_CAREFUL: Final = 0.7
_LEAST_CHARACTERS: Final = 400
_SHRINK: Final = 0.66

_ASKED = (
    "Below is the earlier part of a conversation between a user and an assistant. Summarise it, "
    "so that the assistant can go on without having read it: names, facts, numbers, decisions, "
    "what the user wants and how, and what is still open. Write in the language of the "
    "conversation, in short sentences, at most {words} words, and nothing but the summary.\n\n"
    "{said}"
)
_ASKED_ZH = (
    "下面是用户与助手之间一段对话的前半部分。请把它概括成摘要，使助手不必重读也能接着谈：人名、"
    "事实、数字、决定、用户想要什么和怎样的要求，以及尚未解决的问题。用中文短句书写，不超过 "
    "{words} 字，只写摘要本身。\n\n{said}"
)
_USER, _ASSISTANT, _BEFORE = "User", "Assistant", "Summary of what came before"
_USER_ZH, _ASSISTANT_ZH, _BEFORE_ZH = "用户", "助手", "更早内容的摘要"


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """What to ask; `is_partial` when the beginning did not fit even into this question.

    `said` is the text that is to be summarised, as it is in the question.
    """

    request: ChatRequest
    said: str
    is_partial: bool


def summary_request(
    leaving: Sequence[Turn], earlier: str, room: int, sampling: Sampling, *, template: str = ""
) -> SummaryRequest:
    """Return the question for a summary of `leaving`, and of the `earlier` summary.

    It is made for a window of `room` tokens; where not everything fits, the oldest is left out.
    """
    said = _transcript(leaving, earlier)
    longest = longest_summary(room)
    budget = max(1, room - longest - estimated_tokens(_asked("", longest, said)))
    needed = estimated_tokens(said)
    most = len(said)
    if needed > budget * _CAREFUL:
        most = max(_LEAST_CHARACTERS, int(len(said) * budget * _CAREFUL / needed))
    return _request(said, most, longest, sampling, template)


def longest_summary(room: int) -> int:
    """Return the tokens that a summary may take, of a window of `room` tokens."""
    return max(_SHORTEST, min(_LONGEST, room // _SHARE))


def shortened_request(asked: SummaryRequest) -> SummaryRequest | None:
    """Return `asked` made shorter by a third, as it did not fit after all.

    None where nothing worth asking for would be left.
    """
    sampling, said = asked.request.sampling, asked.said
    most = int(len(said) * _SHRINK)
    if most < _LEAST_CHARACTERS:
        return None
    longest = sampling.max_tokens or _LONGEST
    found = _request(said, most, longest, sampling, asked.request.builtin_template)
    return replace(found, is_partial=True)


def cleaned_summary(text: str) -> str:
    """Return what the model wrote, fit to be kept."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _request(
    said: str, most: int, longest: int, sampling: Sampling, template: str
) -> SummaryRequest:
    shown = said
    if len(said) > most:
        # The newest is what the conversation goes on from.
        shown = "… " + said[-most:].lstrip()
    request = ChatRequest(
        (Message(Role.USER, _asked(shown, longest, said)),),
        replace(sampling, max_tokens=longest, stop=()),
        builtin_template=template,
        thinking=False,
        keep_state=False,
    )
    return SummaryRequest(request, shown, is_partial=shown != said)


def _asked(said: str, longest: int, sample: str) -> str:
    # A word is more than a token, in every language.
    words = longest // 2
    return (_ASKED_ZH if is_in(sample, Language.CHINESE) else _ASKED).format(words=words, said=said)


def _transcript(leaving: Sequence[Turn], earlier: str) -> str:
    spoken = "\n".join(message.content for turn in leaving for message in turn.messages)
    chinese = is_in(spoken, Language.CHINESE)
    user, assistant = (_USER_ZH, _ASSISTANT_ZH) if chinese else (_USER, _ASSISTANT)
    names = {Role.USER: user, Role.ASSISTANT: assistant}
    parts = [
        f"{names[message.role]}: {message.content.strip()}"
        for turn in leaving
        for message in turn.messages
    ]
    if earlier.strip():
        parts.insert(0, f"{_BEFORE_ZH if chinese else _BEFORE}: {earlier.strip()}")
    return "\n\n".join(parts)

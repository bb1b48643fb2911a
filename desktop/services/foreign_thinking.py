"""Thinking and the work of tools that other programs write into the text of an answer.

`<think>…</think>` is what models themselves write (Jan's `web-app/src/lib/messages.ts` of janhq/jan
and older versions of most programs keep it so); `<details type="reasoning" duration="3">` with the
thoughts quoted by `> `, and `<details type="tool_calls" name arguments result>`, are what Open WebUI
makes of it (`backend/open_webui/utils/middleware.py`). Only `find` is used, so that no text takes
longer than its length. Pure, any thread.
"""

import html
import re
from dataclasses import dataclass
from typing import Final

from desktop.domain.chat import ToolCall
from desktop.services.foreign_values import block, joined, json_text, label, measure, words

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_DETAILS: Final = '<details type="'
_DETAILS_END: Final = "</details>"
_SUMMARY_END: Final = "</summary>"
_KINDS: Final = ("reasoning", "tool_calls", "code_interpreter")
_ATTRIBUTE: Final = re.compile(r'([\w-]{1,40})="([^"]*)"')
_LONGEST_TAG: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """An answer taken apart."""

    content: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    thinking_seconds: float | None = None


def without_thinking(text: str) -> Said:
    """Return an answer that may begin with what the model thought, between its tags."""
    rest = text.lstrip()
    if not rest.startswith(_OPEN):
        return Said(text)
    end = rest.find(_CLOSE)
    if end < 0:  # stopped while it thought
        return Said("", rest[len(_OPEN) :].strip())
    return Said(rest[end + len(_CLOSE) :].lstrip(), rest[len(_OPEN) : end].strip())


def without_details(text: str) -> Said:
    """Return an answer in which thinking and tools stand as folded blocks of HTML."""
    kept: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    took = 0.0
    place = 0
    while (start := text.find(_DETAILS, place)) >= 0:
        tag_end = text.find(">", start, start + _LONGEST_TAG)
        end = text.find(_DETAILS_END, start)
        if end < 0 or not start < tag_end < end:
            break
        tag = text[start:tag_end]
        kind = tag[len(_DETAILS) :].partition('"')[0]
        kept.append(text[place:start])
        place = end + len(_DETAILS_END)
        if kind not in _KINDS:
            kept.append(text[start:place])
            continue
        while text.startswith("\n", place):
            place += 1
        attributes = dict(_ATTRIBUTE.findall(tag))
        inner = text[tag_end + 1 : end]
        inner = inner.partition(_SUMMARY_END)[2] or inner
        if kind == "reasoning":
            thoughts.append(_unquoted(inner))
            took += _number(attributes.get("duration", ""))
        elif kind == "tool_calls":
            calls.append(_call(attributes, len(calls)))
            kept.append(_paragraph(block(_unescaped(attributes.get("result", "")))))
        else:
            kept.append(_paragraph(inner.strip()))
    kept.append(text[place:])
    content = "".join(kept).strip()
    said = without_thinking(content)
    return Said(said.content, joined(*thoughts, said.reasoning), tuple(calls), took or None)


def _paragraph(text: str) -> str:
    return f"\n\n{text}\n\n" if text else ""


def _unquoted(text: str) -> str:
    text = text.strip("\n")
    if text.startswith("&gt;"):
        text = html.unescape(text)
    lines = text.split("\n")
    return "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines).strip()


def _call(attributes: dict[str, str], place: int) -> ToolCall:
    return ToolCall(
        label(attributes.get("id", "")) or str(place),
        label(_unescaped(attributes.get("name", ""))) or "tool",
        json_text(_unescaped(attributes.get("arguments", ""))),
    )


def _unescaped(text: str) -> str:
    text = words(html.unescape(text))
    # Texts are kept as JSON within the attribute.
    return text[1:-1].replace("\\n", "\n") if text[:1] == text[-1:] == '"' else text


def _number(text: str) -> float:
    try:
        return measure(float(text))
    except ValueError:
        return 0.0

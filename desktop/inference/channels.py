"""Splitting the answers of gpt-oss, which are written in channels.

Runs inside the engine process. An answer is a row of messages, each with a header that names a
channel or the function it is addressed to ("harmony", as OpenAI publishes it):

    <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…
    <|channel|>commentary to=functions.name <|constrain|>json<|message|>{…}<|call|>

`analysis` is thinking, everything else is text; a message to a function is a call, which is held
back until it is whole and has been checked.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto

from desktop.inference.formats import CHANNEL_CONTROLS, Piece, Said, Thought, first_mark, held_back
from desktop.inference.messages import ToolCall
from desktop.inference.tool_calls import Malformed, Tools, json_value

_MESSAGE = "<|message|>"
_ENDS = ("<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>")
_HEADS = ("<|channel|>", "<|start|>", "<|constrain|>", _MESSAGE, "to=", "assistant")
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")
_RECIPIENT = re.compile(r"\bto=([\w.\-]+)")
# What a header consists of, its last word perhaps cut off.
_OF_HEADER = re.compile(r"<\|\w+\|>\s*\w*|\bto?(?:=\S*|\Z)")
_LONGEST_HEADER = 400


class _Kind(Enum):
    HEADER = auto()
    TEXT = auto()
    THINKING = auto()
    CALL = auto()


class ChannelSplitter:
    """Splits by channels; of text at most a mark is held back."""

    def __init__(self, tools: Tools, request: int, *, opens: str = "") -> None:
        """Begin; `opens` is what the prompt already wrote of the first header.

        `request` goes into the ids of calls.
        """
        self._tools = tools
        self._request = request
        self._kind = _Kind.HEADER
        self._held = opens
        self._header = ""
        self._parts: list[str] = []
        self._begun: set[_Kind] = set()
        self._gap = ""
        self._count = 0

    def feed(self, text: str) -> Iterator[Piece]:
        """Yield what is certain after `text`."""
        self._held += text
        while True:
            kind = self._kind
            if kind is _Kind.HEADER:
                yield from self._read_header()
            else:
                yield from self._read_body()
            if self._kind is kind:
                return

    def rest(self) -> Iterator[Piece]:
        """Yield what was held back when the answer ends."""
        held, self._held = self._held, ""
        if self._kind is _Kind.HEADER:
            if any(mark in held for mark in CHANNEL_CONTROLS):
                # A header without a message has nothing to say, unless only its mark was left out.
                held = _OF_HEADER.sub("", held).strip()
            self._begin(_Kind.TEXT)
        yield from self._write(held)
        yield from self._end_body()

    def _read_header(self) -> Iterator[Piece]:
        start = self._held.lstrip()
        if not any(start.startswith(mark) or mark.startswith(start) for mark in _HEADS):
            self._begin(_Kind.TEXT)
            return
        head, mark, body = self._held.partition(_MESSAGE)
        if mark:
            self._header, self._held = head, body
            recipient, channel = _RECIPIENT.search(head), _CHANNEL.search(head)
            if recipient and recipient[1] != "assistant":
                self._begin(_Kind.CALL)
            elif channel and channel[1] == "analysis":
                self._begin(_Kind.THINKING)
            else:
                self._begin(_Kind.TEXT)
        elif len(self._held) > _LONGEST_HEADER:
            # Given out as it is: its own mark would only begin the same header again.
            self._begin(_Kind.TEXT)
            text, self._held = self._held, ""
            yield from self._write(text)

    def _begin(self, kind: _Kind) -> None:
        self._gap = "\n\n" if kind in self._begun else ""
        self._kind = kind
        self._parts = []

    def _read_body(self) -> Iterator[Piece]:
        at, mark = first_mark(self._held, _ENDS)
        if at < 0:
            at = len(self._held) - held_back(self._held, _ENDS)
        text, rest = self._held[:at], self._held[at:]
        self._held = rest
        yield from self._write(text)
        if mark:
            # The next header begins with its own mark; the others belong to this message.
            self._held = rest if mark in {"<|start|>", "<|channel|>"} else rest[len(mark) :]
            yield from self._end_body()
            self._kind = _Kind.HEADER

    def _write(self, text: str) -> Iterator[Piece]:
        if not text:
            return
        if self._kind is _Kind.CALL:
            self._parts.append(text)
            return
        gap, self._gap = self._gap, ""
        self._begun.add(self._kind)
        yield Thought(gap + text) if self._kind is _Kind.THINKING else Said(gap + text)

    def _end_body(self) -> Iterator[Piece]:
        if self._kind is not _Kind.CALL:
            return
        body = "".join(self._parts)
        recipient = _RECIPIENT.search(self._header)
        name = recipient[1].removeprefix("functions.") if recipient else ""
        try:
            name, arguments = self._tools.call(name, json_value(body) if body.strip() else {})
        except Malformed:
            self._begin(_Kind.TEXT)
            yield from self._write(f"{self._header}{_MESSAGE}{body}")
            return
        identity = f"call_{self._request}_{self._count}"
        self._count += 1
        yield ToolCall(id=identity, name=name, arguments=arguments)

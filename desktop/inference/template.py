"""From a conversation to prompt tokens, by the chat template in the model file.

Runs inside the engine process. A template is a program written by whoever made the file: it is
rendered in Jinja's immutable sandbox, with bounds on its output and its memory here, and a bound on
its time in `host` (a loop cannot be interrupted from inside; the whole process is given up).

Text typed by people is never read as control tokens, so nobody can fake a turn by writing
`<|im_start|>`: when a message holds such text, messages and template are tokenised apart.
"""

import contextlib
import datetime
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from desktop.inference.messages import Turn
from desktop.inference.runtime import Runtime

_MARK = re.compile("(\ue000[0-9a-f]{16}\ue001)")
_MAX_TEMPLATE = 256 * 1024
_MAX_OUTPUT = 8 * 1024 * 1024
_MEMORY_ALLOWANCE = 1024 * 1024 * 1024


class TemplateFailed(Exception):
    """The template broke, refused the conversation, or grew beyond its bounds."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids, and whether the template itself already began the model's thinking."""

    tokens: list[int]
    opens_thinking: bool


class PromptMaker:
    """Renders and tokenises conversations for one loaded model."""

    def __init__(
        self, runtime: Runtime, guard: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> None:
        """Compile the model's template, if it has one, at first use.

        `guard` surrounds every run of the template and bounds its time.
        """
        self._runtime = runtime
        self._guard = guard
        self._compiled: jinja2.Template | None = None

    def prompt(self, turns: Sequence[Turn]) -> Prompt:
        """Return the prompt of a conversation; raises TemplateFailed.

        A model without a template continues plain text: the turns, with an empty line between.
        """
        runtime = self._runtime
        if runtime.template is None:
            text = "\n\n".join(turn.content for turn in turns)
            tokens = runtime.tokenise(text, add_special=True, parse_special=False)
            return Prompt(tokens, opens_thinking=False)
        suspicious = [self._has_control_text(turn.content) for turn in turns]
        if any(suspicious):
            return self._prompt_apart(turns, suspicious)
        text = self.render(turns)
        tokens = self._tokens_of(text, parse_special=True, start=True)
        return Prompt(tokens, opens_thinking=_opens_thinking(text))

    def render(self, turns: Sequence[Turn]) -> str:
        """Return the prompt as text.

        A template without a system role (Gemma 2 raises on it, others drop it) gets the system
        text at the head of the first question; one that wants roles to alternate gets neighbours
        of one role joined.
        """
        turns = _alternating(turns)
        if not turns or turns[0].role != "system":
            return self._run(turns)
        try:
            text = self._run(turns)
        except TemplateFailed:
            return self._run(_system_in_question(turns))
        if turns[0].content.strip() in text:
            return text
        return self._run(_system_in_question(turns))

    def _run(self, turns: Sequence[Turn]) -> str:
        try:
            with self._guard(), _bounded_memory():
                if self._compiled is None:
                    self._compiled = _compile(self._runtime.template or "")
                pieces, size = [], 0
                for piece in self._compiled.generate(
                    messages=[{"role": turn.role, "content": turn.content} for turn in turns],
                    add_generation_prompt=True,
                    bos_token=self._runtime.bos_text(),
                    eos_token=self._runtime.eos_text(),
                ):
                    pieces.append(piece)
                    size += len(piece)
                    if size > _MAX_OUTPUT:
                        msg = "the template writes without end"
                        raise TemplateFailed(msg)
                return "".join(pieces)
        except TemplateFailed:
            raise
        # A template is foreign code: whatever it raises is its failure, not ours.
        except Exception as error:
            raise TemplateFailed(_printable(f"{type(error).__name__}: {error}")) from error

    def _has_control_text(self, content: str) -> bool:
        tokenise = self._runtime.tokenise
        plain = tokenise(content, add_special=False, parse_special=False)
        return tokenise(content, add_special=False, parse_special=True) != plain

    def _prompt_apart(self, turns: Sequence[Turn], suspicious: Sequence[bool]) -> Prompt:
        marks = {
            f"\ue000{secrets.token_hex(8)}\ue001": turn.content
            for turn, apart in zip(turns, suspicious, strict=True)
            if apart
        }
        unused = iter(marks)
        text = self.render(
            [
                Turn(turn.role, next(unused)) if apart else turn
                for turn, apart in zip(turns, suspicious, strict=True)
            ]
        )
        pieces = _MARK.split(text)
        if not set(marks) <= set(pieces):
            # The template rewrites what people say; then nothing keeps text and control apart.
            msg = "it cannot take text that looks like its own control words"
            raise TemplateFailed(msg)
        tokens: list[int] = []
        for piece in filter(None, pieces):
            content = marks.get(piece)
            tokens += self._tokens_of(
                piece if content is None else content,
                parse_special=content is None,
                start=not tokens,
            )
        return Prompt(tokens, opens_thinking=_opens_thinking(text))

    def _tokens_of(self, text: str, *, parse_special: bool, start: bool) -> list[int]:
        bos = self._runtime.bos_text()
        add_special = start and not (bos and text.lstrip().startswith(bos))
        return self._runtime.tokenise(text, add_special=add_special, parse_special=parse_special)


def _printable(text: str) -> str:
    return text[:300].encode(errors="replace").decode()


def _opens_thinking(text: str) -> bool:
    return text.rstrip().endswith("<think>")


def _alternating(turns: Sequence[Turn]) -> list[Turn]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            joined[-1] = Turn(turn.role, f"{joined[-1].content}\n\n{turn.content}")
        else:
            joined.append(turn)
    return joined


def _system_in_question(turns: Sequence[Turn]) -> list[Turn]:
    system, rest = turns[0], list(turns[1:])
    if rest and rest[0].role == "user":
        return [Turn("user", f"{system.content}\n\n{rest[0].content}"), *rest[1:]]
    return [Turn("user", system.content), *rest]


class _Generation(Extension):
    """`{% generation %}` marks answers for training; for a prompt it is just its body."""

    tags = {"generation"}  # noqa: RUF012 - declared so by jinja2

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return the nodes between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _compile(source: str) -> jinja2.Template:
    if len(source) > _MAX_TEMPLATE:
        msg = "the template is too long"
        raise TemplateFailed(msg)
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", _Generation],
    )
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment.from_string(source)


def _raise_exception(message: object) -> NoReturn:
    raise TemplateFailed(_printable(str(message)))


def _strftime_now(pattern: str) -> str:
    return datetime.datetime.now().astimezone().strftime(pattern)


@contextlib.contextmanager
def _bounded_memory() -> Iterator[None]:
    """Let a template take 1 GiB and no more, where the system can bound a process (not Windows)."""
    if sys.platform == "win32":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + _MEMORY_ALLOWANCE
    bounded = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    # macOS refuses bounds that other systems take; the time limit holds there all the same.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (bounded, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Return the bytes of address space in use; where the system does not tell, a wide guess."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 1 << 40
    import resource

    return pages * resource.getpagesize()

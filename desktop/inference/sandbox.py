"""Running a chat template, which is a program written by whoever made the model file.

Runs inside the engine process, in Jinja's immutable sandbox, with bounds on the length of the
program, its output and its memory here, and a bound on its time in `host` (a loop cannot be
interrupted from inside; the whole process is given up).
"""

import contextlib
import datetime
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from desktop.domain.text import encodable

# A text that may not be read as control tokens is rendered as a mark, told apart by its end where
# the template writes it into JSON; see `control_text`.
MARK = re.compile("(\ue000[0-9a-f]{16}[\ue001\ue002])")
ESCAPED = "\ue002"
_MAX_TEMPLATE = 256 * 1024
_MAX_OUTPUT = 8 * 1024 * 1024
_MEMORY_ALLOWANCE = 1024 * 1024 * 1024


class PromptRefused(Exception):
    """No prompt can be made of a request; `kind` as in `messages.Refused`."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(detail)
        self.kind = kind


class TemplateFailed(PromptRefused):
    """The template broke, refused the conversation, or grew beyond its bounds."""

    def __init__(self, detail: str) -> None:
        super().__init__("template", encodable(detail[:300]))


def compile_template(source: str) -> jinja2.Template:
    """Return `source` as a template; raises TemplateFailed if it is too long, or Jinja's errors."""
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
    environment.filters["tojson"] = _tojson
    return environment.from_string(source)


def render(template: jinja2.Template, values: Mapping[str, Any]) -> str:
    """Return what `template` writes; raises TemplateFailed beyond 8 MiB, or whatever it raises."""
    pieces, size = [], 0
    for piece in template.generate(**values):
        pieces.append(piece)
        size += len(piece)
        if size > _MAX_OUTPUT:
            msg = "the template writes without end"
            raise TemplateFailed(msg)
    return "".join(pieces)


def escaped_marks(text: str) -> str:
    """Return JSON `text` whose marks say that they stand inside of a JSON string."""
    return MARK.sub(lambda mark: mark[0][:-1] + ESCAPED, text)


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
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


class _Generation(Extension):
    """`{% generation %}` marks answers for training; for a prompt it is just its body."""

    tags = {"generation"}  # noqa: RUF012 - declared so by jinja2

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return the nodes between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _tojson(
    value: object,
    ensure_ascii: bool = False,  # noqa: FBT002 - called by templates, by place or name
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT002
) -> str:
    """Write JSON as the makers of chat templates expect it: letters as they are, no HTML."""
    text = json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
    return escaped_marks(text)


def _raise_exception(message: object) -> NoReturn:
    raise TemplateFailed(str(message))


def _strftime_now(pattern: str) -> str:
    return datetime.datetime.now().astimezone().strftime(pattern)


def _address_space() -> int:
    """Return the bytes of address space in use; where the system does not tell, a wide guess."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 1 << 40
    import resource

    return pages * resource.getpagesize()

r"""What the parser is taught beyond plain Markdown: formulas, and where they begin and end.

`$…$`, `\(…\)` and, as formulas of their own, `$$…$$`, `\[…\]` and the environments of amsmath. A
formula that is not closed is none; only while the text is still being written (`env["growing"]`) is
what begins as one at the head of a block kept together, so that it does not turn into headings and
lists until its end comes. Standard library and markdown-it; any thread.
"""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath.index import math_inline_dollar
from mdit_py_plugins.footnote import footnote_plugin

__all__ = ["GROWING", "teach"]

GROWING: Final = "growing"
_MAX_LINES = 200
_ENVIRONMENTS = "equation|multline|gather|align|alignat|flalign|[pbBvV]?matrix|eqnarray|cases"
_BEGIN = re.compile(rf"\\begin\{{((?:{_ENVIRONMENTS})\*?)\}}")
_INTERRUPTED = ("paragraph", "reference", "blockquote", "list", "footnote_def")
_dollar = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)


def teach(parser: MarkdownIt) -> None:
    """Add the rules to `parser`."""
    footnote_plugin(parser, inline=False, move_to_end=False, always_match_refs=True)
    parser.inline.ruler.before("escape", "math_inline", _dollars)
    parser.inline.ruler.before("escape", "math_brackets", _brackets)
    parser.block.ruler.before("fence", "math_block", _display, {"alt": [*_INTERRUPTED]})


def _dollars(state: StateInline, silent: bool) -> bool:
    """Take `$…$`: as the plugin does, but for sums of money and names of variables."""
    start = state.pos
    if state.src[start] != "$" or not _dollar(state, True):
        return False
    end, state.pos = state.pos, start
    after = state.src[end : end + 1]
    body = state.src[start + 1 : end - 1]
    if end > state.posMax or "`" in body or (after.isascii() and after.isalnum()):
        return False
    return bool(_dollar(state, silent))


def _brackets(state: StateInline, silent: bool) -> bool:
    r"""Take `\(…\)`, and `\[…\]` within a paragraph."""
    opening = state.src[state.pos : state.pos + 2]
    if opening not in {"\\(", "\\["}:
        return False
    closing = "\\)" if opening == "\\(" else "\\]"
    end = state.src.find(closing, state.pos + 2, state.posMax)
    body = state.src[state.pos + 2 : max(end, 0)]
    if not body.strip() or "`" in body:
        return False
    if not silent:
        kind = "math_inline" if opening == "\\(" else "math_inline_double"
        token = state.push(kind, "math", 0)
        token.content = body
        token.markup = opening
    state.pos = end + 2
    return True


def _display(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    r"""Take a formula that stands by itself; no blank line is in it."""
    if state.is_code_block(first):
        return False
    text = _line(state, first)
    if text.startswith("$$"):
        opening, closing, kept = "$$", "$$", False
    elif text.startswith("\\["):
        opening, closing, kept = "\\[", "\\]", False
    elif found := _BEGIN.match(text):
        opening, closing, kept = "", f"\\end{{{found[1]}}}", True
    else:
        return False
    lines = [text.removeprefix(opening)]
    at = first
    while not lines[-1].rstrip().endswith(closing):
        if closing in lines[-1]:
            return False
        at += 1
        if at >= last or at - first > _MAX_LINES or state.sCount[at] < state.blkIndent:
            break
        lines.append(_line(state, at))
        if not lines[-1].strip():
            return False
    else:
        body = "\n".join(lines).rstrip()
        body = body if kept else body.removesuffix(closing)
        if not body.strip() or closing in body.removesuffix(closing):
            return False
        if not silent:
            _push(state, "math_block", body.strip(), first, at + 1)
            state.line = at + 1
        return True
    if silent or at < last or not state.env.get(GROWING):
        return False
    _push(state, "math_open", "\n".join([text, *lines[1:]]), first, at)
    state.line = at
    return True


def _push(state: StateBlock, kind: str, content: str, first: int, end: int) -> None:
    token = state.push(kind, "math", 0)
    token.block = True
    token.content = content
    token.map = [first, end]


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]

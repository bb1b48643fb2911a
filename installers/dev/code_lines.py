"""How much is written, and how much of it are tests: lines of code, as `make check` tells them."""

import ast
from collections.abc import Iterable

from installers.dev.places import ROOT

_PROGRAM = ("desktop", "installers")
_TESTS = ("tests",)


def told() -> str:
    """Return both sums and what is of the one for each line of the other, as one line."""
    program, tests = _sum(_PROGRAM), _sum(_TESTS)
    return (
        f"Lines of code: {program:,} of the program and its installers, {tests:,} of the tests;"
        f" {tests / program:.2f} for each"
    )


def code_lines(source: str) -> int:
    """Return how many lines of a Python file are neither blank, nor comment, nor docstring.

    Raises SyntaxError.
    """
    lines = {
        number
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    }
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)):
                lines.difference_update(range(first, last + 1))
    return len(lines)


def _sum(folders: Iterable[str]) -> int:
    return sum(
        code_lines(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
    )

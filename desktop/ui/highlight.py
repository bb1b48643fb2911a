"""Code to runs of colour roles, with Pygments' lexers.

Only the language that the model named is used; none is guessed. What finds the colours runs in the
typesetting process (see `typeset_child`): a lexer holds the interpreter, and some code makes it
hold it for very long. Standard library and Pygments; any thread.
"""

from collections.abc import Iterator
from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

from desktop.ui.code_roles import LONGEST_CODE, ROLES, Role

__all__ = ["highlight", "lines_of"]

_ROLES: tuple[tuple[_TokenType, Role], ...] = (
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword.Type, "type"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Builtin, "type"),
    (Name.Class, "type"),
    (Name.Exception, "type"),
    (Name.Tag, "keyword"),
    (Name.Attribute, "name"),
    (Name.Decorator, "name"),
    (Name.Function, "name"),
    (Name.Namespace, "type"),
    (Generic.Inserted, "string"),
    (Generic.Deleted, "keyword"),
    (Generic.Heading, "name"),
    (Generic.Subheading, "name"),
)


def highlight(code: str, language: str) -> Iterator[tuple[Role, str]]:
    """Yield runs of `code`, together exactly its characters, each with its role."""
    lexer = _lexer(language)
    if lexer is None or len(code) > LONGEST_CODE:
        yield "", code
        return
    role: Role = ""
    run: list[str] = []
    # Many lexers know a comment by the end of its line; the one added here is taken off again.
    for at, token, whole in lexer.get_tokens_unprocessed(code + "\n"):
        text = whole[: len(code) - at]
        found = role if text.isspace() else _role(token)
        if found != role and run:
            yield role, "".join(run)
            run = []
        role = found
        run.append(text)
    yield role, "".join(run)


def lines_of(code: str, language: str) -> list[list[int]]:
    """Return the runs of each line that are not in the colour of text.

    Each as start and length in UTF-16 units and the number of its role in `ROLES`.
    """
    lines: list[list[int]] = [[]]
    at = 0
    for role, text in highlight(code, language):
        for number, piece in enumerate(text.split("\n")):
            if number:
                lines.append([])
                at = 0
            length = len(piece) if piece.isascii() else len(piece.encode("utf-16-le")) // 2
            if role and length:
                lines[-1] += (at, length, ROLES.index(role))
            at += length
    return lines


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    try:
        return get_lexer_by_name(language.lower())
    except ClassNotFound:
        return None


@lru_cache(maxsize=256)
def _role(token: _TokenType) -> Role:
    return next((role for kind, role in _ROLES if token[: len(kind)] == kind), "")

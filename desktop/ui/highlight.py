"""Code to runs of colour roles, with Pygments' lexers.

Only the language that the model named is used; none is guessed. Standard library and Pygments;
any thread.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

__all__ = ["Role", "highlight", "language_name"]

Role: TypeAlias = Literal["keyword", "string", "number", "comment", "name", "type", ""]

MAX_HIGHLIGHTED = 50_000
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
)


def language_name(language: str) -> str:
    """Return the name people use ("C++" for `cpp`); what is not known as it was given."""
    lexer = _lexer(language)
    return str(lexer.name) if lexer is not None else language


def highlight(code: str, language: str) -> Iterator[tuple[Role, str]]:
    """Yield runs of `code`, together exactly its characters, each with its role."""
    lexer = _lexer(language)
    if lexer is None or len(code) > MAX_HIGHLIGHTED:
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

"""The one door for grammars and schemas of a request: what comes out may reach native code.

Runs in any process; pure Python, so that a front end can refuse a request before a model hears
of it.
"""

from desktop.inference.gbnf import GrammarRefused
from desktop.inference.gbnf_check import check
from desktop.inference.json_schema import grammar_of_json, grammar_of_schema


def checked_grammar(kind: str, text: str) -> str:
    """Return GBNF with the root rule `root` that llama.cpp can run.

    `kind` is "gbnf" (`text` is the grammar), "json_schema" (`text` is the schema as JSON) or
    "json" (any JSON object; `text` is not looked at). Raises GrammarRefused with the reason.
    """
    match kind:
        case "gbnf":
            return check(text)
        case "json_schema":
            return check(grammar_of_schema(text))
        case "json":
            return check(grammar_of_json())
    raise GrammarRefused("the kind of grammar is unknown")

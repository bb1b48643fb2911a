"""Whether a grammar allows a text, as the reader of grammars takes it. Shared by their tests."""

from desktop.inference.gbnf_stacks import Reader


def matches(reader: Reader, text: str) -> bool:
    """Return whether the grammar allows exactly this text."""
    stacks = reader.start
    for character in text:
        stacks = reader.after(stacks, ord(character))
    return () in stacks

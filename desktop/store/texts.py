"""Texts on their way into SQLite, which keeps UTF-8 alone. Pure function, any thread."""


def storable(text: str) -> str:
    """Return `text` with what has no UTF-8 form (half of a surrogate pair) made visible."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

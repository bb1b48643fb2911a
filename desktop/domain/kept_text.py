"""Words kept in a file or the database, to be said in the language that is set when they are read."""

from desktop.domain.text import Text, Value, encodable


def kept_text(text: Text) -> dict[str, object]:
    """Return `text` as what JSON can hold; names of files may hold bytes that are no UTF-8."""
    return {
        "message": text.message,
        "values": {name: _kept(value) for name, value in text.values.items()},
    }


def text_again(said: object) -> Text:
    """Return the text that `kept_text` gave; raises ValueError for anything else."""
    match said:
        case {"message": str(message), "values": dict(values)}:
            return Text(message, {str(name): _again(value) for name, value in values.items()})
        case {"message": str(message), **rest} if not rest:
            return Text(message)
        case _:
            raise ValueError("no words")


def _kept(value: Value) -> object:
    if isinstance(value, tuple):
        return [encodable(one) for one in value]
    return encodable(value) if isinstance(value, str) else value


def _again(said: object) -> Value:
    match said:
        case str() | int() | float():
            return said
        case [*names] if all(isinstance(name, str) for name in names):
            return tuple(map(str, names))
        case _:
            raise ValueError("no value")

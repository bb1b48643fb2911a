"""What ended an answer, kept beside it untranslated, so that it can be shown in any language."""

import msgspec

from desktop.domain.errors import LapisError
from desktop.domain.text import Text, Value


class _Words(msgspec.Struct):
    message: str
    values: dict[str, Value] = {}


class _Note(msgspec.Struct):
    title: _Words
    hint: _Words


def note_of(error: LapisError) -> str:
    """Return title and hint of `error` as JSON."""
    note = _Note(_words(error.title), _words(error.hint))
    return msgspec.json.encode(note).decode()


def read_note(note: str) -> tuple[Text, Text] | None:
    """Return title and hint as `note_of` kept them; None if `note` is empty or damaged."""
    try:
        read = msgspec.json.decode(note, type=_Note)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return _text(read.title), _text(read.hint)


def _words(text: Text) -> _Words:
    return _Words(text.message, {name: _clean(value) for name, value in text.values.items()})


def _clean(value: Value) -> Value:
    # The name of a file may hold bytes that are no UTF-8.
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _text(words: _Words) -> Text:
    return Text(words.message, words.values)

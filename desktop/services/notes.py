"""What ended an answer, kept beside it untranslated, so that it can be shown in any language."""

import msgspec

from desktop.domain.errors import (
    ContextOverflow,
    LapisError,
    ModelNotServed,
    NotForChats,
    NotSupported,
    QuestionTooLong,
    TemplateError,
    TooLarge,
)
from desktop.domain.kept_text import kept_text, text_again
from desktop.domain.text import Text


class _Note(msgspec.Struct):
    title: object
    hint: object
    kind: str = ""
    shorter: int = 0


def note_of(error: LapisError) -> str:
    """Return title, hint and kind of `error` as JSON."""
    shorter = error.shorter if isinstance(error, TooLarge) else 0
    note = _Note(kept_text(error.title), kept_text(error.hint), type(error).__name__, shorter)
    return msgspec.json.encode(note).decode()


def read_note(note: str) -> tuple[Text, Text] | None:
    """Return title and hint as `note_of` kept them; None if `note` is empty or damaged."""
    read = _read(note)
    try:
        return (text_again(read.title), text_again(read.hint)) if read is not None else None
    except ValueError:
        return None


def is_too_long(note: str) -> bool:
    """Tell whether the text was too long for the model, as far as `note` knows."""
    return _is_of(note, ContextOverflow, QuestionTooLong)


def is_too_long_alone(note: str) -> bool:
    """Tell whether the question would be too long without all that was said before it."""
    return _is_of(note, QuestionTooLong)


def needs_other_model(note: str) -> bool:
    """Tell whether the same model would fail again whatever is done, as far as `note` knows."""
    hopeless = (ContextOverflow, QuestionTooLong, ModelNotServed, NotForChats, NotSupported)
    return _is_of(note, *hopeless, TooLarge)


def is_too_large(note: str) -> bool:
    """Tell whether the model was not loaded for want of memory, as far as `note` knows."""
    return _is_of(note, TooLarge)


def shorter_context(note: str) -> int:
    """Return the context in tokens with which a model that is too large would fit; 0 for none."""
    read = _read(note)
    return max(0, read.shorter) if read is not None and is_too_large(note) else 0


def is_template_fault(note: str) -> bool:
    """Tell whether the model's chat template failed, as far as `note` knows."""
    return _is_of(note, TemplateError)


def _is_of(note: str, *kinds: type[LapisError]) -> bool:
    read = _read(note)
    return read is not None and read.kind in {kind.__name__ for kind in kinds}


def _read(note: str) -> _Note | None:
    try:
        return msgspec.json.decode(note, type=_Note)
    except (msgspec.MsgspecError, UnicodeError):
        return None

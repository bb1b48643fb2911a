"""What a person is told about a GGUF file that contradicts itself, and how its words are shown."""

from typing import Final

from desktop.domain.errors import ModelFileError
from desktop.domain.text import Text, printable, shortened

_SHOWN: Final = 60


def damaged(hint: Text) -> ModelFileError:
    """Return the error for a file that contradicts itself; `hint` says where."""
    return ModelFileError(Text("This file is damaged"), hint)


def impossible(key: str, value: object) -> ModelFileError:
    """Return the error for a key of the header whose value no model can have."""
    return damaged(
        Text(
            "Its header says that {key} is {value}, which cannot be. Download the file again.",
            {"key": shown(key), "value": shown(str(value))},
        )
    )


def shown(foreign: str) -> str:
    """Return a text from the file for a person's eyes: one line, no controls, not long."""
    return shortened(" ".join(printable(foreign[: 2 * _SHOWN], " ").split()), _SHOWN)


def unknown_type(name: str, kind: int) -> ModelFileError:
    """Return the error for weights stored in a type that does not exist, or not in their place."""
    return ModelFileError(
        Text("This model stores its numbers in a way that Lapis does not know"),
        Text(
            "Type {kind} of {name}. Take another quantisation of the model, for "
            "example Q4_K_M, or update Lapis.",
            {"kind": kind, "name": shown(name)},
        ),
    )


def wrong_tensor(name: str) -> ModelFileError:
    """Return the error for weights whose entry in the table cannot be true."""
    return damaged(
        Text(
            "The place or the shape of its weights {name} cannot be. Download the file again.",
            {"name": shown(name)},
        )
    )


def too_long() -> ModelFileError:
    """Return the error for a length that neither the file nor any header has room for."""
    return damaged(Text("A length in its header is beyond all measure. Download the file again."))

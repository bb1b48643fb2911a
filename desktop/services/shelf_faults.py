"""What is said where a model cannot come into the library."""

from desktop.domain.errors import StorageError
from desktop.domain.text import Text
from desktop.models.gguf_faults import shown


def is_there_already(name: str) -> StorageError:
    """Return the words for a name that is taken in the models folder."""
    return StorageError(
        Text("A model named {name} is in the library already", {"name": shown(name)}),
        Text("Delete or rename one of the two, then try again."),
    )

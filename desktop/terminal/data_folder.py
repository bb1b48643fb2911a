"""`--data-dir`, looked for before anything else. Standard library only: a hotkey waits for this."""

from collections.abc import Sequence
from pathlib import Path


def without_data_dir(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Return the data folder, if one is named anywhere before a `--`, and the other words.

    It is taken out before everything else is looked at, because the language of help and errors
    stands in the settings in that folder. Without its value it is left in, to be complained about.
    """
    folder: Path | None = None
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return folder, [*rest, word, *words]
        name, equals, value = word.partition("=")
        if name != "--data-dir":
            rest.append(word)
        elif value := value if equals else next(words, ""):
            folder = Path(value)
        else:
            rest.append(word)
    return folder, rest

"""`lapis models import`, `rm`, `verify`: what changes or checks files, with progress. Main thread."""

import threading
from pathlib import Path

from desktop.base.translation import Translator
from desktop.domain.quantities import part_of, sized
from desktop.domain.shelf import ShelfEntry
from desktop.services.shelf import Shelf
from desktop.services.shelf_import import ImportHow
from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.output import Screen


class Bar:
    """Shows bytes done of all on the status line."""

    def __init__(self, words: Translator, screen: Screen) -> None:
        self._words = words
        self._screen = screen
        screen.status.allow()

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        if total:
            far = self._words.say(part_of(done, total))
            self._screen.status.show(f"{done / total:4.0%}  {far}")


def import_file(
    path: Path,
    how: ImportHow,
    shelf: Shelf,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Take a file into the library and return the exit code; raises LapisError."""
    imported = shelf.import_file(path, how, Bar(words, screen), cancel)
    screen.status.clear()
    if imported is None:
        screen.note(words.say("Stopped; nothing was imported."))
        return EXIT_INTERRUPTED
    if imported.notice is not None:
        screen.note(words.say(imported.notice))
    screen.line(str(imported.path))
    return EXIT_OK


def remove(entry: ShelfEntry, shelf: Shelf, words: Translator, screen: Screen) -> int:
    """Move a model to the trash and return the exit code; raises StorageError."""
    deleted = shelf.delete(entry)
    screen.note(
        words.say("{name}, {size}, is in the trash", name=deleted.name, size=sized(deleted.size))
    )
    return EXIT_OK


def verify(
    entry: ShelfEntry, shelf: Shelf, words: Translator, screen: Screen, cancel: threading.Event
) -> int:
    """Check a model's bytes and return the exit code; raises StorageError."""
    found = shelf.verify(entry, Bar(words, screen), cancel)
    screen.status.clear()
    if found is None:
        screen.note(words.say("Stopped before the end."))
        return EXIT_INTERRUPTED
    if found.problem is not None:
        report(found.problem, words, screen)
        return EXIT_ERROR
    name = entry.model.name
    if found.by_hash:
        screen.line(words.say("{name} is whole: its SHA-256 is the published one", name=name))
    else:
        screen.line(
            words.say("{name} looks whole; no published SHA-256 is known to compare", name=name)
        )
    return EXIT_OK

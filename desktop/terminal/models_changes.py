"""`lapis models import`, `rm`, `verify`: what changes or checks files, with progress. Main thread."""

import threading
from collections.abc import Sequence
from pathlib import Path

from desktop.base.translation import Translator
from desktop.domain.errors import LapisError
from desktop.domain.quantities import sized
from desktop.domain.shelf import ShelfEntry
from desktop.services.shelf import Shelf
from desktop.services.shelf_import import ImportHow
from desktop.terminal.bars import Meter
from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.output import Screen
from desktop.terminal.ready import is_ready


def import_files(
    files: Sequence[Path],
    how: ImportHow,
    shelf: Shelf,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Take files into the library and return the exit code; one that is refused stops no other."""
    code = EXIT_OK
    for file in files:
        try:
            imported = shelf.import_file(file, how, Meter(words, screen), cancel)
        except LapisError as error:
            report(error, words, screen)
            code = EXIT_ERROR
            continue
        screen.status.clear()
        if imported is None:
            screen.note(words.say("Stopped; nothing was imported."))
            return EXIT_INTERRUPTED
        if imported.notice is not None:
            screen.note(words.say(imported.notice))
        screen.line(is_ready(shelf.find(str(imported.path)).model.name, words))
    return code


def remove(entry: ShelfEntry, shelf: Shelf, words: Translator, screen: Screen) -> int:
    """Move a model to the trash and return the exit code; raises StorageError."""
    deleted = shelf.delete(entry)
    folder = shelf.hand_over(deleted)
    name, size = deleted.name, sized(deleted.size)
    if folder is None:
        screen.line(words.say("{name}, {size}, is in the trash", name=name, size=size))
        return EXIT_OK
    screen.line(words.say("{name} is deleted", name=name))
    screen.note(
        words.say(
            "There is no trash here, so its {size} are kept in {folder}",
            size=size,
            folder=str(folder),
        )
    )
    screen.note(words.say("To get the room back: {command}", command="lapis models rm --empty"))
    return EXIT_OK


def empty_trash(shelf: Shelf, words: Translator, screen: Screen) -> int:
    """Remove for good what was deleted and is kept; return the exit code; raises StorageError."""
    freed = shelf.empty_trash()
    if freed:
        screen.line(words.say("{size} are free again.", size=sized(freed)))
    else:
        screen.note(words.say("Nothing that was deleted is kept here."))
    return EXIT_OK


def verify(
    entry: ShelfEntry, shelf: Shelf, words: Translator, screen: Screen, cancel: threading.Event
) -> int:
    """Check a model's bytes and return the exit code; raises StorageError."""
    found = shelf.verify(entry, Meter(words, screen), cancel)
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

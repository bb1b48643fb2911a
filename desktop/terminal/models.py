"""`lapis models ls`, `show`, `import`, `rm`, `verify`, `scan`: this computer's models. Main thread.

Nothing here knows a way to a network.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from desktop.base.path_text import typed_path
from desktop.base.translation import Translator
from desktop.domain.advice import Computer
from desktop.domain.errors import ModelNotFound
from desktop.domain.settings import Settings
from desktop.domain.shelf import Origin
from desktop.services.shelf import Shelf
from desktop.services.shelf_import import ImportHow
from desktop.terminal.errors import EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.interrupt import stopping_on_interrupt
from desktop.terminal.models_changes import empty_trash, import_files, remove, verify
from desktop.terminal.models_kept import entry_as_json, list_as_json, show_entry, show_list
from desktop.terminal.models_orders import (
    ImportOrder,
    ListOrder,
    RemoveOrder,
    ScanOrder,
    ShelfOrder,
    ShowOrder,
    VerifyOrder,
)
from desktop.terminal.output import Screen


class ShelfCommand:
    """One order about models on this computer, carried out with everything it may need."""

    def __init__(
        self,
        shelf: Shelf,
        settings: Settings,
        words: Translator,
        screen: Screen,
        computer: Callable[[], Computer],
    ) -> None:
        """Take what an order needs; `computer` is asked for advice about a model that is not here."""
        self._shelf = shelf
        self._computer = computer
        self._settings = settings
        self._words = words
        self._screen = screen

    def run(self, order: ShelfOrder) -> int:
        """Carry `order` out and return the exit code; raises LapisError.

        Ctrl-C stops what takes a while, and leaves nothing half done.
        """
        cancel = threading.Event()
        with stopping_on_interrupt(cancel, patience=2):
            code = self._carry_out(order, cancel)
        notice = self._shelf.notice
        if notice is not None:
            report(notice, self._words, self._screen)
        return code

    def _carry_out(self, order: ShelfOrder, cancel: threading.Event) -> int:
        match order:
            case ListOrder(as_json):
                return self._list(cancel, as_json=as_json)
            case ShowOrder():
                return self._show(order, cancel)
            case ImportOrder():
                return self._import(order, cancel)
            case RemoveOrder(name):
                return self._remove(name)
            case VerifyOrder(name):
                entry = self._shelf.find(name)
                return verify(entry, self._shelf, self._words, self._screen, cancel)
            case ScanOrder(as_json):
                return self._scan(cancel, as_json=as_json)

    def _list(self, cancel: threading.Event, *, as_json: bool) -> int:
        entries, use = self._shelf.survey()
        if any(entry.facts is None and entry.problem is None for entry in entries):
            self._read_headers(cancel)
            entries, use = self._shelf.survey()
        if as_json:
            self._screen.line(list_as_json(entries))
            return EXIT_OK
        show_list(entries, use, self._words, self._screen)
        if not self._shelf.has_looked:
            self._screen.note(
                self._words.say("lapis models scan looks for models of other programs.")
            )
        return EXIT_OK

    def _show(self, order: ShowOrder, cancel: threading.Event) -> int:
        try:
            self._shelf.find(order.name)
        except ModelNotFound as error:
            from desktop.terminal.models_listed import show_from_catalogue

            engine = self._settings.engine
            if show_from_catalogue(order, self._computer, engine, self._words, self._screen):
                return EXIT_OK
            raise error from None
        self._read_headers(cancel)
        entry = self._shelf.find(order.name)
        if order.as_json:
            self._screen.line(entry_as_json(entry))
        else:
            show_entry(entry, self._words, self._screen)
        return EXIT_OK

    def _import(self, order: ImportOrder, cancel: threading.Event) -> int:
        how = ImportHow.COPY if order.copies else ImportHow.HARD_LINK
        if order.in_place:
            how = ImportHow.IN_PLACE
        self._shelf.settle()
        files = _files(order.words)
        return import_files(files, how, self._shelf, self._words, self._screen, cancel)

    def _remove(self, name: str) -> int:
        self._shelf.settle()
        if not name:
            return empty_trash(self._shelf, self._words, self._screen)
        return remove(self._shelf.find(name), self._shelf, self._words, self._screen)

    def _scan(self, cancel: threading.Event, *, as_json: bool) -> int:
        words = self._words
        self._screen.status.allow()
        self._screen.status.show(words.say("Looking for models of other programs …"))
        count = self._shelf.look_elsewhere(cancel)
        self._screen.status.clear()
        if count is None:
            self._screen.note(words.say("Stopped before the end."))
            return EXIT_INTERRUPTED
        self._read_headers(cancel)
        ours = {Origin.GUIDE, Origin.LAPIS, Origin.OPENED}
        found = [entry for entry in self._shelf.entries() if entry.origin not in ours]
        if as_json:
            self._screen.line(list_as_json(found))
        elif found:
            show_list(found, self._shelf.disk_use(), words, self._screen)
        else:
            self._screen.note(words.say("No models of other programs were found."))
        return EXIT_OK

    def _read_headers(self, cancel: threading.Event) -> None:
        def show(done: int, total: int) -> None:
            self._screen.status.show(
                self._words.say("Reading headers: {done} of {total}", done=done, total=total)
            )

        self._screen.status.allow()
        self._shelf.scan_headers(show, cancel)
        self._screen.status.clear()


def _files(words: Iterable[str]) -> list[Path]:
    """Return the files that are meant: one for each word, or one whose name has spaces in it."""
    whole = typed_path(" ".join(words))
    return [whole] if whole.exists() else [typed_path(word) for word in words]

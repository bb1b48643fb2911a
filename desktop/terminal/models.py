"""`lapis models …`: orders carried out with the model manager. Main thread."""

import threading
from pathlib import Path

from desktop.base.translation import Translator
from desktop.domain.catalogue import ListedModel
from desktop.domain.errors import LapisError, ModelNotFound
from desktop.domain.repository import SearchResult
from desktop.domain.settings import Settings
from desktop.domain.shelf import Origin
from desktop.services.getting import wanted
from desktop.services.model_manager import ModelManager
from desktop.services.recommendation import advise, this_computer
from desktop.services.shelf_import import ImportHow
from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.models_changes import import_file, remove, verify
from desktop.terminal.models_found import files_as_json, search_as_json, show_files, show_search
from desktop.terminal.models_kept import (
    entry_as_json,
    list_as_json,
    listed_as_json,
    show_entry,
    show_list,
    show_listed,
)
from desktop.terminal.models_pull import announce, pull
from desktop.terminal.orders import (
    FilesOrder,
    ImportOrder,
    ListOrder,
    ModelsOrder,
    PullOrder,
    RemoveOrder,
    ScanOrder,
    SearchOrder,
    ShowOrder,
    VerifyOrder,
)
from desktop.terminal.output import Screen


class ModelsCommand:
    """One order, carried out with everything it may need."""

    def __init__(
        self,
        manager: ModelManager,
        settings: Settings,
        words: Translator,
        screen: Screen,
        cancel: threading.Event,
    ) -> None:
        """`cancel` is set when the person wants to stop."""
        self._manager = manager
        self._settings = settings
        self._words = words
        self._screen = screen
        self._cancel = cancel

    def run(self, order: ModelsOrder) -> int:
        """Carry `order` out and return the exit code; raises LapisError."""
        manager, words, screen = self._manager, self._words, self._screen
        match order:
            case SearchOrder():
                return self._search(order)
            case FilesOrder():
                return self._files(order)
            case PullOrder():
                return self._pull(order)
            case ListOrder(as_json):
                return self._list(as_json=as_json)
            case ShowOrder():
                return self._show(order)
            case ImportOrder():
                return import_file(
                    Path(order.path).expanduser(),
                    _manner(order),
                    manager.shelf,
                    words,
                    screen,
                    self._cancel,
                )
            case RemoveOrder(name):
                return remove(manager.shelf.find(name), manager.shelf, words, screen)
            case VerifyOrder(name):
                found = manager.shelf.find(name)
                return verify(found, manager.shelf, words, screen, self._cancel)
            case ScanOrder(as_json):
                return self._scan(as_json=as_json)

    def _search(self, order: SearchOrder) -> int:
        listed = self._manager.catalogue.search(order.words)
        found: SearchResult | LapisError
        self._busy(self._words.say("Searching …"))
        try:
            found = self._manager.sources.search(order.words, order.source)
        except LapisError as error:
            found = error
        self._screen.status.clear()
        if order.as_json:
            result = None if isinstance(found, LapisError) else found
            self._screen.line(search_as_json(listed, result))
        else:
            show_search(listed, found, self._words, self._screen)
        if isinstance(found, LapisError) and not listed:
            return EXIT_ERROR
        return EXIT_OK

    def _files(self, order: FilesOrder) -> int:
        manager = self._manager
        self._busy(self._words.say("Asking what there is …"))
        reference = manager.sources.reference(order.reference)
        repository = manager.sources.repository(reference, order.source)
        advice = advise(repository, this_computer(), manager.catalogue, self._settings.engine)
        self._screen.status.clear()
        if order.as_json:
            self._screen.line(files_as_json(repository, advice))
        else:
            show_files(repository, advice, self._words, self._screen)
        return EXIT_OK

    def _pull(self, order: PullOrder) -> int:
        manager, words, screen = self._manager, self._words, self._screen
        self._busy(words.say("Asking what there is …"))
        found = wanted(
            order.reference,
            manager.sources,
            manager.catalogue,
            this_computer(),
            self._settings.engine,
            order.source,
        )
        screen.status.clear()
        if self._cancel.is_set():
            return EXIT_INTERRUPTED
        announce(found, words, screen)
        code = pull(found.order, manager.downloads, words, screen, self._cancel)
        if code == EXIT_OK:
            screen.line(str(manager.shelf.folder / found.order.folder))
        return code

    def _list(self, *, as_json: bool) -> int:
        shelf = self._manager.shelf
        self._read_headers()
        entries = shelf.entries()
        if as_json:
            self._screen.line(list_as_json(entries))
        else:
            show_list(entries, shelf.disk_use(), self._words, self._screen)
            if not shelf.has_looked:
                self._screen.note(
                    self._words.say("lapis models scan looks for models of other programs.")
                )
        return EXIT_OK

    def _show(self, order: ShowOrder) -> int:
        try:
            self._read_headers()
            entry = self._manager.shelf.find(order.name)
        except ModelNotFound as error:
            listed = self._listed(order.name)
            if listed is None:
                raise error from None
            self._show_listed(listed, order)
            return EXIT_OK
        if order.as_json:
            self._screen.line(entry_as_json(entry))
        else:
            show_entry(entry, self._words, self._screen)
        return EXIT_OK

    def _show_listed(self, listed: ListedModel, order: ShowOrder) -> None:
        advice = advise(listed, this_computer(), self._manager.catalogue, self._settings.engine)
        if order.as_json:
            self._screen.line(listed_as_json(listed, advice))
        else:
            show_listed(listed, advice, self._words, self._screen)

    def _scan(self, *, as_json: bool) -> int:
        shelf, words = self._manager.shelf, self._words
        self._busy(words.say("Looking for models of other programs …"))
        count = shelf.look_elsewhere(self._cancel)
        self._screen.status.clear()
        if count is None:
            self._screen.note(words.say("Stopped before the end."))
            return EXIT_INTERRUPTED
        self._read_headers()
        ours = {Origin.GUIDE, Origin.LAPIS, Origin.OPENED}
        found = [entry for entry in shelf.entries() if entry.origin not in ours]
        if as_json:
            self._screen.line(list_as_json(found))
        elif found:
            show_list(found, shelf.disk_use(), words, self._screen)
        else:
            self._screen.note(words.say("No models of other programs were found."))
        return EXIT_OK

    def _listed(self, name: str) -> ListedModel | None:
        try:
            return self._manager.catalogue.find(name)
        except ModelNotFound:
            return None

    def _read_headers(self) -> None:
        def show(done: int, total: int) -> None:
            self._screen.status.show(
                self._words.say("Reading headers: {done} of {total}", done=done, total=total)
            )

        self._screen.status.allow()
        self._manager.shelf.scan_headers(show, self._cancel)
        self._screen.status.clear()
        notice = self._manager.shelf.notice
        if notice is not None:
            report(notice, self._words, self._screen)

    def _busy(self, what: str) -> None:
        self._screen.status.allow()
        self._screen.status.show(what)


def _manner(order: ImportOrder) -> ImportHow:
    if order.in_place:
        return ImportHow.IN_PLACE
    return ImportHow.COPY if order.copies else ImportHow.HARD_LINK

"""Connects the page of the connection with settings, sources, keyring and downloads. GUI thread."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from desktop.domain.errors import LapisError
from desktop.domain.repository import SourceKind
from desktop.domain.settings import LibrarySettings
from desktop.services.connection import certificates_of, mirror_of, proxy_of
from desktop.services.hub_token import TokenState
from desktop.services.model_manager import ModelManager
from desktop.ui.errands import Errand, Errands
from desktop.ui.known_models import KnownModels
from desktop.ui.models_page import ModelsPage
from desktop.ui.preferences import Preferences

__all__ = ["ConnectionController"]

_KEYRING = "connection-keyring"
_FILE = "connection-file"


class ConnectionController(QObject):
    """What is entered is judged, kept, and holds for the next request."""

    opened = Signal(str)
    """(title): the page is on show."""
    changed = Signal()
    """The page was left, and models are fetched another way than before."""

    def __init__(
        self,
        page: ModelsPage,
        known: KnownModels,
        manager: ModelManager,
        errands: Errands,
        preferences: Preferences,
    ) -> None:
        """Show nothing yet."""
        super().__init__(page)
        self._page = page
        self._card = page.connection.card
        self._known = known
        self._manager = manager
        self._errands = errands
        self._preferences = preferences
        self._is_changed = False
        self._tests = 0
        self._test: Errand | None = None
        card = self._card
        card.mirror.entered.connect(self._on_mirror_entered)
        card.mirror.edited.connect(self._stop_test)
        card.mirror.reset_requested.connect(lambda: self._on_mirror_entered(""))
        card.proxy.entered.connect(self._on_proxy_entered)
        card.proxy.reset_requested.connect(lambda: self._on_proxy_entered(""))
        card.certificates.choice_requested.connect(self._choose_file)
        card.certificates.removed.connect(lambda: self._on_file_judged(""))
        card.downloads_chosen.connect(self._on_downloads_chosen)
        card.test_requested.connect(self._on_test_requested)
        card.token.given.connect(self._on_token_given)
        card.token.forgotten.connect(self._on_token_forgotten)
        preferences.changed.connect(lambda _settings: card.show_library(self._library))
        page.page_left.connect(self._on_page_left)

    def open(self) -> None:
        """Show the page with what is kept, and ask whether there is a token."""
        self._stop_test()
        card = self._card
        card.show_library(self._library)
        card.restore()
        card.token.show_asking()
        self._page.connection.scroll_to_top()
        self._page.open_connection()
        self.opened.emit(self._page.connection.accessibleName())
        self._ask_keyring(lambda: None)

    @property
    def _library(self) -> LibrarySettings:
        return self._preferences.value.library

    def _set(self, library: LibrarySettings) -> None:
        """Keep other settings, which the card then shows."""
        self._is_changed = True
        self._stop_test()
        self._known.set_library(library)

    def _on_mirror_entered(self, text: str) -> None:
        try:
            address = mirror_of(text)
        except LapisError as error:
            self._card.show_untested()
            self._card.mirror.show_problem(error)
            return
        if address == self._library.mirror:
            self._card.mirror.restore()
        else:
            self._set(replace(self._library, mirror=address))

    def _on_proxy_entered(self, text: str) -> None:
        try:
            address = proxy_of(text)
        except LapisError as error:
            self._card.proxy.show_problem(error)
            return
        if address == self._library.proxy:
            self._card.proxy.restore()
        else:
            self._set(replace(self._library, proxy=address))

    def _choose_file(self) -> None:
        dialog = QFileDialog(self._page, self.tr("A file of certificates"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        names = [self.tr("Certificates (*.pem *.crt *.cer)"), self.tr("All files (*)")]
        dialog.setNameFilters(names)
        dialog.fileSelected.connect(lambda path: self.take_file(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take_file(self, file: Path) -> None:
        """Trust the certificates in `file`, once they were read."""
        self._errands.run(
            _FILE,
            lambda _errand: certificates_of(file),
            self._on_file_judged,
            self._card.certificates.note.show_error,
        )

    def _on_file_judged(self, file: str) -> None:
        self._errands.cancel(_FILE)
        self._card.certificates.note.clear()
        self._set(replace(self._library, certificates=file))

    def _on_downloads_chosen(self, count: int) -> None:
        self._known.set_library(replace(self._library, downloads_at_once=count))
        self._manager.downloads.fill_places()

    # Trying out.

    def _on_test_requested(self) -> None:
        self._stop_test()
        if self._test is not None and not self._test.ended.is_set():
            # Where nobody answers, that one waits for long: the next need not.
            self._tests += 1
        sources, card = self._manager.sources, self._card
        self._test = self._errands.run(
            self._lane,
            lambda _errand: sources.check(sources.source(SourceKind.MIRROR)),
            lambda _none: card.show_works(),
            card.show_failure,
        )

    def _stop_test(self) -> None:
        self._errands.cancel(self._lane)

    @property
    def _lane(self) -> str:
        return f"connection-test-{self._tests}"

    # The token.

    def _on_token_given(self, token: str) -> None:
        self._is_changed = True
        self._ask_keyring(lambda: self._manager.token.keep(token))

    def _on_token_forgotten(self) -> None:
        self._is_changed = True
        self._ask_keyring(self._manager.token.forget)

    def _ask_keyring(self, first: Callable[[], object]) -> None:
        """Do `first`, then show where the token is; none of these is left out."""
        manager, row = self._manager, self._card.token

        def ask(_errand: Errand) -> tuple[TokenState, LapisError | None]:
            problem: LapisError | None = None
            try:
                first()
            except LapisError as error:
                problem = error
            return manager.token.state(), problem

        self._errands.run(
            _KEYRING, ask, lambda found: row.show_state(*found), row.problem.show_error, queued=True
        )

    def _on_page_left(self) -> None:
        if self._is_changed:
            self._is_changed = False
            self.changed.emit()

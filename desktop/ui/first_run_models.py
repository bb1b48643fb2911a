"""The part of the first steps that is about models: what suits, what is fetched, what is used.

GUI thread.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal

from desktop.base.translation import spoken
from desktop.domain.advice import Picks
from desktop.domain.download import Download, DownloadOrder
from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.shelf import ShelfEntry
from desktop.domain.text import Text
from desktop.services.getting import repository_of
from desktop.services.model_manager import ModelManager
from desktop.services.orders import choose, order_for, projector_for
from desktop.ui.banner import Topic
from desktop.ui.discover_feed import Here
from desktop.ui.download_words import download_words
from desktop.ui.downloads_controller import DownloadsController
from desktop.ui.errands import Errand, Errands
from desktop.ui.first_run import MODEL, FirstRun
from desktop.ui.first_run_computer import FirstRunComputer
from desktop.ui.first_run_facts import FirstRunFacts
from desktop.ui.first_run_model import FirstRunModel, ModelOffer, Role
from desktop.ui.get_button import Wish
from desktop.ui.links import visible
from desktop.ui.model_controller import ModelController
from desktop.ui.model_sheet import listed_sheet
from desktop.ui.models_desk import ModelsDesk
from desktop.ui.preferences import Preferences
from desktop.ui.translation import say
from desktop.ui.window import MainWindow

__all__ = ["FirstRunModels"]


class FirstRunModels(QObject):
    """Lives on when the steps are left: a model that was fetched there is used when it is here."""

    all_wanted = Signal()

    def __init__(
        self,
        window: MainWindow,
        preferences: Preferences,
        desk: ModelsDesk,
        parts: tuple[ModelManager, DownloadsController, Errands],
        models: ModelController,
        engine_memory: Callable[[], EngineMemory | None],
    ) -> None:
        """`parts` are those of `desk`; `engine_memory` as for `FirstRunFacts`."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._desk = desk
        self._models = models
        self._manager, self._downloads, self._errands = parts
        self._facts = FirstRunFacts(self._manager, self._errands, preferences, engine_memory, self)
        self._view: FirstRun | None = None
        self._step: FirstRunModel | None = None
        self._picks: Picks | None = None
        self._entries: tuple[ShelfEntry, ...] = ()
        self._awaited: set[str] = set()
        self._chosen = ""
        self._facts.picked.connect(self._on_picked)
        self._facts.found.connect(self._on_found)
        self._facts.failed.connect(self._on_failed)
        self._facts.connected.connect(self._on_connected)
        self._downloads.changed.connect(self._on_downloads_changed)
        self._downloads.finished.connect(self._on_finished)
        models.state_changed.connect(self._on_state_changed)
        models.refused.connect(self._on_refused)

    @property
    def is_open(self) -> bool:
        """Whether the step is there."""
        return self._step is not None

    def open(self, view: FirstRun, computer: FirstRunComputer) -> FirstRunModel:
        """Return the step for `view`; what is found out of the computer is shown in `computer`."""
        step = FirstRunModel()
        self._view, self._step = view, step
        step.wished.connect(self._on_wished)
        step.licence_accepted.connect(self._accept)
        step.file_wanted.connect(self._models.open_file)
        step.all_wanted.connect(self.all_wanted)
        step.shelf.chosen.connect(self._use)
        for watched in (step, computer):
            watched.installEventFilter(self)
        self._facts.seen.connect(computer.set_machine)
        self._facts.cards_tried.connect(partial(computer.set_busy, busy=False))
        self._facts.begin()
        self._facts.watch(watching=computer.isVisible())
        return step

    def pick(self) -> None:
        """Choose anew what suits: the step is on show."""
        self._facts.pick()

    def end(self) -> None:
        """Find out nothing more: the steps were left."""
        self._facts.end()
        self._facts.seen.disconnect()
        self._facts.cards_tried.disconnect()
        self._view = self._step = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the language, for the catalogue brings its own words, and whether anybody looks."""
        if watched is self._step:
            if event.type() == QEvent.Type.LanguageChange:
                self._show_offers()
        elif event.type() in {QEvent.Type.Show, QEvent.Type.Hide}:
            # Also when the window goes into the tray, or is minimised.
            self._facts.watch(watching=event.type() == QEvent.Type.Show)
        return super().eventFilter(watched, event)

    # What suits.

    def _on_picked(self, picks: Picks) -> None:
        self._picks = picks
        self._show_offers()

    def _on_found(self, entries: tuple[ShelfEntry, ...]) -> None:
        self._entries = entries
        if self._step is not None:
            self._step.shelf.set_entries(entries)
        self._show_offers()

    def _on_connected(self, connected: bool) -> None:
        if self._step is not None:
            self._step.set_connected(connected=connected)

    def _show_offers(self) -> None:
        if self._step is not None and self._picks is not None:
            self._step.set_offers(tuple(self._offers(self._picks)))

    def _offers(self, picks: Picks) -> Iterator[ModelOffer]:
        """Yield the three, the one to take first."""
        settings = self._preferences.value
        code = spoken(settings.language).value
        accepted = frozenset(settings.library.accepted_licences)
        here = Here(self._downloads.downloads, self._entries)
        for role, pick in (
            (Role.BALANCED, picks.balanced),
            (Role.BEST, picks.best),
            (Role.FASTEST, picks.fastest),
        ):
            if pick is not None:
                model, label = pick.model, pick.advice.quantisation
                state = here.state(model.repositories, model.name, label)
                yield ModelOffer(role, pick, listed_sheet(model, code, accepted), state)

    def _accept(self, licence: str) -> None:
        settings = self._preferences.value
        library = settings.library
        if licence not in library.accepted_licences:
            licences = (*library.accepted_licences, licence)
            self._preferences.set(
                replace(settings, library=replace(library, accepted_licences=licences))
            )
            self._show_offers()

    # What is fetched.

    def _on_wished(self, offer: ModelOffer, wish: Wish, key: str) -> None:
        match wish:
            case Wish.PAUSE:
                self._downloads.pause(key)
            case Wish.RESUME:
                self._downloads.resume(key)
            case Wish.SHOW:
                self._desk.show_installed(offer.sheet.name)
            case Wish.GET:
                self._get(offer)

    def _get(self, offer: ModelOffer) -> None:
        sources, pick = self._manager.sources, offer.pick
        if self._step is not None:
            self._step.show_busy()

        def ask(_errand: Errand) -> DownloadOrder:
            repository = repository_of(pick.model, sources)
            model = choose(repository, pick.advice.quantisation)
            return order_for(repository, model, projector_for(repository, model))

        # One lane for each: another model that is wanted meanwhile takes nobody's place.
        self._errands.run(f"first-get-{offer.role.name}", ask, self._add, self._on_failed)

    def _add(self, order: DownloadOrder) -> None:
        try:
            self._downloads.add(order)
        except LapisError as error:
            self._on_failed(error)
            return
        self._awaited.add(order.key)
        if self._step is not None:
            self._step.note.clear()
        if self._view is not None and self._view.step == MODEL:
            self._view.go_on()

    def _on_failed(self, error: LapisError) -> None:
        """Say it where the person is: in the steps, or behind them."""
        if self._step is None or self._view is None:
            self._window.banner.show_error(Topic.MODEL_CHOICE, error)
            return
        self._step.show_error(error)
        self._view.say_below(say(error.title) if self._view.step != MODEL else "", "bad")

    def _on_downloads_changed(self, downloads: tuple[Download, ...]) -> None:
        if self._view is None:
            return
        self._show_offers()
        lines = []
        for each in downloads:
            if each.order.key in self._awaited:
                words = download_words(each).line
                values = {"name": visible(each.order.title), "words": words}
                lines.append(say(Text("{name}: {words}", values)))
        if lines:
            self._view.say_below(lines[-1])

    # What is used.

    def _on_finished(self, order: DownloadOrder) -> None:
        """Use what was fetched, unless another model than the guide is in use by now."""
        model = self._models.state.model
        if order.key not in self._awaited or (model is not None and not model.is_guide):
            return
        self._awaited.discard(order.key)
        shelf = self._manager.shelf
        place = shelf.folder / order.folder / Path(order.files[0].path).name
        self._errands.run(
            "first-use",
            lambda _errand: shelf.find(str(place)).model,
            self._models.choose,
            self._on_failed,
        )

    def _use(self, model: InstalledModel) -> None:
        self._models.choose(model)

    def _on_state_changed(self, state: EngineState) -> None:
        """Go on once a model was chosen in the step."""
        model, view = state.model, self._view
        if view is None or model is None or model.is_guide or str(model.path) == self._chosen:
            return
        if state.phase in {Phase.LOADING, Phase.READY}:
            self._chosen = str(model.path)
            view.say_below(say(Text("{name} is chosen", {"name": visible(model.title)})))
            if view.step == MODEL:
                view.go_on()

    def _on_refused(self, error: LapisError) -> None:
        """Say it where the person is."""
        if self._step is not None:
            self._window.banner.solve(Topic.MODEL_CHOICE)
            self._on_failed(error)

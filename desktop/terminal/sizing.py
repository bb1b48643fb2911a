"""`lapis fit`, `hardware` and `recommend`: what models take here, and what here is. Main thread."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from desktop.base.translation import Translator
from desktop.domain.advice import Computer, ModelAdvice
from desktop.domain.catalogue import ListedModel
from desktop.domain.errors import (
    DownloadError,
    GatedModel,
    LapisError,
    ModelNotFound,
    NetworkError,
    OutOfMemory,
)
from desktop.domain.model import InstalledModel
from desktop.domain.repository import Repository
from desktop.domain.settings import EngineSettings, Settings
from desktop.models.fit import context_for, reckoned
from desktop.models.gguf import projector_bytes
from desktop.models.library import is_file
from desktop.services.advice_computer import this_computer
from desktop.services.fit_report import FitReport, fit_report
from desktop.services.getting import offered, recommended
from desktop.services.manner import settings_for
from desktop.services.model_manager import ModelManager
from desktop.services.orders import chosen, projector_for
from desktop.services.recommendation import advise
from desktop.services.sizes import Listed, Subject, plain_plan
from desktop.services.this_computer import look
from desktop.terminal.errors import EXIT_ERROR, EXIT_OK, report
from desktop.terminal.fit import fit_as_json, show_fit
from desktop.terminal.hardware import hardware_as_json, show_hardware
from desktop.terminal.models_sources import report_gated
from desktop.terminal.output import Screen
from desktop.terminal.recommend import (
    advice_as_json,
    picks_as_json,
    show_advice,
    show_picks,
)
from desktop.terminal.sizing_orders import FitOrder, HardwareOrder, RecommendOrder, SizingOrder


class SizingCommand:
    """One order, carried out with everything it may need."""

    def __init__(
        self, manager: ModelManager, settings: Settings, words: Translator, screen: Screen
    ) -> None:
        self._manager = manager
        self._settings = settings
        self._words = words
        self._screen = screen

    def run(self, order: SizingOrder) -> int:
        """Carry `order` out and return the exit code; what fails is reported here."""
        try:
            match order:
                case FitOrder():
                    return self._fit(order)
                case HardwareOrder():
                    return self._hardware(order)
                case RecommendOrder():
                    return self._recommend(order)
        except LapisError as error:
            self._screen.status.clear()
            if order.as_json:
                self._screen.line(error_as_json(error))
            if isinstance(error, GatedModel) and not isinstance(order, HardwareOrder):
                kind = self._manager.sources.source(order.source).kind
                report_gated(error, kind, self._words, self._screen)
            else:
                report(error, self._words, self._screen)
            return EXIT_ERROR

    def _fit(self, order: FitOrder) -> int:
        self._busy(self._words.say("Looking for the model …"))
        devices = self._manager.devices
        with ThreadPoolExecutor(1) as pool:
            if devices.known() is None:
                pool.submit(devices.find)
            subject, name, engine, pictures = self._subject(order)
            if isinstance(subject, InstalledModel):
                # A large vocabulary takes about as long as the search for devices.
                self._manager.sizes.read_header(subject)
        computer = self._computer()
        engine = replace(
            engine,
            n_ctx=engine.n_ctx if order.n_ctx is None else order.n_ctx,
            kv_type=order.kv_type or engine.kv_type,
            n_gpu_layers=(
                engine.n_gpu_layers if order.n_gpu_layers is None else order.n_gpu_layers
            ),
        )
        self._busy(self._words.say("Measuring {name} …", name=name))
        found: FitReport = fit_report(
            self._manager.sizes, subject, engine, computer, projector=pictures
        )
        self._screen.status.clear()
        fetched = self._manager.headers.fetched
        if order.as_json:
            self._screen.line(fit_as_json(found, name, fetched))
        else:
            show_fit(found, name, fetched, self._words, self._screen)
            if engine.n_gpu_layers > 0 and not found.footprint.gpu_layers:
                say = self._words.say
                self._screen.note(say("No graphics card here can take layers of it."))
        return EXIT_OK

    def _hardware(self, order: HardwareOrder) -> int:
        self._busy(self._words.say("Looking at this computer …"))
        manager = self._manager
        cards = manager.devices.find()
        bandwidth = manager.devices.find_bandwidth()
        use = manager.shelf.disk_use()
        machine = look(manager.shelf.folder, use.models, 0, cards, bandwidth)
        pack = manager.packs.view()
        self._screen.status.clear()
        if order.as_json:
            self._screen.line(hardware_as_json(machine, pack))
        else:
            show_hardware(machine, self._words, self._screen, pack)
        return EXIT_OK

    def _recommend(self, order: RecommendOrder) -> int:
        manager = self._manager
        if not order.subject:
            # Only here: the other two need no list of picks.
            from desktop.services.picks import three_for

            picks = three_for(self._computer(), manager.catalogue, self._settings.engine)
            self._screen.status.clear()
            if order.as_json:
                self._screen.line(picks_as_json(picks))
            else:
                show_picks(picks, self._words, self._screen)
            return EXIT_OK
        self._busy(self._words.say("Looking for the model …"))
        subject = self._offered(order)
        advice = self._advice(subject, self._computer())
        self._screen.status.clear()
        if order.as_json:
            self._screen.line(advice_as_json(subject, advice))
        else:
            show_advice(subject, advice, self._words, self._screen)
        return EXIT_OK

    def _computer(self) -> Computer:
        """Return this computer with its cards and its pace, found out if nobody knows them yet."""
        self._busy(self._words.say("Looking at this computer …"))
        return this_computer(self._manager.devices, self._manager.records, ask=True)

    def _subject(self, order: FitOrder) -> tuple[Subject, str, EngineSettings, int]:
        """Return the model meant, its name, the settings in force for it, and what pictures take.

        Of a model that is elsewhere the subject itself knows about pictures.
        """
        shelf = self._manager.shelf
        if order.source is None and not self._is_elsewhere(order.subject):
            with suppress(ModelNotFound):
                entry = shelf.find(order.subject)
                own = settings_for(entry.model, self._settings, shelf.defaults(entry.model))
                pictures = 0
                if order.pictures and entry.projector is not None:
                    pictures = projector_bytes(entry.projector)
                return entry.model, entry.model.title, own.engine, pictures
        listed = self._listed(order)
        label = listed.model.quantisation or listed.model.name
        return listed, f"{listed.repository.name}:{label}", self._settings.engine, 0

    def _is_elsewhere(self, words: str) -> bool:
        """Return whether the words name a repository, and no file of this computer."""
        is_path = words.casefold().endswith(".gguf") and words.count("/") == 1
        if is_path or is_file(words):
            return False
        return self._manager.sources.looks_like_reference(words)

    def _listed(self, order: FitOrder) -> Listed:
        manager = self._manager
        repository, reference, _ = offered(
            order.subject, manager.sources, manager.catalogue, order.source
        )
        if repository.refused is not None:
            raise repository.refused
        model = chosen(repository, reference)
        if model is None:
            computer, engine = self._computer(), self._settings.engine
            advice = advise(repository, computer, manager.catalogue, engine)
            try:
                model = recommended(repository, advice)
            except OutOfMemory:
                # What is asked for is figures, also of what does not fit.
                model = repository.models[0]
        projector = projector_for(repository, model) if order.pictures else None
        return Listed(repository, model, projector)

    def _offered(self, order: RecommendOrder) -> ListedModel | Repository:
        """Return the model of the catalogue that is meant, or what a source offers."""
        manager = self._manager
        if order.source is None and "/" not in order.subject:
            return manager.catalogue.find(order.subject)
        return offered(order.subject, manager.sources, manager.catalogue, order.source)[0]

    def _advice(self, subject: ListedModel | Repository, computer: Computer) -> ModelAdvice:
        """Return what suits this computer of `subject`.

        Of a repository that the catalogue does not know the beginning of one header is fetched: all
        its models have the same layers.
        """
        catalogue, engine = self._manager.catalogue, self._settings.engine
        if isinstance(subject, ListedModel) or catalogue.for_repository(subject.name):
            return advise(subject, computer, catalogue, engine)
        try:
            info = self._manager.headers.first(subject.models[0], subject)
        except (NetworkError, DownloadError):
            # What the names and sizes of its files tell is better than nothing.
            return advise(subject, computer, catalogue, engine)
        context = context_for(info, plain_plan(engine))
        plan = replace(plain_plan(engine), n_ctx=context)
        exact = {
            model.name: reckoned(replace(info, size=model.size, weights=model.size), plan)
            for model in subject.models
        }
        advice = advise(subject, computer, catalogue, engine, context, exact)
        return replace(advice, longest_context=info.context_length, is_estimate=False)

    def _busy(self, what: str) -> None:
        self._screen.status.allow()
        self._screen.status.show(what)


def error_as_json(error: LapisError) -> str:
    """Return one JSON object that says what is wrong, and what to do, in English. Pure ASCII."""
    told = {"error": {"title": str(error.title), "hint": str(error.hint)}}
    return json.dumps(told, indent=2)

"""Which model is chosen: from the menu, a file dialog, a dropped file, or the last run.

Shows the engine's state in the header and its failures in the banner. GUI thread.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from desktop.backends.explain import explain_not_for_chats
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import (
    LapisError,
    ModelFileError,
    ModelLoadError,
    ModelNotFound,
    NotForChats,
    TooLarge,
)
from desktop.domain.model import InstalledModel
from desktop.domain.settings import MOST_OPENED_MODELS
from desktop.domain.text import Text
from desktop.models.library import GUIDE_NAME
from desktop.services.manner import template_for, with_choice
from desktop.ui.banner import Remedy, Topic
from desktop.ui.bridge import Bridge
from desktop.ui.engine_words import model_title, short_title
from desktop.ui.model_check import Check, ModelCheck
from desktop.ui.model_sources import ChosenFrom, ModelEngine
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

__all__ = ["ModelController"]

_log = logging.getLogger(__name__)


class ModelController(QObject):
    """All methods return at once; what becomes of a choice comes back as an `EngineState`.

    Only a model that passed `check` takes the place of the present one.
    """

    state_changed = Signal(object)
    """(EngineState)"""
    refused = Signal(object)
    """(LapisError): a model that was chosen cannot be used; the window says so."""
    chosen = Signal(object)
    """(InstalledModel): a person wants it, and it can be used."""

    def __init__(
        self,
        window: MainWindow,
        preferences: Preferences,
        own: OwnSettings,
        models: ChosenFrom,
        bridge: Bridge,
        models_folder: Callable[[], Path],
        check: Check,
    ) -> None:
        """Show the state of no model; nothing is loaded before `attach`."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._own = own
        self._models = models
        self._models_folder = models_folder
        self._engine: ModelEngine | None = None
        self._general: InstalledModel | None = None
        self._of_chat: InstalledModel | None = None
        self._state = EngineState()
        self._check = ModelCheck(check, bridge, self)
        self._check.passed.connect(self._on_passed)
        self._check.refused.connect(self._on_refused)
        self._starting: InstalledModel | None = None
        self._too_large: InstalledModel | None = None
        self._told: set[tuple[Path, str]] = set()
        menu = window.header.model_menu
        menu.about_to_fill.connect(self._on_about_to_fill)
        menu.model_chosen.connect(self.choose)
        menu.open_file_requested.connect(self.open_file)
        menu.more_requested.connect(window.models_requested)
        menu.open_folder_requested.connect(self._on_open_folder_requested)
        menu.free_memory_requested.connect(self.free_memory)
        menu.full_settings_requested.connect(self._use_full_settings)
        menu.builtin_template_chosen.connect(self._use_builtin_template)
        window.composer.model_dropped.connect(lambda path: self.choose_named(str(path)))
        for wanted in (window.transcript.model_wanted, window.composer.other_model_wanted):
            wanted.connect(window.header.open_model_menu)
        window.banner.remedy_chosen.connect(self._on_remedy_chosen)
        window.language_changed.connect(self._show_model)
        own.not_saved.connect(lambda error: window.banner.show_error(Topic.SETTINGS, error))
        bridge.engine_changed.connect(self._on_engine_changed)

    @property
    def state(self) -> EngineState:
        """The engine as last heard of."""
        return self._state

    def sees(self, model: InstalledModel | None) -> bool | None:
        """Return whether `model` takes pictures, at once; None where nobody knows."""
        return None if model is None else self._models.sees(model)

    @property
    def general(self) -> InstalledModel | None:
        """The model that was chosen last, for chats that have none of their own.

        The engine may have another one for a while, because a chat wants it.
        """
        return self._general

    def find(self, name: str) -> InstalledModel:
        """Return the model of that name or path; raises LapisError."""
        return self._models.find(name)

    def models(self) -> list[InstalledModel]:
        """Return the models that there are."""
        return self._models.models()

    def name_of(self, model: InstalledModel) -> str:
        """Return what `find` finds `model` by another time."""
        has_name = model.is_guide or model.is_served or self._is_installed(model)
        return model.name if has_name else str(model.path)

    def show_own(self, model: InstalledModel | None) -> None:
        """Name the model that the open chat has of its own; None: it has none."""
        if model != self._of_chat:
            self._of_chat = model
            self._show_model()

    def attach(self, engine: ModelEngine, name: str = "") -> None:
        """Take the engine and load the model `name`, else the one of the last run, else the guide.

        Questions may be asked of the engine from now on, so nothing is checked beforehand: the
        guide steps in when loading fails because of the file.
        """
        self._engine = engine
        if name:
            try:
                self._start_with(self._models.find(name))
            except LapisError as error:
                self._refuse(error)
            else:
                return
        last = self._preferences.value.model
        try:
            self._start_with(self._models.find(last))
        except LapisError as error:
            self._fall_back(last, error)

    def close(self) -> None:
        """End the thread of the checks; idempotent."""
        self._check.close()

    def choose_named(self, name: str) -> bool:
        """Choose a model by name or path and return True; a failure is shown in the window."""
        try:
            model = self._models.find(name)
        except LapisError as error:
            self._refuse(error)
            return False
        self.choose(model)
        return True

    def choose(self, model: InstalledModel) -> None:
        """Load `model` and keep the choice for the next start.

        A model that cannot be used is told in the window, and the present one stays.
        """
        self._check.ask(model)

    def free_memory(self) -> None:
        """End the engine process; the next question loads the model again."""
        if self._engine is not None:
            self._engine.unload()

    def open_file(self) -> None:
        """Let the person pick a model file; the window is not blocked meanwhile."""
        dialog = QFileDialog(self._window, self.tr("Open a GGUF file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        dialog.setDirectory(str(self._folder_of_last_file()))
        dialog.fileSelected.connect(self.choose_named)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_passed(self, model: InstalledModel) -> None:
        self._keep_choice(model)
        self._window.banner.solve(Topic.MODEL_CHOICE)
        self._starting = None
        self._take(model)
        self._begin(model)
        self.chosen.emit(model)

    def _on_refused(self, error: LapisError, model: InstalledModel) -> None:
        if not isinstance(error, TooLarge):
            self._refuse(error)
            return
        self._too_large = model
        remedies = (Remedy.LOAD_ANYWAY, Remedy.CHOOSE_MODEL)
        self._window.banner.show_error(Topic.MODEL_CHOICE, error, *remedies)
        self.refused.emit(error)

    def load_anyway(self) -> None:
        """Load the engine's model, which was refused for want of memory, all the same."""
        self._too_large = None
        self._load_anyway()

    def _load_anyway(self) -> None:
        """Load what will not fit into memory: whoever asks for it has read the figures."""
        model = self._too_large or self._state.model
        if model is None or self._engine is None:
            return
        if self._too_large is not None or model == self._general:
            # And not one that a chat alone wanted.
            self._keep_choice(model)
            self._take(model)
            self.chosen.emit(model)
        for topic in (Topic.MODEL_CHOICE, Topic.MODEL_LOADING):
            self._window.banner.solve(topic)
        self._starting = self._too_large = None
        self._engine.load_anyway(model)

    def _start_with(self, model: InstalledModel) -> None:
        self._starting = None if model.is_guide else model
        self._take(model)
        self._begin(model)

    def _take(self, model: InstalledModel) -> None:
        self._general = model
        self._show_model()

    def _fall_back(self, name: str, error: LapisError) -> None:
        """Let the guide answer in place of the model `name`, and say so."""
        _log.info("the guide steps in: %s", type(error).__name__)
        title = Text("{name} cannot be used, so the built-in guide answers", {"name": name})
        self._refuse(ModelNotFound(title, error.hint))
        self._start_with(self._models.find(GUIDE_NAME))

    def _refuse(self, error: LapisError) -> None:
        self._window.banner.show_error(Topic.MODEL_CHOICE, error, Remedy.CHOOSE_MODEL)
        self.refused.emit(error)

    def _keep_choice(self, model: InstalledModel) -> None:
        self._preferences.set(replace(self._preferences.value, model=self.name_of(model)))

    def _keep_opened(self, model: InstalledModel) -> None:
        """Keep a file from elsewhere in the menu."""
        if model.is_guide or model.is_served or self._is_installed(model):
            return
        path, settings = str(model.path), self._preferences.value
        others = (each for each in settings.opened_models if each != path)
        opened = (path, *others)[:MOST_OPENED_MODELS]
        self._preferences.set(replace(settings, opened_models=opened))

    def _begin(self, model: InstalledModel, n_ctx: int | None = None) -> None:
        self._window.banner.solve(Topic.MODEL_LOADING)
        if self._engine is not None:
            self._engine.choose(model, n_ctx)

    def _is_installed(self, model: InstalledModel) -> bool:
        """Tell whether `model` is found by its name as long as it is in the models folder."""
        if not model.path.is_relative_to(self._models_folder()):
            return False
        try:
            return self._models.find(model.name).path == model.path
        except LapisError:
            return False

    def _folder_of_last_file(self) -> Path:
        last = Path(self._preferences.value.model)
        return last.parent if last.is_absolute() else Path.home()

    def _on_about_to_fill(self) -> None:
        models, chosen = self._models.models(), self._window.header.model
        if chosen is not None:
            # Since it was chosen another name may have been taken by it, or another size.
            chosen = next((each for each in models if each.path == chosen.path), chosen)
        menu = self._window.header.model_menu
        is_loaded = chosen is not None and chosen == self._state.model
        loaded = self._state.loaded if is_loaded else None
        menu.set_template(
            builtin=chosen is not None and bool(template_for(self._own.of(chosen))),
            lacking=loaded is not None and not (loaded.has_template or loaded.embeds),
        )
        menu.set_models(models, chosen)

    def _on_open_folder_requested(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._models_folder())))

    def _on_remedy_chosen(self, remedy: Remedy) -> None:
        match remedy:
            case Remedy.CHOOSE_MODEL:
                self._window.header.open_model_menu()
            case Remedy.RETRY if self._state.model is not None:
                self._begin(self._state.model, self._state.n_ctx)
            case Remedy.LOAD_ANYWAY:
                self._load_anyway()
            case Remedy.FULL_SETTINGS | Remedy.TRY_ANYWAY:
                self._use_full_settings()
            case _:
                pass

    def _on_engine_changed(self, state: EngineState) -> None:
        earlier, self._state = self._state, state
        self._window.header.set_engine(state)
        self._window.transcript.set_crashing(crashing=state.crashes_here)
        if state.model != earlier.model:
            self._window.transcript.set_chosen(state.model.name if state.model else "")
            self._show_model()
        if self._has_failed_to_start(state):
            return
        if state.phase is Phase.FAILED and state.error is not None:
            self._show_failure(state.error, crashes_here=state.crashes_here)
        elif state.phase is Phase.READY:
            self._window.banner.solve(Topic.MODEL_LOADING)
            if state.model is not None and earlier.phase is not Phase.READY:
                self._on_loaded(state.model)
                if state.loaded is not None and state.loaded.embeds:
                    # It can be asked all the same, in vain.
                    self._show_failure(explain_not_for_chats())
            self._show_plan(state, earlier)
        self.state_changed.emit(state)

    def _show_failure(self, error: LapisError, *, crashes_here: bool = False) -> None:
        again = Remedy.TRY_ANYWAY if crashes_here else Remedy.RETRY
        if isinstance(error, TooLarge):
            self._too_large = None
            again = Remedy.LOAD_ANYWAY
        others = () if isinstance(error, NotForChats) else (again,)
        self._window.banner.show_error(Topic.MODEL_LOADING, error, *others, Remedy.CHOOSE_MODEL)

    def _show_plan(self, state: EngineState, earlier: EngineState) -> None:
        """Say what was given up for the model: when it happens, and once in each run."""
        banner = self._window.banner
        if state.reduced is None:
            banner.solve(Topic.MODEL_PLAN)
            if state.notice is not None and state.notice != earlier.notice:
                banner.show_notice(Topic.MODEL_PLAN, state.notice)
            return
        told = (state.model.path if state.model is not None else Path(), str(state.reduced))
        if told not in self._told:
            self._told.add(told)
            banner.show_notice(Topic.MODEL_PLAN, state.reduced, None, Remedy.FULL_SETTINGS)

    def _use_full_settings(self) -> None:
        banner, model = self._window.banner, self._state.model
        for topic in (Topic.MODEL_PLAN, Topic.MODEL_LOADING):
            banner.solve(topic)
        # Should it be given up once more, that is news again.
        self._told = {told for told in self._told if model is None or told[0] != model.path}
        if self._engine is not None and model is not None:
            self._engine.use_full_settings(model)

    def _use_builtin_template(self, builtin: bool) -> None:
        model = self._window.header.model
        if model is not None:
            self._own.set(model, with_choice(self._own.of(model), builtin=builtin))

    def _on_loaded(self, model: InstalledModel) -> None:
        if model == self._starting:
            self._keep_choice(model)
            self._starting = None
        self._keep_opened(model)

    def _has_failed_to_start(self, state: EngineState) -> bool:
        """Let the guide step in where the file of the first model is to blame."""
        model, error = self._starting, state.error
        if model is None or state.model != model or state.phase is not Phase.FAILED:
            return False
        self._starting = None
        if not isinstance(error, ModelFileError | ModelLoadError):
            return False
        self._fall_back(model_title(model), error)
        return True

    def _show_model(self) -> None:
        # It answers in the open chat, whatever another chat has had loaded.
        model = self._of_chat or self._general or self._state.model
        self._window.header.show_model(model)
        about_guide = model is not None and model.is_guide
        self._window.composer.set_about_guide(about_guide)
        self._window.composer.show_leaving(model.leaves_to if model is not None else "")
        self._window.composer.show_sight(model, lambda: self.sees(model))
        if model is not None:
            self._window.transcript.empty_state.show_model(
                short_title(model), about_guide, model.leaves_to
            )

"""Personas, prompts, quick actions and the settings of single chats, brought into the window.

What is seen of them is made when it is first wanted. GUI thread, which owns the store.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.base.translation import spoken
from desktop.domain.chat_settings import ChatSettings, Persona
from desktop.domain.errors import LapisError, StorageError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Language
from desktop.services.personas import open_personas
from desktop.services.prompts import open_prompts
from desktop.store.chats import ChatStore
from desktop.ui.call_list import CallItem
from desktop.ui.chat_panel_controller import ChatPanelController, ModelInUse
from desktop.ui.chat_side import ChatSide
from desktop.ui.composer_calls import Call, ComposerCalls
from desktop.ui.engine_words import model_title
from desktop.ui.errands import Errands
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.prompt_calls import PromptCalls
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.domain.quick_action import QuickAction
    from desktop.services.own_items import OwnItems
    from desktop.services.planning import Known
    from desktop.ui.library_controller import LibraryController
    from desktop.ui.model_controller import ModelController

__all__ = ["ChatLibrary"]

_MOST_MODELS = 50


class ChatLibrary(QObject):
    """`settings` are those of the open chat; tell it by `show_chat` which one that is."""

    chat_begun = Signal(object, str)
    """(ChatSettings, icon): a new chat with a persona is wanted."""
    icons_changed = Signal()
    """The open chat has another persona: the list of chats shows it."""
    actions_changed = Signal()
    """There may be other quick actions now, or they are in another language."""
    failed = Signal(object)
    """(StorageError)"""

    def __init__(
        self, window: MainWindow, store: ChatStore, preferences: Preferences, own: OwnSettings
    ) -> None:
        """Offer everything that needs no model."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._errands = Errands(self)
        self._models: ModelController | None = None
        self._offered: tuple[tuple[str, InstalledModel], ...] = ()
        self._shown_model: str | None = None
        self._page: LibraryController | None = None
        self._personas = open_personas(store)
        self._prompts = open_prompts(store)
        self._store = store
        self.settings = ChatPanelController(
            store, self._personas, preferences, own, self.language, self
        )
        self.prompts = PromptCalls(
            window.composer, self._prompts, self.language, window.transcript.selection.text
        )
        ChatSide(window, self.settings)
        calls = ComposerCalls(window.composer, self._offer)
        calls.taken.connect(self._on_taken)
        self.settings.models_wanted.connect(self._show_models)
        self.settings.manage_requested.connect(self.show_personas)
        self.settings.persona_kept.connect(lambda persona: self.open_page().edit_persona(persona))
        self.settings.icon_changed.connect(self.icons_changed)
        self.settings.failed.connect(self.failed)
        self.prompts.manage_requested.connect(lambda: self.open_page().show_prompts())
        self.prompts.failed.connect(self.failed)
        window.sidebar.persona_requested.connect(self._on_persona_requested)
        for wish in (window.sidebar.library_requested, window.header.main_menu.library_requested):
            wish.connect(self.show_personas)
        window.language_changed.connect(self._on_language_changed)

    @cached_property
    def actions(self) -> "OwnItems[QuickAction]":
        """All quick actions; nothing of them is read before they are asked for."""
        from desktop.services.quick_actions import open_quick_actions

        return open_quick_actions(self._store)

    def attach(self, models: "ModelController", known: "Callable[[], Known]") -> None:
        """Take what knows the models, and what is `known` of this computer, in any thread.

        Until then every chat is answered by the usual model.
        """
        from desktop.ui.context_costs import ContextCosts

        self._models = models
        self.settings.set_costs(ContextCosts(self._errands, known))
        models.state_changed.connect(self._on_model_changed)
        models.chosen.connect(self._on_model_chosen)
        self.settings.settings_changed.connect(lambda _settings: self.show_model())
        self._on_model_changed()
        self.show_model()

    def offer_personas(self) -> None:
        """Offer a new chat with each persona; not before the window is on the screen."""
        self._window.sidebar.set_personas(self._all_personas())

    def language(self) -> Language:
        """Return the language of the surface."""
        return spoken(self._preferences.value.language)

    def show_personas(self) -> None:
        """Show the page of all personas, prompts and quick actions."""
        self.open_page().show()

    def show_actions(self) -> None:
        """Show the page with the quick actions."""
        self.open_page().show_actions()

    def open_page(self) -> "LibraryController":
        """Return the page, made at its first time."""
        if self._page is None:
            from desktop.ui.library_controller import LibraryController

            self._page = LibraryController(
                self._window,
                self._personas,
                self._prompts,
                self.actions,
                self._preferences,
                self.language,
            )
            self._page.changed.connect(self._on_library_changed)
        self._page.set_models(self._known_models())
        return self._page

    def close(self) -> None:
        """Keep what was typed and not kept yet, and end what works in the background."""
        self._errands.close()
        self.settings.flush()
        if self._page is not None:
            self._page.leave()

    # While one types.

    def _offer(self, call: Call) -> tuple[Sequence[CallItem], str]:
        if call.mark == "/":
            return self.prompts.items(call.word), self.tr("Saved prompts")
        typed = call.word.casefold()
        if not typed or not self._offered:
            # The disk is looked at once for each "@", not for each letter behind it.
            self._offered = self._known_models()
        found = [
            CallItem(name, model_title(model), "", "box")
            for name, model in self._offered
            if typed in model_title(model).casefold() or typed in name.casefold()
        ]
        return found, self.tr("Models")

    def _on_taken(self, mark: str, value: object) -> None:
        if mark == "/":
            self.prompts.take(value)
        elif isinstance(value, str):
            self.settings.choose_model(value)

    # Models.

    def _known_models(self) -> tuple[tuple[str, InstalledModel], ...]:
        models = self._models
        if models is None:
            return ()
        return tuple((models.name_of(each), each) for each in models.models()[:_MOST_MODELS])

    def _on_model_changed(self) -> None:
        if self._models is None:
            return
        state = self._models.state
        model = self._models.general or state.model
        is_loaded = state.loaded is not None and state.model == model
        longest = state.loaded.n_ctx_train if is_loaded and state.loaded is not None else 0
        self.settings.set_model(ModelInUse(model, longest))

    def show_model(self) -> None:
        """Name the model that answers in the open chat."""
        models, name = self._models, self.settings.settings.model
        if models is None or name == self._shown_model:
            return
        self._shown_model = name
        models.show_own(None if name is None else self._find(name).model)

    def _on_model_chosen(self, model: InstalledModel) -> None:
        """Let a chat with a model of its own have the one that was chosen in the window."""
        if self._models is not None and self.settings.settings.model is not None:
            self.settings.choose_model(self._models.name_of(model))

    def _show_models(self) -> None:
        self.settings.set_models(self._known_models(), self._find)

    def _find(self, name: str) -> ModelInUse:
        try:
            return ModelInUse(self._models.find(name) if self._models is not None else None)
        except LapisError:
            return ModelInUse()

    # Personas.

    def _all_personas(self) -> tuple[Persona, ...]:
        try:
            return self._personas.all(self.language())
        except StorageError as error:
            self.failed.emit(error)
            return ()

    def _on_persona_requested(self, persona: str) -> None:
        settings, icon = self.settings.beginning_with(persona)
        if settings != ChatSettings():
            self.chat_begun.emit(settings, icon)

    def _on_library_changed(self) -> None:
        self.offer_personas()
        self.settings.refresh()
        self.actions_changed.emit()

    def _on_language_changed(self) -> None:
        self.offer_personas()
        self.settings.refresh()
        self.actions_changed.emit()

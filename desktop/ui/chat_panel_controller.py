"""Keeps what the panel sets: in the chat that is open, or for the new one until it is made.

GUI thread, which owns the store.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from desktop.domain.chat_settings import ChatSettings, Persona
from desktop.domain.errors import StorageError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Language
from desktop.services.manner import settings_for
from desktop.services.own_items import OwnItems
from desktop.services.personas import settings_with, settings_without
from desktop.ui.chat_ground import ChatGround
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences

if TYPE_CHECKING:
    from desktop.ui.chat_panel import ChatPanel
    from desktop.ui.context_costs import ContextCosts
    from desktop.ui.memory_bar import DeviceBar

__all__ = ["ChatPanelController", "KeepsSettings", "ModelInUse"]

_NAME_LIMIT = 40

_log = logging.getLogger(__name__)


class KeepsSettings(Protocol):
    """The part of `store.chats.ChatStore` that keeps what a chat sets for itself."""

    def settings(self, chat: int) -> ChatSettings:
        """Return what `chat` sets for itself; raises StorageError."""
        ...

    def set_settings(self, chat: int, settings: ChatSettings) -> None:
        """Keep what `chat` sets for itself; raises StorageError."""
        ...

    def set_icon(self, chat: int, icon: str) -> None:
        """Keep the icon of the persona of `chat`; raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The model of the window and the longest context (tokens, 0 unknown) it was made for."""

    model: InstalledModel | None = None
    longest: int = 0


class ChatPanelController(QObject):
    """Settings of one chat at a time; None is the new chat that does not exist yet."""

    settings_changed = Signal(object)
    """(ChatSettings): something else holds for the open chat, from its next question on."""
    icon_changed = Signal()
    """The open chat has another persona: the list of chats shows it."""
    persona_kept = Signal(object)
    """(Persona): it was made of the settings of a chat, and waits for its name."""
    manage_requested = Signal()
    models_wanted = Signal()
    """The panel is about to be seen: answer with `set_models`."""
    failed = Signal(object)
    """(StorageError)"""

    def __init__(
        self,
        store: KeepsSettings,
        personas: OwnItems[Persona],
        preferences: Preferences,
        own: OwnSettings,
        language: Callable[[], Language],
        parent: QObject | None = None,
    ) -> None:
        """Begin with the new chat, and without a panel until `attach`.

        `language` returns that of the surface, never SYSTEM.
        """
        super().__init__(parent)
        self._panel: ChatPanel | None = None
        self._store = store
        self._personas = personas
        self._preferences = preferences
        self._own = own
        self._language = language
        self._chat: int | None = None
        self._settings = ChatSettings()
        self._for_new = ChatSettings()
        self._before: ChatSettings | None = None
        self._unkept: dict[int, ChatSettings] = {}
        self._used = ModelInUse()
        self._models: tuple[tuple[str, InstalledModel], ...] = ()
        self._find: Callable[[str], ModelInUse] = lambda _name: ModelInUse()
        self._costs: ContextCosts | None = None
        preferences.changed.connect(self.refresh)
        own.changed.connect(self.refresh)

    def attach(self, panel: "ChatPanel") -> None:
        """Show everything on `panel` from now on."""
        self._panel = panel
        panel.knobs.show_models(self._models)
        panel.changed.connect(self._on_changed)
        panel.persona_chosen.connect(self.choose_persona)
        panel.reset_requested.connect(self._on_reset_requested)
        panel.undo_requested.connect(self._on_undo_requested)
        panel.save_requested.connect(self._on_save_requested)
        panel.manage_requested.connect(self.manage_requested)
        panel.knobs.context_looked_at.connect(self._on_context_looked_at)
        panel.shown.connect(self._on_shown)
        self.refresh()

    def flush(self) -> None:
        """Keep what was typed and not kept yet: a question is about to be asked, or it is the end.

        What the disk refused before is tried again.
        """
        if self._panel is not None:
            self._panel.knobs.flush()
        for chat, settings in list(self._unkept.items()):
            self._write(chat, settings, with_icon=True)

    # What the window tells.

    def show_chat(self, chat: int | None) -> None:
        """Show the settings of another chat, or of the new one."""
        self.flush()
        self._offer_undo(None)
        self._chat = chat
        self._settings = self._for_new if chat is None else self._kept(chat)
        self.refresh()

    def set_model(self, used: ModelInUse) -> None:
        """Take the model that answers where a chat names none."""
        if used != self._used:
            self._used = used
            self.refresh()

    def set_models(
        self,
        models: Sequence[tuple[str, InstalledModel]],
        find: Callable[[str], ModelInUse],
    ) -> None:
        """Offer `models`, each by the name or path that settings keep; `find` knows more of one.

        `find` raises nothing: for a name that means no model any more it returns an empty value.
        """
        self._find = find
        self._models = tuple(models)
        if self._panel is not None:
            self._panel.knobs.show_models(models)
        self.refresh()

    def set_costs(self, costs: "ContextCosts") -> None:
        """Take what finds out how much memory a model takes with a context."""
        self._costs = costs
        self.refresh()

    @property
    def settings(self) -> ChatSettings:
        """What holds for the open chat, what is being typed included."""
        self.flush()
        return self._settings

    def settings_of_new(self) -> tuple[ChatSettings, str]:
        """Return what the new chat is to begin with, and the icon of its persona.

        Ask before the chat is made, and call `forget_new` after.
        """
        if self._chat is None:
            self.flush()
        persona = self._persona(self._for_new.persona)
        return self._for_new, persona.icon if persona is not None else ""

    def forget_new(self) -> None:
        """Let the next new chat begin without settings of its own."""
        self._for_new = ChatSettings()
        if self._chat is None:
            self._settings = self._for_new
            self.refresh()

    def beginning_with(self, persona: str) -> tuple[ChatSettings, str]:
        """Return what a chat with the persona of that id begins with, and its icon."""
        found = self._persona(persona)
        if found is None:
            return ChatSettings(), ""
        usual = self._ground_below(ChatSettings(model=found.settings.model)).usual_sampling()
        return settings_with(found, ChatSettings(), usual), found.icon

    def choose_model(self, name: str) -> None:
        """Let the model of that name or path answer in the open chat from now on."""
        self._on_changed(replace(self.settings, model=name))
        self.refresh()

    def choose_context(self, tokens: int) -> None:
        """Give the open chat a context window of so many tokens."""
        self._on_changed(replace(self.settings, n_ctx=tokens))
        self.refresh()

    def take_context(self, chat: int) -> None:
        """Take the context window that somebody else gave `chat`; what is being typed stays."""
        if chat != self._chat:
            return
        try:
            context = self._store.settings(chat).n_ctx
        except StorageError as error:
            self._fail(error)
            return
        self._settings = replace(self._settings, n_ctx=context)
        if chat in self._unkept:
            self._unkept[chat] = self._settings
        if self._panel is not None:
            # First: what is being typed is told with all that is set beside it.
            self._panel.knobs.take_context(context)
        self.refresh()

    def refresh(self) -> None:
        """Show everything anew: the general settings, a model's or a persona changed."""
        panel = self._panel
        if panel is None or panel.isHidden():
            return
        panel.knobs.flush()
        try:
            personas = self._personas.all(self._language())
        except StorageError as error:
            self._fail(error)
            personas = ()
        persona = self._persona(self._settings.persona)
        panel.show_settings(self._settings, self._ground(), personas, persona)

    # What the person does.

    def choose_persona(self, persona: str) -> None:
        """Hold the open chat with the persona of that id from now on; empty for none."""
        found = self._persona(persona) if persona else None
        if found is None:
            self._replace(settings_without(self._settings))
            return
        ground = self._ground_below(self._settings)
        self._replace(settings_with(found, self._settings, ground.usual_sampling()))

    def _on_changed(self, settings: ChatSettings) -> None:
        self._offer_undo(None)
        if self._panel is not None:
            self._panel.show_anything_set(settings)
        changed_model = settings.model != self._settings.model
        self._keep(settings)
        if changed_model:
            self.refresh()

    def _on_reset_requested(self) -> None:
        self._replace(ChatSettings())

    def _on_undo_requested(self) -> None:
        if self._before is not None:
            before = self._before
            self._offer_undo(None)
            self._keep(before)
            self.refresh()

    def _on_save_requested(self) -> None:
        settings = self._settings
        used = self._persona(settings.persona)
        name = used.name if used is not None else _first_words(settings.system_prompt or "")
        persona = Persona(
            "",
            name or self.tr("My persona"),
            used.icon if used is not None else "",
            "",
            replace(settings, persona=""),
        )
        try:
            kept = self._personas.add(persona)
        except StorageError as error:
            self._fail(error)
            return
        self._keep(replace(settings, persona=kept.id))
        self.refresh()
        self.persona_kept.emit(kept)

    def _on_context_looked_at(self, size: int) -> None:
        ground = self._ground_below(self._settings)
        if self._costs is None or ground.model is None or not size:
            self._show_memory(size, None)
            return
        wished = ChatSettings(n_ctx=size)
        settings = settings_for(ground.model, ground.general, ground.defaults, wished)
        self._costs.find(ground.model, settings, lambda bar: self._show_memory(size, bar))

    def _show_memory(self, size: int, memory: "DeviceBar | None") -> None:
        """Show what a context of `size` tokens takes, unless another one is looked at by now."""
        panel = self._panel
        if panel is not None and panel.knobs.context.context == size:
            panel.knobs.context.show_memory(memory)

    def _on_shown(self, shown: bool) -> None:
        if shown:
            self.models_wanted.emit()
            self.refresh()
        else:
            self.flush()

    # Keeping.

    def _replace(self, settings: ChatSettings) -> None:
        """Keep `settings` in place of all; the way back is offered if anything is lost."""
        before = self.settings
        if settings == before:
            return
        self._keep(settings)
        lost = before not in {ChatSettings(), settings}
        self._offer_undo(before if lost else None)
        self.refresh()

    def _offer_undo(self, before: ChatSettings | None) -> None:
        self._before = before
        if self._panel is not None:
            self._panel.offer_undo(offered=before is not None)

    def _keep(self, settings: ChatSettings) -> None:
        other_persona = settings.persona != self._settings.persona
        if self._chat is None:
            self._for_new = settings
        else:
            self._write(self._chat, settings, with_icon=other_persona)
        self._settings = settings
        if other_persona:
            self.icon_changed.emit()
        self.settings_changed.emit(settings)

    def _write(self, chat: int, settings: ChatSettings, *, with_icon: bool) -> None:
        """Keep `settings` in `chat`, or here until the disk takes them."""
        try:
            self._store.set_settings(chat, settings)
            if with_icon or chat in self._unkept:
                persona = self._persona(settings.persona)
                self._store.set_icon(chat, persona.icon if persona is not None else "")
        except StorageError as error:
            self._unkept[chat] = settings
            self._fail(error)
        else:
            self._unkept.pop(chat, None)

    def _kept(self, chat: int) -> ChatSettings:
        if chat in self._unkept:
            return self._unkept[chat]
        try:
            return self._store.settings(chat)
        except StorageError as error:
            self._fail(error)
            return ChatSettings()

    def _persona(self, item: str) -> Persona | None:
        try:
            return self._personas.find(item, self._language()) if item else None
        except StorageError as error:
            self._fail(error)
            return None

    def _ground(self) -> ChatGround:
        """Return what holds for the open chat where it sets nothing itself."""
        below = self._ground_below(self._settings)
        persona = self._persona(self._settings.persona)
        if persona is None:
            return below
        laid = settings_with(persona, ChatSettings(), below.usual_sampling())
        return replace(below, persona=laid)

    def _ground_below(self, settings: ChatSettings) -> ChatGround:
        """Return the same without a persona."""
        used = self._model(settings)
        general = self._preferences.value
        if used.model is None:
            return ChatGround(general, usual=self._used.model)
        own = self._own.of(used.model)
        return ChatGround(general, used.model, self._used.model, own, longest=used.longest)

    def _model(self, settings: ChatSettings) -> ModelInUse:
        return self._used if settings.model is None else self._find(settings.model)

    def _fail(self, error: StorageError) -> None:
        _log.warning("settings of a chat: %s", error.title.message)
        self.failed.emit(error)


def _first_words(text: str) -> str:
    """Return what a persona may be called until it is named."""
    line = " ".join(text.split())[:_NAME_LIMIT]
    return line.rpartition(" ")[0] or line if len(line) == _NAME_LIMIT else line

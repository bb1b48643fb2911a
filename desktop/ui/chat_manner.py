"""What is in force in a chat: its model, and how that is asked. GUI thread."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.services.manner import settings_for, template_for
from desktop.services.model_turns import Wanted, suits
from desktop.ui.chat_controller import ChatController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences

__all__ = ["ChatManner", "Manner"]

_UNKNOWN: Final = InstalledModel("", "", Path(), 0)


@dataclass(frozen=True, slots=True)
class Manner:
    """What a question in a chat is asked with; `model` None where none is chosen yet."""

    model: InstalledModel | None
    chat: ChatSettings
    settings: Settings
    template: str

    @property
    def wanted(self) -> Wanted | None:
        """What the engine is to answer with."""
        is_usual = self.chat.model is None and self.chat.n_ctx is None
        return None if self.model is None else Wanted(self.model, self.chat.n_ctx, is_usual)

    def is_loaded(self, state: EngineState) -> bool:
        """Return whether the engine has the model of this chat, with its context, at hand."""
        if state.phase is not Phase.READY or state.loaded is None or self.model is None:
            return False
        return suits(Wanted(self.model, self.chat.n_ctx), state)


class ChatManner:
    """Finds it out for whoever counts or summarises."""

    def __init__(self, chats: ChatController, preferences: Preferences, own: OwnSettings) -> None:
        """Ask these each time."""
        self._chats = chats
        self._preferences = preferences
        self._own = own

    def of(self, chat: ChatSettings) -> Manner:
        """Return what is in force in a chat with these settings of its own."""
        try:
            model = self._chats.model_for(chat)
        except LapisError:
            # Who asks a question there will be told.
            model = None
        own = self._own.of(model or _UNKNOWN)
        settings = settings_for(model or _UNKNOWN, self._preferences.value, own, chat)
        return Manner(model, chat, settings, template_for(own) if model is not None else "")

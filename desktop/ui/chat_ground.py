"""What holds for a chat where it sets nothing itself, and where each of it comes from.

From below: the general settings, what is set for the model, the persona. GUI thread.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.shelf import ModelDefaults
from desktop.services.manner import settings_for

__all__ = ["ChatGround", "Origin"]


class Origin(Enum):
    """Who says so."""

    GENERAL = auto()
    MODEL = auto()
    PERSONA = auto()


@dataclass(frozen=True, slots=True)
class ChatGround:
    """`model` answers in the chat, `longest` is the context it was made for (tokens, 0 unknown).

    `usual` is the model that answers where a chat names none. `persona` are the settings that the
    chat's persona brings along, as they were laid over the rest; `defaults` what is set for the
    model.
    """

    general: Settings = field(default_factory=Settings)
    model: InstalledModel | None = None
    usual: InstalledModel | None = None
    defaults: ModelDefaults = field(default_factory=ModelDefaults)
    persona: ChatSettings = field(default_factory=ChatSettings)
    longest: int = 0

    def sampling(self) -> tuple[tuple[Sampling, Origin], ...]:
        """Return all layers of how words are chosen, the lowest first."""
        layers = [(self._plain().sampling, Origin.GENERAL)]
        if self.defaults.sampling is not None:
            layers.append((self.defaults.sampling, Origin.MODEL))
        if self.persona.sampling is not None:
            layers.append((self.persona.sampling, Origin.PERSONA))
        return tuple(layers)

    def usual_sampling(self) -> Sampling:
        """Return how words are chosen without a persona."""
        return self.defaults.sampling or self._plain().sampling

    def system_prompt(self) -> tuple[str, Origin]:
        """Return what the model is told first."""
        if self.persona.system_prompt is not None:
            return self.persona.system_prompt, Origin.PERSONA
        if self.defaults.system_prompt is not None:
            return self.defaults.system_prompt, Origin.MODEL
        return self.general.system_prompt, Origin.GENERAL

    def context(self) -> tuple[int, Origin]:
        """Return the length of the context in tokens, 0 for automatic."""
        if self.persona.n_ctx is not None:
            return self.persona.n_ctx, Origin.PERSONA
        if self.defaults.n_ctx is not None:
            return self.defaults.n_ctx, Origin.MODEL
        return self.general.engine.n_ctx, Origin.GENERAL

    def thinking(self) -> tuple[bool | None, Origin]:
        """Return whether the model thinks first; None as it does by itself."""
        if self.persona.thinking is not None:
            return self.persona.thinking, Origin.PERSONA
        return None, Origin.MODEL

    def _plain(self) -> Settings:
        """Return what holds for the model before anything is set for it."""
        if self.model is None:
            return self.general
        return settings_for(self.model, self.general, ModelDefaults())

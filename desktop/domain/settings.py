"""All settings as one frozen tree with defaults and bounds."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from desktop.domain.chat import Sampling

MOST_OPENED_MODELS: Final = 12


class Theme(StrEnum):
    """Colours of the window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Language(StrEnum):
    """Language of the surface; `SYSTEM` follows the computer."""

    SYSTEM = "system"
    ENGLISH = "en"
    CHINESE = "zh_CN"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How models are loaded; see `LoadPlan` for the meaning and units of each."""

    n_ctx: int = 0
    n_gpu_layers: int = -1
    threads: int = 0


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Where the window was: base64 of Qt's geometry, width of the sidebar in pixels."""

    geometry: str = ""
    sidebar_width: int = 248
    last_chat: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can set, and a little that is remembered.

    `model` is a name or a path; empty means the guide. `opened_models` are paths of model files
    outside the models folder, the one used last first, at most `MOST_OPENED_MODELS`.
    """

    language: Language = Language.SYSTEM
    theme: Theme = Theme.SYSTEM
    model: str = ""
    opened_models: tuple[str, ...] = ()
    system_prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    engine: EngineSettings = field(default_factory=EngineSettings)
    window: WindowSettings = field(default_factory=WindowSettings)
    tray_hint_shown: bool = False

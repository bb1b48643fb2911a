"""All settings as one frozen tree with defaults and bounds."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from desktop.domain.chat import Sampling
from desktop.domain.connection import Connection
from desktop.domain.hotkey import USUAL
from desktop.domain.model import FlashAttention, KvType
from desktop.domain.repository import SourceKind

MOST_OPENED_MODELS: Final = 12
MOST_OTHER_FOLDERS: Final = 64
MOST_ACCEPTED_LICENCES: Final = 64
MOST_ORIGINS: Final = 32
LEAST_ZOOM: Final = 70
MOST_ZOOM: Final = 200
SMALLEST_FONT: Final = 11
LARGEST_FONT: Final = 22


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


class Accent(StrEnum):
    """The one colour among the greys: links, focus, the button that sends."""

    LAPIS = "lapis"
    TEAL = "teal"
    GREEN = "green"
    VIOLET = "violet"
    ROSE = "rose"
    AMBER = "amber"
    GRAPHITE = "graphite"


@dataclass(frozen=True, slots=True)
class LookSettings:
    """How the surface looks besides its theme.

    `font_family` empty is the system's; `font_size` is that of running text in pixels; `compact`
    puts things closer together.
    """

    accent: Accent = Accent.LAPIS
    font_family: str = ""
    font_size: int = 14
    compact: bool = False


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How models are loaded and kept; what `LoadPlan` names too has its meaning and units there.

    `slots` answers are written side by side. `speculation` allows guessing ahead, by `draft_tokens`
    at most, from the text itself or by the model file `draft_model` (a path, empty for none);
    without one `next_token_heads` lets a model guess whose own file has what it takes. The memory
    is given back after so many minutes without a question, 0 for never: `idle_minutes_on_battery`
    counts while the computer runs on its battery. `kept_states_gb` (10^9 bytes) is what may be kept
    on the disk of what was read already, 0 for nothing. An engine that makes no progress for
    `silence_minutes` is ended.
    """

    n_ctx: int = 0
    n_gpu_layers: int = -1
    threads: int = 0
    slots: int = 4
    kv_type: KvType = KvType.F16
    flash_attention: FlashAttention = FlashAttention.AUTO
    speculation: bool = True
    draft_tokens: int = 8
    draft_model: str = ""
    next_token_heads: bool = False
    idle_minutes: int = 10
    idle_minutes_on_battery: int = 3
    kept_states_gb: float = 4.0
    silence_minutes: int = 10


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """Where model files are kept and come from.

    `folder` holds them (empty: the one in the data folder); `other_folders`, at most
    `MOST_OTHER_FOLDERS`, are looked through for files that other programs brought. `source` is
    asked first; `mirror` is the address used when it is a mirror. `proxy` is an address (empty: what the system says); `certificates` a file of
    certificate authorities to trust besides the system's (empty: none). At most `downloads_at_once`
    run side by side, more wait in line. `accepted_licences` are ids of the catalogue, at most
    `MOST_ACCEPTED_LICENCES`, whose terms the person has accepted.
    """

    folder: str = ""
    other_folders: tuple[str, ...] = ()
    source: SourceKind = SourceKind.HUGGING_FACE
    mirror: str = "https://hf-mirror.com"
    proxy: str = ""
    certificates: str = ""
    downloads_at_once: int = 2
    accepted_licences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Servers that answer besides this computer's own engine.

    `offline`: nothing is sent to another computer, whatever it is for. `finds_ollama`: the Ollama
    of this computer is looked for by itself, at `OLLAMA_HOST` or its usual address. `servers` are
    those that a person entered, at most `MOST_CONNECTIONS`; their keys are in the keyring.
    """

    offline: bool = False
    finds_ollama: bool = True
    servers: tuple[Connection, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The local server for other programs.

    Off until somebody turns it on. It listens at `port` of this computer alone, or at `host` if
    that is another address of it. `keyless` lets programs of this computer ask without a key.
    `origins` are the web pages and editors, at most `MOST_ORIGINS`, that were let in, as in
    `vscode-webview://abc`.
    """

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    keyless: bool = False
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatsSettings:
    """What happens around chats.

    `model_titles`: the model names a chat after its first exchange. `notify`: the desktop tells
    when a long answer is done behind other windows. `daily_copies` of all chats are kept.
    `spelling`: what is being written is checked, where the system can.
    """

    model_titles: bool = True
    notify: bool = True
    daily_copies: bool = True
    spelling: bool = True


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The chord of each `KeyAction`, as `domain.hotkey.parse_chord` reads it; empty for none.

    `proved` is the chord of the quick question that was seen to work, and `proved_on` the day,
    as `2026-11-20`.
    """

    ask: str = USUAL
    ask_selected: str = ""
    new_chat: str = ""
    show: str = ""
    stop: str = ""
    proved: str = ""
    proved_on: str = ""


@dataclass(frozen=True, slots=True)
class PopupSettings:
    """The quick question.

    `width` and `height` are those of the card in pixels, 0 for its own; `model` answers it (empty:
    the one that is loaded). `keep` puts its chats among the others. `selection` offers what is
    selected in the program one came from, `clipboard` what was copied. Where selected text can only
    be had by pressing that program's keys for copying, `copy_selection` allows it. What is not in
    the person's own language is translated into that, all else into `translate_to`, the name of a
    language in itself (empty: English, for who reads English Chinese).
    """

    width: int = 0
    height: int = 0
    model: str = ""
    keep: bool = True
    selection: bool = True
    clipboard: bool = True
    copy_selection: bool = False
    translate_to: str = ""


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """Newer versions of Lapis.

    With `check` its makers are asked once a week whether there is one; off until somebody turns it
    on. `skipped` is a version that the person does not want to hear of again.
    """

    check: bool = False
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Where the window was: base64 of Qt's geometry, width of the sidebar in pixels.

    `zoom` is the size of the text of a chat in percent, from `LEAST_ZOOM` to `MOST_ZOOM`.
    """

    geometry: str = ""
    sidebar_width: int = 248
    last_chat: int = 0
    zoom: int = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can set, and a little that is remembered.

    `model` is a name or a path; empty means the guide. `opened_models` are paths of model files
    outside the models folder, the one used last first, at most `MOST_OPENED_MODELS`. `welcomed`
    is set once the first steps were shown to the end, or skipped.
    """

    language: Language = Language.SYSTEM
    theme: Theme = Theme.SYSTEM
    look: LookSettings = field(default_factory=LookSettings)
    model: str = ""
    opened_models: tuple[str, ...] = ()
    system_prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    engine: EngineSettings = field(default_factory=EngineSettings)
    library: LibrarySettings = field(default_factory=LibrarySettings)
    connections: ConnectionSettings = field(default_factory=ConnectionSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    chats: ChatsSettings = field(default_factory=ChatsSettings)
    keys: KeySettings = field(default_factory=KeySettings)
    popup: PopupSettings = field(default_factory=PopupSettings)
    updates: UpdateSettings = field(default_factory=UpdateSettings)
    window: WindowSettings = field(default_factory=WindowSettings)
    tray_hint_shown: bool = False
    welcomed: bool = False

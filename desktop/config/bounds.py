"""What each setting may be. A value outside is not clipped: it becomes the default.

Clipping would turn a slip (a temperature of 70) into a choice that nobody made.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from desktop.domain.connection import LONGEST_CONNECTION_NAME, MOST_CONNECTIONS, Connection
from desktop.domain.hotkey import USUAL, BadChord, parse_chord
from desktop.domain.settings import (
    LARGEST_FONT,
    LEAST_ZOOM,
    MOST_ACCEPTED_LICENCES,
    MOST_OPENED_MODELS,
    MOST_ORIGINS,
    MOST_OTHER_FOLDERS,
    MOST_ZOOM,
    SMALLEST_FONT,
)
from desktop.domain.updates import is_version

Check: TypeAlias = Callable[[object], bool]

_LONGEST_TEXT = 1_000_000
_MOST_STOPS = 16
_MOST_BIASES = 1024
_STRONGEST_BIAS = 1000.0
_LONGEST_HOST = 253
_LONGEST_ORIGIN = 200
_MOST_KEEP_MINUTES = 525_600
_SERVER_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_CONNECTION_NAME - 1}}}")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+")


def within(low: float, high: float) -> Check:
    """Return a check for numbers from `low` to `high`; None, where a type allows it, passes."""
    return lambda value: value is None or (isinstance(value, int | float) and low <= value <= high)


def _short_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value


def _stops(value: object) -> bool:
    return isinstance(value, tuple) and len(value) <= _MOST_STOPS and all(value)


def _biases(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) <= _MOST_BIASES
        and all(0 <= token < 2**31 and abs(bias) <= _STRONGEST_BIAS for token, bias in value)
    )


def _address(value: object) -> bool:
    return _short_text(value) and str(value).startswith(("https://", "http://"))


def _address_or_none(value: object) -> bool:
    is_socks = _short_text(value) and str(value).startswith(("socks5://", "socks5h://"))
    return value == "" or _address(value) or is_socks


def _chord(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return value in {"", USUAL} or bool(parse_chord(value))
    except BadChord:
        return False


def _some_texts(most: int) -> Check:
    return lambda value: (
        isinstance(value, tuple)
        and len(value) <= most
        and all(path and _short_text(path) for path in value)
    )


def _server(value: object) -> bool:
    return (
        isinstance(value, Connection)
        and _SERVER_NAME.fullmatch(value.name) is not None
        and _address(value.address)
        and value.address.isprintable()
        and not value.is_found
        and within(-1, _MOST_KEEP_MINUTES)(value.keep_minutes)
    )


def _at_most(most: int) -> Check:
    return lambda value: isinstance(value, tuple) and len(value) <= most


def _host(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_HOST and value.isprintable()


def _origin(value: object) -> bool:
    is_short = isinstance(value, str) and len(value) <= _LONGEST_ORIGIN and value.isprintable()
    return is_short and _ORIGIN.fullmatch(str(value)) is not None


def _version_or_none(value: object) -> bool:
    return value == "" or (isinstance(value, str) and is_version(value))


# Where the name of a field ends in `[]` each value of a list is judged by itself.
BOUNDS: Mapping[str, Check] = MappingProxyType(
    {
        "look.font_family": _short_text,
        "look.font_size": within(SMALLEST_FONT, LARGEST_FONT),
        "model": _short_text,
        "opened_models": _some_texts(MOST_OPENED_MODELS),
        "system_prompt": _short_text,
        "sampling.temperature": within(0, 5),
        "sampling.top_k": within(0, 1_000_000),
        "sampling.top_p": within(0, 1),
        "sampling.min_p": within(0, 1),
        "sampling.repeat_penalty": within(0.1, 10),
        "sampling.seed": within(0, 2**32 - 1),
        "sampling.max_tokens": within(1, 10_000_000),
        "sampling.stop": _stops,
        "sampling.frequency_penalty": within(-2, 2),
        "sampling.presence_penalty": within(-2, 2),
        "sampling.mirostat": within(0, 2),
        "sampling.mirostat_tau": within(0, 100),
        "sampling.mirostat_eta": within(0, 10),
        "sampling.dry_multiplier": within(0, 100),
        "sampling.dry_base": within(1, 100),
        "sampling.dry_allowed_length": within(0, 10_000),
        "sampling.xtc_probability": within(0, 1),
        "sampling.xtc_threshold": within(0, 1),
        "sampling.logit_bias": _biases,
        "engine.n_ctx": within(0, 10_000_000),
        "engine.n_gpu_layers": within(-1, 10_000),
        "engine.threads": within(0, 1024),
        "engine.slots": within(1, 16),
        "engine.draft_tokens": within(1, 64),
        "engine.draft_model": _short_text,
        "engine.idle_minutes": within(0, 10_080),
        "engine.idle_minutes_on_battery": within(0, 10_080),
        "engine.kept_states_gb": within(0, 10_000),
        "engine.silence_minutes": within(1, 1440),
        "library.folder": _short_text,
        "library.other_folders": _some_texts(MOST_OTHER_FOLDERS),
        "library.mirror": _address,
        "library.proxy": _address_or_none,
        "library.certificates": _short_text,
        "library.downloads_at_once": within(1, 8),
        "library.accepted_licences": _some_texts(MOST_ACCEPTED_LICENCES),
        "connections.servers": _at_most(MOST_CONNECTIONS),
        "connections.servers[]": _server,
        "api.host": _host,
        "api.port": within(1, 65_535),
        "api.origins": _at_most(MOST_ORIGINS),
        "api.origins[]": _origin,
        "keys.ask": _chord,
        "keys.ask_selected": _chord,
        "keys.new_chat": _chord,
        "keys.show": _chord,
        "keys.stop": _chord,
        "keys.proved": _short_text,
        "keys.proved_on": _short_text,
        "popup.width": within(0, 10_000),
        "popup.height": within(0, 10_000),
        "popup.model": _short_text,
        "popup.translate_to": _short_text,
        "updates.skipped": _version_or_none,
        "window.geometry": _short_text,
        "window.sidebar_width": within(0, 10_000),
        "window.last_chat": within(0, 2**63 - 1),
        "window.zoom": within(LEAST_ZOOM, MOST_ZOOM),
    }
)

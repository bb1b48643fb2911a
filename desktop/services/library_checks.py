"""What a persona, a prompt or a quick action may be, whoever wrote it: a person, a file, an older Lapis.

Foreign values become clean ones here or are refused with a reason. Pure; any thread.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

import msgspec

from desktop.config.bounds import BOUNDS
from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings, Persona, SavedPrompt
from desktop.domain.quick_action import ActionVariant, QuickAction
from desktop.domain.text import Text, printable, shortened

__all__ = [
    "LONGEST_ABOUT",
    "LONGEST_COMMAND",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "MOST_VARIANTS",
    "Refused",
    "action_from",
    "clean_command",
    "clean_key",
    "icon_from",
    "persona_from",
    "prompt_from",
    "settings_from",
]

LONGEST_NAME: Final = 60
LONGEST_ABOUT: Final = 200
LONGEST_COMMAND: Final = 40
LONGEST_TEXT: Final = 16_000
MOST_VARIANTS: Final = 9
_LONGEST_MODEL: Final = 300
_LONGEST_ICON: Final = 32
_MOST_ALSO: Final = 20
_KEPT_CONTROLS: Final = "\n\t"
_EMOJI_PARTS: Final = frozenset({"So", "Sk", "Mn", "Cf", "Me"})


class Refused(ValueError):
    """Something cannot be a persona, a prompt or a quick action; `why` is for people."""

    def __init__(self, why: Text) -> None:
        """Keep the reason untranslated."""
        super().__init__(why.message)
        self.why = why


def persona_from(raw: Mapping[str, Any], own_id: str) -> Persona:
    """Return the persona that `raw`, from JSON, describes, with `own_id`; raises Refused."""
    return Persona(
        own_id,
        _name(raw.get("name")),
        icon_from(raw.get("icon")),
        _line(raw.get("about"), LONGEST_ABOUT),
        settings_from(raw.get("settings")),
    )


def prompt_from(raw: Mapping[str, Any], own_id: str) -> SavedPrompt:
    """Return the prompt that `raw`, from JSON, describes, with `own_id`; raises Refused."""
    name, text = _name(raw.get("name")), _text(raw.get("text"))
    if not text.strip():
        raise Refused(Text("It has no text."))
    also = raw.get("also")
    words = also[:_MOST_ALSO] if isinstance(also, list) else []
    return SavedPrompt(
        own_id,
        clean_command(raw.get("command")) or clean_command(name),
        name,
        text,
        icon=icon_from(raw.get("icon")),
        also=tuple(filter(None, map(clean_command, words))),
    )


def action_from(raw: Mapping[str, Any], own_id: str) -> QuickAction:
    """Return the quick action that `raw`, from JSON, describes, with `own_id`; raises Refused."""
    name, instruction = _name(raw.get("name")), _text(raw.get("instruction"))
    given = raw.get("variants")
    variants = given[:MOST_VARIANTS] if isinstance(given, list | tuple) else []
    if not instruction.strip() and not variants:
        raise Refused(Text("It has no text."))
    return QuickAction(
        own_id,
        name,
        clean_key(raw.get("key")),
        icon_from(raw.get("icon")),
        instruction,
        variants=tuple(_variant(each, number) for number, each in enumerate(variants, 1)),
    )


def _variant(raw: object, number: int) -> ActionVariant:
    if not isinstance(raw, dict):
        raise Refused(Text("A part of the file is damaged."))
    text = _text(raw.get("instruction"))
    if not text.strip():
        raise Refused(Text("It has no text."))
    return ActionVariant(f"{number}", _name(raw.get("name")), clean_key(raw.get("key")), text)


def clean_key(raw: object) -> str:
    """Return a capital letter or a digit, empty for anything else."""
    is_one = isinstance(raw, str) and len(raw) == 1 and raw.isascii() and raw.isalnum()
    return str(raw).upper() if is_one else ""


def clean_command(raw: object) -> str:
    """Return what may follow "/": one word in small letters, without slashes at its beginning."""
    if not isinstance(raw, str):
        return ""
    word = "-".join(printable(raw[: 4 * LONGEST_COMMAND], "").split()).strip("/").casefold()
    return word[:LONGEST_COMMAND]


def _name(raw: object) -> str:
    name = _line(raw, LONGEST_NAME)
    if not name:
        raise Refused(Text("It has no name."))
    return name


def _line(raw: object, most: int) -> str:
    """Return one line without invisible letters, which could make it look like another one."""
    if not isinstance(raw, str):
        return ""
    return shortened(printable(" ".join(raw[: 4 * most].split()), "").strip(), most)


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        return ""
    if len(raw) > LONGEST_TEXT:
        raise Refused(Text("Its text is too long: {most} characters are the most.", _most()))
    lines = raw.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        char
        for char in lines
        if char in _KEPT_CONTROLS or unicodedata.category(char) not in {"Cc", "Cs"}
    )


def _most() -> dict[str, str]:
    return {"most": f"{LONGEST_TEXT:,}"}


def icon_from(raw: object) -> str:
    """Return the name of an icon or an emoji, empty for anything else."""
    if not isinstance(raw, str) or len(raw) > _LONGEST_ICON:
        return ""
    if raw.isascii():
        return raw if raw.replace("-", "").isalpha() and raw.islower() else ""
    parts = [unicodedata.category(char) for char in raw]
    return raw if "So" in parts and set(parts) <= _EMOJI_PARTS else ""


def settings_from(raw: object) -> ChatSettings:
    """Return settings without a persona, none for None; raises Refused.

    A model is named only as a name: paths are those of another computer.
    """
    if raw is None:
        return ChatSettings()
    try:
        settings = msgspec.convert(raw, ChatSettings)
    except msgspec.ValidationError as error:
        raise Refused(Text("Its settings make no sense.")) from error
    if not _is_within("engine.n_ctx", settings.n_ctx) or not _is_sane(settings.sampling):
        raise Refused(Text("Its settings make no sense."))
    prompt = settings.system_prompt
    return replace(
        settings,
        model=_model(settings.model),
        system_prompt=None if prompt is None else _text(prompt),
        persona="",
    )


def _model(name: str | None) -> str | None:
    """Return the name of a model; what another computer calls a path means nothing here."""
    if name is None or not name or len(name) > _LONGEST_MODEL or {"/", "\\", "\0"} & set(name):
        return None
    return name


def _is_sane(sampling: Sampling | None) -> bool:
    return sampling is None or all(
        _is_within(f"sampling.{each.name}", getattr(sampling, each.name))
        for each in fields(sampling)
    )


def _is_within(name: str, value: object) -> bool:
    check = BOUNDS.get(name)
    return check is None or check(value)

"""Personas: those that come with Lapis and people's own, and how a chat begins with one.

The file of the built-in ones is read when it is first asked for. `Personas` lives in the thread
that owns the store.
"""

from dataclasses import dataclass, fields, replace
from functools import cache

import msgspec

from desktop.base.paths import resources
from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings, Persona
from desktop.domain.settings import Language
from desktop.services.library_checks import persona_from
from desktop.services.own_items import KeepsItems, OwnItems

__all__ = ["PERSONA", "built_in_personas", "open_personas", "settings_with", "settings_without"]

PERSONA = "persona"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A persona of the file; its texts by language."""

    id: str
    icon: str
    name: dict[str, str]
    about: dict[str, str]
    system_prompt: dict[str, str]
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class _File:
    personas: tuple[_Listed, ...]


def open_personas(store: KeepsItems) -> OwnItems[Persona]:
    """Return all personas that `store` and Lapis itself have."""
    return OwnItems(store, PERSONA, built_in_personas, persona_from)


@cache
def built_in_personas(language: Language) -> tuple[Persona, ...]:
    """Return the personas that come with Lapis, in `language`."""
    key = "zh_CN" if language is Language.CHINESE else "en"
    return tuple(
        Persona(
            one.id,
            one.name[key],
            one.icon,
            one.about[key],
            ChatSettings(system_prompt=one.system_prompt[key], sampling=_sampling(one)),
            built_in=True,
        )
        for one in _listed()
    )


def settings_with(persona: Persona, before: ChatSettings, usual: Sampling) -> ChatSettings:
    """Return the settings of a chat from now on with `persona`.

    What the persona leaves open about model, context and long talks stays as it was `before`. Of
    how words are chosen only what it says itself differs from `usual`, which holds without it.
    """
    own = persona.settings
    return ChatSettings(
        model=before.model if own.model is None else own.model,
        system_prompt=own.system_prompt,
        sampling=_laid_over(usual, own.sampling),
        n_ctx=before.n_ctx if own.n_ctx is None else own.n_ctx,
        thinking=own.thinking,
        overflow=before.overflow if own.overflow is ChatSettings().overflow else own.overflow,
        persona=persona.id,
    )


def settings_without(before: ChatSettings) -> ChatSettings:
    """Return the settings of a chat that goes on without its persona."""
    return replace(before, persona="", system_prompt=None, sampling=None, thinking=None)


def _laid_over(usual: Sampling, own: Sampling | None) -> Sampling | None:
    if own is None:
        return None
    plain = Sampling()
    said = {
        each.name: getattr(own, each.name)
        for each in fields(own)
        if getattr(own, each.name) != getattr(plain, each.name)
    }
    laid = replace(usual, **said)
    return None if laid == usual else laid


def _sampling(one: _Listed) -> Sampling | None:
    return None if one.temperature is None else Sampling(temperature=one.temperature)


@cache
def _listed() -> tuple[_Listed, ...]:
    content = (resources() / "personas.json").read_bytes()
    return msgspec.json.decode(content, type=_File).personas

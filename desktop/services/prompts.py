"""Saved prompts: those that come with Lapis and people's own, and how they are found by typing.

The file of the built-in ones is read when it is first asked for. Lives in the thread that owns the
store.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import msgspec

from desktop.base.paths import resources
from desktop.domain.chat_settings import SavedPrompt
from desktop.domain.settings import Language
from desktop.services.library_checks import prompt_from
from desktop.services.own_items import KeepsItems, OwnItems

__all__ = ["PROMPT", "built_in_prompts", "first_line", "matching_prompts", "open_prompts"]

PROMPT = "prompt"
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class _Listed:
    """A prompt of the file; its texts by language, `also` in all of them."""

    id: str
    icon: str
    command: dict[str, str]
    also: tuple[str, ...]
    name: dict[str, str]
    text: dict[str, str]


@dataclass(frozen=True, slots=True)
class _File:
    prompts: tuple[_Listed, ...]


def open_prompts(store: KeepsItems) -> OwnItems[SavedPrompt]:
    """Return all prompts that `store` and Lapis itself have."""
    return OwnItems(store, PROMPT, built_in_prompts, prompt_from)


@cache
def built_in_prompts(language: Language) -> tuple[SavedPrompt, ...]:
    """Return the prompts that come with Lapis in `language`; they are found in every language."""
    key = "zh_CN" if language is Language.CHINESE else "en"
    return tuple(
        SavedPrompt(
            one.id,
            one.command[key],
            one.name[key],
            one.text[key],
            built_in=True,
            icon=one.icon,
            also=(*one.command.values(), *one.name.values(), *one.also),
        )
        for one in _listed()
    )


def matching_prompts(prompts: Iterable[SavedPrompt], words: str) -> tuple[SavedPrompt, ...]:
    """Return the prompts that `words`, typed after "/", may mean; the nearest ones first.

    Nearest is a command that begins so, then any word that does, then one that holds it.
    """
    typed = words.strip().casefold()
    if not typed:
        return tuple(prompts)
    ranked = [(rank, one) for one in prompts if (rank := _rank(one, typed)) is not None]
    ranked.sort(key=lambda pair: pair[0])
    return tuple(one for _rank, one in ranked)


def first_line(text: str) -> str:
    """Return the first line of a prompt that has something on it."""
    lines = (" ".join(line.split()) for line in text[:4000].splitlines())
    return next(filter(None, lines), "")[:_LONGEST_LINE]


def _rank(prompt: SavedPrompt, typed: str) -> int | None:
    command = prompt.command.casefold()
    names = [prompt.name.casefold(), *(word.casefold() for word in prompt.also)]
    if command == typed:
        return 0
    if command.startswith(typed):
        return 1
    if any(name == typed for name in names):
        return 2
    if any(part.startswith(typed) for name in names for part in (name, *name.split())):
        return 3
    return 4 if any(typed in name for name in (command, *names)) else None


@cache
def _listed() -> tuple[_Listed, ...]:
    content = (resources() / "prompts.json").read_bytes()
    return msgspec.json.decode(content, type=_File).prompts

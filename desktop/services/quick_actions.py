"""Quick actions: those that come with Lapis and people's own, and what each asks of a model.

What is asked begins with what is always the same, word for word, and ends with the text: so the
engine has computed the beginning before the key is pressed. The file of the built-in ones is read
when it is first asked for. `open_quick_actions` belongs to the thread that owns the store, the rest
to any.
"""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from typing import Final, TypeVar

import msgspec

from desktop.base.paths import resources
from desktop.domain.quick_action import ActionVariant, Languages, QuickAction
from desktop.domain.settings import Language
from desktop.services.library_checks import action_from, clean_key
from desktop.services.own_items import KeepsItems, OwnItems
from desktop.services.own_language import is_in
from desktop.services.prompt_variables import LANGUAGE, fill, language_name, until
from desktop.services.titles import title_of

__all__ = [
    "ACTION",
    "TARGET",
    "beginnings",
    "built_in_actions",
    "chat_title",
    "find_action",
    "languages_of",
    "open_quick_actions",
    "prefix",
    "question",
    "ways",
    "with_keys",
]

ACTION: Final = "action"
TARGET: Final = "target"
"""The variable for the language that a text is to be translated into."""

_TARGETS: Final = (TARGET, "目标语言")
_BETWEEN: Final = "/"
_TAG: Final = "text"
_LONGEST_LANGUAGE: Final = 40
_DIGITS: Final = string.digits[1:]


Keyed = TypeVar("Keyed", QuickAction, ActionVariant)


@dataclass(frozen=True, slots=True)
class _Variant:
    """A variant of the file; its texts by language."""

    id: str
    key: str
    name: dict[str, str]
    instruction: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Listed:
    """An action of the file; its texts by language."""

    id: str
    key: str
    icon: str
    name: dict[str, str]
    instruction: dict[str, str]
    variants: tuple[_Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    actions: tuple[_Listed, ...]


def open_quick_actions(store: KeepsItems) -> OwnItems[QuickAction]:
    """Return all quick actions that `store` and Lapis itself have."""
    return OwnItems(store, ACTION, built_in_actions, action_from)


@cache
def built_in_actions(language: Language) -> tuple[QuickAction, ...]:
    """Return the quick actions that come with Lapis in `language`, in their order."""
    key = "zh_CN" if language is Language.CHINESE else "en"
    return tuple(
        QuickAction(
            one.id,
            one.name[key],
            one.key,
            one.icon,
            one.instruction[key],
            built_in=True,
            variants=tuple(
                ActionVariant(each.id, each.name[key], each.key, each.instruction[key])
                for each in one.variants
            ),
        )
        for one in _listed()
    )


def with_keys(actions: Iterable[QuickAction]) -> tuple[QuickAction, ...]:
    """Return `actions`, each with a key that no other one has; so for the variants of each.

    The first one that asks for a key gets it. Who gets none of its own has a letter of its name,
    or a digit; of very many actions the last ones have none.
    """
    return tuple(
        replace(one, variants=tuple(_keyed(one.variants))) for one in _keyed(tuple(actions))
    )


def ways(action: QuickAction) -> tuple[QuickAction, ...]:
    """Return what can be asked with `action`: itself, or an action for each of its variants."""
    if not action.variants:
        return (action,)
    return tuple(
        replace(
            action,
            id=f"{action.id}{_BETWEEN}{each.id}",
            name=f"{action.name} · {each.name}",
            key=each.key,
            instruction="\n".join(filter(None, (action.instruction, each.instruction))),
            variants=(),
        )
        for each in action.variants
    )


def find_action(actions: Iterable[QuickAction], action: str) -> QuickAction | None:
    """Return the one of `actions`, or of their `ways`, with the id `action`; None if it is gone."""
    for one in actions:
        for each in (one, *ways(one)):
            if each.id == action:
                return each
    return None


def languages_of(surface: Language, translate_to: str) -> Languages:
    """Return the languages of a person from the settings; `surface` is never SYSTEM."""
    other = " ".join(translate_to.split())[:_LONGEST_LANGUAGE]
    if not other or other.casefold() == language_name(surface).casefold():
        usual = Language.ENGLISH if surface is Language.CHINESE else Language.CHINESE
        other = language_name(usual)
    return Languages(surface, other)


def prefix(action: QuickAction, languages: Languages) -> str:
    """Return the beginning of every `question` with `action`, whatever the text is.

    `action` is one without variants: see `ways`. Computed by the engine beforehand, as the
    beginning of a person's first turn, it makes the first token wait for the text alone.
    """
    said = _instruction(action, languages)
    head = min((until(said, name) for name in _TARGETS), key=len)
    return head if head != said else f"{said}\n\n<{_TAG}>\n"


def beginnings(actions: Iterable[QuickAction], languages: Languages) -> tuple[str, ...]:
    """Return what an engine is to compute beforehand, in the order of `actions`.

    Of several ways to do an action it is what is common to them, where that is most of it: an
    engine keeps one of two prompts that begin alike.
    """
    found: list[str] = []
    for action in actions:
        texts = [prefix(way, languages) for way in ways(action)]
        alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
        common = "".join(letters[0] for letters in alike)
        found += [common] if 2 * len(common) >= len(min(texts, key=len)) else texts
    return tuple(found)


def question(action: QuickAction, text: str, languages: Languages) -> str:
    """Return what a model is asked: to do `action`, one without variants, with `text`.

    What a person says besides belongs behind it, so that the beginning stays the same.
    """
    is_own = is_in(text, languages.surface)
    target = languages.other if is_own else language_name(languages.surface)
    said = fill(_instruction(action, languages), dict.fromkeys(_TARGETS, target)).text
    tag = _tag_for(text)
    return f"{said}\n\n<{tag}>\n{_between_lines(text)}\n</{tag}>"


def chat_title(action: QuickAction, text: str, surface: Language) -> str:
    """Return the title of a chat that begins with `action`: what is done, and with which text."""
    mark = "：" if surface is Language.CHINESE else ": "
    return title_of(f"{action.name}{mark}{title_of(text)}")


def _instruction(action: QuickAction, languages: Languages) -> str:
    values = {LANGUAGE: language_name(languages.surface)}
    return fill(action.instruction, values).text.strip()


def _tag_for(text: str) -> str:
    """Return a tag that nothing in `text` closes."""
    number, tag = 1, _TAG
    while f"</{tag}>" in text:
        number += 1
        tag = f"{_TAG}-{number}"
    return tag


def _between_lines(text: str) -> str:
    """Return `text` without empty lines around it; the indentation of its first line stays."""
    lines = text.split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    return "\n".join(lines).rstrip()


def _keyed(items: Sequence[Keyed]) -> list[Keyed]:
    taken: set[str] = set()
    keys: list[str] = []
    item: Keyed
    for item in items:
        keys.append("" if item.key in taken else item.key)
        taken.add(item.key)
    for place, item in enumerate(items):
        if not keys[place]:
            offered = f"{item.name.upper()}{_DIGITS}{string.ascii_uppercase}"
            free = (key for key in offered if clean_key(key) and key not in taken)
            keys[place] = next(free, "")
            taken.add(keys[place])
    return [replace(item, key=key) for item, key in zip(items, keys, strict=True)]


@cache
def _listed() -> tuple[_Listed, ...]:
    content = (resources() / "quick_actions.json").read_bytes()
    return msgspec.json.decode(content, type=_File).actions

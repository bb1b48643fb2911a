"""What can be done with a text at the press of one key, and the languages it is done in."""

from dataclasses import dataclass

from desktop.domain.settings import Language


@dataclass(frozen=True, slots=True)
class ActionVariant:
    """One of several ways to do an action; its `instruction` follows that of the action."""

    id: str
    name: str
    key: str
    instruction: str


@dataclass(frozen=True, slots=True)
class QuickAction:
    """Something that a model is told to do with a text.

    `id` is a slug; `key` a capital letter or a digit, or empty for whichever is free; `icon` as in
    `Persona`. `instruction` may hold the variables `{{language}}` and `{{target}}`; the text comes
    behind it. One with `variants` is not asked itself, but one of them. Built-in ones come in the
    language of the surface and cannot be changed, only copied or hidden.
    """

    id: str
    name: str
    key: str
    icon: str
    instruction: str
    built_in: bool = False
    variants: tuple[ActionVariant, ...] = ()


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of a person: that of the `surface` (never SYSTEM), and another one.

    `other` is the name of a language in itself, as `Deutsch`.
    """

    surface: Language
    other: str

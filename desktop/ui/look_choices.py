"""Themes and languages to choose from, for the menu and the settings page. GUI thread."""

from dataclasses import replace

from desktop.domain.settings import Language, Settings, Theme
from desktop.domain.text import Text
from desktop.ui.translation import say

__all__ = ["language_choices", "theme_choices", "with_language", "with_theme"]


def theme_choices() -> list[tuple[Theme, str]]:
    """Return the themes with their words, in today's language."""
    return [
        (Theme.SYSTEM, say(Text("System"))),
        (Theme.LIGHT, say(Text("Light"))),
        (Theme.DARK, say(Text("Dark"))),
    ]


def language_choices() -> list[tuple[Language, str]]:
    """Return the languages, each called in itself."""
    return [
        (Language.SYSTEM, say(Text("System"))),
        (Language.ENGLISH, "English"),
        (Language.CHINESE, "简体中文"),
    ]


def with_theme(settings: Settings, theme: Theme) -> Settings:
    """Return `settings` with another theme."""
    return replace(settings, theme=theme)


def with_language(settings: Settings, language: Language) -> Settings:
    """Return `settings` with another language."""
    return replace(settings, language=language)

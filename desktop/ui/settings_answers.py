"""The part of the settings page about answers: how they are worded, and what guesses ahead.

GUI thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from PySide6.QtGui import QShowEvent

from desktop.domain.model import InstalledModel
from desktop.domain.quantities import sized
from desktop.domain.settings import Settings
from desktop.domain.text import printable
from desktop.ui.engine_words import model_title
from desktop.ui.model_words import GAP, cut_inside
from desktop.ui.settings_entry import choice, switch, words
from desktop.ui.settings_section import SettingsSection

__all__ = ["AnswersSection"]

_LONGEST_NAME: Final = 40
# Pixels: what the choice is for must find room beside it in a narrow window.
_WIDEST: Final = 180


class AnswersSection(SettingsSection):
    """What every model is told and how it chooses its words, where nothing else is set."""

    def __init__(self, models: Callable[[], Sequence[InstalledModel]] = tuple) -> None:
        """Build the entries; `models` are those that may guess for larger ones, and others."""
        self._models = models
        self._here: tuple[InstalledModel, ...] = ()
        self._prompt = words(
            lambda now: now.system_prompt, lambda now, value: replace(now, system_prompt=value)
        )
        self._temperature = choice(
            lambda now: now.sampling.temperature,
            lambda now, value: replace(now, sampling=replace(now.sampling, temperature=value)),
            self._moods,
        )
        self._speculation = switch(
            lambda now: now.engine.speculation, lambda now, value: _engine(now, speculation=value)
        )
        self._guesser = choice(
            lambda now: now.engine.draft_model,
            lambda now, value: _engine(now, draft_model=value),
            self._guessers,
            widest=_WIDEST,
        )
        self._heads = switch(
            lambda now: now.engine.next_token_heads,
            lambda now, value: _engine(now, next_token_heads=value),
        )
        super().__init__(
            (self._prompt,), (self._temperature,), (self._speculation, self._guesser, self._heads)
        )

    def say(self) -> None:
        self.title = self.tr("Answers")
        self._prompt.say(
            self.tr("System prompt"),
            self.tr("Said to every model before every chat, unless it or the chat has its own."),
            example=self.tr("For example: answer briefly, in simple words."),
        )
        self._temperature.say(
            self.tr("Creativity"),
            self.tr("How freely words are chosen. Models and chats can have their own."),
        )
        self._speculation.say(
            self.tr("Guess ahead"),
            self.tr("Faster where an answer repeats your text. The model still decides each word."),
        )
        self._guesser.say(
            self.tr("A small model guesses too"),
            self.tr("For larger ones of its family. It takes memory of its own."),
        )
        self._heads.say(
            self.tr("A model guesses by itself"),
            self.tr("If its file is made for that, as of GLM 4.5 or Qwen 3.5. Takes more memory."),
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Offer the models that there are by now."""
        super().showEvent(event)
        # Not at each change of a setting: their folders are looked through.
        self._here = tuple(self._models())
        self._guesser.offer_again()

    def _moods(self, now: float) -> list[tuple[float, str]]:
        moods = [
            (0.0, self.tr("Always the likeliest word")),
            (0.3, self.tr("Precise")),
            (0.7, self.tr("Balanced")),
            (1.0, self.tr("Lively")),
        ]
        return moods if now in dict(moods) else [*moods, (now, f"{now:g}")]

    def _guessers(self, now: str) -> list[tuple[str, str]]:
        here = [model for model in self._here if not (model.is_guide or model.is_served)]
        here.sort(key=lambda model: model.size)
        found = [("", self.tr("None")), *((str(model.path), _line(model)) for model in here)]
        return found if now in dict(found) else [*found, (now, _short(Path(now).name))]


def _line(model: InstalledModel) -> str:
    return f"{_short(model_title(model))}{GAP}{sized(model.size)}"


def _short(name: str) -> str:
    return cut_inside(printable(name), _LONGEST_NAME)


def _engine(now: Settings, **changes: Any) -> Settings:
    return replace(now, engine=replace(now.engine, **changes))

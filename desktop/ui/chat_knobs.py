"""The settings of a chat or a persona as a form: each with what it does and where it comes from.

Each change is told at once; typing, when it pauses. GUI thread.
"""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings, Overflow
from desktop.domain.model import InstalledModel
from desktop.domain.quantities import tokens
from desktop.services.library_checks import LONGEST_TEXT
from desktop.ui.chat_ground import ChatGround, Origin
from desktop.ui.context_knob import ContextKnob
from desktop.ui.engine_words import model_title
from desktop.ui.growing_field import GrowingField
from desktop.ui.sampling_panel import SamplingPanel
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space
from desktop.ui.wide_menu import WideMenu

__all__ = ["ChatKnobs"]

_PAUSE_MS = 500
_LEAST_LINES = 3
_MOST_LINES = 14


class ChatKnobs(QWidget):
    """Shows `ChatSettings` upon the ground that holds without them."""

    changed = Signal(object)
    """(ChatSettings)"""
    context_looked_at = Signal(int)
    """(tokens): answer with `context.show_memory`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing set."""
        super().__init__(parent)
        self._settings = ChatSettings()
        self._ground = ChatGround()
        self._models: tuple[tuple[str, InstalledModel], ...] = ()
        self._is_read_only = False
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self.model = WideMenu()
        self.prompt = GrowingField(_LEAST_LINES, _MOST_LINES)
        self.thinking = WideMenu()
        self.context = ContextKnob()
        self.sampling = SamplingPanel(stacked=True)
        self.overflow = WideMenu()
        self._model_row = SettingRow(self.model, stacked=True)
        self._prompt_row = SettingRow(self.prompt, stacked=True)
        self._thinking_row = SettingRow(self.thinking, stacked=True)
        self._context_row = SettingRow(self.context, stacked=True)
        self._overflow_row = SettingRow(self.overflow, stacked=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        for part in (
            *(self._prompt_row, self.sampling, self._model_row, self._thinking_row),
            *(self._context_row, self._overflow_row),
        ):
            column.addWidget(part)
        self._connect()
        self._say()

    @property
    def settings(self) -> ChatSettings:
        """What is set now, what is being typed included."""
        self.flush()
        return self._settings

    def show_settings(self, settings: ChatSettings, ground: ChatGround) -> None:
        """Show `settings` upon `ground`; nothing is signalled."""
        self._pause.stop()
        self._settings, self._ground = settings, ground
        self._show()

    def take_context(self, tokens: int | None) -> None:
        """Know that another context window is set by now; what is being typed stays."""
        self._settings = replace(self._settings, n_ctx=tokens)

    def show_models(self, models: Sequence[tuple[str, InstalledModel]]) -> None:
        """Offer `models` to choose from, each with the name or path that settings keep of it."""
        if tuple(models) != self._models:
            self._models = tuple(models)
            self._show_model()

    def set_read_only(self, *, read_only: bool) -> None:
        """Let everything be read, and nothing be changed."""
        self._is_read_only = read_only
        self.prompt.setReadOnly(read_only)
        for row in (self._model_row, self._thinking_row, self._context_row, self._overflow_row):
            row.setEnabled(not read_only)
        self.sampling.setEnabled(not read_only)
        self._show_prompt()

    def flush(self) -> None:
        """Tell what was typed and not told yet."""
        if self._pause.isActive():
            self._pause.stop()
            self._take_prompt()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _connect(self) -> None:
        self.prompt.textChanged.connect(self._pause.start)
        self.prompt.left.connect(self.flush)
        self._pause.timeout.connect(self._take_prompt)
        self.model.chosen.connect(lambda name: self._set(model=name))
        self.thinking.chosen.connect(lambda value: self._set(thinking=value))
        self.context.chosen.connect(lambda size: self._set(n_ctx=size))
        self.context.looked_at.connect(self.context_looked_at)
        self.sampling.changed.connect(self._on_sampling_changed)
        self.overflow.chosen.connect(lambda way: self._set(overflow=way))
        self._model_row.reset_requested.connect(lambda: self._set(model=self._ground.persona.model))
        self._prompt_row.reset_requested.connect(self._on_prompt_reset)
        self._thinking_row.reset_requested.connect(
            lambda: self._set(thinking=self._ground.persona.thinking)
        )
        self._context_row.reset_requested.connect(
            lambda: self._set(n_ctx=self._ground.persona.n_ctx)
        )
        self._overflow_row.reset_requested.connect(lambda: self._set(overflow=Overflow.ASK))

    def _set(self, **values: object) -> None:
        self.flush()
        settings = replace(self._settings, **values)  # type: ignore[arg-type]  # names are ours
        if settings != self._settings:
            self._settings = settings
            self._show()
            self.changed.emit(settings)

    def _take_prompt(self) -> None:
        words = self.prompt.toPlainText()[:LONGEST_TEXT]
        persona = self._ground.persona.system_prompt
        # A prompt that was emptied follows what holds without it.
        prompt = words if words.strip() else None
        settings = replace(self._settings, system_prompt=prompt)
        if settings != self._settings:
            self._settings = settings
            self._prompt_row.set_overridden(overridden=prompt not in {None, persona})
            self.changed.emit(settings)

    def _on_prompt_reset(self) -> None:
        self._pause.stop()
        self._set(system_prompt=self._ground.persona.system_prompt)
        self.prompt.show_text(self._settings.system_prompt or "")

    def _on_sampling_changed(self, sampling: Sampling | None) -> None:
        self._set(sampling=self._ground.persona.sampling if sampling is None else sampling)

    def _show(self) -> None:
        self._show_prompt()
        self._show_sampling()
        self._show_model()
        self._show_thinking()
        self._show_context()
        self._show_overflow()

    def _show_prompt(self) -> None:
        own, persona = self._settings.system_prompt, self._ground.persona.system_prompt
        inherited, origin = self._ground.system_prompt()
        if not self._pause.isActive():
            self.prompt.show_text(own or "")
        shown = inherited if origin is not Origin.PERSONA else ""
        self.prompt.setPlaceholderText(
            shown or self.tr("For example: answer briefly, in simple words.")
        )
        differs = own is not None and own != persona and not self._is_read_only
        self._prompt_row.set_origin(self._origin(origin) if inherited else "")
        self._prompt_row.set_overridden(overridden=differs)

    def _show_sampling(self) -> None:
        layers = [(each, self._origin(origin)) for each, origin in self._ground.sampling()]
        own = self._settings.sampling
        self.sampling.show_layers(None if own == self._ground.persona.sampling else own, layers)

    def _show_model(self) -> None:
        own, used = self._settings.model, self._ground.usual
        usual = model_title(used) if used is not None else ""
        words = self.tr("As in the window: {name}").format(name=usual)
        choices: list[tuple[str | None, str]] = [
            (None, words if usual else self.tr("As in the window"))
        ]
        choices += [(name, model_title(each)) for name, each in self._models]
        if own is not None and own not in dict(choices):
            choices.append((own, own))
        self.model.set_choices(self.tr("Model"), choices, own)
        self._model_row.set_overridden(overridden=own != self._ground.persona.model)

    def _show_thinking(self) -> None:
        inherited, origin = self._ground.thinking()
        own = self._settings.thinking
        choices = (
            (None, self.tr("As the model does")),
            (True, self.tr("Think first")),
            (False, self.tr("Answer at once")),
        )
        self.thinking.set_choices(self.tr("Thinking"), choices, own)
        self._thinking_row.set_origin(self._origin(origin))
        self._thinking_row.set_overridden(overridden=own != inherited)

    def _show_context(self) -> None:
        inherited, origin = self._ground.context()
        own = self._settings.n_ctx
        self.context.show_context(inherited if own is None else own, self._ground.longest)
        self._context_row.set_origin(self._origin(origin))
        self._context_row.set_overridden(
            overridden=own is not None and own != self._ground.persona.n_ctx
        )
        back = tokens(inherited) if inherited else self.tr("automatic")
        name = self.tr("Context")
        self._context_row.say(
            name,
            self.tr(
                "How much of the chat the model can see, in tokens; three are about two words. "
                "More takes more memory, and the model is loaded anew."
            ),
            self.tr("{name}: back to {value}").format(name=name, value=back),
        )
        self.context_looked_at.emit(self.context.context)

    def _show_overflow(self) -> None:
        now = self._settings.overflow
        choices = (
            (Overflow.ASK, self.tr("Ask me")),
            (Overflow.DROP, self.tr("Leave out the oldest turns")),
            (Overflow.SUMMARISE, self.tr("Summarise the oldest turns")),
        )
        self.overflow.set_choices(self.tr("When the chat gets too long"), choices, now)
        self._overflow_row.set_overridden(overridden=now is not Overflow.ASK)

    def _origin(self, origin: Origin) -> str:
        match origin:
            case Origin.GENERAL:
                return self.tr("from the general settings")
            case Origin.MODEL:
                return self.tr("from the model")
            case Origin.PERSONA:
                return self.tr("from the persona")

    def _say(self) -> None:
        back = self.tr("{name}: as it would be without a choice here")
        prompt, model = self.tr("Instructions"), self.tr("Model")
        thinking, overflow = self.tr("Thinking"), self.tr("When the chat gets too long")
        self._prompt_row.say(
            prompt,
            self.tr(
                "The system prompt: said to the model before everything else. "
                "Say who it is to be, what it should do, and in which form it should answer."
            ),
            back.format(name=prompt),
        )
        self._model_row.say(
            model,
            self.tr("Choose one if this chat should always be answered by the same model."),
            back.format(name=model),
        )
        self._thinking_row.say(
            thinking,
            self.tr(
                "Thinking first helps with hard questions and takes longer. "
                "Only some models can be told to."
            ),
            back.format(name=thinking),
        )
        self._overflow_row.say(
            overflow,
            self.tr(
                "What becomes of the oldest turns once they no longer fit into the context. "
                "A line in the chat shows from where on the model remembers."
            ),
            back.format(name=overflow),
        )
        self._show()

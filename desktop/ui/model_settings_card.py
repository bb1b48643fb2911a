"""What a person sets for one model: how it is addressed, sampled and loaded.

Each change is told at once. What is not set here follows the general settings. GUI thread.
"""

from dataclasses import dataclass, field, replace

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.chat import Sampling
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.shelf import ModelDefaults
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.loading_panel import LoadingPanel
from desktop.ui.menu_button import MenuButton
from desktop.ui.sampling_panel import SamplingPanel
from desktop.ui.setting_row import SettingRow
from desktop.ui.template_preview import TemplatePreview
from desktop.ui.tokens import Space
from desktop.ui.words_field import WordsField

__all__ = ["GeneralValues", "ModelSettingsCard"]

_PROMPT_TALL = 84
_PROMPT_LIMIT = 16_000
_AUTOMATIC = "auto"
_OWN = "own"


@dataclass(frozen=True, slots=True)
class GeneralValues:
    """What holds where nothing is set for the model, and what the model allows.

    `longest_context` in tokens and `layers` are 0 where nobody knows; `templates` are the names of
    built-in ones.
    """

    system_prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    n_ctx: int = 0
    n_gpu_layers: int = -1
    longest_context: int = 0
    layers: int = 0
    has_template: bool = True
    templates: tuple[str, ...] = ()


class ModelSettingsCard(QWidget):
    """Shows one model's `ModelDefaults` and tells each change of them."""

    defaults_changed = Signal(object, object)
    """(InstalledModel, ModelDefaults)"""
    preview_requested = Signal(object)
    """(ModelDefaults): answer with `set_preview`."""

    def __init__(self) -> None:
        """Start without a model."""
        super().__init__()
        self._model: InstalledModel | None = None
        self._defaults = ModelDefaults()
        self._general = GeneralValues()
        self._prompt = WordsField(_PROMPT_TALL, _PROMPT_LIMIT)
        self._prompt_row = SettingRow(None)
        self.sampling = SamplingPanel()
        self.loading = LoadingPanel()
        self.template = MenuButton()
        self._template_row = SettingRow(self.template)
        self.preview = TemplatePreview()
        self._instructions = FormPanel([self._prompt_row, self._prompt])
        self._format = FormPanel([self._template_row, self.preview])
        self._all = LinkButton()
        self._note = PlainLabel(tone="muted", size="small", wrap=True)
        self._lay_out()
        self._connect()
        self._say()

    def show_model(
        self, model: InstalledModel, defaults: ModelDefaults, general: GeneralValues
    ) -> None:
        """Show what is set for `model`; what was typed for another one is told first."""
        self.flush()
        self._model = model
        self._defaults = defaults
        self._general = general
        self._show_prompt()
        self._show_values()

    @property
    def defaults(self) -> ModelDefaults:
        """What is set now."""
        return self._defaults

    def set_preview(self, found: str | LapisError) -> None:
        """Show the rendered prompt, or why there is none."""
        self.preview.set_preview(found)

    def flush(self) -> None:
        """Tell what was typed and not told yet; call it before the card is closed."""
        self._prompt.flush()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        last = QHBoxLayout()
        last.addWidget(self._note, 1)
        last.addWidget(self._all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        for panel in (self._instructions, self.sampling, self.loading, self._format):
            column.addWidget(panel)
        column.addLayout(last)

    def _connect(self) -> None:
        self._prompt.written.connect(self._on_prompt_written)
        self._prompt_row.reset_requested.connect(self._on_prompt_reset)
        self.sampling.changed.connect(
            lambda sampling: self._set(replace(self._defaults, sampling=sampling))
        )
        self.loading.context_chosen.connect(
            lambda size: self._set(replace(self._defaults, n_ctx=size))
        )
        self.loading.layers_chosen.connect(
            lambda count: self._set(replace(self._defaults, n_gpu_layers=count))
        )
        self.template.chosen.connect(self._on_template_chosen)
        self._template_row.reset_requested.connect(lambda: self._on_template_chosen(""))
        self.preview.opened.connect(self._ask_for_preview)
        self._all.clicked.connect(self._on_all_clicked)

    def _on_prompt_written(self, words: str) -> None:
        self._set(replace(self._defaults, system_prompt=words if words.strip() else None))

    def _on_prompt_reset(self) -> None:
        self._prompt.forget()
        self._set(replace(self._defaults, system_prompt=None))
        self._show_prompt()

    def _on_template_chosen(self, name: str) -> None:
        self._set(replace(self._defaults, template=name))

    def _on_all_clicked(self) -> None:
        self._prompt.forget()
        self._set(ModelDefaults())
        self._show_prompt()

    def _set(self, defaults: ModelDefaults) -> None:
        if defaults == self._defaults:
            return
        self._defaults = defaults
        self._show_values()
        if self._model is not None:
            self.defaults_changed.emit(self._model, defaults)
        self._ask_for_preview()

    def _ask_for_preview(self) -> None:
        if self.preview.is_open:
            self.preview_requested.emit(self._defaults)

    def _show_prompt(self) -> None:
        self._prompt.show_text(self._defaults.system_prompt or "")

    def _show_values(self) -> None:
        defaults, general = self._defaults, self._general
        self._prompt_row.set_overridden(overridden=defaults.system_prompt is not None)
        self._prompt.setPlaceholderText(
            self._general.system_prompt or self.tr("For example: answer briefly, in simple words.")
        )
        self.sampling.show_sampling(defaults.sampling, general.sampling)
        self.loading.show_context(defaults.n_ctx, general.n_ctx, general.longest_context)
        self.loading.show_layers(defaults.n_gpu_layers, general.n_gpu_layers, general.layers)
        self._show_template()
        self._all.setEnabled(defaults != ModelDefaults())

    def _show_template(self) -> None:
        now, general = self._defaults.template, self._general
        own = self.tr("The model's own") if general.has_template else self.tr("None in the file")
        choices = [(_OWN, own), (_AUTOMATIC, self.tr("Chosen by Lapis"))]
        choices += [(name, name) for name in general.templates if name != _AUTOMATIC]
        chosen = now or _OWN
        if chosen not in dict(choices):
            choices.append((chosen, chosen))
        self.template.set_choices(self.tr("Chat template"), choices, chosen)
        self._template_row.set_overridden(overridden=chosen != _OWN)

    def _say(self) -> None:
        self._prompt_row.say(
            self.tr("System prompt"), self.tr("Said to the model before every chat.")
        )
        self._prompt.setAccessibleName(self.tr("System prompt"))
        self._template_row.say(
            self.tr("Chat template"), self.tr("How a chat is written down for the model.")
        )
        self._all.setText(self.tr("Reset all"))
        self._note.setText(self.tr("These settings hold for this model only."))
        self._show_values()

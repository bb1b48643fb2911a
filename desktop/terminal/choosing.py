"""What holds for a model on the command line: options first, then its own settings, then the general.

Main thread, and the engine thread when it plans.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.shelf import ModelDefaults
from desktop.services.manner import nothing_set, settings_for, template_for
from desktop.terminal.orders import Choices


@dataclass(frozen=True, slots=True)
class Terms:
    """The general settings, what was set for models, and the options given with the command."""

    settings: Settings = field(default_factory=Settings)
    choices: Choices = field(default_factory=Choices)
    defaults: Callable[[InstalledModel], ModelDefaults] = nothing_set

    def settings_for(self, model: InstalledModel) -> Settings:
        """Return the settings in force for `model`."""
        own = settings_for(model, self.settings, self.defaults(model))
        asked, sampling, engine = self.choices, own.sampling, own.engine
        return replace(
            own,
            system_prompt=own.system_prompt if asked.system is None else asked.system,
            sampling=replace(
                sampling,
                temperature=(
                    sampling.temperature if asked.temperature is None else asked.temperature
                ),
                max_tokens=asked.max_tokens or sampling.max_tokens,
                seed=sampling.seed if asked.seed is None else asked.seed,
            ),
            engine=replace(engine, n_ctx=asked.context or engine.n_ctx),
        )

    def template_for(self, model: InstalledModel) -> str:
        """Return the `ChatRequest.builtin_template` of questions to `model`."""
        return template_for(self.defaults(model), self.choices.template)

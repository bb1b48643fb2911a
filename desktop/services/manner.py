"""How a model is to be sampled and addressed, wherever the question was asked."""

from dataclasses import replace
from typing import Final

from desktop.domain.chat import Sampling
from desktop.domain.model import InstalledModel
from desktop.domain.settings import MOST_BUILTIN_TEMPLATES, EngineSettings, Settings
from desktop.inference.builtin_templates import AUTOMATIC

GUIDE_TOKENS: Final = 256
"""No answer of the guide is half as long; so small a model must not be left to ramble."""
OWN_TEMPLATE: Final = "own"
"""The word for the template in the model file, where built-in ones have their names."""


def sampling_for(
    model: InstalledModel, sampling: Sampling, temperature: float | None = None
) -> Sampling:
    """Return `sampling` at the temperature asked for, None being that of the settings.

    The guide takes its likeliest words unless asked otherwise, so that it stays with the facts, and
    at most GUIDE_TOKENS of them.
    """
    if model.is_guide:
        sampling = replace(
            sampling,
            temperature=0.0,
            max_tokens=min(sampling.max_tokens or GUIDE_TOKENS, GUIDE_TOKENS),
        )
    return sampling if temperature is None else replace(sampling, temperature=temperature)


def template_for(model: InstalledModel, engine: EngineSettings, asked: str | None = None) -> str:
    """Return the `ChatRequest.builtin_template` of questions to `model`.

    `asked` is "own", "auto" or the name of a built-in template; None does as was chosen for this
    file before.
    """
    if asked is not None:
        return "" if asked == OWN_TEMPLATE else asked
    return AUTOMATIC if str(model.path) in engine.builtin_templates else ""


def with_template(settings: Settings, model: InstalledModel, *, builtin: bool) -> Settings:
    """Return `settings` that remember whether `model` is asked with a built-in template."""
    path, kept = str(model.path), settings.engine.builtin_templates
    others = tuple(each for each in kept if each != path)
    chosen = (path, *others)[:MOST_BUILTIN_TEMPLATES] if builtin else others
    return replace(settings, engine=replace(settings.engine, builtin_templates=chosen))

"""How a model is to be loaded, sampled and addressed, wherever the question was asked.

Four things say so: what was asked for this once, what a person set for this chat, for this model,
and the general settings; the first of them that says anything counts. Plain functions for any
thread.
"""

from dataclasses import replace
from typing import Final, TypeVar

from desktop.domain.chat import Sampling
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.shelf import ModelDefaults
from desktop.inference.builtin_templates import AUTOMATIC, NAMES

Value = TypeVar("Value")

GUIDE_TOKENS: Final = 256
"""No answer of the guide is half as long; so small a model must not be left to ramble."""
OWN_TEMPLATE: Final = "own"
"""The word for the template in the model file, where built-in ones have their names."""

_NOTHING_SET: Final = ModelDefaults()
_LIKE_ALL: Final = ChatSettings()


def nothing_set(_model: InstalledModel) -> ModelDefaults:
    """Return what is set for a model where nothing is remembered of models."""
    return _NOTHING_SET


def settings_for(
    model: InstalledModel,
    settings: Settings,
    defaults: ModelDefaults,
    chat: ChatSettings = _LIKE_ALL,
) -> Settings:
    """Return what is in force for `model` in a chat: what `chat` sets, then the model's `defaults`.

    The rest is as in the general `settings`. This is what planning, conversation and sampling are
    given; `chat.model` has had its say when the model was chosen.
    """
    engine = settings.engine
    return replace(
        settings,
        system_prompt=_first(chat.system_prompt, defaults.system_prompt, settings.system_prompt),
        sampling=(chat.sampling or defaults.sampling or _usual_sampling(model, settings.sampling)),
        engine=replace(
            engine,
            n_ctx=_first(chat.n_ctx, defaults.n_ctx, engine.n_ctx),
            n_gpu_layers=_first(defaults.n_gpu_layers, engine.n_gpu_layers),
        ),
    )


def template_for(defaults: ModelDefaults, asked: str | None = None) -> str:
    """Return the `ChatRequest.builtin_template` of questions to the model with these `defaults`.

    `asked` is "own", "auto" or the name of a built-in template; None does as was set. What another
    version called so is no template of ours: then the model is asked with its own.
    """
    chosen = defaults.template if asked is None else asked
    return chosen if chosen in {AUTOMATIC, *NAMES} else ""


def with_choice(defaults: ModelDefaults, *, builtin: bool) -> ModelDefaults:
    """Return `defaults` that say whether the model is asked with a built-in template."""
    return replace(defaults, template=AUTOMATIC if builtin else OWN_TEMPLATE)


def _first(*said: Value | None) -> Value:
    """Return the first of them that is not None; the last one never is."""
    return next(value for value in said if value is not None)


def _usual_sampling(model: InstalledModel, sampling: Sampling) -> Sampling:
    """Return `sampling`, but for the guide the likeliest words, so that it stays with the facts."""
    if not model.is_guide:
        return sampling
    most = min(sampling.max_tokens or GUIDE_TOKENS, GUIDE_TOKENS)
    return replace(sampling, temperature=0.0, max_tokens=most)

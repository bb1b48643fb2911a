"""How a model is to be sampled, wherever the question was asked."""

from dataclasses import replace
from typing import Final

from desktop.domain.chat import Sampling
from desktop.domain.model import InstalledModel

GUIDE_TOKENS: Final = 256
"""No answer of the guide is half as long; so small a model must not be left to ramble."""


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

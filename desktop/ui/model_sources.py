"""What of the engine, and of the models that there are, choosing a model needs."""

from typing import Protocol

from desktop.domain.model import InstalledModel

__all__ = ["ChosenFrom", "ModelEngine"]


class ModelEngine(Protocol):
    """The part of `services.engine.Engine` that loads."""

    def choose(self, model: InstalledModel, n_ctx: int | None = None) -> None:
        """Start loading `model`."""
        ...

    def unload(self) -> None:
        """Give the memory back."""
        ...

    def use_full_settings(self, model: InstalledModel) -> None:
        """Load `model` without what was given up for it after crashes."""
        ...

    def load_anyway(self, model: InstalledModel) -> None:
        """Load `model` even if it will not fit into memory."""
        ...


class ChosenFrom(Protocol):
    """The models that there are: `services.all_models.AllModels`, or the files alone."""

    def find(self, name_or_path: str) -> InstalledModel:
        """Return the model of that name or path; raises LapisError."""
        ...

    def models(self) -> list[InstalledModel]:
        """Return all of them."""
        ...

    def sees(self, model: InstalledModel) -> bool | None:
        """Return whether a model takes pictures, at once; None where nobody knows."""
        ...

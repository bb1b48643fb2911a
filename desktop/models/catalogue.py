"""The catalogue that comes with Lapis: models worth knowing, and what quantisations mean.

Read from `resources/`, so it is there without a network. It predicts; sizes and names of files come
from the live listing of a source. Reading it takes some milliseconds; any thread.
"""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from desktop.base.paths import resources
from desktop.domain.catalogue import ListedModel, QuantisationFacts
from desktop.domain.errors import ModelNotFound
from desktop.domain.text import Text
from desktop.models.catalogue_search import matching
from desktop.models.quantisations import Quantisations

# A size ("8b", "e2b", "a3b"), a version, or a word.
_PART: Final = re.compile(r"[ae]?\d+(?:\.\d+)*[bm](?![a-z\d])|\d+(?:\.\d+)*|[a-z]+")
# Words of names that tell no model from another.
_SILENT: Final = frozenset({"it", "instruct", "chat", "gguf", "model"})
_MOST_NEAR: Final = 4
_LIKE_SIZE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Picks:
    """Models (ids) to show first where up to `memory` bytes are usable; 0 for any more."""

    memory: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    data_date: str
    picks: tuple[Picks, ...]
    models: tuple[ListedModel, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models that are listed, as of `data_date` (ISO); `picks` by growing memory."""

    data_date: str
    models: tuple[ListedModel, ...]
    picks: tuple[Picks, ...]
    quantisations: Quantisations

    def find(self, name: str) -> ListedModel:
        """Return the model meant by an id or name, loosely spelt ("gemma 2 2b", "llama3 8b").

        Raises ModelNotFound, with the names that come near.
        """
        wanted = _parts(name)
        exact = [one for one in self.models if wanted in {_parts(one.id), _parts(one.name)}]
        meant = exact or [one for one in self.models if _within(wanted, _parts(one.id))]
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise ModelNotFound(
                Text("{name} may mean several models", {"name": name}),
                Text("Say which one: {names}.", {"names": _names(meant)}),
            )
        near = self._near(wanted)
        title = Text("No model of the catalogue is called {name}", {"name": name})
        if near:
            raise ModelNotFound(title, Text("Similar names: {names}.", {"names": _names(near)}))
        raise ModelNotFound(
            title, Text("Search for it by words, or name its repository: owner/name.")
        )

    def search(self, words: str) -> tuple[ListedModel, ...]:
        """Return the models that `words` describe, in English or Chinese, the best match first."""
        return matching(words, self.models)

    def for_repository(self, repository: str) -> ListedModel | None:
        """Return the model that the repository `owner/name` holds, None for any other."""
        wanted = repository.casefold()
        for model in self.models:
            if wanted in {
                one.casefold() for one in (*model.repositories, model.original_repository)
            }:
                return model
        return None

    def kin_of(self, repository: str, parameters: int) -> ListedModel | None:
        """Return the model that another repository's was made from, by its name and size.

        Close enough for its memory; what it can do may be another matter.
        """
        parts = _parts(repository.rpartition("/")[2])
        for model in self.models:
            like = abs(model.parameters - parameters) < _LIKE_SIZE * model.parameters
            if like and _within(_parts(model.id), parts):
                return model
        return None

    def quantisation(self, label: str, *, trained: bool = False) -> QuantisationFacts | None:
        """Return what a label means, as `Quantisations.find` does; None where nobody knows."""
        return self.quantisations.find(label, trained=trained)

    def _near(self, wanted: tuple[str, ...]) -> list[ListedModel]:
        spelt = {"".join(_parts(one.id)): one for one in self.models}
        close = difflib.get_close_matches("".join(wanted), spelt, n=_MOST_NEAR, cutoff=0.6)
        return [spelt[one] for one in close]


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Return the catalogue that lies in `folder`, else the one that comes with Lapis."""
    place = folder or resources()
    read = msgspec.json.decode((place / "catalogue.json").read_bytes(), type=_File)
    quantisations = msgspec.json.decode(
        (place / "quantisations.json").read_bytes(), type=Quantisations
    )
    return Catalogue(read.data_date, read.models, read.picks, quantisations)


def _parts(name: str) -> tuple[str, ...]:
    """Return the telling parts of a name: `Gemma-2-2B-it` and `gemma2 2b` both (gemma, 2, 2b)."""
    return tuple(part for part in _PART.findall(name.casefold()) if part not in _SILENT)


def _within(wanted: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Return whether all of `wanted` occur in `parts`, in that order."""
    rest = iter(parts)
    return bool(wanted) and all(part in rest for part in wanted)


def _names(models: list[ListedModel]) -> tuple[str, ...]:
    return tuple(model.name for model in models)

"""From what a person asks for to the order that fetches it. Blocks; any thread.

What is asked for is a repository, a link, or a model of the catalogue, each with or without a
quantisation; without one the recommended one is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from desktop.domain.advice import Computer, ModelAdvice
from desktop.domain.catalogue import ListedModel
from desktop.domain.download import DownloadOrder
from desktop.domain.errors import (
    AccessDenied,
    OutOfMemory,
    RemoteFileNotFound,
    RepositoryNotFound,
)
from desktop.domain.repository import QuantisedModel, Reference, Repository, SourceKind
from desktop.domain.settings import EngineSettings
from desktop.domain.text import Text
from desktop.models.catalogue import Catalogue
from desktop.services.orders import choose, chosen, order_for, projector_for
from desktop.services.recommendation import advise
from desktop.services.sources import Sources

_MOST_TRIED: Final = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is about to be fetched: `listed` where the catalogue knows it, `reason` for the choice."""

    order: DownloadOrder
    repository: Repository
    model: QuantisedModel
    listed: ListedModel | None
    reason: Text | None


def wanted(
    text: str,
    sources: Sources,
    catalogue: Catalogue,
    computer: Computer,
    engine: EngineSettings,
    source: SourceKind | None = None,
) -> Wanted:
    """Return the order for what `text` names.

    Raises ModelNotFound and BadReference for names, NetworkError for what the source says, and
    OutOfMemory where a quantisation has to be chosen and none fits this computer.
    """
    repository, reference, listed = offered(text, sources, catalogue, source, anew=True)
    model, reason = chosen(repository, reference), None
    if model is None:
        advice = advise(repository, computer, catalogue, engine)
        model, reason = recommended(repository, advice), advice.reason
    order = order_for(repository, model, projector_for(repository, model))
    return Wanted(order, repository, model, listed, reason)


def offered(
    text: str,
    sources: Sources,
    catalogue: Catalogue,
    source: SourceKind | None = None,
    *,
    anew: bool = False,
) -> tuple[Repository, Reference, ListedModel | None]:
    """Return the repository that `text` names, what it says besides, and what the catalogue knows.

    `anew` asks past all that is remembered. Raises ModelNotFound and BadReference for names, NetworkError for what the source says.
    """
    listed, reference = _meant(text, sources, catalogue)
    if listed is None:
        repository = sources.repository(reference, source, anew=anew)
    else:
        repository = _first_of(listed, reference.quantisation, sources, source, anew=anew)
    return repository, reference, listed or catalogue.for_repository(repository.name)


def repository_of(listed: ListedModel, sources: Sources) -> Repository:
    """Return the first repository of a model of the catalogue that can be read."""
    return _first_of(listed, "", sources, None)


def recommended(repository: Repository, advice: ModelAdvice) -> QuantisedModel:
    """Return the model that `advice` recommends; raises OutOfMemory where there is none."""
    best = advice.recommended
    if best is None:
        raise OutOfMemory(
            advice.reason,
            Text("To take one all the same, name it: {names}.", {"names": _names(repository)}),
        )
    return next(model for model in repository.models if model.name == best.name)


def _meant(
    text: str, sources: Sources, catalogue: Catalogue
) -> tuple[ListedModel | None, Reference]:
    """Return the model of the catalogue and its quantisation, or a reference to a repository."""
    if "/" in text or sources.looks_like_reference(text):
        return None, sources.reference(text)
    name, colon, quantisation = text.strip().rpartition(":")
    listed = catalogue.find(name if colon else quantisation)
    return listed, Reference(listed.id, quantisation=quantisation if colon else "")


def _first_of(
    listed: ListedModel,
    quantisation: str,
    sources: Sources,
    source: SourceKind | None,
    *,
    anew: bool = False,
) -> Repository:
    """Return the first of the model's repositories that is there and has the quantisation."""
    problem: AccessDenied | RepositoryNotFound | RemoteFileNotFound | None = None
    for reference in _references(listed):
        try:
            repository = sources.repository(reference, source, anew=anew)
            if quantisation:
                choose(repository, quantisation)
            if repository.refused is None:
                return repository
            raise repository.refused
        except (AccessDenied, RepositoryNotFound, RemoteFileNotFound) as error:
            # The reason that counts is that of the repository which is preferred.
            problem = problem or error
    raise problem or RepositoryNotFound(
        Text("No place is known that offers {name}", {"name": listed.name}),
        Text("Search for its name: lapis models search {name}", {"name": listed.name}),
    )


def _references(listed: ListedModel) -> Iterator[Reference]:
    for name in listed.repositories[:_MOST_TRIED]:
        yield Reference(name)


def _names(repository: Repository) -> tuple[str, ...]:
    return tuple(model.quantisation or model.name for model in repository.models)

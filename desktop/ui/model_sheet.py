"""What a model's page shows above its quantisations, for the catalogue and for any repository.

Plain values, no widgets. Any thread.
"""

from dataclasses import dataclass

from desktop.domain.catalogue import ListedModel, in_language
from desktop.domain.repository import Gate, Repository
from desktop.ui.licences import licence_page

__all__ = ["ModelSheet", "listed_sheet", "repository_sheet"]

_PAGES = "https://huggingface.co/"


@dataclass(frozen=True, slots=True)
class ModelSheet:
    """One page: `key` is the id in the catalogue or the name of the repository.

    `page` is the model's web page, `terms` that of its licence; `repositories` hand out its files,
    the first one first.
    """

    key: str
    name: str
    words: str
    repositories: tuple[str, ...]
    page: str
    gate: Gate
    licence: str
    licence_name: str
    licence_note: str
    terms: str
    must_accept: bool
    sees_pictures: bool = False
    thinks: bool = False
    speaks_chinese: bool = False
    context_length: int = 0
    parameters: int = 0
    released: str = ""


def listed_sheet(
    model: ListedModel,
    language: str,
    accepted: frozenset[str] = frozenset(),
    repository: Repository | None = None,
) -> ModelSheet:
    """Return the page of a model of the catalogue; `repository` is what its source says, if asked.

    `language` and `accepted` as in `discover_feed.card_facts`.
    """
    original = _PAGES + (model.original_repository or next(iter(model.repositories), ""))
    page = repository.page if repository is not None else original
    return ModelSheet(
        key=model.id,
        name=model.name,
        words=in_language(model.words, language),
        repositories=model.repositories,
        page=page,
        gate=repository.gate if repository is not None else Gate.OPEN,
        licence=model.licence,
        licence_name=model.licence_name,
        licence_note=in_language(model.licence_note, language),
        terms=licence_page(model.licence, original),
        must_accept=model.must_accept and model.licence not in accepted,
        sees_pictures=model.sees_pictures,
        thinks=model.thinks,
        speaks_chinese="zh" in model.languages,
        context_length=model.context_length,
        parameters=model.parameters,
        released=model.released,
    )


def repository_sheet(repository: Repository, parameters: int = 0) -> ModelSheet:
    """Return the page of a repository that is in no catalogue."""
    return ModelSheet(
        key=repository.name,
        name=repository.name,
        words="",
        repositories=(repository.name,),
        page=repository.page,
        gate=repository.gate,
        licence=repository.licence,
        licence_name="",
        licence_note="",
        terms=licence_page(repository.licence, repository.page),
        must_accept=False,
        sees_pictures=bool(repository.projectors),
        parameters=parameters,
    )

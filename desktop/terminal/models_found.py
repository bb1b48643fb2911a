"""`lapis models search` and `files`: what sources have, as tables for people or as JSON."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from desktop.base.translation import Translator
from desktop.domain.advice import ModelAdvice, QuantisationAdvice
from desktop.domain.catalogue import ListedModel, in_language
from desktop.domain.errors import LapisError
from desktop.domain.model import FitLevel
from desktop.domain.quantities import parameters, sized, tokens
from desktop.domain.repository import Gate, QuantisedModel, Repository, SearchHit, SearchResult
from desktop.domain.text import Text
from desktop.terminal.errors import report
from desktop.terminal.output import Screen, Style
from desktop.terminal.tables import print_rows

_FITS: Final = {
    FitLevel.FITS: Text("fits"),
    FitLevel.TIGHT: Text("only just"),
    FitLevel.TOO_LARGE: Text("too large"),
}


def show_search(
    listed: Sequence[ListedModel],
    found: SearchResult | LapisError,
    words: Translator,
    screen: Screen,
) -> None:
    """Print models of the catalogue, then repositories. Why a source failed is the caller's word."""
    say = words.say
    if listed:
        screen.line(say("In the catalogue"), Style.STRONG)
        header = (say("Name"), say("Parameters"), say("Context"), say("What it is good at"))
        print_rows((_listed_row(each, words) for each in listed), screen, header=header, cut=True)
        screen.note(say("More about one: {command}", command=f"lapis models show {listed[0].id}"))
    if isinstance(found, LapisError):
        return
    if found.remembered:
        screen.note(words.say("The source cannot be reached; this is what it said before."))
    if not found.hits:
        if not listed:
            screen.note(say("Nothing was found. Try fewer or other words."))
        return
    if listed:
        screen.line()
    screen.line(say("Repositories"), Style.STRONG)
    header = (say("Name"), say("Parameters"), say("Downloads"), say("Terms"))
    print_rows((_hit_row(hit, words) for hit in found.hits), screen, header=header)
    if found.has_more:
        screen.note(say("There are more; other words narrow the search."))
    command = f"lapis models files {found.hits[0].name}"
    screen.note(say("What is in one: {command}", command=command))


def search_as_json(listed: Sequence[ListedModel], found: SearchResult | None) -> str:
    """Return one JSON object: models of the catalogue and repositories. Pure ASCII."""
    hits: Iterable[SearchHit] = () if found is None else found.hits
    told = {
        "catalogue": [
            {
                "id": model.id,
                "name": model.name,
                "parameters": model.parameters,
                "context_length": model.context_length,
                "licence": model.licence,
                "repositories": list(model.repositories),
            }
            for model in listed
        ],
        "reached": found is not None and not found.remembered,
        "repositories": [
            {
                "name": hit.name,
                "source": hit.source.kind.value,
                "downloads": hit.downloads,
                "likes": hit.likes,
                "gated": hit.gate is not Gate.OPEN,
                "parameters": hit.parameters,
                "architecture": hit.architecture,
                "context_length": hit.context_length,
            }
            for hit in hits
        ],
    }
    return json.dumps(told, indent=2)


def show_files(
    repository: Repository, advice: ModelAdvice, words: Translator, screen: Screen
) -> None:
    """Print the models of a repository, the recommended one marked, with the reason."""
    say = words.say
    screen.line(repository.name, Style.STRONG)
    if repository.licence:
        screen.line(say("Licence: {licence}", licence=repository.licence), Style.FAINT)
    if repository.remembered:
        screen.note(say("The source cannot be reached; this is what it said before."))
    by_name = {each.name: each for each in advice.quantisations}
    best = advice.recommended
    mark = "★" if screen.can_write("★") else "*"
    rows = [
        _file_row(model, by_name.get(model.name), best, words, mark) for model in repository.models
    ]
    header = ("  " + say("Quantisation"), say("Size"), say("Here"), say("What it means"))
    print_rows(rows, screen, header=header)
    if best is not None:
        label = best.quantisation or best.name
        screen.note(say("{mark} Recommended: {name}", mark=mark, name=label))
    screen.note(say(advice.reason))
    for projector in repository.projectors[:1]:
        screen.note(say("With {size} more it sees pictures.", size=sized(projector.size)))
    if repository.refused is not None:
        report(repository.refused, words, screen)
    elif best is not None:
        name = f"{repository.name}:{best.quantisation or best.name}"
        screen.note(say("To download: {command}", command=f"lapis models pull {name}"))


def files_as_json(repository: Repository, advice: ModelAdvice) -> str:
    """Return one JSON object: the repository, its models, and how each would fit. Pure ASCII."""
    by_name = {each.name: each for each in advice.quantisations}
    best = advice.recommended
    told = {
        "name": repository.name,
        "source": repository.source.kind.value,
        "commit": repository.commit,
        "gated": repository.gate is not Gate.OPEN,
        "licence": repository.licence,
        "page": repository.page,
        "recommended": None if best is None else best.quantisation or best.name,
        "reason": str(advice.reason),
        "models": [_file_fields(model, by_name.get(model.name)) for model in repository.models],
        "projectors": [
            {"path": file.path, "size": file.size, "sha256": file.sha256}
            for file in repository.projectors
        ],
    }
    return json.dumps(told, indent=2)


def _listed_row(model: ListedModel, words: Translator) -> list[str]:
    language = words.language.value
    return [
        model.id,
        parameters(model.parameters),
        tokens(model.context_length),
        in_language(model.words, language),
    ]


def _hit_row(hit: SearchHit, words: Translator) -> list[str]:
    return [
        hit.name,
        parameters(hit.parameters) if hit.parameters else "",
        f"{hit.downloads:,}",
        words.say("to be accepted") if hit.gate is not Gate.OPEN else "",
    ]


def _file_row(
    model: QuantisedModel,
    advice: QuantisationAdvice | None,
    best: QuantisationAdvice | None,
    words: Translator,
    mark: str,
) -> list[str]:
    is_best = best is not None and advice == best
    facts = advice.facts if advice is not None else None
    return [
        f"{mark if is_best else ' '} {model.quantisation or model.name}",
        sized(model.size),
        words.say(_FITS[advice.fit.level]) if advice is not None else "",
        in_language(facts.words, words.language.value) if facts is not None else "",
    ]


def _file_fields(model: QuantisedModel, advice: QuantisationAdvice | None) -> dict[str, object]:
    fields: dict[str, object] = {
        "name": model.name,
        "quantisation": model.quantisation,
        "size": model.size,
        "files": [
            {"path": file.path, "size": file.size, "sha256": file.sha256} for file in model.files
        ],
    }
    if advice is not None:
        fields["fit"] = advice.fit.level.value
        fields["memory"] = advice.parts.needed
        fields["loss"] = None if advice.facts is None else advice.facts.loss
    return fields

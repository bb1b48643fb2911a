"""`lapis models show` for a model of the catalogue that is not on this computer. Main thread."""

import json
from collections.abc import Callable

from desktop.base.translation import Translator
from desktop.domain.advice import Computer, ModelAdvice
from desktop.domain.catalogue import ListedModel, in_language
from desktop.domain.errors import ModelNotFound
from desktop.domain.quantities import parameters, tokens
from desktop.domain.settings import EngineSettings
from desktop.domain.text import BETWEEN
from desktop.models.catalogue import load_catalogue
from desktop.services.recommendation import advise
from desktop.terminal.models_orders import ShowOrder
from desktop.terminal.output import Screen, Style
from desktop.terminal.tables import print_facts, print_prose


def show_from_catalogue(
    order: ShowOrder,
    computer: Callable[[], Computer],
    engine: EngineSettings,
    words: Translator,
    screen: Screen,
) -> bool:
    """Print what the catalogue knows of the model; return whether it knows it at all.

    What suits the `computer` is told as well, which is asked only then.
    """
    catalogue = load_catalogue()
    try:
        model = catalogue.find(order.name)
    except ModelNotFound:
        return False
    advice = advise(model, computer(), catalogue, engine)
    if order.as_json:
        screen.line(listed_as_json(model, advice))
    else:
        _show(model, advice, words, screen)
    return True


def listed_as_json(model: ListedModel, advice: ModelAdvice) -> str:
    """Return one JSON object with what the catalogue knows. Pure ASCII."""
    best = advice.recommended
    told = {
        "id": model.id,
        "name": model.name,
        "installed": False,
        "parameters": model.parameters,
        "context_length": model.context_length,
        "licence": model.licence,
        "languages": list(model.languages),
        "repositories": list(model.repositories),
        "recommended": None if best is None else best.quantisation,
        "reason": str(advice.reason),
    }
    return json.dumps(told, indent=2)


def _show(model: ListedModel, advice: ModelAdvice, words: Translator, screen: Screen) -> None:
    say, language = words.say, words.language.value
    screen.line(model.name, Style.STRONG)
    print_prose(in_language(model.words, language), screen)
    best = advice.recommended
    print_facts(
        [
            (say("Parameters"), parameters(model.parameters)),
            (say("Context window"), tokens(model.context_length)),
            (say("Licence"), model.licence_name),
            (say("Languages"), say(BETWEEN).join(model.languages)),
            (say("Repositories"), "\n".join(model.repositories)),
        ],
        screen,
    )
    screen.note(say("It is in the catalogue, and not on this computer."))
    screen.note(say(advice.reason))
    if best is not None:
        screen.note(say("To download: {command}", command=f"lapis models pull {model.id}"))

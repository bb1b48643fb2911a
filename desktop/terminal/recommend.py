"""`lapis recommend`: models that suit this computer, in words or as JSON."""

import json
from typing import Final

from desktop.base.translation import Translator
from desktop.domain.advice import ModelAdvice, Pick, Picks, Place, QuantisationAdvice
from desktop.domain.catalogue import ListedModel, in_language
from desktop.domain.quantities import parameters, sized, tokens
from desktop.domain.repository import Repository
from desktop.domain.speed import Speed
from desktop.domain.text import Text
from desktop.terminal.fit import rate, speed_as_json
from desktop.terminal.output import Screen, Style
from desktop.terminal.tables import print_facts, print_indented, print_prose

_ROLES: Final = (
    ("best", Text("Best answers")),
    ("balanced", Text("Balanced")),
    ("fastest", Text("Fastest")),
)


def picks_as_json(picks: Picks) -> str:
    """Return one JSON object with the three, null where there is none. Pure ASCII."""
    found = _by_role(picks)
    told = {role: None if pick is None else _pick_fields(pick) for role, pick in found.items()}
    return json.dumps(told, indent=2)


def advice_as_json(subject: ListedModel | Repository, advice: ModelAdvice) -> str:
    """Return one JSON object: the recommended quantisation, and what all of them take."""
    best = advice.recommended
    told = {
        "model": subject.id if isinstance(subject, ListedModel) else subject.name,
        "reason": str(advice.reason),
        "context": advice.context,
        "trained_context": advice.longest_context,
        "max_ctx_that_fits": advice.fitting_context,
        "is_estimate": advice.is_estimate,
        "recommended": None if best is None else _fields(best),
        "quantisations": [_fields(one) for one in advice.quantisations],
    }
    return json.dumps(told, indent=2)


def show_picks(picks: Picks, words: Translator, screen: Screen) -> None:
    """Print the three, each with its reason, and how to get the first."""
    say = words.say
    found = _by_role(picks)
    if not picks.all:
        print_prose(
            say("No model of the catalogue runs well here. The built-in guide always answers."),
            screen,
        )
        return
    for role, label in _ROLES:
        pick = found[role]
        if pick is None:
            continue
        screen.line(say("{what}: {detail}", what=say(label), detail=pick.model.name), Style.STRONG)
        print_indented(in_language(pick.model.words, words.language.value), screen)
        print_facts(_pick_rows(pick, words), screen)
        print_indented(say(pick.reason), screen)
        screen.line()
    screen.note(say("To download: {command}", command=_command(picks.all[0])))


def show_advice(
    subject: ListedModel | Repository, advice: ModelAdvice, words: Translator, screen: Screen
) -> None:
    """Print how a model is best taken here, and why."""
    say = words.say
    screen.line(subject.name, Style.STRONG)
    best = advice.recommended
    if best is not None:
        rows = [
            (say("Quantisation"), best.quantisation or best.name),
            (say("Size"), sized(best.size)),
            *_rows(best, advice.context, words),
        ]
        if advice.fitting_context > advice.context:
            longest = f"{advice.fitting_context:,}"
            rows.append((say("Longest context that fits"), longest))
        print_facts(rows, screen)
    print_prose(say(advice.reason), screen)
    if advice.is_estimate:
        screen.note(
            say("Memory is guessed from the size of the files, rather too high than too low.")
        )
    if best is not None:
        name = subject.id if isinstance(subject, ListedModel) else subject.name
        label = best.quantisation or best.name
        screen.note(say("To download: {command}", command=f"lapis models pull {name}:{label}"))


def _by_role(picks: Picks) -> dict[str, Pick | None]:
    return {"best": picks.best, "balanced": picks.balanced, "fastest": picks.fastest}


def _command(pick: Pick) -> str:
    return f"lapis models pull {pick.model.id}:{pick.advice.quantisation}"


def _pick_rows(pick: Pick, words: Translator) -> list[tuple[str, str]]:
    say = words.say
    what = say(
        "{parameters} parameters, {quantisation}, {size} to download",
        parameters=parameters(pick.model.parameters),
        quantisation=pick.advice.quantisation,
        size=sized(pick.advice.size),
    )
    rows = [(say("Model"), what), *_rows(pick.advice, pick.context, words)]
    return [(f"  {name}", value) for name, value in rows]


def _rows(advice: QuantisationAdvice, context: int, words: Translator) -> list[tuple[str, str]]:
    say = words.say
    memory = say(
        "{size} with {context} tokens of context",
        size=sized(advice.parts.needed),
        context=tokens(context),
    )
    rows = [(say("Memory"), memory), (say("Runs on"), say(_place(advice)))]
    if advice.speed is not None:
        rows.append((say("Speed"), say(_speed(advice.speed))))
    return rows


def _speed(speed: Speed) -> Text:
    values = {"likely": rate(speed.likely), "low": rate(speed.low), "high": rate(speed.high)}
    if speed.is_measured:
        return Text("{likely} tokens/s, timed here", values)
    return Text("about {likely} tokens/s ({low} to {high})", values)


def _place(advice: QuantisationAdvice) -> Text:
    layers = 0 if advice.footprint is None else advice.footprint.layers
    match advice.place:
        case Place.CARD:
            return Text("the graphics card")
        case Place.BOTH:
            return Text(
                "the graphics card ({layers} of {all} layers) and the processor",
                {"layers": advice.gpu_layers, "all": layers},
            )
        case Place.PROCESSOR:
            return Text("the processor")


def _pick_fields(pick: Pick) -> dict[str, object]:
    return {
        "model": pick.model.id,
        "name": pick.model.name,
        "parameters": pick.model.parameters,
        "repositories": list(pick.model.repositories),
        "context": pick.context,
        "reason": str(pick.reason),
        **_fields(pick.advice),
    }


def _fields(advice: QuantisationAdvice) -> dict[str, object]:
    return {
        "quantisation": advice.quantisation,
        "file_bytes": advice.size,
        "total_bytes": advice.parts.needed,
        "weights_bytes": advice.parts.weights,
        "kv_bytes": advice.parts.cache,
        "verdict": advice.fit.level.value,
        "memory": advice.place.value,
        "gpu_layers": advice.gpu_layers,
        "missing_bytes": advice.missing,
        "predicted_decode_tps": speed_as_json(advice.speed),
    }

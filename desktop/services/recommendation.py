"""Which quantisation of a model suits this computer: memory of each, and the one to take.

Files are compared by their bytes; labels only say how close answers stay to the original. Nothing
is read or asked here but the memory of the computer, so a slider may call it at every step (well
under 5 ms). Any thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from desktop.domain.advice import (
    Computer,
    MemoryParts,
    ModelAdvice,
    Place,
    QuantisationAdvice,
)
from desktop.domain.catalogue import ListedModel
from desktop.domain.model import DEFAULT_CONTEXT, Device, FitLevel
from desktop.domain.repository import Repository
from desktop.domain.settings import EngineSettings
from desktop.models.catalogue import Catalogue
from desktop.models.hardware import memory
from desktop.models.listed_fit import (
    Shape,
    cache_bytes,
    guessed_shape,
    listed_shape,
    working_bytes,
)
from desktop.services.advice_choice import Candidate, chosen, speed_of
from desktop.services.advice_places import placed, reserve, usable

# What is reckoned with where the catalogue knows no sizes; files are a little larger than bits
# per weight say.
_USUAL: Final = ("Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")
_LARGER: Final = 1.05
_BITS: Final = 8
# Parameters for each token that make a processor alone answer slower than one reads.
_MUCH_TO_COMPUTE: Final = 15_000_000_000


@dataclass(frozen=True, slots=True)
class _Offer:
    """Something that can be loaded: `trained` for its size (QAT), `native` as its makers made it."""

    name: str
    quantisation: str
    size: int
    weights: int
    trained: bool = False
    native: bool = False


def this_computer(devices: Sequence[Device] = (), held: int = 0) -> Computer:
    """Return this computer as it is now.

    `devices` as the engine found them; `held` bytes of memory come back when the model that is
    loaded makes room for another.
    """
    now = memory()
    return Computer(now.total, min(now.total, now.available + held), tuple(devices))


def advise(
    subject: ListedModel | Repository,
    computer: Computer,
    catalogue: Catalogue,
    engine: EngineSettings | None = None,
    n_ctx: int = 0,
) -> ModelAdvice:
    """Return what suits `computer` of a model of the catalogue, or of a repository's files.

    For a context of `n_ctx` tokens; 0 takes that of the settings, `engine`, or the usual one. It is
    never longer than the model was trained for.
    """
    engine = engine or EngineSettings()
    listed = subject if isinstance(subject, ListedModel) else catalogue.for_repository(subject.name)
    offers = _listed(subject, catalogue) if isinstance(subject, ListedModel) else _found(subject)
    parameters = listed.parameters if listed else _guessed_parameters(offers, catalogue)
    shape = listed_shape(listed) if listed else _like(subject.name, parameters, catalogue)
    longest = listed.context_length if listed else 0
    wanted = n_ctx or engine.n_ctx or DEFAULT_CONTEXT
    context = min(wanted, longest) if longest else wanted
    active = listed.active_parameters / parameters if listed and listed.active_parameters else 1.0
    if listed and len(listed.files) == 1:
        offers = [replace(one, native=_is_native(one, listed, catalogue)) for one in offers]
    candidates = [
        _candidate(one, shape, context, computer, engine, catalogue, active)
        for one in sorted(offers, key=lambda one: (one.size, one.name))
    ]
    recommended, reason = chosen(candidates, parameters, computer)
    return ModelAdvice(
        context=context,
        longest_context=longest,
        quantisations=tuple(one.advice for one in candidates),
        recommended=recommended,
        reason=reason,
        is_estimate=shape.is_guess or (isinstance(subject, ListedModel) and not subject.files),
    )


def best_for(
    computer: Computer, catalogue: Catalogue, engine: EngineSettings | None = None
) -> tuple[ListedModel, ...]:
    """Return the models to show first: the picks for so much memory, then for less.

    Those that leave little room, or compute too much for a processor alone, come last. It does not
    matter what other programs need just now, so the list is the same every day.
    """
    room = usable(computer)
    calm = replace(computer, available=max(0, computer.total - reserve(computer.total)))
    fitting = [one for one in catalogue.picks if not one.memory or one.memory >= room]
    tier = catalogue.picks.index(fitting[0]) if fitting else len(catalogue.picks) - 1
    known = {model.id: model for model in catalogue.models}
    names = [name for picks in reversed(catalogue.picks[: tier + 1]) for name in picks.models]
    ranked = [
        (_is_demanding(model, best), model)
        for model in (known[name] for name in names if name in known)
        if (best := advise(model, calm, catalogue, engine).recommended) is not None
    ]
    return tuple(model for _, model in sorted(ranked, key=lambda one: one[0]))


def _is_demanding(model: ListedModel, best: QuantisationAdvice) -> bool:
    computed = model.active_parameters or model.parameters
    slow = best.place is Place.PROCESSOR and computed > _MUCH_TO_COMPUTE
    return slow or best.fit.level is not FitLevel.FITS


def _listed(model: ListedModel, catalogue: Catalogue) -> list[_Offer]:
    """Return the files the catalogue knows, or guesses at the usual ones."""
    if model.files:
        return [_Offer(model.name, one.quantisation, one.size, one.weights) for one in model.files]
    usual = [facts for label in _USUAL if (facts := catalogue.quantisation(label))]
    sizes = [round(model.parameters * facts.bits / _BITS * _LARGER) for facts in usual]
    return [
        _Offer(model.name, facts.name, size, size) for facts, size in zip(usual, sizes, strict=True)
    ]


def _found(repository: Repository) -> list[_Offer]:
    """Return the models of a listing; a header is a small part of a file and counts as weights."""
    return [
        _Offer(
            name=one.name,
            quantisation=one.quantisation,
            size=one.size,
            weights=one.size,
            trained="qat" in f"{repository.name}/{one.name}".casefold(),
        )
        for one in repository.models
    ]


def _is_native(offer: _Offer, listed: ListedModel, catalogue: Catalogue) -> bool:
    only = catalogue.quantisations.base(listed.files[0].quantisation)
    return only is not None and catalogue.quantisations.base(offer.quantisation) == only


def _guessed_parameters(offers: Sequence[_Offer], catalogue: Catalogue) -> int:
    """Return how many weights there are, by the finest file: its label is nearest to the truth."""
    known = [
        (base.bits, one.size)
        for one in offers
        if (base := catalogue.quantisations.base(one.quantisation)) is not None
    ]
    if known:
        bits, size = max(known)
        return max(1, round(size * _BITS / bits))
    # Four bits for each: then the cache is guessed too large rather than too small.
    return max(1, round(2 * max((one.size for one in offers), default=0)))


def _like(repository: str, parameters: int, catalogue: Catalogue) -> Shape:
    """Return the shape of the known model that this one was made from, else a usual one."""
    kin = catalogue.kin_of(repository, parameters)
    return replace(listed_shape(kin), is_guess=True) if kin else guessed_shape(parameters)


def _candidate(
    offer: _Offer,
    shape: Shape,
    context: int,
    computer: Computer,
    engine: EngineSettings,
    catalogue: Catalogue,
    active: float,
) -> Candidate:
    cache = cache_bytes(shape, context, engine.kv_type, engine.slots)
    parts = MemoryParts(offer.weights, cache, working_bytes(shape, context), free=0)
    verdict = placed(computer, parts, cards=engine.n_gpu_layers != 0)
    on_processor = verdict.place is Place.PROCESSOR
    advice = QuantisationAdvice(
        name=offer.name,
        quantisation=offer.quantisation,
        size=offer.size,
        parts=replace(parts, free=max(0, verdict.fit.available - parts.needed)),
        fit=verdict.fit,
        place=verdict.place,
        facts=catalogue.quantisation(offer.quantisation, trained=offer.trained),
        speed=speed_of(offer.weights * active, computer.bandwidth) if on_processor else 0.0,
    )
    return Candidate(
        advice=advice,
        verdict=verdict,
        base=catalogue.quantisations.base(offer.quantisation),
        trained=offer.trained,
        native=offer.native,
    )

"""`lapis bench`: figures with bars as they are found, or as JSON at the end. Main thread."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len

import desktop
from desktop.base.translation import Translator
from desktop.domain.quantities import sized
from desktop.services.bench_values import Doing, Item, Result, Side, Skipped, Subject, Unit
from desktop.services.engine import Stopped
from desktop.terminal.bars import WIDEST_BAR, bar
from desktop.terminal.errors import EXIT_INTERRUPTED, EXIT_OK
from desktop.terminal.output import Screen, Style, columns
from desktop.terminal.wrapping import wrapped

_WIDEST: Final = 100
_FIGURE: Final = 9
_LEAST_BAR: Final = 4


def show_results(items: Iterable[Item], words: Translator, screen: Screen, *, as_json: bool) -> int:
    """Print what is found as it comes, what is being done on standard error; return the exit code.

    As JSON one object is printed at the end, in English. Ctrl-C ends with what was found until
    then. Raises LapisError.
    """
    found: list[Item] = []
    try:
        for item in items:
            match item:
                case Doing(what):
                    screen.status.allow()
                    screen.status.show(words.say("{what} …", what=words.say(what)))
                    continue
                case Subject() if not as_json:
                    screen.line(_subject(item, words), Style.STRONG)
                    if item.plain:
                        screen.line(
                            words.say(
                                "Its template cuts long questions, so it is given plain text."
                            )
                        )
                case Result() if not as_json:
                    _show(item, words, screen)
                case Skipped() if not as_json:
                    _show_skipped(item, words, screen)
                case _:
                    pass
            found.append(item)
    except Stopped:
        screen.status.clear()
        if as_json:
            screen.line(results_as_json(found, complete=False))
        else:
            screen.note(words.say("Stopped before the end."))
        return EXIT_INTERRUPTED
    finally:
        screen.status.clear()
    if as_json:
        screen.line(results_as_json(found, complete=True))
    return EXIT_OK


def results_as_json(found: Sequence[Item], *, complete: bool) -> str:
    """Return one JSON object: what was measured, and each measure with every value. Pure ASCII."""
    told: dict[str, object] = {"lapis": desktop.__version__, "complete": complete}
    for item in found:
        if isinstance(item, Subject):
            loaded = item.loaded
            told["model"] = {
                "name": item.model.name,
                "description": loaded.description,
                "architecture": loaded.architecture,
                "parameters": loaded.parameters,
                "weights": loaded.weights,
                "context": loaded.n_ctx,
                "devices": list(loaded.devices),
                "offloaded_layers": loaded.offloaded_layers,
                "threads": item.threads,
                "plain_text": item.plain,
            }
    told["results"] = [_result_row(item) for item in found if isinstance(item, Result)]
    told["skipped"] = [
        {"name": item.name, "sentence": str(item.sentence), "reason": str(item.reason)}
        for item in found
        if isinstance(item, Skipped)
    ]
    return json.dumps(told, indent=2)


def _result_row(item: Result) -> dict[str, object]:
    return {
        "name": item.name,
        "sentence": str(item.sentence),
        "figure": item.figure,
        "figure_unit": "ms" if item.in_ms else "ratio",
        "smaller_is_better": item.smaller_is_better,
        "unit": item.unit.value,
        "sides": [
            {"name": side.name, "label": str(side.label), "values": list(side.values)}
            for side in item.sides
        ],
        "more": [str(text) for text in item.more],
    }


def _subject(item: Subject, words: Translator) -> str:
    return words.say(
        "{model}, {size} · {device} · {threads} threads · {context} tokens of context",
        model=item.model.title,
        size=sized(item.loaded.weights),
        device=tuple(item.loaded.devices),
        threads=item.threads,
        context=item.loaded.n_ctx,
    )


def _show(item: Result, words: Translator, screen: Screen) -> None:
    screen.line()
    times = "×" if screen.can_write("×") else "x"
    figure = f"{item.figure:.0f} ms" if item.in_ms else f"{item.figure:.2f} {times}"
    _show_sentence(figure, words.say(item.sentence), screen)
    width = max(cell_len(words.say(side.label)) for side in item.sides)
    most = max(_shown(item, side) for side in item.sides)
    plain = not screen.can_write("█▏")
    amounts = [_amount(_shown(item, side), item.unit, words) for side in item.sides]
    room = _width(screen) - width - 2 - 1 - max(map(cell_len, amounts))
    cells = max(_LEAST_BAR, min(room, WIDEST_BAR))
    for side, amount in zip(item.sides, amounts, strict=True):
        label = words.say(side.label)
        drawn = bar(_shown(item, side) / most if most else 0.0, plain=plain, cells=cells)
        beside = " " * (width - cell_len(label) + 2)
        behind = " " * (cells - cell_len(drawn) + 1)
        screen.line(" " * _FIGURE + label + beside + drawn + behind + amount)
    for text in item.more:
        _show_beside(words.say(text), screen)


def _show_skipped(item: Skipped, words: Translator, screen: Screen) -> None:
    screen.line()
    _show_sentence("–" if screen.can_write("–") else "-", words.say(item.sentence), screen)
    _show_beside(words.say("Not measured: {reason}", reason=words.say(item.reason)), screen)


def _show_sentence(figure: str, sentence: str, screen: Screen) -> None:
    first, *others = wrapped(sentence, _width(screen)) or [""]
    screen.line(figure.rjust(_FIGURE - 2) + "  " + first, Style.STRONG)
    for line in others:
        screen.line(" " * _FIGURE + line, Style.STRONG)


def _show_beside(text: str, screen: Screen) -> None:
    for line in wrapped(text, _width(screen)):
        screen.line(" " * _FIGURE + line, Style.FAINT)


def _shown(item: Result, side: Side) -> float:
    """Return the value to draw: the worst where the figure is the worst, else the middle one."""
    return max(side.values) if item.in_ms else side.median


def _amount(value: float, unit: Unit, words: Translator) -> str:
    # A token of a small model takes less than a millisecond.
    places = 0 if value >= 100 or value == int(value) else 1 if value >= 1 else 2
    shown = f"{value:.{places}f}"
    match unit:
        case Unit.SPEED:
            return words.say("{amount} tokens/s", amount=shown)
        case Unit.MILLISECONDS:
            return words.say("{amount} ms", amount=shown)
        case Unit.TOKENS:
            return words.say("{amount} tokens", amount=shown)


def _width(screen: Screen) -> int:
    return min(columns(screen.out), _WIDEST) - _FIGURE

"""`lapis models ls`, `show`, `scan`: what is on this computer, as tables or as JSON."""

import json
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from desktop.base.translation import Translator
from desktop.domain.quantities import ago, parameters, sized, tokens
from desktop.domain.shelf import ShelfEntry, origin_name
from desktop.domain.text import Text
from desktop.services.shelf_use import ShelfUse
from desktop.terminal.output import Screen, Style
from desktop.terminal.tables import print_facts, print_rows


def show_list(
    entries: Sequence[ShelfEntry], use: ShelfUse, words: Translator, screen: Screen
) -> None:
    """Print one line for each model, and what they take together."""
    say, now = words.say, time.time()
    header = (
        *(say("Name"), say("Size"), say("Quantisation"), say("Context"), say("Last used")),
        say("Where from"),
    )
    print_rows((_row(entry, now, words) for entry in entries), screen, header=header)
    screen.note(
        words.say(
            "{models} in the models folder, {free} free on its disk",
            models=sized(use.models),
            free=sized(use.free),
        )
    )
    if use.trash:
        screen.note(words.say("{size} in its trash", size=sized(use.trash)))


def list_as_json(entries: Iterable[ShelfEntry]) -> str:
    """Return a JSON list with one object for each model. Pure ASCII."""
    return json.dumps([entry_fields(entry) for entry in entries], indent=2)


def show_entry(entry: ShelfEntry, words: Translator, screen: Screen) -> None:
    """Print everything that is known of a model on this computer."""
    screen.line(entry.model.name, Style.STRONG)
    facts, record = entry.facts, entry.record
    rows: list[tuple[Text, str]] = [
        (Text("Where"), "\n".join(str(path) for path in entry.files)),
        (Text("From"), words.say(origin_name(entry.origin))),
        (Text("Size"), sized(entry.model.size)),
    ]
    if facts is not None:
        rows += [
            (Text("Family"), facts.family),
            (Text("Architecture"), facts.architecture),
            (Text("Parameters"), parameters(facts.parameters) if facts.parameters else ""),
            (Text("Quantisation"), facts.quantisation),
            (Text("Context window"), tokens(facts.context_length) if facts.context_length else ""),
            (Text("Chat template"), words.say("yes") if facts.has_template else words.say("no")),
        ]
    if entry.projector is not None:
        rows.append((Text("Sees pictures with"), str(entry.projector)))
    rows += [
        (Text("Repository"), record.repository),
        (Text("SHA-256"), record.sha256),
        (Text("Verified"), _day(record.verified_at)),
        (Text("Last used"), _day(record.used_at)),
    ]
    if record.measured_memory:
        measured = words.say(
            "{size} with {context} tokens of context",
            size=sized(record.measured_memory),
            context=tokens(record.measured_context),
        )
        rows.append((Text("Memory when last loaded"), measured))
    if entry.twin:
        rows.append((Text("Same content as"), entry.twin))
    print_facts(((words.say(name), value) for name, value in rows), screen)
    if entry.problem is not None:
        screen.note(words.say(entry.problem))


def entry_as_json(entry: ShelfEntry) -> str:
    """Return one JSON object with all that is known of a model. Pure ASCII."""
    return json.dumps(entry_fields(entry), indent=2)


def entry_fields(entry: ShelfEntry) -> dict[str, object]:
    """Return a model as JSON has it: sizes in bytes, times in seconds since 1970, 0 for never."""
    facts, record = entry.facts, entry.record
    return {
        "name": entry.model.name,
        "installed": True,
        "origin": entry.origin.value,
        "files": [str(path) for path in entry.files],
        "size": entry.model.size,
        "architecture": "" if facts is None else facts.architecture,
        "family": "" if facts is None else facts.family,
        "quantisation": "" if facts is None else facts.quantisation,
        "context_length": 0 if facts is None else facts.context_length,
        "parameters": 0 if facts is None else facts.parameters,
        "projector": "" if entry.projector is None else str(entry.projector),
        "problem": None if entry.problem is None else str(entry.problem),
        "repository": record.repository,
        "sha256": record.sha256,
        "verified_at": record.verified_at,
        "used_at": record.used_at,
        "measured_memory": record.measured_memory,
        "measured_context": record.measured_context,
        "same_as": entry.twin,
    }


def _row(entry: ShelfEntry, now: float, words: Translator) -> list[str]:
    facts, used = entry.facts, entry.record.used_at
    context = facts.context_length if facts is not None else 0
    when = words.say(ago(used, now)) if used > 0 else ""
    return [
        entry.model.name,
        sized(entry.model.size),
        "" if facts is None else facts.quantisation,
        tokens(context) if context else "",
        when,
        words.say(entry.problem or origin_name(entry.origin)),
    ]


def _day(seconds: float) -> str:
    if seconds <= 0:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")

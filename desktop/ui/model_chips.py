"""What is said of a model in chips. GUI thread."""

from desktop.domain import quantities
from desktop.domain.text import Text
from desktop.ui.chips import Chip
from desktop.ui.discover_feed import CardFacts
from desktop.ui.licences import licence_title
from desktop.ui.model_sheet import ModelSheet
from desktop.ui.translation import say

__all__ = ["context_chip", "model_chips"]


def model_chips(facts: CardFacts | ModelSheet) -> tuple[Chip, ...]:
    """Return the chips of `facts`: licence, what it can do."""
    chips = [
        Chip(
            facts.licence_name or licence_title(facts.licence),
            hint=say(Text("Licence of the model")),
        )
    ]
    if facts.sees_pictures:
        hint = say(Text("Can look at pictures that you attach"))
        chips.append(Chip(say(Text("Pictures")), "eye", hint))
    if facts.thinks:
        hint = say(Text("Can think before it answers: slower, better at hard questions"))
        chips.append(Chip(say(Text("Thinking")), "brain", hint))
    if facts.speaks_chinese:
        chips.append(Chip(say(Text("Chinese")), hint=say(Text("Reads and writes Chinese well"))))
    return tuple(chips)


def context_chip(tokens: int) -> Chip:
    """Return how much of a chat a model with so long a context keeps in mind."""
    hint = Text(
        "Keeps up to {count} tokens of a chat in mind, if there is memory for it",
        {"count": f"{tokens:,}"},
    )
    return Chip(say(Text("{count} context", {"count": quantities.tokens(tokens)})), hint=say(hint))

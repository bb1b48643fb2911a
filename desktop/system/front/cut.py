"""Selected text of any length, as much of it as is read. Pure."""

from desktop.system.front.base import LONGEST_SELECTION, Selection

__all__ = ["selected"]


def selected(text: str) -> Selection:
    """Return `text` as a selection; without what is over the limit, and no half of a character."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= LONGEST_SELECTION:
        return Selection(text)
    return Selection(encoded[:LONGEST_SELECTION].decode(errors="ignore"), is_cut=True)

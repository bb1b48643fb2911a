"""Models on a shelf, made up for tests of the windows that show them."""

from pathlib import Path

from desktop.domain.model import InstalledModel
from desktop.domain.shelf import HeaderFacts, ModelRecord, Origin, ShelfEntry
from desktop.domain.text import Text

FOLDER = Path("/models")


def entry(
    title: str,
    *,
    size: int = 5_761_000_000,
    origin: Origin = Origin.LAPIS,
    quantisation: str = "Q4_K_M",
    family: str = "Gemma 2",
    record: ModelRecord | None = None,
    problem: Text | None = None,
    twin: str = "",
) -> ShelfEntry:
    """Return an entry whose file is named after `title`."""
    path = FOLDER / f"{title}.gguf"
    is_guide = origin is Origin.GUIDE
    facts = HeaderFacts("any", family, quantisation, 8192, 9_240_000_000, has_template=True)
    return ShelfEntry(
        InstalledModel(title, title, path, size, is_guide),
        origin,
        (path,),
        None if problem is not None else facts,
        problem,
        record or ModelRecord(),
        twin=twin,
    )

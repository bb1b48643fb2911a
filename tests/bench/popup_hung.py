"""From the key to the quick question while the program with the selected text hangs.

The programs that hold what is selected and what was copied are stopped as if they hung: whoever
asked one of them before the popup is there, or in the thread that draws it, would wait for it.
"""

from pathlib import Path

from tests.bench.measure import Figure
from tests.bench.popup import desk, times_to_popup
from tests.e2e.other_programs import OtherPrograms

_MEDIAN_MS = 50.0


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data and logs."""
    others_folder = folder / "others"
    others_folder.mkdir()
    with desk(folder) as (screen, hands):
        others = OtherPrograms(screen, others_folder, {})
        try:
            selected = others.holder("selected and never told")
            copied = others.holder("copied and never told", "clipboard")
            with others.hung(selected), others.hung(copied):
                ms = tuple(seconds * 1000 for seconds in times_to_popup(folder, screen, hands))
        finally:
            others.end()
    return [
        Figure("popup while the selection's owner hangs", "ms", ms, _MEDIAN_MS),
        Figure("the slowest of those", "ms", (max(ms),)),
    ]

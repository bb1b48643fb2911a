"""Whether a pack does on this computer what it was fetched for. Any thread; seconds, up to a minute.

An engine process gets it, in a folder of its own so that no other one does yet: it has to come up,
list a card that the pack computes on, and answer a few tokens there with the built-in guide.
"""

import tempfile
from pathlib import Path
from typing import Final

from desktop.backends import pack_folder
from desktop.backends.libraries import backends_among
from desktop.backends.trial import TrialFailed, find_devices, try_plan
from desktop.base.paths import resources
from desktop.domain.model import LoadPlan
from desktop.domain.text import Text
from desktop.services.guide_trial import CONTEXT, guide_question

NO_CARD: Final = Text("The engine finds no card that this pack could compute on")


def try_pack(folder: Path, work_folder: Path) -> Text | None:
    """Return why the pack in `folder` is of no use here, None if it is; raises OSError.

    The process works below `work_folder`.
    """
    backends = set(backends_among(path.name for path in folder.iterdir()))
    work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trial-", dir=work_folder) as place:
        own = Path(place)
        pack_folder.use(own, folder)
        try:
            devices = find_devices(own)
            brought = [one for one in devices if one.is_gpu and one.backend.casefold() in backends]
            if not brought:
                return NO_CARD
            plan = LoadPlan(
                resources() / "guide" / "guide.gguf",
                n_ctx=CONTEXT,
                devices=(brought[0].name,),
                slots=1,
            )
            try_plan(own, plan, guide_question())
        except TrialFailed as failure:
            return failure.reason
    return None

"""Models that other programs have on this disk, and those in folders that people name.

They are used where they are, and never written, moved or deleted. One module for each program; a
program that is not there costs a look at a few folders. Meant for a thread that may wait.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from desktop.base.cancelling import never
from desktop.models.effort import Effort, identity
from desktop.models.elsewhere_folders import folder_models
from desktop.models.elsewhere_gpt4all import gpt4all_models
from desktop.models.elsewhere_hugging_face import hugging_face_models
from desktop.models.elsewhere_jan import jan_models
from desktop.models.elsewhere_llama_cpp import llama_cpp_models
from desktop.models.elsewhere_lm_studio import lm_studio_models
from desktop.models.elsewhere_ollama import ollama_models
from desktop.models.places import ForeignModel, Places

# Several programs may be told to use one folder, and links lead from one to another. A file is
# shown once, by the program that knows most of it: first those that keep its hash, then those that
# know its repository, then those that give it a name, and the folders of people last.
_PROGRAMS: Final[tuple[Callable[[Places, Effort], Iterator[ForeignModel]], ...]] = (
    ollama_models,
    hugging_face_models,
    llama_cpp_models,
    lm_studio_models,
    jan_models,
    gpt4all_models,
    folder_models,
)

_log = logging.getLogger(__name__)


def found(places: Places, cancelled: Callable[[], bool] = never) -> Iterator[ForeignModel]:
    """Yield every model that is found, each file once, as soon as it is.

    `cancelled` is asked for every name that is looked at, and ends the search. Each program may take
    20 s and 100,000 names; what was not looked at by then is not found.
    """
    seen: set[tuple[int, int] | str] = set()
    for program in _PROGRAMS:
        if cancelled():
            return
        count = 0
        for model in program(places, Effort(cancelled)):
            key = identity(model.path)
            if key not in seen:
                seen.add(key)
                count += 1
                yield model
        if count:
            _log.info("%s: %d", program.__name__, count)

"""Models of LM Studio: `models/<publisher>/<repository>/<file>.gguf`, named as on Hugging Face.

Its folder is `~/.lmstudio`, in older versions `~/.cache/lm-studio`, or where the file
`~/.lmstudio-home-pointer` says (`findLMStudioHome.ts` of lmstudio-ai/lmstudio-js); `settings.json`
in there names another folder for models as `downloadsFolder`. Any thread.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort
from desktop.models.elsewhere_folders import foreign, models_below, projector_above, stem
from desktop.models.foreign_files import read_object, read_text, word
from desktop.models.places import ForeignModel, Places

# A publisher, a repository, and a file in it.
_PUBLISHED: Final = 3


def lm_studio_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the models of LM Studio; each by its file's name."""
    for folder in dict.fromkeys(_folders(places)):
        for model in models_below(folder, effort):
            inside = Path(model.path).relative_to(folder).parts
            repository = "/".join(inside[:2]) if len(inside) >= _PUBLISHED else ""
            found = foreign(model, Origin.LM_STUDIO, stem(model.name), repository=repository)
            if found.projector is None and repository:
                top = folder.joinpath(*inside[:2])
                found = replace(found, projector=projector_above(model, top, effort))
            yield found


def _folders(places: Places) -> Iterator[Path]:
    for home in lm_studio_homes(places):
        chosen = places.folder(word(read_object(home / "settings.json").get("downloadsFolder")))
        if chosen is not None:
            yield chosen
        yield home / "models"


def lm_studio_homes(places: Places) -> Iterator[Path]:
    """Yield LM Studio's own folders, whether they are there or not."""
    pointed = places.folder(read_text(places.home / ".lmstudio-home-pointer"))
    if pointed is not None:
        yield pointed
    yield places.home / ".lmstudio"
    yield places.home / ".cache" / "lm-studio"

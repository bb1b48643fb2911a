"""Models that llama.cpp fetched with `-hf`: flat names, `<owner>_<repository>_<file>.gguf`.

Beside them lie `manifest=<owner>=<repository>=<tag>.json`, which tell where the repository's name
ends (`common/download.cpp` and `fs_get_cache_directory` in `common/common.cpp` of
ggml-org/llama.cpp). Newer versions use the layout of Hugging Face's cache, also in the folder that
`LLAMA_CACHE` names (`common/hf-cache.cpp`). Any thread.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort, files_in
from desktop.models.elsewhere_folders import foreign, models_below, stem
from desktop.models.elsewhere_hugging_face import models_in_cache
from desktop.models.places import ForeignModel, Places

_MANIFEST: Final = re.compile(r"manifest=([^=]+)=([^=]+)=[^=]*\.json")


def llama_cpp_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the whole models in llama.cpp's cache, in either layout."""
    for cache in dict.fromkeys(_caches(places)):
        yield from models_in_cache(cache, effort, Origin.LLAMA_CPP)
        repositories = _repositories(files_in(cache, effort))
        for model in models_below(cache, effort):
            if Path(model.path).parent == cache:
                beginning, repository = _repository(model.name, repositories)
                name = stem(model.name).removeprefix(beginning)
                yield foreign(model, Origin.LLAMA_CPP, name, repository=repository)


def _caches(places: Places) -> Iterator[Path]:
    set_by_hand = places.variable("LLAMA_CACHE")
    if set_by_hand is not None:
        yield set_by_hand
    yield places.cache / "llama.cpp"


def _repositories(files: list[Path]) -> dict[str, str]:
    """Return what file names begin with for each repository that has a manifest."""
    found = (_MANIFEST.fullmatch(path.name) for path in files)
    return {f"{each[1]}_{each[2]}_": f"{each[1]}/{each[2]}" for each in found if each}


def _repository(name: str, repositories: dict[str, str]) -> tuple[str, str]:
    fitting = [beginning for beginning in repositories if name.startswith(beginning)]
    if not fitting:
        return "", ""
    longest = max(fitting, key=len)
    return longest, repositories[longest]

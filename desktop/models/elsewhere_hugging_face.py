"""Models in the cache of Hugging Face: `hub/models--<owner>--<name>/snapshots/<commit>/…`.

Files there are links to `blobs/<etag>`, whose name is the SHA-256 of what is stored as a large
file; where links are not allowed the file itself is there (`constants.py` and `file_download.py`
of huggingface/huggingface_hub; `common/hf-cache.cpp` of ggml-org/llama.cpp, which uses the same
cache and the same variables). Any thread.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort, folders_in
from desktop.models.elsewhere_folders import foreign, models_below, projector_above, stem
from desktop.models.foreign_files import read_text
from desktop.models.places import ForeignModel, Places

_REPOSITORY: Final = re.compile(r"models--([\w.-]+?)--([\w.-]+)", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def hugging_face_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the whole models in every such cache."""
    for cache in dict.fromkeys(_caches(places)):
        yield from models_in_cache(cache, effort, Origin.HUGGING_FACE_CACHE)


def models_in_cache(cache: Path, effort: Effort, origin: Origin) -> Iterator[ForeignModel]:
    """Yield the models in a cache of this layout, those of the newest commit known first."""
    for folder in folders_in(cache, effort):
        named = _REPOSITORY.fullmatch(folder.name)
        if named is None:
            continue
        repository = f"{named[1]}/{named[2]}"
        newest = read_text(folder / "refs" / "main").strip()
        snapshots = folders_in(folder / "snapshots", effort)
        for snapshot in sorted(snapshots, key=lambda each: each.name != newest):
            if _COMMIT.fullmatch(snapshot.name):
                yield from _in_snapshot(snapshot, folder / "blobs", repository, effort, origin)


def _in_snapshot(
    snapshot: Path, blobs: Path, repository: str, effort: Effort, origin: Origin
) -> Iterator[ForeignModel]:
    for model in models_below(snapshot, effort):
        found = foreign(model, origin, stem(model.name), repository=repository)
        yield replace(
            found,
            commit=snapshot.name,
            sha256=_hash(model.real, blobs) if len(model.files) == 1 else "",
            projector=found.projector or projector_above(model, snapshot, effort),
        )


def _hash(real: str, blobs: Path) -> str:
    """Return the SHA-256 that a blob is named by, empty if the file at `real` is none."""
    folder, name = os.path.split(real)
    is_blob = folder == os.path.realpath(blobs) and _SHA256.fullmatch(name)
    return name if is_blob else ""


def _caches(places: Places) -> Iterator[Path]:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        cache = places.variable(name)
        if cache is not None:
            yield cache
    home = places.variable("HF_HOME")
    if home is not None:
        yield home / "hub"
    cache_home = places.variable("XDG_CACHE_HOME")
    if cache_home is not None:
        yield cache_home / "huggingface" / "hub"
    yield places.home / ".cache" / "huggingface" / "hub"

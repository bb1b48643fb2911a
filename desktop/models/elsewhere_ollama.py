"""Models of Ollama: manifests that name blobs, `models/blobs/sha256-<hex>`, bare GGUF files.

Layout: `manifest/paths.go`, `manifest/manifest.go` and `types/model/config.go` of ollama/ollama; a
manifest lies at `manifests/<host>/<namespace>/<model>/<tag>`, in newer stores at `manifests-v2`,
there as a link to a blob, and may be a list of others, one for each runner. Templates, system
prompts and parameters are left to Ollama. What a manifest says is believed in one shape only: a
digest of 64 hex digits, which names a file in `blobs` and nowhere else. Any thread.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desktop.base.files import size_of
from desktop.domain.shelf import Origin
from desktop.models.effort import Effort, files_in, folders_in, is_regular
from desktop.models.foreign_files import objects, read_object, shown_name, word
from desktop.models.places import ForeignModel, Places, System

_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_BLOB: Final = re.compile(r"sha256-[0-9a-f]{64}")
_NAME_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}")
_LAYER: Final = "application/vnd.ollama.image."
_LIST: Final = "application/vnd.ollama.manifest.list.v2+json"
_RUNNERS: Final = ("ollama", "llamacpp", "")
_HOST: Final = "registry.ollama.ai"
_LIBRARY: Final = "library"
_HUBS: Final = frozenset({"hf.co", "huggingface.co"})
# Newer stores keep both while they move; the newer one counts (`namedManifestRefs`).
_MANIFESTS: Final = ("manifests-v2", "manifests")
# Where the service keeps them: the installer's account on Linux, then how Arch and NixOS set it up.
_SERVICE: Final = (
    "usr/share/ollama/.ollama/models",
    "var/lib/ollama",
    "var/lib/ollama/models",
)
# Architectures whose files Ollama writes as llama.cpp reads them. It has a dialect of its own for
# gemma3, gemma3n, gemma4, gptoss, lfm2, olmo3, mistral3, qwen35, qwen3next, qwen25vl, qwen3vl,
# deepseekocr, glmocr, glm4moelite, laguna, nemotron_h, llama4 and others (`llama/compat/README.md`
# of ollama/ollama); as that list grows, whatever is not known to be plain is to be tried.
_PLAIN: Final = frozenset({"llama", "qwen2", "qwen3", "gemma", "gemma2", "phi2", "phi3"})


def ollama_models(places: Places, effort: Effort) -> Iterator[ForeignModel]:
    """Yield the models of every store of Ollama that this account can read."""
    seen: set[tuple[str, str]] = set()
    for store in _stores(places):
        for name, manifest in _manifests(store, effort):
            found = _model(store, name, manifest)
            if found is not None and (found.name, found.sha256) not in seen:
                seen.add((found.name, found.sha256))
                yield found


def _stores(places: Places) -> Iterator[Path]:
    set_by_hand = places.variable("OLLAMA_MODELS")
    if set_by_hand is not None:
        yield set_by_hand
    yield places.home / ".ollama" / "models"
    if places.system is System.LINUX:
        for folder in _SERVICE:
            yield places.root / folder


def _manifests(store: Path, effort: Effort) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Yield (host, namespace, model, tag) and the file that describes it, each name once."""
    seen: set[tuple[str, ...]] = set()
    for kind in _MANIFESTS:
        folders = [store / kind]
        for _ in ("host", "namespace", "model"):
            folders = [inner for folder in folders for inner in folders_in(folder, effort)]
        for folder in folders:
            for path in files_in(folder, effort):
                name = path.parts[-4:]
                is_name = all(_NAME_PART.fullmatch(part) for part in name)
                if is_name and name not in seen and _is_inside(path, store, kind):
                    seen.add(name)
                    yield name, path


def _is_inside(path: Path, store: Path, kind: str) -> bool:
    """Tell whether a manifest is in its folder, or a link to a blob of the same store."""
    real = Path(os.path.realpath(path))
    if real.is_relative_to(os.path.realpath(store / kind)):
        return True
    return bool(_BLOB.fullmatch(real.name)) and real.parent == Path(
        os.path.realpath(store / "blobs")
    )


def _model(store: Path, name: tuple[str, ...], path: Path) -> ForeignModel | None:
    manifest = _for_llama(read_object(path), store)
    layers = objects(manifest.get("layers"))
    model = _blobs(layers, "model", store)
    projector = _blobs(layers, "projector", store)
    # With an adapter the file alone is another model; and llama.cpp finds parts by their names.
    if len(model) != 1 or any(each.get("mediaType") == f"{_LAYER}adapter" for each in layers):
        return None
    config = _config(manifest, store)
    if word(config.get("model_format")) not in {"", "gguf"}:
        return None
    host, namespace, title, tag = name
    return ForeignModel(
        name=shown_name(_called(host, namespace, title, tag)),
        origin=Origin.OLLAMA,
        files=(model[0],),
        size=size_of(model[0]),
        projector=projector[0] if projector else None,
        sha256=model[0].name.removeprefix("sha256-"),
        repository=f"{namespace}/{title}" if host in _HUBS else "",
        needs_probe=word(config.get("model_family")) not in _PLAIN,
    )


def _for_llama(manifest: dict[str, object], store: Path) -> dict[str, object]:
    """Return the manifest that llama.cpp can use where there are several in a list."""
    if manifest.get("mediaType") != _LIST:
        return manifest
    listed = objects(manifest.get("manifests"))
    for runner in _RUNNERS:
        for each in listed:
            if word(each.get("runner")).casefold() == runner:
                if "layers" in each:
                    return each
                blob = _blob(each.get("digest"), store)
                return read_object(blob) if blob is not None else {}
    return {}


def _blobs(layers: list[dict[str, object]], kind: str, store: Path) -> list[Path]:
    """Return the blobs of a kind of layer that are there as a whole."""
    found: list[Path] = []
    for layer in layers:
        if layer.get("mediaType") != f"{_LAYER}{kind}":
            continue
        blob = _blob(layer.get("digest"), store)
        if blob is not None and layer.get("size", size_of(blob)) == size_of(blob):
            found.append(blob)
    return found


def _blob(digest: object, store: Path) -> Path | None:
    found = _DIGEST.fullmatch(word(digest))
    if found is None:
        return None
    path = store / "blobs" / f"sha256-{found[1]}"
    return path if is_regular(path) else None


def _config(manifest: dict[str, object], store: Path) -> dict[str, object]:
    for config in objects([manifest.get("config")]):
        blob = _blob(config.get("digest"), store)
        if blob is not None:
            return read_object(blob)
    return {}


def _called(host: str, namespace: str, model: str, tag: str) -> str:
    """Return the name as `ollama ls` shows it: what is usual is left out."""
    if host != _HOST:
        return f"{host}/{namespace}/{model}:{tag}"
    return f"{model}:{tag}" if namespace == _LIBRARY else f"{namespace}/{model}:{tag}"

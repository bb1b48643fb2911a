"""`make cuda-pack`: llama.cpp's backend for NVIDIA's cards, as a pack that Lapis can fetch.

Built alone from the source of the shipped engine, so that both fit together, with the CUDA toolkit
that is installed; its libraries go along. Two files come of it in `dist`: the archive, and
`engine_packs.json`, the list that a release puts into the bundle (its schema lies in `resources`).
"""

import hashlib
import json
import lzma
import re
import shutil
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from installers.dev import engine, engine_files, engine_forms, engine_source, shipped_engine
from installers.dev.console import StepFailed, step
from installers.dev.engine_forms import Form
from installers.dev.places import MAIN, ROOT, cache_folder

_DIST: Final = ROOT / "dist"
_TARGET: Final = "ggml-cuda"
_OPTIONS: Final = (
    "-DGGML_CUDA=ON",
    # Several cards in one computer work without it, and it is one more library to carry.
    "-DGGML_CUDA_NCCL=OFF",
)
_NOT_HERE: Final = ("-DGGML_VULKAN=ON", "-DGGML_CPU_ALL_VARIANTS=ON")
_TERMS: Final = {
    "name": "NVIDIA CUDA Toolkit EULA",
    "page": "https://docs.nvidia.com/cuda/eula/index.html",
}
_PLACES: Final = ("CUDA_cublas_LIBRARY", "CUDA_CUDART")


@dataclass(frozen=True, slots=True)
class _Toolkit:
    """What a release of CUDA asks of a computer: by its release notes and llama.cpp's own list."""

    driver: dict[str, str]
    """The oldest driver, by `sys.platform`."""
    compute: str


_TOOLKITS: Final = {
    12: _Toolkit({"linux": "525.60.13", "win32": "528.33"}, "5.0"),
    13: _Toolkit({"linux": "580.65.06", "win32": "580.88"}, "7.5"),
}


def make(arguments: Sequence[str]) -> None:
    """Build the pack; the one argument is the web address of the folder it will be fetched from.

    Raises StepFailed.
    """
    if len(arguments) != 1 or not re.fullmatch(r"https://[^ ?#]+", arguments[0]):
        raise StepFailed("Say where the pack will be fetched from: cuda-pack https://…")
    major = toolkit_version()
    with step(f"Building llama.cpp for CUDA {major}", "about an hour on 4 cores"):
        files = _build(major)
    folder = cache_folder() / "cuda-pack"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file.resolve(), folder / file.name)
    with step("Packing it", "minutes"):
        write([folder / file.name for file in files], major, arguments[0], _DIST)


def toolkit_version() -> int:
    """Return the first number of the CUDA toolkit that nvcc belongs to; raises StepFailed."""
    found = re.search(r"release (\d+)\.", engine.output(["nvcc", "--version"]))
    if found is None or int(found[1]) not in _TOOLKITS:
        raise StepFailed("A CUDA toolkit of version 12 or 13 is needed, with nvcc in the PATH.")
    return int(found[1])


def form() -> Form:
    """Return how the backend is built here: as the shipped engine, but for itself alone."""
    usual = engine_forms.form_here()
    if sys.platform not in {"linux", "win32"}:
        raise StepFailed("NVIDIA's cards compute on Linux and Windows only.")
    options = [option for option in usual.options if option not in _NOT_HERE]
    chosen = replace(usual, options=(*options, *_OPTIONS))
    # On Windows nvcc goes with Microsoft's compiler alone.
    return chosen if sys.platform == "linux" else replace(chosen, toolchain="", path_flag="")


def _build(major: int) -> list[Path]:
    """Return the libraries of the pack, those that others need first."""
    package = engine.pinned()
    work = cache_folder() / "cuda" / f"{package.version}-{major}"
    work.mkdir(parents=True, exist_ok=True)
    log = work / "build.log"
    source = engine_source.ready(MAIN, package, work, log) / engine_source.LLAMA
    built = work / "build"
    chosen = form()
    shipped_engine.configure(source, built, work, log, chosen, chosen.options)
    shipped_engine.build(built, _TARGET, log)
    module = built / "bin" / ("ggml-cuda.dll" if sys.platform == "win32" else "libggml-cuda.so")
    engine_files.strip(module)
    return [*_toolkit_libraries(built / "CMakeCache.txt", major), module]


def _toolkit_libraries(cache: Path, major: int) -> list[Path]:
    """Return CUDA's own libraries by what cmake found, under the names that they are loaded by."""
    said = cache.read_text(encoding="utf-8")
    found = [re.search(rf"^{name}:[^=]*=(.+)$", said, re.MULTILINE) for name in _PLACES]
    folders = [Path(match[1]).parent for match in found if match is not None]
    names = [f"lib{name}.so.{major}" for name in ("cudart", "cublasLt", "cublas")]
    if sys.platform == "win32":
        names = [f"{name}64_{major}.dll" for name in ("cudart", "cublasLt", "cublas")]
        # Beside what one links with in `lib/x64` lies `bin`, from CUDA 13 on with a `x64` of its own.
        roots = [folder.parents[1] for folder in folders]
        folders = [root / place for root in roots for place in ("bin/x64", "bin")]
    return [_first(folders, name) for name in names]


def _first(folders: Sequence[Path], name: str) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise StepFailed(f"The CUDA toolkit has no {name}.")


def write(files: Sequence[Path], major: int, address: str, folder: Path) -> None:
    """Write the archive of `files` and the list that names it into `folder`.

    The same files give the same bytes.
    """
    named = engine.machine()["machine"].lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(named, named)
    system = {"linux": "linux", "win32": "windows"}[sys.platform]
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"lapis-cuda{major}-{engine.pinned().version}-{system}-{machine}.tar.xz"
    with lzma.open(archive, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as members:
        for file in files:
            member = tarfile.TarInfo(file.name)
            member.size, member.mtime = file.stat().st_size, shipped_engine.EPOCH
            with file.open("rb") as content:
                members.addfile(member, content)
    needs = _TOOLKITS[major]
    pack = {
        "id": f"cuda{major}-{system}-{machine.replace('_', '-')}",
        "name": f"CUDA {major}",
        "system": sys.platform,
        "machine": machine,
        "engine": engine.pinned().version,
        "needs": {"driver": needs.driver[sys.platform], "compute": needs.compute},
        "url": f"{address.rstrip('/')}/{archive.name}",
        **_sum(archive),
        "files": [{"name": file.name, **_sum(file)} for file in files],
        "licence": _TERMS,
    }
    listed = {"schema_version": 1, "packs": [pack]}
    (folder / "engine_packs.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def _sum(file: Path) -> dict[str, int | str]:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return {"size": file.stat().st_size, "sha256": digest.hexdigest()}

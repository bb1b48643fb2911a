"""What is installed of llama.cpp, told from its files: nothing native is loaded. Any thread."""

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_BACKEND: Final = re.compile(r"(?:lib)?ggml-([a-z]+)(?:-[\w.]+?)?\.(?:so|dll|dylib)")
_VERSION: Final = re.compile(r"libggml(?:\.so)?\.(\d+\.\d+\.\d+)(?:\.dylib)?")
_NO_BACKEND: Final = frozenset({"base"})


def bindings_version() -> str:
    """Return the version of llama-cpp-python; empty where it is not installed."""
    import importlib.metadata

    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return ""


def built_backends() -> tuple[str, ...]:
    """Return the backends that came with this installation, such as `("cpu", "vulkan")`."""
    return backends_among(library_names())


def ggml_version() -> str:
    """Return the version of ggml; empty where its files do not tell."""
    found = (_VERSION.fullmatch(name) for name in library_names())
    return next((match[1] for match in found if match), "")


def backends_among(names: Iterable[str]) -> tuple[str, ...]:
    """Return the backends whose libraries are among file `names`, in alphabetical order."""
    matches = (_BACKEND.match(name) for name in names)
    return tuple(sorted({match[1] for match in matches if match} - _NO_BACKEND))


def built_libraries() -> tuple[str, ...]:
    """Return what differs when any library of this installation is replaced, a word for each."""
    found = []
    for path in library_files():
        try:
            known = path.stat()
        except OSError:
            # Gone again, or a link to nowhere.
            continue
        found.append(f"{path.name} {known.st_size} {known.st_mtime_ns}")
    return tuple(found)


def library_names() -> list[str]:
    """Return the file names of the libraries of this installation."""
    return [path.name for path in library_files()]


def library_files() -> list[Path]:
    """Return the files of this installation, in order; none where there is no llama.cpp."""
    spec = importlib.util.find_spec("llama_cpp")
    folders = spec.submodule_search_locations if spec is not None else None
    try:
        return sorted((Path((folders or [""])[0]) / "lib").iterdir())
    except OSError:
        return []

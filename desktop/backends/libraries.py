"""What is installed of llama.cpp, told from its files: nothing native is loaded. Any thread."""

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_BACKEND: Final = re.compile(r"(?:lib)?ggml-([a-z]+)(?:-[\w.]+?)?\.(?:so|dll|dylib)")
_GGML: Final = re.compile(r"(?:lib)?ggml-base\.(?:so|dll|dylib)")
_VERSION: Final = re.compile(rb"\0(\d+\.\d+\.\d+)(?=\0)")
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
    """Return the version of ggml; empty where its library does not tell.

    It is the one text of that form in there, which `ggml_version` of its C interface returns. The
    names of files have it in some builds alone. Reads about a megabyte.
    """
    file = next((path for path in library_files() if _GGML.fullmatch(path.name)), None)
    try:
        found = set(_VERSION.findall(file.read_bytes())) if file is not None else set()
    except OSError:
        return ""
    return found.pop().decode("ascii") if len(found) == 1 else ""


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
    if not folders:
        return []
    try:
        return sorted((Path(folders[0]) / "lib").iterdir())
    except OSError:
        return []

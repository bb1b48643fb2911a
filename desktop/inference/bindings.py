"""Getting hold of llama.cpp's low-level bindings. Runs inside the engine process only.

Importing the package the usual way pulls in numpy, diskcache (pickle) and a server; only its
ctypes module is wanted, so an empty package object takes the place of `llama_cpp`. Backends that
come as separate libraries are registered from the package's own folder before anything else asks,
because llama.cpp would otherwise search the working directory and run what lies there.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

from desktop.inference.ggml_library import computes_here, register_backends

_FOREIGN_LIBRARY_VARIABLES = ("GGML_BACKEND_PATH", "LLAMA_CPP_LIB_PATH", "CUDA_PATH", "HIP_PATH")


class BindingsMissing(Exception):
    """The engine's libraries are not installed, damaged, or hold no backend."""


def load_bindings() -> tuple[Any, Any]:
    """Return (`llama_cpp.llama_cpp`, the ggml library) with a backend for the processor registered.

    Raises BindingsMissing, or MemoryError where the system has no memory for them.
    """
    for name in _FOREIGN_LIBRARY_VARIABLES:
        os.environ.pop(name, None)
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        msg = "llama_cpp is not installed"
        raise BindingsMissing(msg)
    folder = Path(spec.submodule_search_locations[0]) / "lib"
    try:
        ggml = register_backends(folder)
        if not computes_here(ggml):
            # Asked for more, llama.cpp would now search the working directory.
            msg = "no backend for this processor"
            raise BindingsMissing(msg)
        package = types.ModuleType("llama_cpp")
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        sys.modules["llama_cpp"] = package
        bindings = importlib.import_module("llama_cpp.llama_cpp")
    except (OSError, ImportError, RuntimeError) as error:
        if _lacks_memory(str(error)):
            raise MemoryError(str(error)) from error
        raise BindingsMissing(str(error)) from error
    bindings.llama_backend_init()
    return bindings, ggml


def _lacks_memory(refusal: str) -> bool:
    """Tell whether the dynamic loader got no memory for a library; a place it may not use differs."""
    return (
        "failed to map segment" in refusal or "Cannot allocate memory" in refusal
    ) and "not permitted" not in refusal


def load_extension() -> Any | None:
    """Return the calls that llama.cpp keeps out of its C interface, None where they are not there.

    `load_bindings` comes first.
    """
    try:
        return importlib.import_module("llama_cpp.llama_cpp_ext")
    except (ImportError, AttributeError):
        # Names of C++ functions, which differ between compilers and change with any version.
        return None


def bindings_version() -> str:
    """Return the version of the installed bindings, and with it that of llama.cpp."""
    return importlib.metadata.version("llama-cpp-python")

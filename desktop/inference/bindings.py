"""Getting hold of llama.cpp's low-level bindings. Runs inside the engine process only.

Importing the package the usual way pulls in numpy, diskcache (pickle) and a server; only its
ctypes module is wanted, so an empty package object takes the place of `llama_cpp`. Backends that
come as separate libraries are registered from the package's own folder before anything else asks,
because llama.cpp would otherwise search the working directory and run what lies there.
"""

import ctypes
import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

_GGML_NAMES = {"win32": "ggml.dll", "darwin": "libggml.dylib"}
_FOREIGN_LIBRARY_VARIABLES = ("GGML_BACKEND_PATH", "LLAMA_CPP_LIB_PATH", "CUDA_PATH", "HIP_PATH")


class BindingsMissing(Exception):
    """The engine's libraries are not installed, damaged, or hold no backend."""


def load_bindings() -> tuple[Any, Any]:
    """Return (`llama_cpp.llama_cpp`, the ggml library) with at least one backend registered.

    Raises BindingsMissing.
    """
    for name in _FOREIGN_LIBRARY_VARIABLES:
        os.environ.pop(name, None)
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        msg = "llama_cpp is not installed"
        raise BindingsMissing(msg)
    folder = Path(spec.submodule_search_locations[0]) / "lib"
    try:
        ggml = _register_backends(folder)
        package = types.ModuleType("llama_cpp")
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        sys.modules["llama_cpp"] = package
        bindings = importlib.import_module("llama_cpp.llama_cpp")
    except (OSError, ImportError) as error:
        raise BindingsMissing(str(error)) from error
    bindings.llama_backend_init()
    if ggml.ggml_backend_reg_count() == 0:
        msg = "no compute backend found"
        raise BindingsMissing(msg)
    return bindings, ggml


def _register_backends(folder: Path) -> ctypes.CDLL:
    if sys.platform == "win32":
        os.add_dll_directory(str(folder))
    ggml = ctypes.CDLL(str(folder / _GGML_NAMES.get(sys.platform, "libggml.so")))
    ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load_all_from_path.restype = None
    ggml.ggml_backend_reg_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    ggml.ggml_backend_dev_description.restype = ctypes.c_char_p
    ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    ggml.ggml_backend_dev_type.restype = ctypes.c_int
    ggml.ggml_backend_load_all_from_path(os.fsencode(folder))
    return ggml


def devices(ggml: Any) -> list[tuple[str, bool]]:
    """Return (description, is a GPU) of every device this build can use, GPUs first."""
    found = []
    for index in range(ggml.ggml_backend_dev_count()):
        device = ggml.ggml_backend_dev_get(index)
        description = (ggml.ggml_backend_dev_description(device) or b"").decode(errors="replace")
        found.append((description.strip(), ggml.ggml_backend_dev_type(device) in {1, 2}))
    return sorted(found, key=lambda entry: not entry[1])

"""ggml's own library: the backends that are registered with it, and the devices that they bring.

Runs inside the engine process only, in its main thread. llama.cpp's bindings know nothing of these
calls; names and structures are those of `ggml-backend.h`.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from desktop.inference.engine_pack import load_pack
from desktop.inference.messages import Device

_NAMES = {"win32": "ggml.dll", "darwin": "libggml.dylib"}
# The part of it that backends are built on. Elsewhere it is found through the other part.
_BASE_NAMES = {"win32": "ggml-base.dll"}
_SIZE = ctypes.POINTER(ctypes.c_size_t)
_FUNCTIONS: Final = (
    ("ggml_backend_load_all_from_path", None, (ctypes.c_char_p,)),
    ("ggml_backend_load", ctypes.c_void_p, (ctypes.c_char_p,)),
    ("ggml_backend_reg_count", ctypes.c_size_t, ()),
    ("ggml_backend_reg_name", ctypes.c_char_p, (ctypes.c_void_p,)),
    ("ggml_backend_dev_count", ctypes.c_size_t, ()),
    ("ggml_backend_dev_get", ctypes.c_void_p, (ctypes.c_size_t,)),
    ("ggml_backend_dev_by_name", ctypes.c_void_p, (ctypes.c_char_p,)),
    ("ggml_backend_dev_by_type", ctypes.c_void_p, (ctypes.c_int,)),
    ("ggml_backend_dev_name", ctypes.c_char_p, (ctypes.c_void_p,)),
    ("ggml_backend_dev_description", ctypes.c_char_p, (ctypes.c_void_p,)),
    ("ggml_backend_dev_type", ctypes.c_int, (ctypes.c_void_p,)),
    ("ggml_backend_dev_backend_reg", ctypes.c_void_p, (ctypes.c_void_p,)),
    ("ggml_backend_dev_memory", None, (ctypes.c_void_p, _SIZE, _SIZE)),
    ("ggml_backend_dev_get_props", None, (ctypes.c_void_p, ctypes.c_void_p)),
    ("ggml_backend_buft_is_host", ctypes.c_bool, (ctypes.c_void_p,)),
    ("ggml_backend_buft_get_device", ctypes.c_void_p, (ctypes.c_void_p,)),
)
_CPU = 0
_DEVICE_KINDS: Final = {_CPU: "cpu", 1: "gpu", 2: "igpu"}
GPU_KINDS: Final = frozenset({"gpu", "igpu"})


class _Properties(ctypes.Structure):
    """`struct ggml_backend_dev_props`; what the device is capable of is four bools at its end."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        ("capabilities", ctypes.c_bool * 4),
    )


class Ggml:
    """Has the functions of all `libraries` that ggml is made of.

    Windows looks for a function in the library that is named, other systems also in those that it
    needs.
    """

    def __init__(self, libraries: Sequence[Any]) -> None:
        """Declare the functions that are used here; raises OSError where one is missing."""
        self._libraries = libraries
        for name, result, arguments in _FUNCTIONS:
            try:
                function = getattr(self, name)
            except AttributeError as error:
                raise OSError(str(error)) from error
            function.restype, function.argtypes = result, list(arguments)

    def __getattr__(self, name: str) -> Any:
        for library in self._libraries:
            if hasattr(library, name):
                return getattr(library, name)
        msg = f"ggml has no function {name}"
        raise AttributeError(msg)


def register_backends(folder: Path) -> Ggml:
    """Load ggml from `folder` with all its backends there, and those of a pack if there is one.

    Raises OSError. Nothing may ask ggml anything before: with no backend registered it searches
    the folder of the program and the working directory, and runs what lies there.
    """
    if sys.platform == "win32":
        os.add_dll_directory(str(folder))
    names = [_NAMES.get(sys.platform, "libggml.so")]
    if sys.platform in _BASE_NAMES:
        names.append(_BASE_NAMES[sys.platform])
    ggml = Ggml([ctypes.CDLL(str(folder / name)) for name in names])
    # First, as in ggml's own order: where two backends know a card, llama.cpp takes the earlier.
    load_pack(ggml)
    # UTF-8 on every system, which ggml takes it for.
    ggml.ggml_backend_load_all_from_path(os.fsencode(folder))
    return ggml


def computes_here(ggml: Any) -> bool:
    """Tell whether a backend for the processor is registered; no model runs without one.

    Also where a GPU backend came alone. Asking this searches for nothing.
    """
    return ggml.ggml_backend_dev_by_type(_CPU) is not None


def devices(ggml: Any) -> list[Device]:
    """Return every device this build can use, GPUs first; two backends may know the same card."""
    found = []
    for index in range(ggml.ggml_backend_dev_count()):
        handle = ggml.ggml_backend_dev_get(index)
        kind = _DEVICE_KINDS.get(ggml.ggml_backend_dev_type(handle), "accelerator")
        found.append(_device(ggml, handle, kind))
    return sorted(found, key=lambda device: device.kind not in GPU_KINDS)


def _device(ggml: Any, handle: int, kind: str) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    ggml.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    backend = ggml.ggml_backend_dev_backend_reg(handle)
    return Device(
        name=_text(ggml.ggml_backend_dev_name(handle)),
        description=_text(ggml.ggml_backend_dev_description(handle)),
        backend=_text(ggml.ggml_backend_reg_name(backend)),
        kind=kind,
        free=free.value,
        total=total.value,
        # What stands for a backend is a variable of its library.
        library=library_of(backend),
        card=_card_id(ggml, handle) if kind in GPU_KINDS else "",
    )


def _card_id(ggml: Any, handle: int) -> str:
    """Return where a card sits in the computer, empty where its driver does not tell."""
    properties = _Properties()
    ggml.ggml_backend_dev_get_props(handle, ctypes.byref(properties))
    return _text(properties.device_id)


def library_of(address: int) -> str:
    """Return the file name of the library that `address` lies in; empty if it lies in none."""
    if sys.platform == "win32":
        return _windows_library_of(address)
    return _posix_library_of(address)


class _Place(ctypes.Structure):
    """`Dl_info` of dladdr(3)."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def _posix_library_of(address: int) -> str:
    place = _Place()
    found = ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(place))
    return Path(os.fsdecode(place.file)).name if found and place.file else ""


def _windows_library_of(address: int) -> str:
    # GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, and its count of users stays as it is.
    flags, longest = 0x00000004 | 0x00000002, 32_768
    kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    module = ctypes.c_void_p()
    if not kernel32.GetModuleHandleExW(flags, ctypes.c_void_p(address), ctypes.byref(module)):
        return ""
    name = ctypes.create_unicode_buffer(longest)
    kernel32.GetModuleFileNameW(module, name, longest)
    return name.value.rpartition("\\")[2]


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace").strip()

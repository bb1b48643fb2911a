"""The optional pack that the parent has handed over, brought into the engine process.

Its modules are registered before those of our own folder, so that CUDA comes before Vulkan in every
list. The parent has looked at the files; here each is loaded by its full path, in the order in which
it was listed. What a pack cannot do on this computer costs nothing but its devices.
"""

import ctypes
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = "LAPIS_ENGINE_PACK"
_FILES: Final = "LAPIS_ENGINE_PACK_FILES"
_MODULE: Final = re.compile(r"(?:lib)?ggml-[a-z0-9]+\.(?:so|dll|dylib)")

_log = logging.getLogger(__name__)


def load_pack(ggml: Any) -> None:
    """Register what the pack brings with `ggml`, the engine's own; without a pack do nothing.

    Modules are ggml's (`ggml_backend_load` registers them), all else are libraries that they need.
    """
    place, names = os.environ.get(_FOLDER, ""), os.environ.get(_FILES, "")
    if not place or not names:
        return
    folder = Path(place)
    if sys.platform == "win32":
        os.add_dll_directory(str(folder))
    for name in names.split("/"):
        path = folder / name
        if _MODULE.fullmatch(name):
            if not ggml.ggml_backend_load(os.fsencode(path)):
                _log.warning("the module %s of a pack cannot be used here", name)
            continue
        try:
            ctypes.CDLL(str(path))
        except OSError as error:
            _log.warning("the library %s of a pack cannot be loaded: %s", name, error)
            return

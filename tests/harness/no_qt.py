"""A pytest plugin (`-p tests.harness.no_qt`) that makes PySide6 as absent as if not installed."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_HIDDEN = frozenset({"PySide6", "shiboken6"})


class _Hider(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in _HIDDEN:
            raise ModuleNotFoundError(f"No module named {fullname!r} (hidden)", name=fullname)
        return None


def pytest_configure() -> None:
    """Hide the modules from here on."""
    loaded = _HIDDEN & sys.modules.keys()
    if loaded:
        raise RuntimeError(f"imported before they could be hidden: {sorted(loaded)}")
    sys.meta_path.insert(0, _Hider())

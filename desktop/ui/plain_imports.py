"""Gives Python its own `import` back, which Qt for Python replaces when it is loaded.

Its replacement is for `from __feature__ import …`, which Lapis does not use. To know which modules
such a line might concern, it reads the source of every module that is imported after it, and
`linecache` keeps them: a tenth of a second of each start, and 11 MB. Main thread.
"""

import builtins

__all__ = ["import_plainly"]


def import_plainly() -> None:
    """Load Qt's core, then undo that; to be called before all else that needs Qt. Idempotent."""
    import PySide6.QtCore  # noqa: F401 - loaded for what it does to `import`

    # Left there by shiboken's loader; where it is missing, nothing was replaced.
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)

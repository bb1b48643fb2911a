"""What no code expected, told in the window, which goes on working; the log has it already.

A report holds places in the program and the kind of the error, never its words: they may be a
piece of a chat. GUI thread; errors of other threads come over as a signal.
"""

import platform
import sys
import threading
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, qVersion

from desktop import __version__
from desktop.base.logs import describe
from desktop.domain.errors import Defect, LapisError
from desktop.domain.text import Text

__all__ = ["CrashCatcher", "report_of"]


class CrashCatcher(QObject):
    """Takes all exceptions that nobody caught, from its making until `close`."""

    crashed = Signal(object, str)
    """(LapisError, report): to be shown."""

    _came = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Take the hooks of Python over."""
        super().__init__(parent)
        self._came.connect(self.crashed, Qt.ConnectionType.QueuedConnection)
        self._earlier = sys.excepthook
        self._earlier_of_threads = threading.excepthook
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_exception_in_thread

    def close(self) -> None:
        """Give the hooks back; idempotent."""
        sys.excepthook = self._earlier
        threading.excepthook = self._earlier_of_threads

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._earlier(kind, error, trace)
        self._tell(error)

    def _on_exception_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        self._earlier_of_threads(arguments)
        if arguments.exc_value is not None:
            self._tell(arguments.exc_value)

    def _tell(self, error: BaseException) -> None:
        shown = error if isinstance(error, LapisError) else _defect()
        self._came.emit(shown, report_of(error))


def report_of(error: BaseException) -> str:
    """Return versions, and kind and places of `error`; no values, none of its words."""
    versions = (
        f"Lapis {__version__}, Python {platform.python_version()}, Qt {qVersion()}, "
        f"{platform.system()} {platform.machine()}"
    )
    return f"{versions}\n{describe(error)}"


def _defect() -> Defect:
    return Defect(
        Text("Something in Lapis went wrong. This is a defect in Lapis, not your mistake"),
        Text(
            "What you wrote is kept. You can go on; if something no longer works, quit Lapis and "
            "start it again. The report holds none of your text."
        ),
    )

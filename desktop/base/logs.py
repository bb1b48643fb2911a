"""The log of Lapis: what it did, never what was said.

Kept in `paths.logs`, readable by this account only. Events with sizes, durations and codes; of an
exception its type and where it arose, never its words, which may quote a chat. Safe in any thread;
`start_logging` is called once, early, in the main thread.
"""

import faulthandler
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

from desktop.base.paths import Paths
from desktop.base.redaction import redactor

_FILE_SIZE = 1_000_000
_FILES = 5
_OWN = Path(__file__).resolve().parent.parent.parent
_LAYOUT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Logging:
    """What `start_logging` set up. It lasts as long as the process unless closed."""

    handler: logging.Handler
    crashes: TextIO | None
    restore: Callable[[], None]

    def close(self) -> None:
        """Undo it all; for tests and for programs that go on without Lapis."""
        self.restore()
        if self.crashes is not None:
            faulthandler.disable()
            self.crashes.close()
        logging.getLogger().removeHandler(self.handler)
        self.handler.close()


def start_logging(paths: Paths) -> Logging:
    """Log to `paths.logs`: our own events, other people's warnings, every unhandled exception.

    A crash in native code leaves its frames in `crash.log`, and never what was in memory. Without
    a folder that can be written to, Lapis goes on without a log.
    """
    _forbid_core_files()
    # Where no file can be kept, the lines must not end up on the terminal.
    handler: logging.Handler = logging.NullHandler()
    crashes: TextIO | None = None
    with suppress(OSError):
        paths.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _file_handler(paths.logs / "lapis.log")
        crashes = _crash_file(paths.logs / "crash.log")
        faulthandler.enable(crashes)
    logging.getLogger().addHandler(handler)
    logging.getLogger("desktop").setLevel(logging.INFO)
    return Logging(handler, crashes, _watch_exceptions())


def _forbid_core_files() -> None:
    """Have no crash put our memory, with every chat in it, into a file, whatever the shell allows."""
    if sys.platform == "win32":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _file_handler(path: Path) -> logging.Handler:
    handler = _PrivateFile(
        path, maxBytes=_FILE_SIZE, backupCount=_FILES - 1, encoding="utf-8", errors="replace"
    )
    handler.setFormatter(_Redacted(_LAYOUT))
    return handler


def _crash_file(path: Path) -> TextIO:
    _make_private(path)
    too_long = path.stat().st_size > _FILE_SIZE
    return path.open("w" if too_long else "a", encoding="utf-8")


def _make_private(path: Path) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)


class _PrivateFile(RotatingFileHandler):
    """A rotating file for this account only, which never disturbs the program it serves."""

    def _open(self) -> TextIOWrapper:
        _make_private(Path(self.baseFilename))
        return super()._open()

    def doRollover(self) -> None:  # noqa: N802 the name in logging
        try:
            if self.stream is not None and self._is_put_away(self.stream):
                # By another Lapis, whose lines would else be put away after a few of them.
                self.stream.close()
                self.stream = self._open()
            else:
                super().doRollover()
        except OSError:
            # Another Lapis has the file open, which Windows does not forgive: go on in it.
            if self.stream is None or self.stream.closed:
                self.stream = self._open()

    def _is_put_away(self, stream: TextIOWrapper) -> bool:
        """Return whether what is written to has another name by now, or none."""
        if sys.platform == "win32":
            return False
        try:
            named = Path(self.baseFilename).stat()
        except FileNotFoundError:
            return True
        return not os.path.samestat(named, os.fstat(stream.fileno()))

    def close(self) -> None:
        """Close the file, and lose with it what a full disk has not taken."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Lose the line: a full disk is told elsewhere, and stderr would show what it said."""


class _Redacted(logging.Formatter):
    """Lines without secrets; of exceptions, types and places only."""

    def __init__(self, layout: str) -> None:
        super().__init__(layout)
        self._redact = redactor()

    def format(self, record: logging.LogRecord) -> str:
        # Shared by all handlers: another one may have put the exception's words there.
        record.exc_text = None
        line = self._redact(super().format(record))
        record.exc_text = None
        return line

    def formatException(  # noqa: N802 the name in logging
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        error = ei[1]
        return "" if error is None else describe(error)


def describe(error: BaseException) -> str:
    """Return type and places of `error` and of what led to it, without a word it carries."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = type(current)
        lines.append(f"{'caused by ' if lines else ''}{kind.__module__}.{kind.__qualname__}")
        lines += [
            f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return "\n".join(lines)


def _place(name: str) -> str:
    path = Path(name)
    return str(path.relative_to(_OWN)) if path.is_relative_to(_OWN) else path.name


def _watch_exceptions() -> Callable[[], None]:
    """Log what nobody caught, in any thread; return the way back."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook

    def in_main(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception):
            before[0](kind, error, trace)
            return
        _report("unhandled exception", error)

    def in_thread(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else "?"
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            _report(f"unhandled exception in thread {name}", args.exc_value)

    def in_finaliser(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            _report("exception that cannot be raised", args.exc_value)

    sys.excepthook = in_main
    threading.excepthook = in_thread
    sys.unraisablehook = in_finaliser

    def restore() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before

    return restore


def _report(event: str, error: BaseException) -> None:
    """Log `error`, and show the same on stderr: without its words, which a system log would keep."""
    _log.critical(event, exc_info=error)
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"lapis: {event}\n{describe(error)}\n")

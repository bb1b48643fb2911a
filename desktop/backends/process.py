"""One engine process as its parent sees it: started, fed, listened to, and watched.

Three small threads belong to each process, so that nobody who sends or waits can be blocked by a
child that hangs: one writes, one reads reports, one keeps the last of its stderr. What the child
says is data from an untrusted process (see `inference.messages`).
"""

import logging
import os
import queue
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from desktop.backends import pack_folder
from desktop.base.child_program import EXIT_REPLACED, NO_WINDOW, child_command
from desktop.base.owner import is_orphan, mark
from desktop.inference.messages import (
    Command,
    ProtocolError,
    Report,
    Retire,
    Step,
    frame,
    read_report,
)

_STDERR_BYTES = 8 * 1024
_JOIN_SECONDS = 2.0
_LAST_BREATH_SECONDS = 1.0
_REPORTS_UNDER_WAY = 1024
# Whoever ends a process after that long without a word from it ends one that hangs.
_SILENT_SECONDS: Final = 15.0
_STEPS = frozenset({"start", "load", "idle", "template", "prompt", "decode", "quantise", "read"})
_KEPT_VARIABLES = frozenset(
    {
        "PATH",
        "HOME",
        "LANG",
        "TEMP",
        "TMP",
        "TMPDIR",
        "SYSTEMROOT",
        "WINDIR",
        "USERPROFILE",
        "LOCALAPPDATA",
        "XDG_RUNTIME_DIR",
        "CUDA_VISIBLE_DEVICES",
        "HIP_VISIBLE_DEVICES",
        "GGML_VK_VISIBLE_DEVICES",
        "VK_DRIVER_FILES",
    }
)
_SIGKILL: Final = 9
_OWN_FOLDER: Final = "engine-"
_KEPT_PREFIXES = ("LC_", "LAPIS_")
# The key of the local server: whoever takes the engine over must not get it as well. Which libraries
# are loaded is nothing that an environment decides.
_DROPPED_VARIABLES = frozenset(
    {"LAPIS_API_KEY", pack_folder.FOLDER_VARIABLE, pack_folder.FILES_VARIABLE}
)
ENGINE: Final = "desktop.inference.host:main"
"""What an engine process does (see `base.child_program`)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended. `code` as Python reports it (negative: signal).

    `step` is what it was at, `request` for whom (0: nobody). `stderr` holds its last words; they
    may name files, never chat text. `nonsense`: it spoke no sense and was ended for that.
    """

    code: int
    step: str
    stderr: str
    request: int = 0
    nonsense: bool = False


UNSEEN: Final = Death(0, "unknown", "")
"""The end of a process that nobody saw end."""


class EngineProcess:
    """A running engine process. `on_report` and `on_death` are called from its reading thread.

    For every report the receiver calls `handled` when done with it: only so many may be under way,
    or a child that floods us would fill the memory.
    """

    def __init__(
        self,
        work_folder: Path,
        on_report: Callable[["EngineProcess", Report], None],
        on_death: Callable[["EngineProcess", Death], None],
        target: str = ENGINE,
    ) -> None:
        """Start it, in an empty folder of its own under `work_folder`; raises OSError.

        `target` is what it does (see `base.child_program`); it is given our process id.

        Must be called from a thread that lives as long as the process: the system ties the
        child's life to the thread that made it.
        """
        self._on_report = on_report
        self._on_death = on_death
        self._step = Step(name="start")
        self._killed = False
        self._retiring = False
        self._gone = False
        self._credit = threading.Semaphore(_REPORTS_UNDER_WAY)
        self._folder = new_folder(work_folder)
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._timers: list[threading.Timer] = []
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_BYTES // 256)
        self._pack, variables = pack_folder.handed_over(work_folder)
        self._started = time.monotonic()
        try:
            self._process = subprocess.Popen(
                child_command(target, os.getpid()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._folder,
                env=_environment() | variables,
                creationflags=NO_WINDOW,
            )
        except OSError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.pid = self._process.pid
        self._threads = [
            threading.Thread(target=target, name=f"engine-{name}", daemon=True)
            for name, target in (
                ("writer", self._write),
                ("stderr", self._listen),
                ("reader", self._read),
            )
        ]
        try:
            for thread in self._threads:
                thread.start()
        except RuntimeError as error:
            self._process.kill()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise OSError(str(error)) from error

    def send(self, command: Command) -> None:
        """Queue a command; never blocks. To a dead process it goes nowhere.

        Raises ProtocolError for one that cannot go over the pipe.
        """
        self._outbox.put(frame(command))

    def handled(self) -> None:
        """Say that a report has been dealt with."""
        self._credit.release()

    def retire(self, seconds: float) -> None:
        """Let it write what is worth keeping and end by itself within `seconds`, then `kill` it.

        From any thread; returns at once, and nothing it says from now on is reported. A second call
        shortens the time.
        """
        timer = threading.Timer(seconds, self.kill)
        timer.daemon = True
        timer.name = "engine-retire"
        with self._lock:
            if self._gone:
                return
            first, self._retiring = not self._retiring, True
            try:
                timer.start()
            except RuntimeError:
                # No thread to be had, so nobody would end it later.
                self.kill()
                return
            self._timers.append(timer)
        if first:
            self.send(Retire())
            self._credit.release()

    def kill(self) -> None:
        """End it at once, from any thread; `on_death` follows."""
        self._killed = True
        self._process.kill()
        self._credit.release()

    def join(self, seconds: float) -> bool:
        """Wait for it to be gone, `seconds` at most; return whether it is."""
        self._threads[-1].join(seconds)
        return not self._threads[-1].is_alive()

    def close(self) -> None:
        """End it and wait until process, threads and folder are gone; idempotent."""
        self.kill()
        self._disarm()
        for thread in (*self._threads, *self._timers):
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)

    def _disarm(self) -> None:
        with self._lock:
            self._gone = True
            for timer in self._timers:
                timer.cancel()

    def _write(self) -> None:
        stream = cast("BinaryIO", self._process.stdin)
        while (data := self._outbox.get()) is not None:
            try:
                stream.write(data)
                stream.flush()
            except OSError:
                return

    def _listen(self) -> None:
        stream = cast("BinaryIO", self._process.stderr)
        while chunk := os.read(stream.fileno(), 256):
            self._stderr.append(chunk)

    def _read(self) -> None:
        stream = cast("BinaryIO", self._process.stdout)
        nonsense = False
        try:
            while (report := read_report(stream)) is not None:
                if isinstance(report, Step):
                    self._step = report
                    continue
                # It has come up, whatever was loaded into it.
                self._pack = None
                if self._retiring:
                    continue
                self._credit.acquire()
                if self._killed:
                    break
                if not self._retiring:
                    self._on_report(self, report)
        except ProtocolError as error:
            _log.error("the engine process spoke nonsense and is ended: %s", error)
            nonsense = True
        finally:
            self._bury(nonsense=nonsense)

    def _bury(self, *, nonsense: bool) -> None:
        if not (nonsense or self._killed):
            try:
                # Its mouth is closed before its exit code is known; killed now, it would seem to
                # have been killed by the system.
                self._process.wait(_LAST_BREATH_SECONDS)
            except subprocess.TimeoutExpired:
                _log.error("an engine process has closed its pipe, and is ended")
                nonsense = True
        self._process.kill()
        code = self._process.wait()
        self._disarm()
        self._outbox.put(None)
        for thread in self._threads[:2]:
            thread.join(_JOIN_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            _close_quietly(cast("BinaryIO", pipe))
        shutil.rmtree(self._folder, ignore_errors=True)
        stderr = b"".join(self._stderr).decode("utf-8", errors="replace")
        step = self._step.name if self._step.name in _STEPS else "unknown"
        self._blame_pack(code, step)
        self._on_death(self, Death(code, step, stderr, self._step.request, nonsense))

    def _blame_pack(self, code: int, step: str) -> None:
        """Switch off a pack that the process did not come up with; the next one goes without."""
        if self._pack is None or step != "start" or self._retiring:
            return
        if self._killed:
            if time.monotonic() - self._started >= _SILENT_SECONDS:
                pack_folder.switch_off(self._pack, pack_folder.HANGS)
        elif code not in {-_SIGKILL, EXIT_REPLACED}:
            # Where the system itself ends a process, memory was short.
            pack_folder.switch_off(self._pack, pack_folder.CRASHED)


def _close_quietly(stream: BinaryIO) -> None:
    try:
        stream.close()
    except OSError:
        _log.debug("unsent bytes to a dead engine process were dropped")


def new_folder(work_folder: Path) -> Path:
    """Return a new, empty folder for one process, which `sweep` removes after us; raises OSError."""
    folder = work_folder / f"{_OWN_FOLDER}{mark()}"
    folder.mkdir(mode=0o700, parents=True)
    return folder


def sweep(work_folder: Path) -> None:
    """Remove the folders of engine processes whose Lapis was killed."""
    for folder in work_folder.glob(f"{_OWN_FOLDER}*"):
        if is_orphan(folder.name.removeprefix(_OWN_FOLDER)):
            shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name.upper() in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES))
        and name not in _DROPPED_VARIABLES
    }
    # On an assertion ggml would otherwise start a debugger on itself.
    return kept | {"GGML_NO_BACKTRACE": "1"}

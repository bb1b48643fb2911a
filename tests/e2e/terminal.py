"""A terminal of our own: the command line started in it, typed to, and read as a person reads."""

import codecs
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.harness.leftovers import end_processes
from tests.harness.program import command, guarded
from tests.harness.waiting import wait_for

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECONDS = 30.0


class TerminalSession:
    """`lapis` in a pseudo terminal. `seen` is everything it wrote, escape sequences included."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        width: int = 0,
    ) -> None:
        """Start it; `folder` is for what the harness keeps, `width` in cells, 0 for not known."""
        self._log = folder / "network-attempts.txt"
        self._master, slave = pty.openpty()
        if width:
            termios.tcsetwinsize(slave, (24, width))
        self._process = subprocess.Popen(
            [*command(), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=guarded({**environment, "TERM": "xterm-256color"}, self._log),
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - this process has no threads of its own
        )
        os.close(slave)
        self.pid = self._process.pid
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.seen = ""
        self._read_up_to = 0

    def type(self, text: str) -> None:
        """Press keys: a newline is Enter, the signs 3 and 4 are Ctrl-C and Ctrl-D."""
        os.write(self._master, text.encode())

    def expect(self, words: str, seconds: float = _SECONDS) -> str:
        """Wait until `words` appear after what was expected before; return what came before them.

        Escape sequences are left out.
        """
        end = time.monotonic() + seconds
        while True:
            text = _ESCAPES.sub("", self.seen[self._read_up_to :])
            place = text.find(words)
            if place >= 0:
                self._read_up_to = self._raw_end(place + len(words))
                return text[:place]
            assert time.monotonic() < end, f"no {words!r} in {self.seen[self._read_up_to :]!r}"
            self._read(0.1)

    def expect_prompt(self) -> None:
        """Wait until a line can be typed.

        A key is never lost, but Ctrl-C is noticed by Python's line editing only when it waits.
        """
        self.expect("› ")
        wait_for(self._sleeps, _SECONDS, "the program to wait for keys")

    def expect_answer(self, letters: int = 30) -> None:
        """Wait until an answer is being written, after whatever the status line showed."""
        end = time.monotonic() + _SECONDS
        while True:
            text = self.seen[self._read_up_to :].rpartition("\r\x1b[K")[2]
            if len(text) > letters and "\x1b" not in text:
                return
            assert time.monotonic() < end, f"no answer in {text!r}"
            self._read(0.1)

    def engine(self) -> psutil.Process:
        """Wait for the engine process and return it."""
        found = wait_for(
            lambda: [one for one in self._children() if "desktop.inference.host" in _line(one)],
            20,
            "an engine process",
        )
        return found[0]

    def wait(self, seconds: float = _SECONDS) -> int:
        """Read to the end and return the exit code."""
        end = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < end, f"still running: {self.seen!r}"
            self._read(0.1)
        while self._read(0.0):
            pass
        assert not self._log.exists(), self._log.read_text(encoding="utf-8")
        return self._process.returncode

    def close(self) -> None:
        """End what still runs."""
        children = self._children()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        end_processes(children)
        os.close(self._master)

    def _sleeps(self) -> bool:
        return psutil.Process(self.pid).status() == psutil.STATUS_SLEEPING

    def _children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says so when the other side is closed.
            return False
        self.seen += self._decoder.decode(data)
        return bool(data)

    def _raw_end(self, visible: int) -> int:
        """Return where in `seen` the first `visible` characters after the mark end."""
        position = self._read_up_to
        while visible:
            escape = _ESCAPES.match(self.seen, position)
            if escape:
                position = escape.end()
                continue
            position += 1
            visible -= 1
        return position


def _take_terminal() -> None:
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""

"""The real program as a person starts it: its command, run to the end or watched while it runs."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.harness.leftovers import end_processes
from tests.harness.loopback import LOG_VARIABLE
from tests.harness.waiting import wait_for

_GUARD = Path(__file__).parent / "guarded"
_ROOT = Path(__file__).resolve().parents[2]


def command() -> tuple[str, ...]:
    """Return the command `lapis` as it was installed beside this Python, or its module."""
    installed = Path(sys.executable).with_name("lapis")
    if installed.is_file():
        return (str(installed),)
    return (sys.executable, "-m", "desktop")


def guarded(environment: Mapping[str, str], log: Path, root: Path = _ROOT) -> dict[str, str]:
    """Return `environment` with the loopback guard; attempts to leave go to `log`.

    Lapis is that in the folder `root`, where it is started as a module.
    """
    path = os.pathsep.join((str(_GUARD), str(root)))
    return {**environment, "PYTHONPATH": path, LOG_VARIABLE: str(log)}


def run_lapis(
    arguments: Sequence[str],
    *,
    folder: Path,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run `lapis` with `arguments` to its end, with `stdin` typed or piped in.

    `folder` is for what the harness keeps. Fails if it tried to reach beyond loopback.
    """
    log = folder / "network-attempts.txt"
    done = subprocess.run(
        [*command(), *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=guarded({**os.environ, **(environment or {})}, log),
        timeout=seconds,
        check=False,
    )
    assert not log.exists(), log.read_text(encoding="utf-8")
    return done


class Program:
    """Lapis while it runs. What it says goes to files, so that it can never block on us."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        working: Path | None = None,
        before: Sequence[str] | None = None,
        root: Path = _ROOT,
    ) -> None:
        """Start it, from the folder `working` if that is given; `folder` takes its output.

        `before` stands in place of the command; `root` is the folder with the Lapis that is meant.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / "stdout.txt", folder / "stderr.txt"
        self._attempts = folder / "network-attempts.txt"
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                [*(before or command()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=guarded(environment, self._attempts, root),
                cwd=working,
            )
        self.pid = self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What it wrote to stdout so far."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    @property
    def noise(self) -> str:
        """What it wrote to stderr so far; a healthy window program writes nothing there."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def network_attempts(self) -> str:
        """What it tried to reach beyond loopback."""
        return self._attempts.read_text(encoding="utf-8") if self._attempts.exists() else ""

    def children(self) -> list[psutil.Process]:
        """Return the processes that it started and that still run."""
        try:
            found = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [child for child in found if child.status() != psutil.STATUS_ZOMBIE]

    def engine(self, seconds: float = 20.0) -> psutil.Process:
        """Wait for the engine process and return it."""

        def find() -> psutil.Process | None:
            for child in self.children():
                if any("desktop.inference.host" in word for word in _words(child)):
                    return child
            return None

        found = wait_for(find, seconds, "an engine process")
        assert found is not None
        return found

    def wait(self, seconds: float = 10.0) -> int:
        """Wait until it has ended by itself and return its exit code (negative: signal)."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it as the system does when memory runs out: SIGKILL, nothing cleaned up."""
        self._process.kill()
        self._process.wait(10)

    def end(self) -> None:
        """End it if it still runs, and whatever it started."""
        children = self.children()
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        end_processes(children)


def unexpected(noise: str, allowed: Iterable[str] = ()) -> list[str]:
    """Return the lines of `noise` that contain none of `allowed`."""
    words = tuple(allowed)
    lines = [line for line in noise.splitlines() if line.strip()]
    return [line for line in lines if not any(word in line for word in words)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []

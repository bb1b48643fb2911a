"""What becomes of a damaged file: read by the pre-check here, then loaded in a process apart."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from signal import Signals
from typing import IO

from desktop.domain.errors import ModelFileError
from desktop.models.gguf import read_gguf

_ROOT = Path(__file__).resolve().parents[2]
# The limits of time end a process with the first two; the third follows on the second.
_HUNG = frozenset({"SIGALRM", "SIGXCPU", "SIGKILL"})
_TELLING = re.compile(
    r"GGML_ASSERT\(.*|what\(\):.*|GGML_ABORT.*|\w+Error:.*|fatal error.*|.*abort.*"
)


class Outcome(Enum):
    """The five ends a file can come to; the last two must not be."""

    CHECKED = "refused by the check"
    REFUSED = "refused by llama.cpp"
    ANSWERED = "answered"
    DIED = "killed the engine process"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a file ended; `detail` says by what: a title, a kind of refusal, an assertion."""

    outcome: Outcome
    detail: str


class Trials:
    """A process that tries files, started when the first gets past the check."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._server: subprocess.Popen[bytes] | None = None

    def of(self, path: Path) -> Verdict:
        """Return what becomes of a file; raises whatever the check should not."""
        try:
            read_gguf(path)
        except ModelFileError as error:
            return Verdict(Outcome.CHECKED, f"{error.title} {error.hint}")
        return self.unchecked(path)

    def unchecked(self, path: Path) -> Verdict:
        """Return what becomes of a file in the engine process when nothing has checked it."""
        result = self._asked(path)
        said, code = str(result["said"]), int(str(result["code"]))
        words = _telling(str(result["words"]))
        if code or not said:
            name = Signals(-code).name if code < 0 else f"exit code {code}"
            if name in _HUNG:
                return Verdict(Outcome.HUNG, f"{name} after {said or 'nothing'}")
            return Verdict(Outcome.DIED, f"{name}: {words}")
        refused = said != "answered"
        return Verdict(Outcome.REFUSED if refused else Outcome.ANSWERED, said)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._server is not None:
            with self._server as server:
                server.kill()
            self._server = None

    def _asked(self, path: Path) -> dict[str, object]:
        if self._server is None:
            self._server = _started()
        stdin, stdout = _pipes(self._server)
        stdin.write(json.dumps({"path": os.fspath(path)}).encode() + b"\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            message = f"the process that tries files ended over {path.name}"
            raise RuntimeError(message)
        result = json.loads(line)
        assert isinstance(result, dict)
        return result


@contextmanager
def trials() -> Iterator[Trials]:
    """Give `Trials` that are closed in the end."""
    given = Trials()
    try:
        yield given
    finally:
        given.close()


def _started() -> subprocess.Popen[bytes]:
    # No device but the processor: drivers start threads, and forks need a process without.
    alone = {"CUDA_VISIBLE_DEVICES": "", "GGML_VK_VISIBLE_DEVICES": "", "GGML_NO_BACKTRACE": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.server"],
        cwd=_ROOT,
        env=os.environ | alone,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _pipes(server: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if server.stdin is None or server.stdout is None:
        message = "the process that tries files has no pipes"
        raise RuntimeError(message)
    return server.stdin, server.stdout


def _telling(words: str) -> str:
    """Return the line of a process's last words that tells why it died."""
    found = _TELLING.findall(words)
    lines = [line for line in words.splitlines() if line.strip()]
    return str(found[0] if found else lines[-1] if lines else "no last words")[:200]

"""llama-cpp-python in a process of its own, asked the same questions (`inference.high_level`).

Used from the main thread; one small thread reads what the process says.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from desktop.backends.process import new_folder
from desktop.base.child_program import NO_WINDOW, child_command
from desktop.domain.chat import ChatRequest
from desktop.domain.model import LoadedModel
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.models.hardware import memory
from desktop.services.engine import Stopped

_HIGH_LEVEL: Final = "desktop.inference.high_level:main"
_POLL_SECONDS: Final = 0.05
_END_SECONDS: Final = 5.0
# Beside the weights: the cache of keys and values, and llama-cpp-python's own table of scores.
_BESIDE_WEIGHTS: Final = 1.3
_LONGEST_REASON: Final = 160


class NoBindings(Exception):
    """llama-cpp-python cannot be measured; `reason` says why."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Timed:
    """One answer of llama-cpp-python, in seconds; `steps` tokens were decoded after the prompt."""

    prompt_tokens: int
    read_seconds: float
    write_seconds: float
    steps: int

    @property
    def reading_speed(self) -> float:
        """Prompt tokens a second."""
        return self.prompt_tokens / self.read_seconds

    @property
    def writing_speed(self) -> float:
        """Tokens decoded a second after the prompt; 0 without any."""
        return self.steps / self.write_seconds if self.steps and self.write_seconds else 0.0


class Bindings:
    """The process with a model in it; whoever made it closes it. It dies with the main thread."""

    def __init__(
        self, loaded: LoadedModel, threads: int, cancel: threading.Event, work_folder: Path
    ) -> None:
        """Load the same model in the same way; raises NoBindings or Stopped.

        The process has a folder of its own under `work_folder`, like those of the engine.
        """
        self._cancel = cancel
        needed = round(loaded.weights * _BESIDE_WEIGHTS)
        free = memory().available
        if getattr(sys, "frozen", False):
            raise NoBindings(
                Text("llama-cpp-python is left out: this build of Lapis does not carry it.")
            )
        if needed > free:
            raise NoBindings(
                Text(
                    "llama-cpp-python is left out: it would need {needed} of memory beside Lapis, "
                    "and {free} are free.",
                    {"needed": sized(needed), "free": sized(free)},
                )
            )
        self._inbox: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        # llama.cpp looks for libraries in the working directory.
        self._folder = new_folder(work_folder)
        self._process = subprocess.Popen(
            child_command(_HIGH_LEVEL, os.getpid()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env=os.environ | {"GGML_NO_BACKTRACE": "1"},
            creationflags=NO_WINDOW,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, name="bench-bindings", daemon=True)
        self._reader.start()
        try:
            self._call(
                {
                    "path": os.fspath(loaded.plan.path),
                    "n_ctx": loaded.n_ctx,
                    "n_batch": loaded.plan.n_batch,
                    "threads": threads,
                    "n_gpu_layers": loaded.plan.n_gpu_layers,
                }
            )
        except BaseException:
            # Also at Ctrl+C: nobody else knows of the process yet.
            self.close()
            raise

    def ask(self, request: ChatRequest) -> Timed:
        """Answer a question of one message, or continue a text; raises NoBindings or Stopped."""
        said = self._call(
            {
                "question": "".join(message.content for message in request.messages),
                "prompt": request.prompt,
                "max_tokens": request.sampling.max_tokens,
            }
        )
        return Timed(
            prompt_tokens=int(said["prompt_tokens"]),
            read_seconds=float(said["read_seconds"]),
            write_seconds=float(said["write_seconds"]),
            steps=int(said["steps"]),
        )

    def close(self) -> None:
        """End the process; idempotent."""
        self._process.kill()
        self._process.wait(_END_SECONDS)
        self._reader.join(_END_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            # What was not sent yet went to a process that is dead.
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _call(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        stream = self._process.stdin
        if stream is not None:
            try:
                stream.write(json.dumps(order) + "\n")
                stream.flush()
            except OSError as error:
                raise _crashed() from error
        while True:
            if self._cancel.is_set():
                raise Stopped
            try:
                said = self._inbox.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if said is None:
                raise _crashed()
            if "error" in said:
                reason = str(said["error"])[:_LONGEST_REASON]
                raise NoBindings(
                    Text("llama-cpp-python is left out, it fails: {reason}", {"reason": reason})
                )
            return said

    def _read(self) -> None:
        stream = self._process.stdout
        try:
            for line in stream or ():
                self._inbox.put(json.loads(line))
        except ValueError:
            self._process.kill()
        self._inbox.put(None)


def _crashed() -> NoBindings:
    return NoBindings(Text("llama-cpp-python is left out: it crashes with this model."))

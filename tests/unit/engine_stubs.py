"""Children that stand in for the engine process where the fault itself is what they do."""

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.backends import process
from desktop.backends.process import ENGINE
from desktop.base.child_program import child_command, start_code

_ROOT = str(Path(__file__).resolve().parents[2])

_PRELUDE = """
import os, signal, struct, sys, threading, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from desktop.inference.messages import *

w = sys.stdout.buffer

def raw(body):
    w.write(struct.pack(">I", len(body)) + body)

def out(*reports):
    for report in reports:
        w.write(frame(report))
    w.flush()

def hear():
    return read_command(sys.stdin.buffer)

def ready(*devices):
    out(Ready(devices=list(devices)))

def load():
    command = hear()
    while not isinstance(command, Load):
        command = hear()
    out(Step(name="load"))
    return command

def loaded():
    out(Step(name="idle"))
    out(Loaded(description="", architecture="llama", parameters=1, weights=1, n_ctx=512,
               n_ctx_train=512, devices=["CPU"], has_template=True, load_ms=1.0))

def done(id):
    out(Done(id=id, reason="stop", prompt_tokens=1, cached_tokens=0, completion_tokens=1,
             ttft_ms=1.0, prefill_tps=1.0, decode_tps=1.0))

def serve():
    command = hear()
    while isinstance(command, (Ping, Cancel)):
        out(Pong(id=command.id))
        command = hear()
    if command is None:
        sys.exit(0)
    return command

def wait_for_ever():
    threading.Event().wait()

CPU = Device("CPU", "a processor", "CPU", "cpu", 0, 0)
CUDA = Device("CUDA0", "a card", "CUDA", "gpu", 0, 0)
VULKAN = Device("Vulkan0", "the same card", "Vulkan", "gpu", 0, 0)
"""


def stub(code: str) -> str:
    """Return the source of a child that does `code`, with words for what engines say."""
    return _PRELUDE + textwrap.dedent(code)


def play(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let every engine process from now on do `code`."""
    instead(monkeypatch, stub(code))


def instead(monkeypatch: pytest.MonkeyPatch, code: str, target: str = ENGINE) -> None:
    """Let every process for `target` from now on run the Python `code`, and none but these."""
    usual = process.child_command  # type: ignore[attr-defined]
    monkeypatch.setattr(process, "child_command", commands(code, target, usual))


def before(monkeypatch: pytest.MonkeyPatch, code: str, target: str = ENGINE) -> None:
    """Let every process for `target` from now on begin with the Python `code`."""
    instead(monkeypatch, code + start_code(target), target)


def as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every process from now on do what it is for."""
    monkeypatch.setattr(process, "child_command", child_command)


def commands(
    code: str, target: str = ENGINE, usual: Callable[..., list[str]] = child_command
) -> Callable[..., list[str]]:
    """Return what stands for `child_command`, with `code` for `target`; `usual` for others."""

    def command(asked: str, *arguments: int) -> list[str]:
        if asked != target:
            return usual(asked, *arguments)
        return [sys.executable, "-I", "-c", code, _ROOT, *map(str, arguments)]

    return command


def noted(file: Path) -> list[str]:
    """Return the lines that stubs have written into `file`."""
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

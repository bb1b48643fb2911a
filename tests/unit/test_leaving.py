"""The end of a process, with threads that are still at something."""

import subprocess
import sys

import pytest

_BEGIN = """
import sys, threading, time
from desktop.base.leaving import leave

class Last:
    def __del__(self):
        sys.stdout.write("taken down")

last = Last()
"""
_WAITING = "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
_WORKING = """
def work():
    gate.wait()
    print("worked", end=" ")

gate = threading.Event()
threading.Thread(target=work).start()
"""


def ended(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _BEGIN + program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_beside_a_thread_that_waits_nothing_is_taken_down() -> None:
    done = ended(_WAITING + "print('said', end=' ')\nleave(130)")

    assert (done.returncode, done.stdout, done.stderr) == (130, "said ", "")


@pytest.mark.parametrize("front_end", ["app", "cli"])
def test_both_commands_end_so(front_end: str) -> None:
    done = ended(f"import desktop.{front_end} as it\nit.main = lambda: 5\n{_WAITING}it.run()")

    assert (done.returncode, done.stdout, done.stderr) == (5, "", "")


def test_alone_it_ends_as_any_program_does() -> None:
    done = ended("print('said', end=' ')\nleave(3)")

    assert (done.returncode, done.stdout) == (3, "said taken down")


def test_who_works_is_waited_for() -> None:
    done = ended(_WAITING + _WORKING + "gate.set()\nleave(0)")

    assert (done.returncode, done.stdout) == (0, "worked ")


def test_who_never_comes_to_an_end_is_not_waited_for_long() -> None:
    soon = "import desktop.base.leaving as it\nit.PATIENCE_SECONDS = 0.1\n"
    done = ended(_WAITING + _WORKING + soon + "leave(0)")

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal that wakes who waits")
def test_ctrl_c_ends_the_wait() -> None:
    stroke = "lambda: os.kill(os.getpid(), signal.SIGINT)"
    press = f"import os, signal\nthreading.Timer(0.5, {stroke}).start()\n"
    done = ended(_WAITING + _WORKING + press + "leave(130)")

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_who_was_only_being_started_is_not_waited_for() -> None:
    starting = "all_of_them, new = threading.enumerate, threading.Thread()\n"
    listed = "threading.enumerate = lambda: [*all_of_them(), new]\n"
    done = ended(_WAITING + starting + listed + "leave(130)")

    assert (done.returncode, done.stderr) == (130, "")


def test_nobody_reads_any_more() -> None:
    program = _WAITING + "sys.stdout.write('x' * 10)\nimport os\nos.close(1)\nleave(4)"
    done = ended(program)

    assert (done.returncode, done.stderr) == (4, "")

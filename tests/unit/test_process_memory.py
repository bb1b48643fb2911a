"""How much memory a process holds."""

import os
import subprocess
import sys

from desktop.system.process_memory import memory_of


def test_a_living_process_holds_some_memory() -> None:
    own = memory_of(os.getpid())

    assert own is not None
    assert own > 1_000_000


def test_a_process_that_ended_holds_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(10)

    assert memory_of(ended.pid) is None

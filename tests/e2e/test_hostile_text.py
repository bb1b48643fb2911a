"""No name, answer or attachment makes the window open a file or go anywhere, seen from outside."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.hostile_window import CANARY

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")

_ROOT = Path(__file__).parents[2]
_CONNECT = re.compile(r"connect\(\d+, \{sa_family=(AF_\w+)")
_ELSEWHERE = ("etc/x.png", "share/x.png")


def _calls(tmp_path: Path, *words: str) -> tuple[str, list[str]]:
    """Run the window under strace; return what it said, and its calls that name files or peers."""
    trace = tmp_path / "trace"
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [
            *("strace", "-f", "-qq", "-s", "400", "-e", "trace=%file,connect", "-o", str(trace)),
            *(sys.executable, "-m", "tests.e2e.hostile_window", str(tmp_path / "data"), *words),
        ],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, trace.read_text(errors="replace").splitlines()


def _tries(calls: list[str]) -> list[str]:
    """Return the calls that a text is to blame for."""
    own = "hostile_window"
    return [
        call
        for call in calls
        if own not in call and (CANARY in call or any(each in call for each in _ELSEWHERE))
    ]


def test_the_watch_sees_what_a_plain_label_of_qt_opens(tmp_path: Path) -> None:
    said, calls = _calls(tmp_path, "control")

    assert said.startswith("shown ")
    assert _tries(calls)


def test_the_whole_window_opens_nothing_and_goes_nowhere(tmp_path: Path) -> None:
    said, calls = _calls(tmp_path)

    assert said == "shown 6\n", "the hostile text was on show"
    assert _tries(calls) == []
    families = {found[1] for call in calls if (found := _CONNECT.search(call))}
    assert families <= {"AF_UNIX"}

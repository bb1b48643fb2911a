"""Ctrl-C before Lapis has begun: the program ends without a word, wherever it was."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import desktop
from desktop.base.early_interrupt import ending_quietly

COMMAND = "from desktop.__main__ import run\nrun()"
FROZEN = "from desktop.frozen import main_console\nmain_console()"
# The key is pressed in the moment in which a module is looked for.
PRESSED = """
import signal, sys

class Finger:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finger())
sys.argv = ["lapis", "--data-dir", {folder!r}, "network"]
"""


def ended(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(desktop.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("start", [COMMAND, FROZEN])
@pytest.mark.parametrize(
    "module",
    ["desktop.cli", "desktop.domain.settings", "desktop.terminal.errors", "typer", "sqlite3"],
)
def test_ctrl_c_ends_a_program_that_is_still_being_read_without_a_word(
    tmp_path: Path, module: str, start: str
) -> None:
    done = ended(PRESSED.format(module=module, folder=str(tmp_path)) + start)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_where_ctrl_c_means_nothing_it_ends_nothing() -> None:
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from desktop.base.early_interrupt import ending_quietly\n"
        "with ending_quietly():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)\n"
    )

    assert ended(code).stdout == "True\n"


def test_what_comes_after_the_block_is_told_of_ctrl_c_as_usual() -> None:
    with ending_quietly():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

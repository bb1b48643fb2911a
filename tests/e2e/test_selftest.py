"""`lapis --selftest` as whoever makes packages runs it, from source here."""

from pathlib import Path

from tests.conftest import RunLapis
from tests.harness.home import home_variables
from tests.harness.program import run_lapis


def test_everything_does_its_work_in_silence_and_the_account_keeps_no_trace(tmp_path: Path) -> None:
    account = tmp_path / "account"

    done = run_lapis(["--selftest"], folder=tmp_path, environment=home_variables(account))

    failed = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert (failed, done.returncode) == ([], 0)
    assert "ok window: " in done.stdout
    assert done.stderr == ""
    assert list(account.rglob("*lapis*")) == []


def test_no_help_names_it(lapis: RunLapis) -> None:
    for arguments in (("--help",), ("doctor", "--help")):
        assert "selftest" not in lapis(*arguments).stdout


def test_it_stands_alone(tmp_path: Path) -> None:
    assert run_lapis(["--selftest", "ask"], folder=tmp_path).returncode == 2

"""The bundle under test, and running its programs as on a computer that has nothing else of Lapis."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from installers.dev import bundle
from tests.harness.home import home_variables

_PYTHON = re.compile(r"\.(cpython-3\d+|abi3)[^/]*\.so")
_VERSION = re.compile(r"\.so(\.\d+)+$")


def made_bundle() -> Path:
    """Return the folder of the bundle; skips the test where none has been made."""
    if not bundle.FOLDER.is_dir():
        pytest.skip("no bundle was made; `make bundle` makes it")
    return bundle.FOLDER


def plain_name(path: str) -> str:
    """Return the path of a file in a bundle without what differs between versions and machines."""
    return _VERSION.sub(".so", _PYTHON.sub(".so", path))


def run(
    program: Path,
    *words: str,
    home: Path,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run a program of the bundle to its end, with a home under `home` and few other variables."""
    return subprocess.run(
        [program, *words],
        cwd=cwd or home,
        env={"PATH": "/usr/bin:/bin", **home_variables(home), **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )


def failures(done: subprocess.CompletedProcess[str]) -> Sequence[str]:
    """Return what a self-test says has failed, and what it says besides where it broke off."""
    lines = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    return lines if done.returncode == 0 else [*lines, f"exit {done.returncode}", done.stderr]

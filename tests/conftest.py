"""Fixtures and rules for all tests: hermetic, offline, nothing left behind.

Warnings are errors and each test has a time limit (pyproject.toml).
"""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.harness.home import FOREIGN, home_variables
from tests.harness.leftovers import Marker, none_left
from tests.harness.loopback import LoopbackGuard
from tests.harness.models import Models
from tests.harness.program import run_lapis

RunLapis = Callable[..., CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Know pytest-qt's settings also where pytest-qt is switched off."""
    if not pluginmanager.hasplugin("pytest-qt"):
        parser.addini("qt_api", "of pytest-qt")
        parser.addini("qt_log_level_fail", "of pytest-qt")
        parser.addini("qt_log_ignore", "of pytest-qt", type="linelist")


def pytest_configure() -> None:
    """Draw on no real screen, unless a test brings its own; Ctrl-C means here what it means there.

    A script that starts us with `&` has it ignored, and all that we start would inherit that.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def loopback_guard() -> LoopbackGuard:
    """Refuse what reaches beyond loopback, from the first test on."""
    return LoopbackGuard()


@pytest.fixture(scope="session", autouse=True)
def _hermetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the real home out of reach."""
    with pytest.MonkeyPatch.context() as patch:
        for name in FOREIGN:
            patch.delenv(name, raising=False)
        for name, value in home_variables(tmp_path_factory.mktemp("hermetic")).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Fail a test that leaves threads or processes behind."""
    with none_left():
        yield


@pytest.fixture(autouse=True)
def _within_loopback(loopback_guard: LoopbackGuard) -> Iterator[None]:
    """Fail a test that tried to reach beyond loopback, also if the code got over the refusal."""
    loopback_guard.taken()
    yield
    assert loopback_guard.taken() == []


@pytest.fixture
def lapis_home(tmp_path: Path) -> Path:
    """Return a data folder for `--data-dir` or `paths_under`; nothing is in it yet."""
    return tmp_path / "lapis"


@pytest.fixture
def marker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Marker]:
    """Mark every process this test starts; they must all be gone soon after its end."""
    mark = Marker()
    for name, value in mark.environment.items():
        monkeypatch.setenv(name, value)
    yield mark
    mark.wait_until_gone()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Return the shared tiny model files."""
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def lapis(lapis_home: Path, tmp_path: Path, marker: Marker) -> RunLapis:
    """Return a function that runs the command `lapis` to its end in `lapis_home`.

    `lapis("ask", "Hello", stdin="…", environment={…}, seconds=30)`.
    """
    del marker

    def run(*arguments: str, **options: Any) -> CompletedProcess[str]:
        call = partial(run_lapis, folder=tmp_path)
        return call(["--data-dir", str(lapis_home), *arguments], **options)

    return run

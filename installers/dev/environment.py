"""The virtual environment of the checkout: made once, renewed when what it depends on changes."""

import hashlib
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from installers.dev import engine, engine_source, system_packages
from installers.dev.console import StepFailed, duration, must, say, step
from installers.dev.lockfile import read_lock, without
from installers.dev.places import LOCK, MAIN, ROOT, Environment, clean_environment

_STAMP = "lapis-setup.txt"
_PIP = ("-m", "pip", "install", "--quiet", "--no-input")


def ensure(purpose: system_packages.Purpose) -> None:
    """Set up what is missing for `purpose`; costs a fraction of a second when nothing is.

    Raises StepFailed.
    """
    system_packages.ensure(purpose)
    wanted = _state()
    stamp = MAIN.folder / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    say("Setting Lapis up: 1 minute, and the build of llama.cpp the first time.")
    start = time.monotonic()
    make_folder(MAIN)
    _install_locked(MAIN)
    _install_engine(MAIN)
    _install_lapis(MAIN)
    _check(MAIN)
    stamp.write_text(wanted, encoding="utf-8")
    say(f"Set up in {duration(time.monotonic() - start)}.")


def make_folder(environment: Environment) -> None:
    """Make a fresh virtual environment for this Python and this place, or keep one that fits."""
    mark = environment.folder / "lapis-python.txt"
    built_for = f"{sys.version}\n{sys.base_prefix}\n{environment.folder}\n"
    if mark.is_file() and mark.read_text(encoding="utf-8") == built_for:
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    with step(f"Making {environment.folder.name} with Python {version}"):
        shutil.rmtree(environment.folder, ignore_errors=True)
        # The base interpreter: a virtual environment that is active now must not be built upon.
        base = Path(getattr(sys, "_base_executable", "") or sys.executable)
        must([base, "-m", "venv", environment.folder], cwd=ROOT, env=clean_environment())
        mark.write_text(built_for, encoding="utf-8")


def install_lock(environment: Environment, text: str) -> None:
    """Install the entries of a lock file, each checked against its hashes, and nothing else."""
    requirements = environment.folder / "lapis-requirements.txt"
    requirements.write_text(text, encoding="utf-8")
    must(
        [environment.python, *_PIP, "--require-hashes", "--no-deps", "-r", requirements],
        cwd=ROOT,
        env=clean_environment(),
    )


def _state() -> str:
    """Return what the environment depends on; another state means that set-up runs again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = (
        sys.version,
        str(MAIN.folder),
        hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        repr(project["build-system"]),
        repr(project["project"]),
        repr(project["tool"]["hatch"]),
        engine.fingerprint(engine.machine()),
        " ".join((*engine.OPTIONS, *engine.LEFT_OUT)),
        engine_source.kernels(),
    )
    return "\n".join(parts)


def _install_locked(environment: Environment) -> None:
    # llama.cpp's binding is built for this machine; its wheel cannot have the package's hash.
    with step("Installing the locked packages", "about 150 MB to download"):
        install_lock(environment, without(read_lock(LOCK), engine.PACKAGE))


def _install_engine(environment: Environment) -> None:
    wheel = engine.ensure_wheel(environment)
    must(
        [environment.python, *_PIP, "--no-deps", "--no-index", "--force-reinstall", wheel],
        cwd=ROOT,
        env=clean_environment(),
    )


def _install_lapis(environment: Environment) -> None:
    must(
        [environment.python, *_PIP, "--no-deps", "--no-build-isolation", "--editable", ROOT],
        cwd=ROOT,
        env=clean_environment(),
    )


def _check(environment: Environment) -> None:
    """Fail now rather than at the first question: everything fits, and llama.cpp loads here."""
    must(
        [environment.python, "-m", "pip", "--quiet", "check"],
        cwd=ROOT,
        env=clean_environment(),
    )
    loading = subprocess.run(
        [environment.python, "-c", "import llama_cpp; llama_cpp.llama_backend_init()"],
        capture_output=True,
        text=True,
        check=False,
        cwd=environment.folder,
        env=clean_environment(),
    )
    if loading.returncode:
        say(loading.stderr.strip())
        raise StepFailed(
            f"llama.cpp was built but does not load here (exit code {loading.returncode}). "
            "Delete its wheel from the cache folder named above and run make setup again."
        )

"""`python3 -m installers.dev TARGET`: what the Makefile calls."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

from installers.dev import (
    bundle,
    checks,
    cuda_pack,
    environment,
    gpu,
    guide,
    installer_tests,
    lock,
    packages,
    portal,
    readme,
    release_check,
    shipped_engine,
    testing,
)
from installers.dev.console import StepFailed, must, say
from installers.dev.places import GUIDE, MAIN, ROOT, cache_folder, clean_environment
from installers.dev.system_packages import Purpose

_OLDEST, _NEWEST = (3, 11), (3, 14)
_LEFT_BY_WORK = (".cache", "build", "dist")


def main(arguments: list[str]) -> int:
    """Carry out the target that the first argument names; return the exit code."""
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
        say(f"Lapis needs Python 3.11 to 3.14; this is {sys.version.split()[0]}.")
        return 1
    targets: Mapping[str, Callable[[list[str]], None]] = {
        "setup": lambda _rest: _set_up(),
        "run": _run,
        "test": lambda _rest: _test(),
        "test-gpu": lambda _rest: _with(Purpose.GPU, gpu.test),
        "test-portal": lambda _rest: _with(Purpose.PORTAL, portal.test),
        "test-installers": lambda rest: _with(
            Purpose.INSTALLERS, lambda: installer_tests.test(rest)
        ),
        "fuzz": _fuzz,
        "check": lambda _rest: _with(Purpose.RUN, checks.check),
        "format": lambda _rest: _with(Purpose.RUN, checks.tidy),
        "bench": _bench,
        "screenshots": _screenshots,
        "translations": lambda _rest: _translations(),
        "lock": lambda _rest: lock.write_locks(),
        "readme": lambda _rest: readme.write_readmes(),
        "guide": lambda _rest: guide.train(),
        "guide-eval": lambda _rest: _with(Purpose.RUN, guide.evaluate),
        "engine": lambda _rest: _with(Purpose.PACKAGE, shipped_engine.make),
        "bundle": lambda rest: _with(Purpose.PACKAGE, lambda: bundle.make(rest)),
        "package": lambda rest: _with(Purpose.PACKAGE, lambda: packages.make(rest)),
        "cuda-pack": lambda rest: _with(Purpose.PACKAGE, lambda: cuda_pack.make(rest)),
        "release-check": release_check.check,
        "clean": lambda _rest: _clean(),
    }
    name = arguments[0] if arguments else ""
    target = targets.get(name)
    if target is None:
        say(f"Unknown target {name!r}. There are: {', '.join(targets)}.")
        return 1
    try:
        target(arguments[1:])
    except StepFailed as failure:
        say(f"\nFailed: {failure}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _set_up() -> None:
    environment.ensure(Purpose.TEST)
    say("Lapis is set up. Start it with `make run`.")


def _run(arguments: list[str]) -> None:
    environment.ensure(Purpose.RUN)
    command = [os.fspath(MAIN.program("lapis")), *arguments]
    sys.stdout.flush()
    if sys.platform == "win32":
        raise SystemExit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)  # noqa: S606 - Lapis takes the place of this process


def _test() -> None:
    environment.ensure(Purpose.TEST)
    testing.test()


def _with(purpose: Purpose, action: Callable[[], None]) -> None:
    environment.ensure(purpose)
    action()


def _bench(arguments: list[str]) -> None:
    environment.ensure(Purpose.TEST)
    must([MAIN.python, "-m", "tests.bench", *arguments], cwd=ROOT, env=clean_environment())


def _fuzz(arguments: list[str]) -> None:
    environment.ensure(Purpose.TEST)
    must([MAIN.python, "-m", "tests.fuzz", *arguments], cwd=ROOT, env=clean_environment())


def _screenshots(arguments: list[str]) -> None:
    environment.ensure(Purpose.PICTURES)
    wanted = arguments or ["--readme"]
    must([MAIN.python, "-m", "tests.screenshots", *wanted], cwd=ROOT, env=clean_environment())


def _translations() -> None:
    environment.ensure(Purpose.RUN)
    must([MAIN.python, "-m", "installers.dev.translations"], cwd=ROOT, env=clean_environment())


def _clean() -> None:
    for folder in (MAIN.folder, GUIDE.folder, *(ROOT / name for name in _LEFT_BY_WORK)):
        if folder.exists():
            say(f"Removing {folder.relative_to(ROOT)}")
            shutil.rmtree(folder)
    for folder in [*ROOT.glob("*/**/__pycache__"), ROOT / "__pycache__"]:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"Wheels of llama.cpp stay in {cache_folder()}; delete that folder to build anew.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

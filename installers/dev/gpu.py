"""`make test-gpu`: the path over a graphics card, tested where there is none.

The llama.cpp that is shipped computes here on Mesa's software device. It is seen by a second
virtual environment only; Lapis itself learns nothing of it.
"""

import sys
from pathlib import Path

from installers.dev import environment, shipped_engine
from installers.dev.console import StepFailed, must, say
from installers.dev.places import MAIN, ROOT, Environment, clean_environment

GPU = Environment(ROOT / ".cache" / "gpu-venv")


def test() -> None:
    """Build what is missing and run `tests/gpu`; needs the main environment; raises StepFailed."""
    if sys.platform != "linux":
        raise StepFailed("The software graphics device of these tests exists on Linux only.")
    make_environment(GPU, shipped_engine.ensure())
    say("Tests: gpu (about 2 minutes) …")
    must(
        [GPU.python, "-m", "tests.harness.offline", GPU.python, "-m", "pytest", "tests/gpu"],
        cwd=ROOT,
        env=clean_environment(PYTHONUNBUFFERED="1"),
    )


def make_environment(place: Environment, build: Path) -> None:
    """Make an environment that sees `build`, then everything that the main one has installed."""
    environment.make_folder(place)
    let_see(place, build)


def let_see(place: Environment, build: Path) -> None:
    """Have the environment `place` find packages in `build` first, then those of the main one."""
    packages = shipped_engine.packages
    lines = (str(build), f"import site; site.addsitedir({str(packages(MAIN))!r})")
    (packages(place) / "lapis-gpu.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")

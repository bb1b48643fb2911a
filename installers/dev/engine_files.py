"""The libraries of a build of llama.cpp: which are shipped, stripped, and what they ask of a system."""

import shutil
import subprocess
import sys
from pathlib import Path

from installers.dev.console import StepFailed, must
from installers.dev.engine_forms import Form

_ENDINGS = {"win32": "*.dll", "darwin": "*.dylib"}
# GCC 12 builds AMX kernels that fault on the first token (it drops the stores that set the tiles
# up), and this is the only library that has them; the next best one runs on the same processors.
LEFT_OUT = "ggml-cpu-sapphirerapids"
_PROCESSOR = "ggml-cpu-"
_OPENMP = "libgomp.so.1"


def stage(built: Path, folder: Path, form: Form) -> None:
    """Copy the libraries of a finished build to `folder`; raises StepFailed when any is missing."""
    folder.mkdir(parents=True)
    for library in sorted(built.glob(_ENDINGS.get(sys.platform, "*.so"))):
        if library.stem.removeprefix("lib") != LEFT_OUT:
            shutil.copy2(library, folder / library.name)
    if sys.platform == "linux":
        _carry_openmp(folder)
    check(folder, form)
    for library in folder.iterdir():
        strip(library)
        library.chmod(0o644)


def check(folder: Path, form: Form) -> None:
    """Raise StepFailed unless `folder` holds all that `form` promises."""
    names = {file.name for file in folder.iterdir()}
    missing = {*form.core, *form.backends} - names
    if missing:
        raise StepFailed(f"The build of llama.cpp left out {', '.join(sorted(missing))}.")
    processors = [name for name in names if name.removeprefix("lib").startswith(_PROCESSOR)]
    if len(processors) < form.fewest_processors:
        raise StepFailed(
            f"The build of llama.cpp has kernels for {len(processors)} kinds of processor; "
            f"{form.fewest_processors} are expected. A newer compiler may know the others."
        )


def _carry_openmp(folder: Path) -> None:
    """Put the compiler's OpenMP library beside those that need it; a bare system has none."""
    place = subprocess.run(
        ["c++", f"-print-file-name={_OPENMP}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(place).is_absolute():
        raise StepFailed(f"The compiler does not tell where its {_OPENMP} is.")
    shutil.copy(Path(place).resolve(), folder / _OPENMP)


def strip(library: Path) -> None:
    """Take out of `library` what only a debugger reads; raises StepFailed."""
    match sys.platform:
        case "linux":
            must(["strip", "--strip-unneeded", library], cwd=library.parent)
        case "darwin":
            # Names that other libraries look up stay.
            must(["strip", "-x", library], cwd=library.parent)

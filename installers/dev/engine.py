"""llama.cpp, built once for this machine into a wheel that is kept beside the home.

pip's own wheel cache does not know `CMAKE_ARGS`, so a wheel built with other flags would be taken
for ours: it is switched off, and the wheel lies in a folder of our own whose name says how it was
built (version, flags, compiler, C library, instructions of the processor).
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from installers.dev import engine_source
from installers.dev.console import StepFailed, must_quietly, say, step
from installers.dev.lockfile import Pinned, read_lock
from installers.dev.places import LOCK, ROOT, Environment, cache_folder, clean_environment

PACKAGE = "llama-cpp-python"
_X86 = {"x86_64", "amd64"}
# GCC 12 builds AMX kernels that fault on the first token. And where a processor can, ggml adds up
# attention in 16-bit numbers: that is less exact, and after 1,500 tokens a token takes a third longer
# (a Llama of 1 B, measured). No library that is shipped does either.
LEFT_OUT = ("-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16", "-mno-avx512fp16")
OPTIONS = ("-DGGML_NATIVE=ON", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF")
COMPILER_SETTINGS = (
    *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"),
    *("CMAKE_ARGS", "SKBUILD_CMAKE_ARGS"),
)


def pinned() -> Pinned:
    """Return the version of the bindings, with the hash of its source package."""
    return next(entry for entry in read_lock(LOCK) if entry.name == PACKAGE)


def ensure_wheel(environment: Environment) -> Path:
    """Return the wheel for this machine, built with `environment`'s tools if it is not kept yet.

    Raises StepFailed.
    """
    package = pinned()
    how = recipe(package)
    folder = cache_folder() / "engine" / f"{package.version}-{fingerprint(how)}"
    kept = sorted(folder.glob("*.whl"))
    if kept:
        say(f"Taking llama.cpp from {folder}")
        return kept[0]
    cores = _usable_cores()
    minutes = max(1, round(8 / cores))
    with step("Building llama.cpp for this machine", f"once; about {minutes} min on {cores} cores"):
        return _build(environment, package, how, folder)


def machine() -> Mapping[str, str]:
    """Return what a build for this machine depends on, besides its compiler."""
    return {
        "system": sys.platform,
        "machine": platform.machine(),
        "c library": " ".join(platform.libc_ver()),
        "processor": _processor(),
    }


def fingerprint(values: Mapping[str, str]) -> str:
    """Return 16 characters that differ when any of `values` does."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def recipe(package: Pinned) -> Mapping[str, str]:
    """Return all that decides how the wheel turns out."""
    compiler = os.environ.get("CXX", "cl" if sys.platform == "win32" else "c++")
    return {
        **machine(),
        "version": package.version,
        "arguments": _cmake_arguments(compiler),
        "kernels": engine_source.kernels(),
        "compiler": first_line([compiler, "--version"]),
    }


def _cmake_arguments(compiler: str) -> str:
    """Return `CMAKE_ARGS`; what the compiler does not know is not asked of it."""
    flags: tuple[str, ...] = ()
    if sys.platform != "win32" and platform.machine().lower() in _X86:
        flags = tuple(flag for flag in LEFT_OUT if _accepts(compiler, flag))
    words = " ".join(flags)
    extra = (f'-DCMAKE_C_FLAGS="{words}"', f'-DCMAKE_CXX_FLAGS="{words}"') if flags else ()
    return " ".join((*OPTIONS, *extra))


def _accepts(compiler: str, flag: str) -> bool:
    try:
        return not subprocess.run(
            [compiler, "-Werror", flag, "-x", "c++", "-fsyntax-only", "-"],
            input=b"",
            capture_output=True,
            check=False,
        ).returncode
    except OSError:
        return False


def first_line(command: list[str]) -> str:
    """Return the first line that `command` prints, `none` where there is no such command."""
    return output(command).partition("\n")[0].strip() or "none"


def output(command: list[str]) -> str:
    """Return what `command` prints, nothing where there is no such command."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return result.stdout or result.stderr


def _processor() -> str:
    """Return what names the instructions this processor knows."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in {"flags", "Features"}:
                return hashlib.sha256(value.strip().encode()).hexdigest()
    brand = first_line(["sysctl", "-n", "machdep.cpu.brand_string"])
    return brand if brand != "none" else platform.processor()


def _usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _build(environment: Environment, package: Pinned, how: Mapping[str, str], folder: Path) -> Path:
    """Build in a temporary folder beside `folder`, then rename: nobody ever sees a half one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    log = folder.parent / f"{folder.name}.log"
    try:
        source = engine_source.ready(environment, package, building / "work", log)
        kept = {
            name: value
            for name, value in clean_environment().items()
            if name not in COMPILER_SETTINGS
        }
        must_quietly(
            [
                *(environment.python, "-m", "pip", "wheel", "--progress-bar", "off"),
                *("--no-deps", "--no-cache-dir", "--no-build-isolation"),
                *("--wheel-dir", building, source),
            ],
            cwd=ROOT,
            log=log,
            env=kept
            | {
                # cmake and ninja come as locked wheels.
                "PATH": f"{environment.python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
                "CMAKE_ARGS": how["arguments"],
                "CMAKE_BUILD_PARALLEL_LEVEL": str(_usable_cores()),
            },
        )
        shutil.rmtree(building / "work")
        (building / "recipe.json").write_text(json.dumps(how, indent=2), encoding="utf-8")
        try:
            building.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise StepFailed(f"The build of llama.cpp left no wheel; its log is {log}.")
    return wheels[0]

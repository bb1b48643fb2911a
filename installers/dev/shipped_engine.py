"""llama.cpp in the form that is shipped: one build for every processor, and for graphics cards.

Built straight from the source inside the bindings' package, once, and kept in the cache folder
under a name that says how it was built. The installers pack it, and `make test-gpu` tests it.
The libraries are stripped, hold no path of the machine that built them, and come out the same
when they are built again.
"""

import json
import os
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from installers.dev import engine, engine_files, engine_forms, engine_source, vulkan_headers
from installers.dev.console import must_quietly, say, step
from installers.dev.engine_forms import Form
from installers.dev.lockfile import Pinned
from installers.dev.places import MAIN, Environment, cache_folder, clean_environment

_TARGET = "llama"  # Needs all the others.
_VULKAN = "-DGGML_VULKAN=ON"
# What a tool that writes a time writes; the same for every build.
EPOCH = 1_700_000_000
# llama.cpp writes into its libraries what git says of the folder: nothing, as without git.
SETTINGS = {"SOURCE_DATE_EPOCH": str(EPOCH), "GIT_DIR": "none"}


def ensure() -> Path:
    """Return a folder with the package `llama_cpp`, libraries in its `lib`, and its metadata.

    Built with the main environment's tools if it is not kept yet. Raises StepFailed.
    """
    package = engine.pinned()
    form = engine_forms.form_here()
    how = recipe(package, form)
    folder = cache_folder() / "shipped" / f"{package.version}-{engine.fingerprint(how)}"
    if folder.is_dir():
        say(f"Taking llama.cpp for every processor from {folder}")
        return folder
    with step("Building llama.cpp for every processor", "once; 15 to 30 min on 2 cores"):
        _build(package, form, how, folder)
    return folder


def make() -> None:
    """Build it if it is not kept yet, and say where it is; raises StepFailed."""
    say(f"It is in {ensure()}")


def recipe(package: Pinned, form: Form) -> Mapping[str, str]:
    """Return all that decides how the build turns out."""
    how = {
        **engine.recipe(package),
        "arguments": " ".join((*form.options, form.toolchain, form.path_flag)),
        "environment": " ".join(f"{name}={value}" for name, value in SETTINGS.items()),
        "left out": engine_files.LEFT_OUT,
    }
    if form.toolchain:
        how["compiler"] = engine.first_line(["clang", "--version"])
    # The build is for any processor of this kind.
    del how["processor"]
    if _VULKAN in form.options:
        how["shader compiler"] = engine.first_line(["glslc", "--version"])
        how["vulkan headers"] = vulkan_headers.chosen(vulkan_headers.SYSTEM)
    return how


def _build(package: Pinned, form: Form, how: Mapping[str, str], folder: Path) -> None:
    """Build beside `folder`, then rename. What breaks off goes on where it stopped."""
    work = folder.with_name(f"{folder.name}-building")
    work.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(f"{folder.name}.log")
    source = engine_source.ready(MAIN, package, work, log) / engine_source.LLAMA
    built = work / "build"
    configure(source, built, work, log, form, form.options)
    build(built, _TARGET, log)
    ready = work / "ready"
    _copy_bindings(ready)
    engine_files.stage(built / "bin", ready / "llama_cpp" / "lib", form)
    (ready / "recipe.json").write_text(json.dumps(how, indent=2), encoding="utf-8")
    ready.rename(folder)
    shutil.rmtree(work)


def configure(
    source: Path, built: Path, work: Path, log: Path, form: Form, options: tuple[str, ...]
) -> None:
    """Prepare a build of `source` in `built`; both lie below `work`. Raises StepFailed."""
    flags = [form.path_flag.format(work)] if form.path_flag else []
    chosen: list[str] = [*options]
    if _VULKAN in options:
        headers = vulkan_headers.folder(vulkan_headers.SYSTEM, work)
        chosen.append(f"-DVulkan_INCLUDE_DIR={headers}")
        # Before the system's own, older ones, also where no target asks for Vulkan.
        flags.append(f"-I{headers}")
    if "-DGGML_CUDA=ON" in options:
        # Its compiler hands these on to the ordinary one.
        chosen.append(f"-DCMAKE_CUDA_FLAGS={' '.join(f'-Xcompiler={flag}' for flag in flags)}")
    if form.toolchain:
        chosen.append(f"-DCMAKE_TOOLCHAIN_FILE={source / form.toolchain}")
    # Places may have spaces.
    words = " ".join(f'"{flag}"' for flag in flags)
    command: list[str | Path] = [MAIN.program("cmake"), "-S", source, "-B", built, "-G", "Ninja"]
    must_quietly(
        [
            *command,
            *chosen,
            f"-DCMAKE_MAKE_PROGRAM={MAIN.program('ninja')}",
            f"-DCMAKE_C_FLAGS={words}",
            f"-DCMAKE_CXX_FLAGS={words}",
        ],
        cwd=work,
        log=log,
        env=build_environment(),
    )


def build(built: Path, target: str, log: Path) -> None:
    """Build `target` in a prepared folder; raises StepFailed."""
    must_quietly(
        [MAIN.program("cmake"), "--build", built, "--target", target],
        cwd=built,
        log=log,
        env=build_environment(),
    )


def build_environment() -> Mapping[str, str]:
    """Return an environment in which nothing but the recipe decides how libraries turn out."""
    kept = {
        name: value
        for name, value in clean_environment().items()
        if name not in engine.COMPILER_SETTINGS
    }
    # A build within the build, of what compiles the shaders, looks for ninja by its name.
    tools = f"{MAIN.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return kept | {"PATH": tools} | SETTINGS


def packages(place: Environment) -> Path:
    """Return the folder of an environment where its packages are."""
    folder = str(place.folder)
    places = {"base": folder, "platbase": folder}
    return Path(sysconfig.get_path("purelib", "venv", vars=places))


def _copy_bindings(ready: Path) -> None:
    """Copy the bindings without libraries, and without where they were installed from."""
    shutil.rmtree(ready, ignore_errors=True)
    installed = packages(MAIN)
    shutil.copytree(
        installed / "llama_cpp",
        ready / "llama_cpp",
        ignore=shutil.ignore_patterns("lib", "__pycache__"),
    )
    for record in installed.glob("llama_cpp_python-*.dist-info"):
        shutil.copytree(
            record, ready / record.name, ignore=shutil.ignore_patterns("direct_url.json")
        )

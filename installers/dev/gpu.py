"""`make test-gpu`: the path over a graphics card, tested where there is none.

llama.cpp is built once more, in the form that is shipped: backends as libraries of their own, here
one for the processor and one for Vulkan, which computes on Mesa's software device. The build is
kept beside the ordinary wheel and seen by a second virtual environment only; Lapis itself learns
nothing of it.
"""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from installers.dev import engine, environment
from installers.dev.console import StepFailed, must, must_quietly, say, step
from installers.dev.lockfile import Pinned
from installers.dev.places import MAIN, ROOT, Environment, cache_folder, clean_environment

GPU = Environment(ROOT / ".cache" / "gpu-venv")
_TARGETS = ("llama", "ggml-cpu", "ggml-vulkan")
_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    # One file a library, each finding the others beside itself.
    "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DGGML_BACKEND_DL=ON",
    # No AMX is among what this takes, so the flags of the ordinary build are not needed.
    "-DGGML_NATIVE=OFF",
    "-DGGML_VULKAN=ON",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_CURL=OFF",
)
# llama.cpp does not compile with older ones. Debian 13 has these; headers alone are taken from its
# package, so it serves every processor and every release.
_HEADERS = (1, 4, 309)
_HEADERS_PACKAGE = "pool/main/v/vulkan-loader/libvulkan-dev_1.4.309.0-1_amd64.deb"
_HEADERS_SHA256 = "8d329d465e16168afff58b1bd0dd6db46aac2cc3f56054a481b25a04e90b345a"
_APT_HELPER = Path("/usr/lib/apt/apt-helper")
_SYSTEM_HEADERS = Path("/usr/include")


def test() -> None:
    """Build what is missing and run `tests/gpu`; needs the main environment; raises StepFailed."""
    if sys.platform != "linux":
        raise StepFailed("The software graphics device of these tests exists on Linux only.")
    _make_environment(_ensure_build())
    say("Tests: gpu (about 2 minutes) …")
    must(
        [GPU.python, "-m", "tests.harness.offline", GPU.python, "-m", "pytest", "tests/gpu"],
        cwd=ROOT,
        env=clean_environment(PYTHONUNBUFFERED="1"),
    )


def _ensure_build() -> Path:
    """Return a folder with a package `llama_cpp` that has both backends, built if not kept yet."""
    package = engine.pinned()
    how = recipe(package)
    folder = cache_folder() / "gpu" / f"{package.version}-{engine.fingerprint(how)}"
    if folder.is_dir():
        say(f"Taking llama.cpp with Vulkan from {folder}")
        return folder
    with step("Building llama.cpp with Vulkan", "once; 15 to 30 min on 2 cores"):
        _build(package, how, folder)
    return folder


def recipe(package: Pinned) -> Mapping[str, str]:
    """Return all that decides how the build turns out."""
    how = {**engine.recipe(package), "arguments": " ".join(_OPTIONS), "targets": " ".join(_TARGETS)}
    # The build is for any processor of this kind.
    del how["processor"]
    return how | {"shader compiler": engine.first_line(["glslc", "--version"])}


def _build(package: Pinned, how: Mapping[str, str], folder: Path) -> None:
    """Build beside `folder`, then rename. What breaks off goes on where it stopped."""
    work = folder.with_name(f"{folder.name}-building")
    work.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(f"{folder.name}.log")
    source = _source(package, work, log)
    built = work / "build"
    cmake = MAIN.program("cmake")
    headers = header_folder(_SYSTEM_HEADERS, work)
    must_quietly(
        [
            *(cmake, "-S", source, "-B", built, "-G", "Ninja", *_OPTIONS),
            f"-DCMAKE_MAKE_PROGRAM={MAIN.program('ninja')}",
            f"-DVulkan_INCLUDE_DIR={headers}",
            # Before the system's own, older ones, also where no target asks for Vulkan.
            f"-DCMAKE_CXX_FLAGS=-I{headers}",
        ],
        cwd=work,
        log=log,
        env=clean_environment(),
    )
    must_quietly(
        [cmake, "--build", built, "--target", *_TARGETS],
        cwd=work,
        log=log,
        env=clean_environment(),
    )
    _stage(built / "bin", work / "ready")
    (work / "ready" / "recipe.json").write_text(json.dumps(how, indent=2), encoding="utf-8")
    (work / "ready").rename(folder)
    shutil.rmtree(work)


def _source(package: Pinned, work: Path, log: Path) -> Path:
    """Return the folder of llama.cpp's source, taken from the bindings' source package."""
    source = work / "source" / f"llama_cpp_python-{package.version}" / "vendor" / "llama.cpp"
    if source.is_dir():
        return source
    requirement = work / "requirement.txt"
    requirement.write_text(package.text, encoding="utf-8")
    must_quietly(
        [
            *(MAIN.python, "-m", "pip", "download", "--progress-bar", "off"),
            *("--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary"),
            *(engine.PACKAGE, "--dest", work, "-r", requirement),
        ],
        cwd=ROOT,
        log=log,
        env=clean_environment(),
    )
    unpacked = work / "unpacked"
    unpacked.mkdir(exist_ok=True)
    archive = next(work.glob("llama_cpp_python-*.tar.gz"))
    must(["tar", "-xzf", archive, "-C", unpacked], cwd=work)
    unpacked.rename(work / "source")
    return source


def header_folder(system: Path, work: Path) -> Path:
    """Return a folder with Vulkan headers that are new enough: `system`, or one below `work`.

    Raises StepFailed.
    """
    if header_version(system) >= _HEADERS:
        return system
    unpacked = work / "headers"
    folder = unpacked / "usr" / "include"
    if header_version(folder) >= _HEADERS:
        return folder
    package = work / "headers.deb"
    for site in _debian_sites():
        command: list[str | Path] = [_APT_HELPER, "download-file", f"{site}{_HEADERS_PACKAGE}"]
        done = subprocess.run(
            [*command, package, f"SHA256:{_HEADERS_SHA256}"], capture_output=True, check=False
        )
        if done.returncode == 0:
            must(["dpkg-deb", "-x", package, unpacked], cwd=work)
            return folder
    wanted = ".".join(str(part) for part in _HEADERS)
    raise StepFailed(
        f"The Vulkan headers of this system are too old: {wanted} or newer is needed, and apt knows "
        "no Debian archive to take them from. Install a newer libvulkan-dev."
    )


def header_version(folder: Path) -> tuple[int, ...]:
    """Return the version of the Vulkan headers in `folder`; empty where there are none."""
    try:
        text = (folder / "vulkan" / "vulkan_core.h").read_text(encoding="utf-8")
    except OSError:
        return ()
    patch = re.search(r"#define VK_HEADER_VERSION (\d+)", text)
    whole = re.search(r"VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION\(0, (\d+), (\d+)", text)
    return (int(whole[1]), int(whole[2]), int(patch[1])) if whole and patch else ()


def _debian_sites() -> list[str]:
    """Return the addresses of the package archives that apt is set up with."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return list(dict.fromkeys(line for line in listing.split() if line.endswith("/")))


def _stage(built: Path, ready: Path) -> None:
    """Put the libraries into a copy of the bindings, which are the same for every build."""
    shutil.rmtree(ready, ignore_errors=True)
    installed = _packages(MAIN)
    shutil.copytree(
        installed / "llama_cpp",
        ready / "llama_cpp",
        ignore=shutil.ignore_patterns("lib", "__pycache__"),
    )
    for record in installed.glob("llama_cpp_python-*.dist-info"):
        shutil.copytree(record, ready / record.name)
    (ready / "llama_cpp" / "lib").mkdir()
    for library in built.glob("lib*.so"):
        shutil.copy2(library, ready / "llama_cpp" / "lib" / library.name)


def _make_environment(build: Path) -> None:
    """Make the environment that sees `build`, then everything that is installed in the main one."""
    environment.make_folder(GPU)
    lines = (str(build), f"import site; site.addsitedir({str(_packages(MAIN))!r})")
    (_packages(GPU) / "lapis-gpu.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _packages(place: Environment) -> Path:
    folder = str(place.folder)
    places = {"base": folder, "platbase": folder}
    return Path(sysconfig.get_path("purelib", "venv", vars=places))

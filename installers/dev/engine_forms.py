"""How llama.cpp is built to be shipped, for each kind of computer: flags as data, nothing else.

Linux and Windows get every processor's kernels as libraries of their own, of which ggml takes the
best one when it starts, and one for graphics cards over Vulkan. On a Mac one processor family is
one build, and Metal is part of it.
"""

import platform
import sys
from dataclasses import dataclass

from installers.dev.console import StepFailed

_X86 = frozenset({"x86_64", "amd64"})
_ARM = frozenset({"arm64", "aarch64"})
_COMMON = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    # One file a library, each finding the others beside itself.
    "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DGGML_NATIVE=OFF",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_CURL=OFF",
)
# The oldest macOS that Qt runs on; what stands in the environment of a build does not count.
MAC_FLOOR = (13, 0)
_BACKENDS = ("-DGGML_BACKEND_DL=ON", "-DGGML_VULKAN=ON")
_ALL_PROCESSORS = "-DGGML_CPU_ALL_VARIANTS=ON"
# Measured on Linux: with it answers come as fast or faster, also beside a busy process. Elsewhere
# it is a library of the compiler that would have to be carried, so ggml's own threads do the work.
_OPENMP, _OWN_THREADS = "-DGGML_OPENMP=ON", "-DGGML_OPENMP=OFF"
_LINUX = (*_COMMON, *_BACKENDS, _ALL_PROCESSORS, _OPENMP, "-DCMAKE_INSTALL_RPATH=$ORIGIN")
# Not Microsoft's compiler, which cannot build the kernels of a third of the processors.
_WINDOWS = (*_COMMON, *_BACKENDS, _OWN_THREADS)
_MAC = (
    *_COMMON,
    "-DGGML_BACKEND_DL=OFF",
    "-DGGML_METAL=ON",
    "-DGGML_METAL_EMBED_LIBRARY=ON",
    _OWN_THREADS,
    "-DCMAKE_INSTALL_RPATH=@loader_path",
    f"-DCMAKE_OSX_DEPLOYMENT_TARGET={MAC_FLOOR[0]}.{MAC_FLOOR[1]}",
)
# Rosetta and the oldest Intel machines that macOS 13 runs on know none of these for certain.
_MAC_INTEL = ("-DGGML_AVX=OFF", "-DGGML_AVX2=OFF", "-DGGML_FMA=OFF", "-DGGML_F16C=OFF")


@dataclass(frozen=True, slots=True)
class Form:
    """What is built for one kind of computer, and what has to come out."""

    options: tuple[str, ...]
    # A file of llama.cpp's own source that names the compilers; empty for the usual ones.
    toolchain: str
    core: tuple[str, ...]
    # Libraries that ggml loads when it starts: how many for the processor at least, and others.
    fewest_processors: int
    backends: tuple[str, ...]
    # Maps a place of this machine to one that is the same everywhere; empty where unknown.
    path_flag: str


def form_here() -> Form:
    """Return the form for this computer; raises StepFailed where Lapis is not shipped for it."""
    return form(sys.platform, platform.machine())


def form(system: str, machine: str) -> Form:
    """Return the form for `sys.platform` and `platform.machine()`; raises StepFailed."""
    machine = machine.lower()
    match system:
        case "linux" if machine in _X86 | _ARM:
            return Form(
                _LINUX,
                "",
                ("libllama.so", "libggml.so", "libggml-base.so"),
                13 if machine in _X86 else 8,
                ("libggml-vulkan.so",),
                "-ffile-prefix-map={}=.",
            )
        case "win32" if machine in _X86 | _ARM:
            x86 = machine in _X86
            return Form(
                (*_WINDOWS, _ALL_PROCESSORS) if x86 else _WINDOWS,
                "cmake/x64-windows-llvm.cmake" if x86 else "cmake/arm64-windows-llvm.cmake",
                ("llama.dll", "ggml.dll", "ggml-base.dll"),
                13 if x86 else 1,
                ("ggml-vulkan.dll",),
                "-ffile-prefix-map={}=.",
            )
        case "darwin" if machine in _X86 | _ARM:
            return Form(
                _MAC if machine in _ARM else (*_MAC, *_MAC_INTEL),
                "",
                (
                    *("libllama.dylib", "libggml.dylib", "libggml-base.dylib"),
                    *("libggml-cpu.dylib", "libggml-metal.dylib", "libggml-blas.dylib"),
                ),
                0,
                (),
                "-ffile-prefix-map={}=.",
            )
    raise StepFailed(f"Lapis is not shipped for {system} on {machine}.")

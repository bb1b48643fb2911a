"""llama.cpp's source, from the bindings' package, with the kernels of Lapis put into it.

The kernels are files of their own, in `installers/kernels`. What calls them is a few lines in files
of llama.cpp, each found by the lines that stand there today: where they are not found any more,
nothing is built.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installers.dev.archives import unpack
from installers.dev.console import StepFailed, must_quietly
from installers.dev.lockfile import Pinned
from installers.dev.places import ROOT, Environment, clean_environment

KERNELS: Final = ROOT / "installers" / "kernels"
# Where llama.cpp's own source lies in that of the bindings.
LLAMA: Final = Path("vendor/llama.cpp")
_CPU: Final = Path("ggml/src/ggml-cpu")
_X86: Final = _CPU / "arch" / "x86"


@dataclass(frozen=True, slots=True)
class Hook:
    """Lines of a file of llama.cpp, and what stands there once a kernel is in place."""

    file: Path
    found: str
    put: str


def _before(file: Path, found: str, added: str) -> Hook:
    return Hook(file, found, added + found)


def _after(file: Path, found: str, added: str) -> Hook:
    return Hook(file, found, found + added)


_GEMV: Final = "void ggml_gemv_q4_K_8x8_q8_K(int n, "
_REST: Final = "        for (int iter = nrows - (nrows % 4); iter < nrows; iter++) {\n"
_VEC_DOT: Final = (
    "void ggml_vec_dot_q6_K_q8_K(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT "
    "vx, size_t bx, const void * GGML_RESTRICT vy, size_t by, int nrc) {\n"
    "    assert(n % QK_K == 0);\n"
)
_VEC_DOT_TRAITS: Final = """        .vec_dot                  = ggml_vec_dot_q6_K_q8_K,
        .vec_dot_type             = GGML_TYPE_Q8_K,
"""
_Q6_BLOCKS: Final = """    const block_q6_K * GGML_RESTRICT x = vx;
    const block_q8_K * GGML_RESTRICT y = vy;

    const int nb = n / QK_K;

#if defined __AVX2__
"""
HOOKS: Final = (
    _before(_X86 / "repack.cpp", _GEMV, '#include "lapis_q4_K_few_rows.h"\n\n'),
    _after(
        _X86 / "repack.cpp",
        """    UNUSED(ncols_interleaved);
    UNUSED(blocklen);

#if defined(__AVX2__)
    // Lookup table to convert signed nibbles to signed bytes
    __m256i signextendlut = _mm256_castsi128_si256(_mm_set_epi8(-1, -2, -3, -4, -5, -6, -7, -8, 7, 6, 5, 4, 3, 2, 1, 0));
    signextendlut = _mm256_permute2f128_si256(signextendlut, signextendlut, 0);
    // Shuffle masks to rearrange delta and scale values to multiply with appropriate scales
    __m128i deltamask = _mm_set_epi8(15, 14, 7, 6, 13, 12, 5, 4, 11, 10, 3, 2, 9, 8, 1, 0);
""",
        """    if (nr == 2) {
        lapis_gemv_q4_K_8x8_q8_K<2>(n, s, bs, vx, vy, nc);
        return;
    }
    if (nr == 3) {
        lapis_gemv_q4_K_8x8_q8_K<3>(n, s, bs, vx, vy, nc);
        return;
    }
""",
    ),
    Hook(
        _CPU / "repack.cpp",
        _REST,
        """        int64_t iter = nrows - (nrows % 4);
#if defined(__AVX2__)
        if constexpr (std::is_same_v<BLOC_TYPE, block_q4_K> && INTER_SIZE == 8 && NB_COLS == 8) {
            if (nrows - iter > 1) {
                gemv<BLOC_TYPE, INTER_SIZE, NB_COLS, PARAM_TYPE>(
                    ne00, (float *) (dst_ptr + iter * nb1) + src0_start, nb1 / nb0, src0_ptr + src0_start * nb01,
                    src1_ptr + src1_col_stride * iter, nrows - iter, ncols);
                iter = nrows;
            }
        }
#endif
        for (; iter < nrows; iter++) {
""",
    ),
    _after(_CPU / "repack.cpp", "#include <cstring>\n", "#include <type_traits>\n"),
    Hook(
        _X86 / "quants.c",
        f"{_VEC_DOT}    assert(nrc == 1);\n",
        f'#include "lapis_q6_K_two_rows.h"\n\n{_VEC_DOT}    assert(nrc == 1 || nrc == 2);\n',
    ),
    Hook(
        _X86 / "quants.c",
        f"{_Q6_BLOCKS}\n    const __m256i m3 = _mm256_set1_epi8(3);\n",
        f"""{_Q6_BLOCKS}
    if (nrc == 2) {{
        lapis_vec_dot_q6_K_q8_K_2x2(nb, s, bs, vx, bx, vy, by);
        return;
    }}

    const __m256i m3 = _mm256_set1_epi8(3);
""",
    ),
    Hook(
        _CPU / "ggml-cpu.c",
        f"{_VEC_DOT_TRAITS}#if defined (__ARM_FEATURE_MATMUL_INT8)\n",
        f"{_VEC_DOT_TRAITS}#if defined (__ARM_FEATURE_MATMUL_INT8) || defined (__AVX2__)\n",
    ),
)


def kernels() -> str:
    """Return what names the kernels and how they are called: a build with others is another one."""
    digest = hashlib.sha256(repr(HOOKS).encode())
    for file in sorted(KERNELS.glob("*.h")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def ready(environment: Environment, package: Pinned, work: Path, log: Path) -> Path:
    """Return the folder in `work` of the bindings' source, with the kernels in it.

    llama.cpp's own is `LLAMA` in it. Made if it is not there yet. Raises StepFailed.
    """
    source = work / "source"
    folder = source / f"llama_cpp_python-{package.version}"
    if folder.is_dir():
        return folder
    work.mkdir(parents=True, exist_ok=True)
    requirement = work / "requirement.txt"
    requirement.write_text(package.text, encoding="utf-8")
    must_quietly(
        [
            *(environment.python, "-m", "pip", "download", "--progress-bar", "off"),
            *("--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary"),
            *(package.name, "--dest", work, "-r", requirement),
        ],
        cwd=ROOT,
        log=log,
        env=clean_environment(),
    )
    unpacked = work / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    unpack(next(work.glob("llama_cpp_python-*.tar.gz")), unpacked)
    put_kernels(unpacked / folder.name / LLAMA)
    unpacked.rename(source)
    return folder


def put_kernels(llama: Path) -> None:
    """Put the kernels into the source of llama.cpp; raises StepFailed if they do not fit there."""
    for file in sorted(KERNELS.glob("*.h")):
        shutil.copy(file, llama / _X86 / file.name)
    for hook in HOOKS:
        file = llama / hook.file
        text = file.read_text(encoding="utf-8")
        if text.count(hook.found) != 1:
            raise StepFailed(
                f"This llama.cpp is another one than the kernels of Lapis are made for: look at "
                f"{hook.file}, and at installers/dev/engine_source.py."
            )
        file.write_text(text.replace(hook.found, hook.put), encoding="utf-8", newline="\n")

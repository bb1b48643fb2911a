"""Several answers in one batch: the kernels of Lapis change nothing but the time it takes."""

import platform
from pathlib import Path
from threading import Event

import pytest
from gguf import GGMLQuantizationType as Kind

from desktop.services.requantise import requantise
from installers.dev import engine, engine_source
from installers.dev.console import StepFailed
from installers.dev.engine_source import HOOKS, KERNELS, put_kernels
from tests.gguf_files import write_llama
from tests.unit.engine_scripts import told_by


@pytest.mark.skipif(
    platform.machine().lower() not in {"x86_64", "amd64"}, reason="other processors round otherwise"
)
def test_rows_in_one_batch_come_out_as_each_of_them_alone(tmp_path: Path) -> None:
    half = write_llama(tmp_path / "Tiny-F16.gguf", weights=Kind.F16, width=256, layers=2)
    # Q4_K, and Q6_K where it counts most.
    path = requantise(tmp_path, half, "Q4_K_M", tmp_path, lambda _done, _total: None, Event())
    assert path is not None

    told = told_by("rows_together.py", path)

    assert told == {"2": True, "3": True, "different texts": True}


def source(folder: Path) -> Path:
    """Write as much of llama.cpp as the kernels are put into."""
    for hook in HOOKS:
        file = folder / hook.file
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text(encoding="utf-8") if file.is_file() else ""
        # Some lines stand within others.
        if hook.found not in before:
            file.write_text(f"{before}// …\n{hook.found}", encoding="utf-8")
    return folder


def test_the_kernels_are_put_into_the_source_and_called_from_it(tmp_path: Path) -> None:
    llama = source(tmp_path)

    put_kernels(llama)

    files = {hook.file for hook in HOOKS}
    text = "".join((llama / file).read_text(encoding="utf-8") for file in files)
    for kernel in KERNELS.glob("*.h"):
        assert f'#include "{kernel.name}"' in text
        copied = next(llama.rglob(kernel.name))
        assert copied.read_bytes() == kernel.read_bytes()
    assert "lapis_gemv_q4_K_8x8_q8_K<3>(n, s, bs, vx, vy, nc);" in text
    assert "lapis_vec_dot_q6_K_q8_K_2x2(nb, s, bs, vx, bx, vy, by);" in text


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.file.name)
def test_another_llama_cpp_is_not_built_without_a_word(
    tmp_path: Path, hook: engine_source.Hook
) -> None:
    llama = source(tmp_path)
    file = llama / hook.file
    file.write_text(file.read_text(encoding="utf-8").replace(hook.found, ""), encoding="utf-8")

    with pytest.raises(StepFailed, match=file.name):
        put_kernels(llama)


def test_a_build_with_other_kernels_is_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    before = engine.fingerprint(engine.recipe(engine.pinned()))

    monkeypatch.setattr(engine_source, "HOOKS", HOOKS[1:])

    assert engine.fingerprint(engine.recipe(engine.pinned())) != before

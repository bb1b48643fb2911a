"""`lapis ask --lora` and `lapis chat --lora`: a real adapter acts on a real answer."""

import os
from pathlib import Path

import gguf
import numpy as np
import pytest

from desktop.base.paths import paths_under
from tests.conftest import RunLapis
from tests.gguf_files import write_adapter
from tests.harness.models import Models

RANK = 4
OUTPUT = "output.weight"


@pytest.fixture
def voice(tmp_path: Path, models: Models) -> Path:
    """Return an adapter that changes every word of the tiny Llama; its name has a colon."""
    tensors = gguf.GGUFReader(models.llama).tensors
    width, words = next(one.shape for one in tensors if one.name == OUTPUT)
    chance = np.random.default_rng(3)
    pair = {
        f"{OUTPUT}.lora_a": chance.standard_normal((RANK, int(width)), dtype=np.float32),
        f"{OUTPUT}.lora_b": chance.standard_normal((int(words), RANK), dtype=np.float32),
    }
    return write_adapter(tmp_path / "my:voice.gguf", pair)


def test_an_adapter_acts_as_strongly_as_it_is_told(
    lapis: RunLapis, models: Models, voice: Path
) -> None:
    greedy = ("-m", str(models.llama), "-t", "0", "--max-tokens", "12")
    said = [
        lapis("ask", *greedy, *options, "Hello").stdout
        for options in (
            (),
            ("--lora", f"{voice}:0"),
            ("--lora", str(voice)),
            # Seen from the folder of the command, which is not that of the engine.
            ("--lora", f"{os.path.relpath(voice)}:1"),
            ("--lora", f"{voice}:-1"),
        )
    ]
    chatted = lapis("chat", *greedy, "--lora", str(voice), stdin="Hello\n").stdout

    plain, silent, whole, once, away = said
    assert plain.strip()
    assert silent == plain
    assert whole == once
    assert len({plain, whole, away}) == 3
    assert chatted.strip() == whole.strip()


@pytest.mark.parametrize("command", ["ask", "chat"])
def test_what_is_no_adapter_is_said_before_the_model_is_loaded(
    lapis: RunLapis, lapis_home: Path, models: Models, command: str
) -> None:
    done = lapis(command, "-m", str(models.llama), "--lora", str(models.llama), stdin="Hello\n")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"The adapter {models.llama.name} cannot be used"
    # A model that was loaded is remembered.
    assert not paths_under(lapis_home).records.exists()

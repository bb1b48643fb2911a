"""The tiny model files of the tests are real: llama.cpp loads each one and answers.

In a process of its own, because llama.cpp ends the process on what it does not like.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gguf_files import CHATML, write_bert, write_gemma2, write_llama, write_recurrent

_TALK = Path(__file__).parent.parent / "talk_to_gguf.py"
_CHAT = "<|im_start|>user\nHow are you? 你好 😀<|im_end|>\n<|im_start|>assistant\n"
_LIMIT = 500_000


def talk(path: Path, prompt: str = _CHAT, tokens: int = 40) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(_TALK), str(path), prompt, str(tokens)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    out: dict[str, object] = json.loads(done.stdout)
    return out


@pytest.mark.parametrize("write", [write_llama, write_gemma2, write_recurrent])
def test_a_tiny_file_loads_and_babbles_to_the_limit(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = write(tmp_path / "tiny.gguf")

    out = talk(path)

    assert path.stat().st_size < _LIMIT
    assert out["prompt_back"] == _CHAT
    assert out["tokens"] == 40
    assert out["text"] == str(out["text"]).encode(errors="replace").decode()
    assert len(set(str(out["text"]))) > 10, "the answer is not one word again and again"
    assert out["finished"] is False


def test_special_tokens_are_control_and_texts_do_not_make_them(tmp_path: Path) -> None:
    out = talk(write_llama(tmp_path / "tiny.gguf"))

    assert out["control_tokens"] == ["<|im_start|>", "<|im_end|>", "<|im_start|>"]
    assert out["control_tokens_from_text"] == []


def test_the_byte_level_vocabulary_reads_and_says_any_text(tmp_path: Path) -> None:
    out = talk(write_llama(tmp_path / "tiny.gguf", vocabulary="gpt2"))

    assert out["prompt_back"] == _CHAT
    assert out["tokens"] == 40


@pytest.mark.parametrize("vocabulary", ["llama", "gpt2"])
def test_an_answer_is_said_word_for_word_and_then_ends(vocabulary: str, tmp_path: Path) -> None:
    answer = "The answer is forty-two, the answer is **forty-two**. 答案是四十二。"
    path = tmp_path / "tiny.gguf"
    write_llama(path, answer=answer, stops=True, vocabulary=vocabulary)  # type: ignore[arg-type]

    out = talk(path, tokens=200)

    assert out["text"] == answer
    assert out["finished"] is True
    assert path.stat().st_size < 2 * _LIMIT


def test_an_answer_that_does_not_stop_is_said_over_and_over(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf", answer="Round and round we go. ")

    out = talk(path, tokens=60)

    assert str(out["text"]).count("Round and round we go. ") >= 3
    assert out["finished"] is False


def test_a_stopping_model_ends_by_itself(tmp_path: Path) -> None:
    out = talk(write_llama(tmp_path / "tiny.gguf", stops=True), tokens=1000)

    assert out["finished"] is True


def test_the_header_carries_template_context_and_layers(tmp_path: Path) -> None:
    out = talk(write_llama(tmp_path / "tiny.gguf", context_length=128, layers=3))
    base = talk(write_llama(tmp_path / "base.gguf", template=None))
    hostile = talk(write_llama(tmp_path / "hostile.gguf", template="{{ 9**9**9 }}"))

    assert (out["context_length"], out["layers"], out["template"]) == (128, 3, CHATML)
    assert base["template"] is None
    assert hostile["template"] == "{{ 9**9**9 }}"


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    first = write_llama(tmp_path / "one.gguf").read_bytes()
    second = write_llama(tmp_path / "two.gguf").read_bytes()
    other = write_llama(tmp_path / "other.gguf", seed=5).read_bytes()

    assert first == second
    assert first != other


def test_bert_embeds_texts_differently(tmp_path: Path) -> None:
    path = write_bert(tmp_path / "bert.gguf")

    one = talk(path, "the good people")["embedding"]
    other = talk(path, "what a year")["embedding"]

    assert isinstance(one, list)
    assert len(one) == 64
    assert one != other

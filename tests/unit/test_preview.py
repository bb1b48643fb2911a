"""What a model would read, rendered in a process of its own; hostile templates cost only that."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from desktop.backends.side_job import SIDE_JOB, JobDied
from desktop.domain.chat import Message, Role
from desktop.domain.errors import ModelFileError, TemplateError
from desktop.models.gguf import open_header
from desktop.models.vocabulary import control_tokens, special_texts
from desktop.services.preview import preview
from tests import gguf_files
from tests.harness.models import Models
from tests.unit.engine_stubs import instead, stub

_HELLO = (Message(Role.USER, "Hello"),)
_ROOT = Path(__file__).parents[2]
# What llama.cpp itself says of a vocabulary.
_ASK_LLAMA = """
import os, sys
from desktop.inference.bindings import load_bindings
lib, _ggml = load_bindings()
parameters = lib.llama_model_default_params()
parameters.vocab_only = True
model = lib.llama_model_load_from_file(os.fsencode(sys.argv[1]), parameters)
vocab = lib.llama_model_get_vocab(model)
for token in (lib.llama_vocab_bos(vocab), lib.llama_vocab_eos(vocab)):
    print(lib.llama_vocab_get_text(vocab, token).decode() if token >= 0 else "")
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def written(work: Path, template: str | None, **more: object) -> Path:
    return gguf_files.write_llama(work.parent / "model.gguf", template=template, **more)  # type: ignore[arg-type]


def test_a_conversation_is_shown_as_the_files_own_template_writes_it(
    work: Path, models: Models
) -> None:
    answer = (*_HELLO, Message(Role.ASSISTANT, "Hi."), Message(Role.USER, "再见"))

    shown = preview(work, models.llama, "own", "Be kind.", answer)

    assert shown == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
        "<|im_start|>assistant\nHi.<|im_end|>\n<|im_start|>user\n再见<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert preview(work, models.llama, "", "Be kind.", answer) == shown
    assert list(work.iterdir()) == []


def test_a_template_without_a_system_role_gets_the_system_prompt_in_the_question(
    work: Path, models: Models
) -> None:
    shown = preview(work, models.gemma2, "own", "Be kind.", _HELLO)

    assert shown == (
        "<bos><start_of_turn>user\nBe kind.\n\nHello<end_of_turn>\n<start_of_turn>model\n"
    )


def test_a_built_in_template_is_chosen_by_name_or_by_the_vocabulary(
    work: Path, models: Models
) -> None:
    gemma = "<bos><start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\n"
    chatml = "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"

    assert preview(work, models.gemma2, "auto", "", _HELLO) == gemma
    assert preview(work, models.llama, "auto", "", _HELLO) == chatml
    assert preview(work, models.llama, "gemma", "", _HELLO) == gemma.replace("<bos>", "<s>")


def test_a_template_that_is_not_there_is_an_error_with_its_name(work: Path, models: Models) -> None:
    with pytest.raises(TemplateError, match="no built-in chat template named vicuna"):
        preview(work, models.llama, "vicuna", "", _HELLO)


def test_a_model_without_a_template_reads_plain_text(work: Path) -> None:
    path = written(work, None)

    assert preview(work, path, "own", "Once", (Message(Role.USER, "upon"),)) == "Once\n\nupon"


def test_a_file_that_is_no_model_has_no_preview(work: Path) -> None:
    path = work.parent / "page.gguf"
    path.write_bytes(b"<!doctype html>")

    with pytest.raises(ModelFileError):
        preview(work, path, "auto", "", _HELLO)


def test_the_weights_are_not_looked_at(work: Path) -> None:
    path = written(work, gguf_files.CHATML)
    header, _size = open_header(path)
    os.truncate(path, header.data)

    assert "Hello" in preview(work, path, "own", "", _HELLO)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ lipsum.__globals__['os'].mkdir('MARKER') }}", "is unsafe"),
        ("{{ cycler.__init__.__globals__['os'].mkdir('MARKER') }}", "is unsafe"),
        ("{{ messages.append(1) }}", "is unsafe"),
        ("{{ raise_exception('No <b>thanks</b>') }}", "No <b>thanks</b>"),
        ("{% for", "TemplateSyntaxError"),
        ("{% for a in range(1000) %}{{ 'x' * 100000 }}{% endfor %}", "without end"),
        ("{{ 'x' * 2000000 }}", "without end"),
        ("{{ 'A' * 10**10 }}", "MemoryError"),
        ("x" * 2**19, "too long"),
    ],
)
def test_a_hostile_or_broken_template_fails_with_its_reason(
    template: str, reason: str, work: Path
) -> None:
    marker = work.parent / "made-by-a-template"
    path = written(work, template.replace("MARKER", str(marker)))
    me = psutil.Process()
    before = me.memory_info().rss

    with pytest.raises(TemplateError, match=reason):
        preview(work, path, "own", "", _HELLO)

    assert not marker.exists()
    assert me.memory_info().rss - before < 64 * 2**20


def test_a_template_without_end_is_ended(work: Path) -> None:
    path = written(work, "{{ 9**(9**9) }}")

    with pytest.raises(TemplateError, match="takes too long"):
        preview(work, path, "own", "", _HELLO)

    assert list(work.iterdir()) == []


def test_half_a_character_from_a_template_or_a_person_is_made_visible(
    work: Path,
) -> None:
    path = written(work, "{{ '\\ud83d' }} {{ messages[0].content }}")

    assert preview(work, path, "own", "", (Message(Role.USER, "\ude00!"),)) == "\ufffd \ufffd!"


def test_a_process_that_dies_is_told_in_words(
    work: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub("hear(); os.abort()"), SIDE_JOB)

    with pytest.raises(JobDied, match="stopped itself") as death:
        preview(work, models.llama, "own", "", _HELLO)

    assert "Nothing was changed" in str(death.value.hint)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("named", [True, False])
def test_the_tokens_around_a_text_are_those_of_llama_cpp(
    kind: str, named: bool, tmp_path: Path
) -> None:
    path = gguf_files.write_llama(tmp_path / "model.gguf", vocabulary=kind)  # type: ignore[arg-type]
    if not named:
        content = path.read_bytes()
        for role in (b"bos", b"eos"):
            content = content.replace(b"ggml.%s_token_id" % role, b"ggml.%s_token_ie" % role)
        path.write_bytes(content)

    asked = subprocess.run(
        [sys.executable, "-c", _ASK_LLAMA, path],
        cwd=_ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )

    texts = special_texts(open_header(path)[0])
    assert [texts["bos_token"], texts["eos_token"]] == asked.stdout.splitlines()
    assert all(texts.values())


def test_words_are_no_control_tokens(models: Models) -> None:
    controls = control_tokens(open_header(models.llama)[0])

    assert {"<|im_start|>", "<|im_end|>", "<unk>"} <= controls
    assert not any(text.startswith("<0x") for text in controls)
    assert len(controls) < 10

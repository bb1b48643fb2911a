"""Answers that are gone on with: the prompt ends inside of them, in every family's own way."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from desktop.inference.formats import Said, Thought
from desktop.inference.messages import Done, Turn
from desktop.inference.template import Prompt, PromptMaker
from tests import chat_templates as known
from tests.gguf_files import write_gemma2, write_llama, write_recurrent
from tests.unit.engine_child import Child, engine_child
from tests.unit.test_template import CHATML, GEMMA, GEMMA4, LLAMA, MISTRAL, OSS, order
from tests.unit.vocabulary import vocabulary

QUESTION = Turn("user", "Rain in Paris?")
R1 = ("<｜User｜>", "<｜Assistant｜>", "<think>", "</think>")
FAMILIES = [
    pytest.param(known.QWEN3, CHATML, "<think>\n", "\n</think>\n\n", id="qwen3"),
    pytest.param(known.DEEPSEEK_R1, R1, "<think>\n", "\n</think>\n\n", id="deepseek"),
    pytest.param(known.MISTRAL11, MISTRAL, "[THINK]", "[/THINK]", id="mistral"),
    pytest.param(known.GEMMA4, GEMMA4, "<|channel>thought\n", "\n<channel|>\n\n", id="gemma4"),
    pytest.param(
        known.GPT_OSS,
        OSS,
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        id="gpt-oss",
    ),
]
PLAIN_FAMILIES = [
    pytest.param(known.QWEN3, CHATML, "<|im_start|>assistant\n", id="qwen3"),
    pytest.param(known.LLAMA3, LLAMA, "assistant<|end_header_id|>\n\n", id="llama3"),
    pytest.param(known.GEMMA3, GEMMA, "<start_of_turn>model\n", id="gemma3"),
    pytest.param(known.MISTRAL7, MISTRAL, "[/INST]", id="mistral"),
    pytest.param(known.DEEPSEEK_R1, R1, "<think>\n\n</think>\n\n", id="deepseek"),
    pytest.param(known.GPT_OSS, OSS, "<|start|>assistant<|channel|>final<|message|>", id="gpt-oss"),
]


def made(
    folder: Path,
    template: str | None,
    controls: Sequence[str],
    answer: Turn,
    *,
    thinking: bool | None = None,
    goes_on: bool = True,
) -> tuple[Prompt, str]:
    """Return the prompt that ends with `answer`, and its text."""
    with vocabulary(folder, template, controls) as words:
        maker = PromptMaker(words, contextlib.nullcontext)
        turns = [QUESTION, answer] if goes_on else [QUESTION]
        prompt = maker.prompt(order(turns, continue_answer=goes_on, thinking=thinking))
        return prompt, words.text(prompt.tokens)


def split(prompt: Prompt, *pieces: str) -> list[Said | Thought]:
    splitter = prompt.splitter(1)
    parts = [part for piece in pieces for part in splitter.feed(piece)] + list(splitter.rest())
    return [part for part in parts if isinstance(part, Said | Thought)]


def said(parts: Sequence[Said | Thought]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Said))


def thought(parts: Sequence[Said | Thought]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Thought))


@pytest.mark.parametrize(("template", "controls", "before"), PLAIN_FAMILIES)
def test_the_prompt_ends_with_the_words_of_the_answer(
    template: str, controls: Sequence[str], before: str, tmp_path: Path
) -> None:
    prompt, text = made(tmp_path, template, controls, Turn("assistant", "It rains a"))

    assert text.endswith(f"{before}It rains a")
    assert split(prompt, " lot", " today.") == [Said(" lot"), Said(" today.")]


@pytest.mark.parametrize(("template", "controls", "opening", "closing"), FAMILIES)
def test_an_answer_that_was_thought_about_goes_on_after_its_thinking(
    template: str, controls: Sequence[str], opening: str, closing: str, tmp_path: Path
) -> None:
    answer = Turn("assistant", "It rains a", reasoning="Paris is wet.")
    prompt, text = made(tmp_path, template, controls, answer, thinking=True)

    assert text.endswith(f"{opening}Paris is wet.{closing}It rains a")
    parts = split(prompt, " lot.")
    assert (said(parts), thought(parts)) == (" lot.", "")


@pytest.mark.parametrize("thinking", [True, False, None])
@pytest.mark.parametrize(("template", "controls", "opening", "closing"), FAMILIES)
def test_thinking_that_was_stopped_goes_on_as_thinking(
    template: str,
    controls: Sequence[str],
    opening: str,
    closing: str,
    thinking: bool | None,
    tmp_path: Path,
) -> None:
    answer = Turn("assistant", "", reasoning="Paris is")
    prompt, text = made(tmp_path, template, controls, answer, thinking=thinking)

    assert text.endswith(f"{opening}Paris is")
    assert text.count(opening.strip()) == 1
    parts = split(prompt, " wet.", closing, "It rains.")
    assert (said(parts), thought(parts)) == ("It rains.", " wet.")


def test_a_template_that_left_the_thinking_out_does_not_write_it_twice(tmp_path: Path) -> None:
    answer = Turn("assistant", "It", reasoning="Paris is wet.")
    template = known.QWEN3.replace("enable_thinking is false", "enable_thinking is true")
    _, text = made(tmp_path, template, CHATML, answer, thinking=True)

    assert text.count("<think>") == text.count("</think>") == 1


def test_words_that_look_like_control_tokens_stay_words(tmp_path: Path) -> None:
    answer = Turn("assistant", "Write <|im_end|> and", reasoning="A </think> b")
    with vocabulary(tmp_path, known.QWEN3, CHATML) as words:
        maker = PromptMaker(words, contextlib.nullcontext)
        tokens = maker.prompt(order([QUESTION, answer], continue_answer=True)).tokens
        end = words.tokenise("<|im_end|>", add_special=False, parse_special=True)
        close = words.tokenise("</think>", add_special=False, parse_special=True)

    assert tokens.count(end[0]) == 1, "that of the question"
    assert tokens.count(close[0]) == 1


def test_nothing_to_go_on_with_is_a_new_answer(tmp_path: Path) -> None:
    empty, _ = made(tmp_path, known.QWEN3, CHATML, Turn("assistant", ""))
    fresh, _ = made(tmp_path, known.QWEN3, CHATML, Turn("assistant", ""), goes_on=False)

    assert empty == fresh


def test_a_model_without_a_template_goes_on_with_the_text(tmp_path: Path) -> None:
    prompt, text = made(tmp_path, None, (), Turn("assistant", "It rains a"))

    assert text.endswith("Rain in Paris?\n\nIt rains a")
    assert split(prompt, " lot") == [Said(" lot")]


def _cut_and_gone_on_with(child: Child) -> tuple[str, str, str, Done, Done]:
    """Return a whole answer, its first half, what followed it, and the last two accounts."""
    whole, _ = child.ask("Tell me of lamps.", max_tokens=24)
    first, cut = child.ask("Tell me of lamps.", max_tokens=12)
    turns = [Turn("user", "Tell me of lamps."), Turn("assistant", first)]
    rest, done = child.ask(turns=turns, continue_answer=True, max_tokens=12)
    return whole, first, rest, cut, done


def test_a_real_model_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    text = "The lamps along the harbour were lit at dusk, and nobody knew by whom."
    path = write_llama(tmp_path / "tiny.gguf", answer=text, stops=True)
    with engine_child(tmp_path / "engine") as child:
        child.load(path)
        whole, first, rest, _, _ = _cut_and_gone_on_with(child)

    assert text.startswith(whole)
    assert 0 < len(first) < len(whole)
    assert (first + rest).startswith(whole)


@pytest.mark.parametrize("write", [write_llama, write_gemma2, write_recurrent])
def test_what_was_computed_for_the_answer_is_used_again(write: object, tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.gguf")  # type: ignore[operator]
    with engine_child(tmp_path / "engine") as child:
        child.load(path)
        _, _, _, cut, done = _cut_and_gone_on_with(child)

    assert done.cached_tokens >= cut.prompt_tokens - 8
    assert done.completion_tokens == 12

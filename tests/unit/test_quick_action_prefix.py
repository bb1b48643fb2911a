"""What a quick action always begins with is read once, by real llama.cpp, whatever text follows."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.domain.settings import Language
from desktop.inference.messages import Done, Turn
from desktop.services.quick_actions import (
    beginnings,
    built_in_actions,
    languages_of,
    question,
    ways,
)
from tests.gguf_files import write_gemma2, write_llama
from tests.unit.engine_child import engine_child

LANGUAGES = languages_of(Language.ENGLISH, "")
ACTIONS = built_in_actions(Language.ENGLISH)
TEXTS = ("The harbour was dark at dusk.", "猫坐在垫子上。")
# What a template writes behind a turn is not part of its beginning; here it has 14 tokens.
BEHIND = 16
# Wider than any of these prompts, as windows of real models are.
WINDOW = 2048


def write_gemma(path: Path) -> Path:
    """Write a model with a sliding window."""
    return write_gemma2(path, sliding_window=WINDOW)


@pytest.mark.parametrize("write", [write_llama, write_gemma], ids=["llama", "gemma2"])
def test_only_the_text_is_read_once_the_beginnings_of_all_actions_were(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    """GIVEN more actions than slots WHEN each is asked THEN its beginning is there."""
    with engine_child(tmp_path / "engine") as child:
        child.load(
            write(tmp_path / "tiny.gguf"),
            n_ctx=4096,
            states=os.fsencode(tmp_path / "kv"),
            states_limit=256 * 2**20,
        )

        def ask(text: str) -> Done:
            return child.ask(turns=[Turn("user", text)], max_tokens=1)[1]

        begun = [ask(text).prompt_tokens for text in beginnings(ACTIONS, LANGUAGES)]
        for text in TEXTS:
            for action, tokens in zip(ACTIONS, begun, strict=True):
                for way in ways(action):
                    done = ask(question(way, text, LANGUAGES))
                    assert done.cached_tokens >= tokens - BEHIND, way.id

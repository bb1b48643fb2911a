"""With a seed the answer is the same another time, whatever the engine knows already."""

from pathlib import Path

import msgspec
import pytest

from desktop.base.paths import resources
from desktop.inference.messages import Sampling
from tests.unit.engine_child import Child, engine_child

GUIDE = resources() / "guide" / "guide.gguf"
SEEDED = Sampling(temperature=1.2, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=4)
PROMPT = " ".join(f"Lapis answers question {n} about the hotkey and the window." for n in range(24))


def load(child: Child, **changes: object) -> None:
    child.load(GUIDE, n_ctx=2048, draft_tokens=8, **changes)


def seeded(child: Child) -> tuple[str, int]:
    text, done = child.ask(prompt=PROMPT, sampling=SEEDED, max_tokens=80, repeatable=True)
    return text, done.cached_tokens


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> str:
    with engine_child(tmp_path_factory.mktemp("alone")) as child:
        load(child)
        return seeded(child)[0]


def test_when_the_prompt_is_known_already(tmp_path: Path, alone: str) -> None:
    with engine_child(tmp_path) as child:
        load(child)
        first, cold = seeded(child)
        again, known = seeded(child)

    assert (first, again) == (alone, alone)
    assert cold == 0
    assert known % 128 == 0
    assert known > 0


def test_when_others_began_the_same_text_otherwise(tmp_path: Path, alone: str) -> None:
    with engine_child(tmp_path) as child:
        load(child)
        child.ask(prompt=PROMPT[:150], max_tokens=5)
        child.ask(prompt=PROMPT[:700], max_tokens=5)
        child.ask(prompt=PROMPT, max_tokens=20)

        assert seeded(child)[0] == alone


def test_another_seed_gives_another_answer(tmp_path: Path, alone: str) -> None:
    other = msgspec.structs.replace(SEEDED, seed=5)
    with engine_child(tmp_path) as child:
        load(child)
        text, _ = child.ask(prompt=PROMPT, sampling=other, max_tokens=80, repeatable=True)

    assert text != alone

"""With a seed the answer is the same another time, whatever else the engine knows and does."""

from pathlib import Path

import msgspec
import pytest

from desktop.base.paths import resources
from desktop.inference.messages import Delta, Done, Sampling
from tests.unit.engine_child import Child, engine_child

GUIDE = resources() / "guide" / "guide.gguf"
SEEDED = Sampling(temperature=1.2, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0, seed=4)
PROMPT = " ".join(f"Lapis answers question {n} about the hotkey and the window." for n in range(24))
OTHER = " ".join(f"The {n}th lamp along the harbour was lit at dusk." for n in range(20))


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


def test_when_others_are_answered_meanwhile(tmp_path: Path, alone: str) -> None:
    with engine_child(tmp_path) as child:
        load(child)
        running = [child.start(prompt=f"{n} {OTHER}", max_tokens=400) for n in range(3)]
        child.next_of(Delta)
        text, _ = seeded(child)
        for request in running:
            child.cancel(request)

    assert text == alone


def test_when_two_with_seeds_come_at_once(tmp_path: Path, alone: str) -> None:
    with engine_child(tmp_path) as child:
        load(child)
        first, second = (
            child.start(prompt=PROMPT, sampling=SEEDED, max_tokens=80, repeatable=True)
            for _ in range(2)
        )
        texts = {first: "", second: ""}
        ended = 0
        while ended < 2:
            report = child.next()
            if isinstance(report, Delta):
                texts[report.id] += report.text
            ended += isinstance(report, Done)

    assert texts == {first: alone, second: alone}


def test_another_seed_gives_another_answer(tmp_path: Path, alone: str) -> None:
    other = msgspec.structs.replace(SEEDED, seed=5)
    with engine_child(tmp_path) as child:
        load(child)
        text, _ = child.ask(prompt=PROMPT, sampling=other, max_tokens=80, repeatable=True)

    assert text != alone

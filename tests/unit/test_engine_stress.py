"""Many chats at once, stopped, edited, pushed out and brought back: no answer may change by it.

A seeded schedule runs against one engine with slots, guesses and states on the disk; each answer is
then asked for again, alone, from an engine that has none of these.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from desktop.backends.process import Death
from desktop.inference.messages import (
    Delta,
    Done,
    Forget,
    Logprobs,
    Reading,
    Refused,
    Report,
    Turn,
)
from tests.gguf_files import write_gemma2, write_llama, write_recurrent
from tests.gguf_heads import write_with_head
from tests.unit.engine_child import Child, engine_child

# Logarithms: how far rounding moves two tokens against each other with 16 bits of cache (0.015 was
# seen), and how close they must be to change places by it. Wrong cells move them much further.
ROUNDING = 0.1
CLOSE = 0.05
WORDS = tuple(
    "the lamp harbour night boat count window letter rope tide captain bell fog salt "  # noqa: SIM905
    "one two three four five six seven who where why when and then again".split()
)
SYSTEMS = tuple(f"You keep the {word} and answer in few words. " * 5 for word in ("light", "log"))


@dataclass
class Asked:
    """A request and what came of it."""

    turns: tuple[Turn, ...]
    max_tokens: int
    speculate: bool
    stop_after: int | None
    chat: int
    tokens: list[tuple[str, float]] = field(default_factory=list)
    text: str = ""
    reports: int = 0
    ends: list[Done | Refused] = field(default_factory=list)

    @property
    def key(self) -> bytes:
        """What decides the answer."""
        return msgspec.json.encode((self.turns, self.max_tokens))


class Stress:
    """One schedule on one engine after the other."""

    def __init__(self, seed: int, *, systems: bool) -> None:
        """Draw everything from `seed`; `systems`: the model knows a system role."""
        self.random = random.Random(seed)
        self.systems = systems
        self.chats: list[tuple[Turn, ...]] = []
        self.asked: list[Asked] = []

    def words(self, most: int) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(1, most)))

    def copied(self, turns: tuple[Turn, ...]) -> str:
        """Return text that is worth guessing from."""
        return turns[-1].content if turns and self.random.random() < 0.3 else self.words(60)

    def next_requests(self) -> list[Asked]:
        """Return one request, or a few for the same question."""
        draw = self.random
        if not self.chats or draw.random() < 0.25:
            head = (Turn("system", draw.choice(SYSTEMS)),) if self.systems else ()
            opening = "" if self.systems else draw.choice(SYSTEMS)
            self.chats.append((*head, Turn("user", opening + self.words(60))))
            chat = len(self.chats) - 1
        else:
            chat = draw.randrange(len(self.chats))
            self.chats[chat] = self._changed(self.chats[chat])
        alike = draw.choice((1, 1, 1, 1, 2, 3))
        most = draw.choice((1, 8, 24, 48))
        return [
            Asked(
                turns=self.chats[chat],
                max_tokens=most,
                speculate=draw.random() < 0.8,
                stop_after=draw.randrange(30) if draw.random() < 0.25 else None,
                chat=chat,
            )
            for _ in range(alike)
        ]

    def _changed(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """Return a chat gone on, edited at an earlier question, branched off, or as it was."""
        what = self.random.random()
        questions = [place for place, turn in enumerate(turns) if turn.role == "user"]
        if what < 0.2:
            return turns if turns[-1].role == "user" else turns[:-1]
        if what < 0.45:
            place = self.random.choice(questions)
            return (*turns[:place], Turn("user", self.words(60)))
        if what < 0.55:
            self.chats.append(turns)
        if turns[-1].role == "user":
            return turns
        return (*turns, Turn("user", self.copied(turns)))

    def run(self, child: Child, requests: int) -> None:
        """Ask so many requests, up to five at once, and wait until all have ended."""
        running: dict[int, Asked] = {}
        left = requests
        while left > 0 or running:
            while left > 0 and len(running) < self.random.randint(1, 5):
                for asked in self.next_requests():
                    number = child.start(
                        turns=list(asked.turns),
                        max_tokens=asked.max_tokens,
                        speculate=asked.speculate,
                        repeatable=self.random.random() < 0.5,
                        logprobs=2,
                    )
                    running[number] = asked
                    self.asked.append(asked)
                    left -= 1
                    if asked.stop_after == 0:
                        child.cancel(number)
            report = child.next()
            assert not isinstance(report, Death), report
            number = getattr(report, "id", 0)
            if number in running and self.take(running[number], report):
                child.cancel(number)
            if isinstance(report, Done | Refused):
                self.ended(running.pop(report.id))

    def take(self, asked: Asked, report: Report | Death) -> bool:
        """Note a report; return whether it is time to stop that request."""
        match report:
            case Delta(text=text):
                asked.text += text
            case Logprobs(chosen=chosen, top=top):
                gap = top[0].logprob - top[1].logprob
                asked.tokens.append((chosen.text, gap))
            case Done() | Refused():
                asked.ends.append(report)
                return False
            case Reading():
                pass
            case _:
                return False
        asked.reports += 1
        return asked.reports == asked.stop_after

    def ended(self, asked: Asked) -> None:
        """Go on with the chat, unless it was changed meanwhile."""
        if isinstance(asked.ends[0], Refused):
            assert asked.ends[0].kind == "overflow", asked.ends[0]
            self.chats[asked.chat] = asked.turns[:2]
            if self.chats[asked.chat][-1].role != "user":
                self.chats[asked.chat] = asked.turns[:1]
        elif self.chats[asked.chat] == asked.turns and asked.text:
            self.chats[asked.chat] = (*asked.turns, Turn("assistant", asked.text))


def is_rounding(asked: Asked, alone: Asked) -> bool:
    """Whether the answers part where two tokens were as good as equal, if they part at all."""
    for (one, gap), (other, gap_alone) in zip(asked.tokens, alone.tokens, strict=False):
        if one != other:
            return max(gap, gap_alone) < CLOSE
        if abs(gap - gap_alone) > ROUNDING:
            return False
    return True


def check_against_fresh_engine(stress: Stress, child: Child) -> None:
    """Ask for every answer again, alone, and compare."""
    known: dict[bytes, Asked] = {}
    for asked in stress.asked:
        assert len(asked.ends) == 1
        end = asked.ends[0]
        if isinstance(end, Refused):
            continue
        assert end.completion_tokens == len(asked.tokens)
        assert end.cached_tokens < max(1, end.prompt_tokens)
        alone = known.get(asked.key)
        if alone is None:
            alone = Asked(asked.turns, asked.max_tokens, speculate=False, stop_after=None, chat=0)
            known[asked.key] = alone
            child.send(Forget())
            number = child.start(
                turns=list(asked.turns), max_tokens=asked.max_tokens, speculate=False, logprobs=2
            )
            while not alone.ends:
                report = child.next()
                assert getattr(report, "id", number) == number, report
                stress.take(alone, report)
        assert is_rounding(asked, alone), (asked, alone)
        if end.reason == "stop":
            assert len(asked.tokens) <= len(alone.tokens)


MODELS: dict[str, Callable[[Path], Path]] = {
    "llama": write_llama,
    "gemma2": lambda path: write_gemma2(path, sliding_window=64),
    "mamba": write_recurrent,
    "glm4moe": lambda path: write_with_head(path, "glm4moe", layers=2),
    "qwen35": lambda path: write_with_head(path, "qwen35", layers=4),
}


def run_schedule(folder: Path, name: str, seed: int, *, requests: int = 24) -> None:
    """Run one schedule on model `name`, with a restart in the middle."""
    model = MODELS[name](folder / "tiny.gguf")
    stress = Stress(seed, systems=name != "gemma2")
    slots, n_ctx = stress.random.choice((1, 2, 3, 4)), stress.random.choice((512, 640, 1024))
    plan: dict[str, object] = {
        "n_ctx": n_ctx,
        "slots": slots,
        "draft_tokens": 3,
        # A small batch leaves few cells beside those of the windows.
        "n_batch": stress.random.choice((64, 512)),
        "n_ubatch": 64,
        "states": os.fsencode(folder / "kv"),
        "states_limit": stress.random.choice((1 << 18, 1 << 20, 1 << 26)),
    }
    if name == "llama" and stress.random.random() < 0.5:
        plan["draft_model"] = os.fsencode(write_llama(folder / "small.gguf", seed=5))
    if name in {"glm4moe", "qwen35"}:
        plan |= {"next_token_heads": True, "rollback": 3 if name == "qwen35" else 0}
    for part in range(2):
        with engine_child(folder / f"engine-{part}") as child:
            child.load(model, **plan)
            stress.run(child, requests)
            # Every slot is free again: as many fit as before, one after the other and at once.
            last = [child.start("hello", max_tokens=2) for _ in range(slots)]
            ended = 0
            while ended < len(last):
                done = child.next_of(Done)
                assert isinstance(done, Done)
                assert done.reason == "length"
                ended += 1
            assert child.retire().code == 0
    with engine_child(folder / "alone") as child:
        child.load(model, n_ctx=n_ctx, slots=1)
        check_against_fresh_engine(stress, child)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [1, 22])
def test_no_history_changes_an_answer(tmp_path: Path, name: str, seed: int) -> None:
    run_schedule(tmp_path, name, seed)

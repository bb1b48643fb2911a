"""Mirostat, DRY and XTC on OpenAI's routes: named as llama.cpp names them, drawn by the engine."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from openai import OpenAI

from desktop.domain.chat import Finished, Sampling, StopReason
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from tests.gguf_files import write_llama
from tests.harness.silent_backend import NOTHING, SilentBackend
from tests.unit.openai_room import asked, openai_room

EVERY_KNOB: Final[dict[str, Any]] = {
    "mirostat": 2,
    "mirostat_tau": 4.5,
    "mirostat_eta": 0.2,
    "dry_multiplier": 0.8,
    "dry_base": 1.5,
    "dry_allowed_length": 3,
    "xtc_probability": 0.5,
    "xtc_threshold": 0.2,
}
OUT_OF_RANGE: Final[list[tuple[str, Any]]] = [
    ("mirostat", 3),
    ("mirostat", -1),
    ("mirostat", True),
    ("mirostat_tau", 100.1),
    ("mirostat_eta", -0.1),
    ("dry_multiplier", -0.1),
    ("dry_multiplier", 101),
    ("dry_base", -1),
    ("dry_base", "2"),
    ("dry_allowed_length", -1),
    ("dry_allowed_length", 2**40),
    ("xtc_probability", 1.1),
    ("xtc_threshold", -0.1),
]
STRICT: Final[dict[str, Any]] = {
    "dry_multiplier": 5.0,
    "dry_base": 2.0,
    "dry_allowed_length": 1,
}
# The same five characters or more three times in a row.
CIRCLE: Final = re.compile(r"(.{5,})\1\1")


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("models") / "babble.gguf")


def said(client: OpenAI, **knobs: Any) -> str:
    """Return what the babbler answers, sixty tokens of it."""
    answer = client.chat.completions.create(
        model="babble", messages=asked("x"), max_tokens=60, extra_body=knobs
    )
    return answer.choices[0].message.content or ""


def test_dry_keeps_a_greedy_answer_from_going_round_in_circles(
    tmp_path: Path, babbler: Path
) -> None:
    greedy: dict[str, Any] = {"model": "babble", "temperature": 0}
    with openai_room(tmp_path, babbler) as (_, client):
        usual = said(client, temperature=0)
        dry = said(client, temperature=0, **STRICT)
        patient = said(client, temperature=0, **STRICT | {"dry_allowed_length": 10_000})
        flat, steep = (
            said(client, temperature=0, **STRICT | {"dry_multiplier": 0.1, "dry_base": base})
            for base in (1, 4)
        )
        responded = client.responses.create(
            **greedy, input="x", max_output_tokens=60, extra_body=STRICT
        )
        plain = client.completions.create(**greedy, prompt="x", max_tokens=60)
        continued = client.completions.create(
            **greedy, prompt="x", max_tokens=60, extra_body=STRICT
        )

    assert CIRCLE.search(usual)
    assert not CIRCLE.search(dry)
    assert patient == usual
    assert len({usual, dry, flat, steep}) == 4
    assert responded.output_text == dry
    assert continued.choices[0].text != plain.choices[0].text


def test_xtc_and_mirostat_draw_otherwise_and_with_a_seed_the_same_again(
    tmp_path: Path, babbler: Path
) -> None:
    warm: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 7}
    ways: list[dict[str, Any]] = [
        {},
        {"xtc_probability": 1.0, "xtc_threshold": 0.01},
        {"xtc_probability": 1.0},
        {"mirostat": 1},
        {"mirostat": 2},
        {"mirostat": 2, "mirostat_tau": 2.5},
        {"mirostat": 2, "mirostat_eta": 1},
    ]
    with openai_room(tmp_path, babbler) as (_, client):
        once = [said(client, **warm, **way) for way in ways]
        again = [said(client, **warm, **way) for way in ways]

    assert again == once
    assert len(set(once)) == len(ways)


def test_what_is_said_of_them_reaches_the_engine_and_the_rest_is_as_it_is_set(
    tmp_path: Path,
) -> None:
    name = "openai:desk/listener"
    listener = InstalledModel(name, "listener", Path(name), 0, server="desk")
    heard = SilentBackend(Finished(StopReason.STOP, NOTHING))
    own = Sampling(mirostat=1, dry_multiplier=2.0, dry_base=3.0, xtc_probability=0.1)
    with openai_room(
        tmp_path,
        more=[listener],
        settings=Settings(sampling=own),
        backend=lambda _model, _n_ctx: heard,
    ) as (_, client):
        for extra in (
            EVERY_KNOB,
            dict.fromkeys(EVERY_KNOB),
            {"mirostat": 0, "dry_multiplier": 0, "dry_base": 0.5, "xtc_probability": 0},
            {
                "dry_penalty_last_n": -1,
                "dry_sequence_breakers": '["."]',
                "lora": [{"id": 0, "scale": 1.0}],
            },
        ):
            client.chat.completions.create(model=name, messages=asked(), extra_body=extra)

    said_all, said_null, switched_off, nothing_known = heard.requests
    assert said_all.sampling == replace(own, **EVERY_KNOB)
    assert said_null.sampling == own
    # A base under 1 is none to llama.cpp.
    assert switched_off.sampling == replace(own, mirostat=0, dry_multiplier=0, xtc_probability=0)
    assert nothing_known.sampling == own
    assert nothing_known.adapters == ()


@pytest.mark.parametrize("route", ["/chat/completions", "/completions", "/responses"])
def test_what_is_out_of_range_is_refused_by_its_name(
    tmp_path: Path, babbler: Path, route: str
) -> None:
    questions: dict[str, dict[str, Any]] = {
        "/chat/completions": {"messages": asked()},
        "/completions": {"prompt": "x"},
        "/responses": {"input": "x"},
    }
    named = []
    with openai_room(tmp_path, babbler) as (room, client):
        for name, value in OUT_OF_RANGE:
            with pytest.raises(openai.BadRequestError) as refused:
                client.post(
                    route, body=questions[route] | {"model": "babble", name: value}, cast_to=object
                )
            named.append((refused.value.param, value))
        model = room.engine.state.model

    assert named == OUT_OF_RANGE
    # Nothing was loaded for any of them.
    assert model is None

"""Whose turn it is where chats want different models: fair, and no model is loaded for nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.engine import EngineState, Phase
from desktop.domain.model import InstalledModel, LoadedModel, LoadPlan
from desktop.services.model_turns import Turns, Waiting, Wanted, next_turns, suits

A = InstalledModel("a", "A", Path("/m/a.gguf"), 1)
B = InstalledModel("b", "B", Path("/m/b.gguf"), 1)
HAS_A = EngineState(Phase.READY, A)


def waiting(*wanted: InstalledModel | None) -> list[Waiting]:
    return [
        Waiting(number, None if model is None else Wanted(model))
        for number, model in enumerate(wanted, start=1)
    ]


def loaded(model: InstalledModel, n_ctx: int) -> EngineState:
    plan = LoadPlan(model.path)
    made = LoadedModel(plan, "", "llama", 1, 1, n_ctx, 9999, ("CPU",), True, 1.0)
    return EngineState(Phase.READY, model, 1.0, made)


@pytest.mark.parametrize("busy", [False, True])
def test_those_that_the_loaded_model_suits_are_asked_at_once(*, busy: bool) -> None:
    assert next_turns(waiting(A, None, A), HAS_A, busy=busy) == Turns(None, (1, 2, 3))


def test_another_model_waits_until_the_running_answers_have_ended() -> None:
    assert next_turns(waiting(B), HAS_A, busy=True) == Turns(None, ())
    assert next_turns(waiting(B), HAS_A, busy=False) == Turns(Wanted(B), (1,))


def test_who_came_later_does_not_overtake_one_that_waits_for_another_model() -> None:
    assert next_turns(waiting(A, B, A), HAS_A, busy=True) == Turns(None, (1,))
    assert next_turns(waiting(B, A, B), HAS_A, busy=False) == Turns(Wanted(B), (1,))
    assert next_turns(waiting(B, B, A), HAS_A, busy=False) == Turns(Wanted(B), (1, 2))


def test_nobody_waiting_changes_nothing() -> None:
    assert next_turns([], HAS_A, busy=False) == Turns(None, ())


def test_without_any_model_the_first_question_has_one_loaded() -> None:
    assert next_turns(waiting(A), EngineState(), busy=False) == Turns(Wanted(A), (1,))
    assert next_turns(waiting(None), EngineState(), busy=False) == Turns(None, (1,))


def test_a_context_of_its_own_is_a_reason_to_load_a_model_anew() -> None:
    wanted = Wanted(A, 8192)
    assert not suits(wanted, HAS_A)
    assert suits(wanted, replace(HAS_A, n_ctx=8192))
    assert suits(wanted, loaded(A, 8192)), "it has that context anyhow"
    assert not suits(wanted, loaded(A, 4096))
    assert not suits(Wanted(A), replace(HAS_A, n_ctx=8192)), "others have it as it is set"


def test_a_model_is_the_same_whatever_it_is_called() -> None:
    assert suits(Wanted(replace(A, name="a-2", title="A 2")), HAS_A)

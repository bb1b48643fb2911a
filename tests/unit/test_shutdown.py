"""Ending in order, once."""

from functools import partial

import pytest

from desktop.base.shutdown import Shutdown


def test_stages_run_in_order_and_only_once() -> None:
    done: list[str] = []
    end = Shutdown()
    for name in ("draft", "engine", "lock"):
        end.add(name, partial(done.append, name))
    end.run()
    end.run()

    assert done == ["draft", "engine", "lock"]


def test_a_failing_stage_does_not_cost_the_others_their_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []
    end = Shutdown()

    def fail() -> None:
        raise OSError("the disk is gone")

    end.add("store", fail)
    end.add("lock", lambda: done.append("lock"))
    end.run()

    assert done == ["lock"]
    assert "store" in caplog.text


def test_a_stage_may_ask_for_the_end_again() -> None:
    end = Shutdown()
    end.add("itself", end.run)
    end.run()

    assert end.done

"""A larger context is offered only where it is large enough, trained for, and fits."""

from pathlib import Path

import pytest

from desktop.domain.context import LargerContext
from desktop.domain.errors import TooLarge
from desktop.domain.model import InstalledModel, LoadPlan
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.services import larger_context as module
from desktop.services.larger_context import larger_context
from desktop.services.planning import Known
from desktop.services.sizes import Sizes
from tests import gguf_files
from tests.unit.engine_room import model_at


def model_for(folder: Path, trained: int) -> InstalledModel:
    return model_at(gguf_files.write_llama(folder / "m.gguf", context_length=trained))


def found(model: InstalledModel, now: int, needed: int, folder: Path) -> LargerContext | None:
    return larger_context(model, Settings(), now, needed, Known(Sizes(folder)))


def test_it_is_twice_as_long_and_says_what_it_costs(tmp_path: Path) -> None:
    larger = found(model_for(tmp_path, 32768), 4096, 4200, tmp_path)
    assert larger is not None
    assert (larger.n_ctx, larger.now) == (8192, 4096)
    more = found(model_for(tmp_path, 32768), 4096, 14000, tmp_path)
    assert more is not None
    assert more.n_ctx == 32768
    assert more.extra > larger.extra > 0


def test_it_leaves_room_for_the_answer(tmp_path: Path) -> None:
    larger = found(model_for(tmp_path, 65536), 4096, 8000, tmp_path)
    assert larger is not None
    assert larger.n_ctx == 16384


def test_it_is_never_longer_than_the_model_was_trained_for(tmp_path: Path) -> None:
    larger = found(model_for(tmp_path, 6000), 4096, 5000, tmp_path)
    assert larger is not None
    assert larger.n_ctx == 6000
    assert found(model_for(tmp_path, 4096), 4096, 5000, tmp_path) is None
    assert found(model_for(tmp_path, 6000), 4096, 6000, tmp_path) is None


def test_where_memory_is_short_a_smaller_one_that_is_enough_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 6144

    def plan(model: InstalledModel, settings: Settings, _known: Known) -> LoadPlan:
        if settings.engine.n_ctx > most:
            raise TooLarge(Text("too large"), Text("no"))
        return LoadPlan(model.path)

    monkeypatch.setattr(module, "plan_for", plan)
    model = model_for(tmp_path, 32768)
    larger = found(model, 4096, 5000, tmp_path)
    assert larger is not None
    assert larger.n_ctx == 6144
    assert found(model, 4096, 6200, tmp_path) is None


def test_a_file_that_is_gone_has_no_larger_context(tmp_path: Path) -> None:
    model = model_for(tmp_path, 32768)
    model.path.unlink()
    assert found(model, 4096, 5000, tmp_path) is None

"""The plan of a chosen model: refused with figures, or shortened until it fits."""

from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.errors import ModelFileError, OutOfMemory
from desktop.domain.model import GgufInfo, InstalledModel, LoadPlan
from desktop.domain.settings import EngineSettings, Settings
from desktop.models.fit import estimate
from desktop.models.gguf import read_gguf
from desktop.models.hardware import Memory
from desktop.services.planning import fitting_plan, plan_for
from tests.gguf_files import write_llama

PLENTY = Memory(total=64 * 10**9, available=48 * 10**9)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "long.gguf", context_length=131072)


@pytest.fixture(scope="module")
def info(path: Path) -> GgufInfo:
    return replace(read_gguf(path), weights=4 * 10**9)


def needed(info: GgufInfo, n_ctx: int) -> int:
    return estimate(info, LoadPlan(info.path, n_ctx=n_ctx), PLENTY).needed


def installed(path: Path) -> InstalledModel:
    return InstalledModel(path.stem, path.stem, path, path.stat().st_size)


def test_plan_carries_what_the_settings_say(path: Path) -> None:
    settings = Settings(engine=EngineSettings(n_ctx=512, n_gpu_layers=3, threads=1))
    assert plan_for(installed(path), settings) == LoadPlan(
        path, n_ctx=512, n_gpu_layers=3, threads=1
    )


def test_with_room_an_automatic_context_stays_automatic(info: GgufInfo) -> None:
    wished = LoadPlan(info.path)
    assert fitting_plan(info, wished, PLENTY, "long") == wished


@pytest.mark.parametrize(("shortened", "too_long"), [(4096, 8192), (2048, 4096)])
def test_an_automatic_context_is_shortened_until_it_is_free(
    info: GgufInfo, shortened: int, too_long: int
) -> None:
    free = (needed(info, shortened) + needed(info, too_long)) // 2
    plan = fitting_plan(info, LoadPlan(info.path), Memory(64 * 10**9, free), "long")
    assert plan.n_ctx == shortened


def test_a_context_that_was_asked_for_is_never_shortened(info: GgufInfo) -> None:
    free = needed(info, 4096)
    wished = LoadPlan(info.path, n_ctx=8192)
    assert fitting_plan(info, wished, Memory(64 * 10**9, free), "long") == wished


def test_where_shortening_does_not_help_the_context_keeps_its_length(info: GgufInfo) -> None:
    wished = LoadPlan(info.path)
    assert fitting_plan(info, wished, Memory(64 * 10**9, 10**9), "long") == wished


def test_a_short_trained_context_is_not_stretched(info: GgufInfo) -> None:
    short = replace(info, context_length=1024)
    plan = fitting_plan(short, LoadPlan(info.path), Memory(64 * 10**9, 10**9), "long")
    assert plan.n_ctx == 0


def test_what_cannot_fit_is_refused_with_all_three_figures(info: GgufInfo) -> None:
    huge = replace(info, weights=40 * 10**9)
    with pytest.raises(OutOfMemory) as refusal:
        fitting_plan(huge, LoadPlan(info.path), Memory(16 * 10**9, 9 * 10**9), "Huge 70B")
    title = str(refusal.value.title)
    assert title.startswith("Huge 70B needs 40.")
    assert "9.0 GB of 16.0 GB are free" in title
    assert "smaller" in str(refusal.value.hint)


def test_refusing_a_context_that_was_asked_for_offers_a_shorter_one(info: GgufInfo) -> None:
    huge = replace(info, weights=40 * 10**9)
    with pytest.raises(OutOfMemory) as refusal:
        fitting_plan(huge, LoadPlan(info.path, n_ctx=9000), Memory(16 * 10**9, 10**9), "Huge")
    assert "Shorten the context" in str(refusal.value.hint)


def test_a_file_that_is_no_model_is_refused_before_the_engine_sees_it(tmp_path: Path) -> None:
    page = tmp_path / "page.gguf"
    page.write_text("<!DOCTYPE html><html></html>" * 40)
    with pytest.raises(ModelFileError):
        plan_for(installed(page), Settings())

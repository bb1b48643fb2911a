"""What is said of a model on computers of all kinds: figures, where it lies, how long it may be.

llama.cpp is played by a function that answers for any context, so that computers may be small.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from desktop.backends.side_job import Cancelled
from desktop.base.cancelling import never
from desktop.domain.advice import Computer, Place
from desktop.domain.errors import EngineMissing, LapisError, ModelLoadError
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.model import (
    Device,
    DeviceKind,
    FitLevel,
    GgufInfo,
    InstalledModel,
    KvType,
    LoadPlan,
)
from desktop.domain.settings import EngineSettings
from desktop.domain.text import Text
from desktop.services.fit_report import FitReport, fit_report
from desktop.services.sizes import Sizes, Subject
from tests.gguf_files import write_llama

GB = 10**9
MB = 10**6
# Much above what the tiny file takes by formula, so that it is clear who said it.
WEIGHTS = 2 * GB
A_TOKEN = 100_000
COMPUTER = Computer(total=16 * GB, available=8 * GB, bandwidth=20e9)
CARD = Device("Vulkan0", "A card", "Vulkan", DeviceKind.GPU, 8 * GB, 8 * GB)


@dataclass
class Llama:
    """Answers as llama.cpp might: weights, and so much for each token."""

    asked: list[tuple[LoadPlan, tuple[Point, ...]]] = field(default_factory=list)
    error: LapisError | None = None

    def __call__(
        self,
        work_folder: Path,
        path: Path,
        plan: LoadPlan,
        points: Sequence[Point],
        *,
        projector_bytes: int = 0,
        info: GgufInfo | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> tuple[Footprint, ...]:
        assert path.is_file()
        assert work_folder.is_dir()
        if cancelled():
            raise Cancelled
        if self.error is not None:
            raise self.error
        self.asked.append((plan, tuple(points)))
        return tuple(self._footprint(plan, point, projector_bytes) for point in points)

    def _footprint(self, plan: LoadPlan, point: Point, projector: int) -> Footprint:
        kv = A_TOKEN * point.context
        on_card = bool(plan.n_gpu_layers)
        host = DeviceBytes(HOST, 0 if on_card else WEIGHTS, 0 if on_card else kv)
        cards = (DeviceBytes(CARD.name, WEIGHTS, kv),) if on_card else ()
        return Footprint(
            point,
            (host, *cards),
            Certainty.MEASURED,
            layers=3,
            gpu_layers=3 if on_card else 0,
            projector=projector,
        )


@pytest.fixture
def llama() -> Llama:
    return Llama()


@pytest.fixture
def sizes(tmp_path: Path, llama: Llama) -> Sizes:
    return Sizes(tmp_path, ask=llama, machine=lambda: "here")


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    path = write_llama(tmp_path / "tiny.gguf", layers=2, context_length=131_072)
    return InstalledModel("tiny", "Tiny", path, path.stat().st_size)


def report(
    sizes: Sizes, model: InstalledModel, computer: Computer = COMPUTER, **engine: object
) -> FitReport:
    settings = replace(EngineSettings(), **engine)  # type: ignore[arg-type]
    return fit_report(sizes, model, settings, computer)


def test_figures_are_those_of_llama_cpp(sizes: Sizes, model: InstalledModel) -> None:
    found = report(sizes, model, n_ctx=4096)

    assert found.footprint.total == WEIGHTS + 4096 * A_TOKEN
    assert found.footprint.certainty is Certainty.MEASURED
    assert found.placed.fit.level is FitLevel.FITS
    assert found.placed.place is Place.PROCESSOR
    assert found.problem is None
    assert found.speed is not None


def test_without_a_wish_the_usual_context_is_taken(sizes: Sizes, model: InstalledModel) -> None:
    assert report(sizes, model).footprint.point == Point(8192)
    short = report(sizes, model, kv_type=KvType.Q8_0)
    assert short.footprint.point == Point(8192, KvType.Q8_0)


def test_the_longest_context_that_fits_is_found_by_asking_once(
    sizes: Sizes, model: InstalledModel, llama: Llama
) -> None:
    found = report(sizes, model)

    assert len(llama.asked) == 1
    most = (COMPUTER.available - WEIGHTS) // A_TOKEN
    assert most - 256 < found.longest <= most
    again = report(sizes, model, n_ctx=found.longest)
    assert again.placed.fit.level is FitLevel.FITS
    longer = report(sizes, model, n_ctx=found.longest + 256)
    assert longer.placed.fit.level is not FitLevel.FITS


class WithWindow(Sizes):
    """Foretells of the cache what the other says: it grows up to 4,352 tokens and no further."""

    def reckoned(
        self, subject: Subject, plan: LoadPlan, points: Sequence[Point]
    ) -> tuple[Footprint, ...]:
        return tuple(
            Footprint(point, (_windowed(point.context),), Certainty.RECKONED, layers=3)
            for point in points
        )


def _windowed(context: int) -> DeviceBytes:
    return DeviceBytes(HOST, WEIGHTS, min(context, 4352) * A_TOKEN, compute=context * 1000)


def test_a_cache_with_a_window_is_not_taken_for_one_that_grows_evenly(
    tmp_path: Path, model: InstalledModel
) -> None:
    def ask(*given: object, **_more: object) -> tuple[Footprint, ...]:
        return tuple(
            Footprint(point, (_windowed(point.context),), Certainty.MEASURED, layers=3)
            for point in given[3]  # type: ignore[attr-defined]
        )

    sizes = WithWindow(tmp_path, ask=ask, machine=lambda: "here")
    for longest in (4096, 4352, 5120):
        room = _windowed(longest).total + 255_000
        found = report(sizes, model, Computer(16 * GB, room))
        assert found.longest == longest


def test_where_all_of_its_context_fits_nothing_longer_is_looked_for(
    sizes: Sizes, model: InstalledModel, llama: Llama
) -> None:
    found = report(sizes, model, Computer(64 * GB, 60 * GB))

    assert found.longest == 131_072
    assert len(llama.asked) == 1


def test_a_longer_context_than_it_was_trained_for_is_reckoned_with(
    sizes: Sizes, model: InstalledModel
) -> None:
    found = report(sizes, model, Computer(64 * GB, 60 * GB), n_ctx=200_000)

    assert found.footprint.point.context == 200_000
    assert found.info.context_length == 131_072
    assert found.longest == 200_000


def test_what_is_too_large_says_how_much_is_missing(sizes: Sizes, model: InstalledModel) -> None:
    small = Computer(4 * GB, 3 * GB)

    found = report(sizes, model, small, n_ctx=65_536)

    assert found.placed.fit.level is FitLevel.TOO_LARGE
    assert found.placed.missing >= found.footprint.total - small.total
    assert 0 < found.longest < 10_000
    nothing = report(sizes, model, Computer(2 * GB, GB), n_ctx=2048)
    assert nothing.longest == 0


def test_contexts_beyond_all_memory_are_not_measured(
    sizes: Sizes, tmp_path: Path, llama: Llama
) -> None:
    path = write_llama(tmp_path / "endless.gguf", context_length=2**24)
    model = InstalledModel("endless", "Endless", path, path.stat().st_size)

    report(sizes, model, Computer(4 * GB, 3 * GB))

    assert max(point.context for _, points in llama.asked for point in points) < 2**24


def test_layers_go_to_a_card_as_they_will_when_it_is_loaded(
    sizes: Sizes, model: InstalledModel, llama: Llama
) -> None:
    found = report(sizes, model, replace(COMPUTER, devices=(CARD,)), n_ctx=4096)

    plan, _ = llama.asked[0]
    assert plan.n_gpu_layers == found.footprint.gpu_layers == 3
    assert plan.devices == (CARD.name,)
    assert found.placed.place is Place.CARD
    assert found.longest > 4096
    on_processor = report(
        sizes, model, replace(COMPUTER, devices=(CARD,)), n_ctx=4096, n_gpu_layers=0
    )
    assert on_processor.placed.place is Place.PROCESSOR


def test_without_a_card_no_layers_are_asked_for(
    sizes: Sizes, model: InstalledModel, llama: Llama
) -> None:
    found = report(sizes, model, n_gpu_layers=20)

    assert llama.asked[0][0].n_gpu_layers == 0
    assert found.footprint.gpu_layers == 0


def test_pictures_are_added(sizes: Sizes, model: InstalledModel) -> None:
    without = report(sizes, model)
    found = fit_report(sizes, model, EngineSettings(), COMPUTER, projector=3 * GB)

    assert found.footprint.projector == 3 * GB
    assert found.footprint.total == without.footprint.total + 3 * GB
    assert found.longest < without.longest


def test_where_llama_cpp_cannot_be_asked_a_formula_answers_and_it_is_said(
    sizes: Sizes, model: InstalledModel, llama: Llama
) -> None:
    llama.error = EngineMissing(Text("The engine is missing"), Text("Install Lapis again."))

    found = report(sizes, model)

    assert found.footprint.certainty is Certainty.RECKONED
    assert found.problem is llama.error
    assert found.footprint.total < GB


def test_a_model_that_llama_cpp_refuses_is_an_error(
    sizes: Sizes, model: InstalledModel, llama: Llama
) -> None:
    llama.error = ModelLoadError(Text("No"), Text("Take another."))

    with pytest.raises(ModelLoadError):
        report(sizes, model)


def test_it_can_be_cancelled(sizes: Sizes, model: InstalledModel) -> None:
    with pytest.raises(Cancelled):
        fit_report(sizes, model, EngineSettings(), COMPUTER, cancelled=lambda: True)

"""The plan of a chosen model: refused with figures, or shortened until it fits."""

import logging
from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from desktop.domain.advice import Computer
from desktop.domain.errors import ModelFileError, OutOfMemory, TooLarge
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.layer_placing import Placing
from desktop.domain.machine import Cards
from desktop.domain.model import (
    Device,
    DeviceKind,
    FlashAttention,
    GgufInfo,
    InstalledModel,
    KvType,
    LoadPlan,
)
from desktop.domain.settings import EngineSettings, Settings
from desktop.models.fit import placed, reckoned, spread
from desktop.models.gguf import read_gguf
from desktop.models.hardware import Memory
from desktop.services.devices import Devices
from desktop.services.planning import Known, _maps_file, fitting_plan, plan_for, wished_plan
from desktop.services.sizes import Sizes
from tests.gguf_files import write_llama
from tests.gguf_heads import Kind, write_with_head

GB = 10**9
PLENTY = Computer(total=64 * 10**9, available=48 * 10**9)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "long.gguf", context_length=131072)


@pytest.fixture(scope="module")
def info(path: Path) -> GgufInfo:
    return replace(read_gguf(path), weights=4 * 10**9)


def needed(info: GgufInfo, n_ctx: int) -> int:
    return reckoned(info, LoadPlan(info.path, n_ctx=n_ctx)).total


def installed(path: Path) -> InstalledModel:
    return InstalledModel(path.stem, path.stem, path, path.stat().st_size)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model whose heads are wide enough for a quantised cache."""
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "wide.gguf", answer="Yes.")


@pytest.fixture(scope="module")
def lesser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with the words of `wide`, and smaller."""
    folder = tmp_path_factory.mktemp("models")
    half = gguf.GGMLQuantizationType.F16
    return write_llama(folder / "lesser.gguf", answer="Yes.", weights=half)


def test_plan_carries_what_the_settings_say(wide: Path, lesser: Path) -> None:
    engine = EngineSettings(
        n_ctx=512,
        n_gpu_layers=3,
        threads=1,
        slots=2,
        kv_type=KvType.Q8_0,
        flash_attention=FlashAttention.ON,
        draft_tokens=5,
        draft_model=str(lesser),
    )
    assert plan_for(installed(wide), Settings(engine=engine)) == placed(
        read_gguf(wide),
        LoadPlan(
            wide,
            n_ctx=512,
            n_gpu_layers=3,
            threads=1,
            slots=2,
            kv_type=KvType.Q8_0,
            flash_attention=FlashAttention.ON,
            draft_tokens=5,
            draft_model=lesser,
        ),
    )


def test_without_speculation_nothing_is_guessed(path: Path) -> None:
    engine = EngineSettings(speculation=False, draft_model=str(path))
    plan = plan_for(installed(path), Settings(engine=engine))

    assert (plan.draft_tokens, plan.draft_model) == (0, None)


@pytest.mark.parametrize(
    ("flash", "kv_type"),
    [
        (FlashAttention.AUTO, KvType.Q4_0),
        (FlashAttention.ON, KvType.Q4_0),
        (FlashAttention.OFF, KvType.F16),
    ],
)
def test_a_quantised_cache_needs_flash_attention(
    wide: Path, flash: FlashAttention, kv_type: KvType
) -> None:
    engine = EngineSettings(kv_type=KvType.Q4_0, flash_attention=flash)

    assert plan_for(installed(wide), Settings(engine=engine)).kv_type is kv_type


def test_heads_too_narrow_for_a_quantised_cache_keep_theirs(path: Path) -> None:
    engine = EngineSettings(kv_type=KvType.Q8_0)

    assert plan_for(installed(path), Settings(engine=engine)).kv_type is KvType.F16


@pytest.mark.parametrize("content", [None, b"no model at all"])
def test_a_draft_model_that_is_none_keeps_nobody_from_answering(
    path: Path, tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    draft = tmp_path / "draft.gguf"
    if content is not None:
        draft.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        plan = plan_for(installed(path), Settings(engine=EngineSettings(draft_model=str(draft))))

    assert (plan.draft_model, plan.draft_tokens) == (None, 8)
    assert "draft model is left out" in caplog.text


def test_only_a_smaller_model_of_the_same_words_guesses(
    path: Path, wide: Path, lesser: Path
) -> None:
    def guesser(model: Path, draft: Path) -> Path | None:
        engine = EngineSettings(draft_model=str(draft))
        return plan_for(installed(model), Settings(engine=engine)).draft_model

    assert guesser(wide, lesser) == lesser
    assert guesser(lesser, wide) is None, "larger"
    assert guesser(wide, wide) is None, "itself"
    assert guesser(wide, path) is None, "other words"


def test_a_draft_model_is_given_up_before_anything_else_is_short_of_memory(
    wide: Path, lesser: Path
) -> None:
    info = read_gguf(wide)
    wished = LoadPlan(wide, draft_tokens=5, draft_model=lesser)
    least = reckoned(info, replace(wished, draft_model=None)).total
    free = replace(PLENTY, available=least)

    plan = fitting_plan(info, wished, free, "Tiny")

    assert (plan.n_ctx, plan.draft_model, plan.draft_tokens) == (0, None, 5)
    assert fitting_plan(info, wished, PLENTY, "Tiny").draft_model == lesser


@pytest.mark.parametrize(("kind", "rollback"), [("glm4moe", 0), ("qwen35", 3), ("qwen35moe", 3)])
def test_heads_of_a_file_are_used_where_they_are_wanted(
    tmp_path: Path, kind: Kind, rollback: int
) -> None:
    model = installed(write_with_head(tmp_path / "tiny.gguf", kind))
    wanted = EngineSettings(next_token_heads=True)
    plan = plan_for(model, Settings(engine=wanted))
    fewer = plan_for(model, Settings(engine=replace(wanted, draft_tokens=1)))

    assert (plan.next_token_heads, plan.rollback) == (True, rollback)
    assert fewer.rollback == min(1, rollback)


@pytest.mark.parametrize(
    "changes", [{"next_token_heads": False}, {"speculation": False}, {"draft_model": "other"}]
)
def test_heads_stay_unused_where_they_are_not_wanted(
    path: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    if "draft_model" in changes:
        changes = {"draft_model": str(path)}
    wished = {"next_token_heads": True} | changes
    model = installed(write_with_head(tmp_path / "tiny.gguf", "qwen35"))
    plan = plan_for(model, Settings(engine=EngineSettings(**wished)))  # type: ignore[arg-type]

    assert (plan.next_token_heads, plan.rollback) == (False, 0)


def test_heads_that_are_not_there_are_not_asked_for(path: Path, tmp_path: Path) -> None:
    nameless = write_with_head(tmp_path / "tiny.gguf", "glm4moe", head=False)

    wanted = Settings(engine=EngineSettings(next_token_heads=True))

    assert not plan_for(installed(path), wanted).next_token_heads
    assert not plan_for(installed(nameless), wanted).next_token_heads


def test_heads_are_given_up_before_anything_else_is_short_of_memory(tmp_path: Path) -> None:
    info = read_gguf(write_with_head(tmp_path / "tiny.gguf", "qwen35"))
    wished = LoadPlan(info.path, next_token_heads=True, rollback=3)
    least = reckoned(info, replace(wished, next_token_heads=False, rollback=0)).total
    free = replace(PLENTY, available=least)

    plan = fitting_plan(info, wished, free, "Tiny")

    assert (plan.n_ctx, plan.next_token_heads, plan.rollback) == (0, False, 0)
    assert fitting_plan(info, wished, PLENTY, "Tiny").next_token_heads


@pytest.mark.parametrize(
    ("system", "machine", "layers", "maps"),
    [
        ("linux", "x86_64", -1, False),
        ("win32", "AMD64", -1, False),
        ("darwin", "x86_64", -1, False),
        ("darwin", "arm64", -1, True),
        ("darwin", "arm64", 0, False),
    ],
)
def test_the_file_is_mapped_only_where_that_holds_the_weights_once(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, layers: int, maps: bool
) -> None:
    monkeypatch.setattr("desktop.services.planning.sys.platform", system)
    monkeypatch.setattr("desktop.services.planning.platform.machine", lambda: machine)

    assert _maps_file(layers) is maps


def test_with_room_an_automatic_context_stays_automatic(info: GgufInfo) -> None:
    wished = LoadPlan(info.path)
    assert fitting_plan(info, wished, PLENTY, "long") == placed(info, wished)


@pytest.mark.parametrize(("shortened", "too_long"), [(4096, 8192), (2048, 4096)])
def test_an_automatic_context_is_shortened_until_it_is_free(
    info: GgufInfo, shortened: int, too_long: int
) -> None:
    free = (needed(info, shortened) + needed(info, too_long)) // 2
    plan = fitting_plan(info, LoadPlan(info.path), Computer(64 * 10**9, free), "long")
    assert plan.n_ctx == shortened


def test_a_context_that_was_asked_for_is_never_shortened(info: GgufInfo) -> None:
    free = needed(info, 4096)
    wished = LoadPlan(info.path, n_ctx=8192)
    assert fitting_plan(info, wished, Computer(64 * 10**9, free), "long") == placed(info, wished)


def test_where_shortening_does_not_help_the_context_keeps_its_length(info: GgufInfo) -> None:
    wished = LoadPlan(info.path)
    assert fitting_plan(info, wished, Computer(64 * 10**9, 10**9), "long") == placed(info, wished)


def test_a_short_trained_context_is_not_stretched(info: GgufInfo) -> None:
    short = replace(info, context_length=1024)
    plan = fitting_plan(short, LoadPlan(info.path), Computer(64 * 10**9, 10**9), "long")
    assert plan.n_ctx == 0


def test_what_cannot_fit_is_refused_with_all_three_figures(info: GgufInfo) -> None:
    huge = replace(info, weights=40 * 10**9)
    with pytest.raises(OutOfMemory) as refusal:
        fitting_plan(huge, LoadPlan(info.path), Computer(16 * 10**9, 9 * 10**9), "Huge 70B")
    title = str(refusal.value.title)
    assert title.startswith("Huge 70B needs 40.")
    assert "9.0 GB of 16.0 GB are free" in title
    assert "smaller" in str(refusal.value.hint)


def test_refusing_a_context_that_was_asked_for_offers_one_that_has_room(info: GgufInfo) -> None:
    wished = LoadPlan(info.path, n_ctx=200_000_000)
    free = Computer(16 * 10**9, needed(info, 300_000))
    with pytest.raises(TooLarge) as refusal:
        fitting_plan(info, wished, free, "Long")
    hint = refusal.value.hint
    assert hint.values["tokens"] == "262,144"
    assert refusal.value.shorter == 262_144
    assert fitting_plan(info, replace(wished, n_ctx=262_144), free, "Long").n_ctx == 262_144
    assert str(hint).startswith("With a context of 262,144 tokens it needs 4.")
    assert "smaller model" in str(hint)


def test_where_nothing_has_room_the_context_offered_may_be_tight(info: GgufInfo) -> None:
    wished = LoadPlan(info.path, n_ctx=200_000_000)
    free = Computer(needed(info, 300_000) + 1_500_000_000, 10**9)
    with pytest.raises(OutOfMemory) as refusal:
        fitting_plan(info, wished, free, "Long")
    assert refusal.value.hint.values["tokens"] == "262,144"


def test_no_context_is_offered_where_none_would_help(info: GgufInfo) -> None:
    huge = replace(info, weights=40 * 10**9)
    with pytest.raises(OutOfMemory) as refusal:
        fitting_plan(huge, LoadPlan(info.path, n_ctx=9000), Computer(16 * 10**9, 10**9), "Huge")
    assert str(refusal.value.hint).startswith("Choose a smaller model")


# Graphics cards


def card(free: int, total: int = 0, kind: DeviceKind = DeviceKind.GPU) -> Device:
    return Device("CUDA0", "Some Card", "CUDA", kind, free, total or free)


CPU = Device("CPU", "Some Processor", "CPU", DeviceKind.CPU, 0, 0)


def small(*cards: Device, available: int = 2 * 10**9) -> Computer:
    """Return a computer whose own memory could never hold `info`."""
    return Computer(4 * 10**9, available, (*cards, CPU))


def test_a_model_that_fits_on_the_card_is_not_refused_for_want_of_memory(info: GgufInfo) -> None:
    with pytest.raises(TooLarge):
        fitting_plan(info, LoadPlan(info.path), small(), "long")
    plan = fitting_plan(info, LoadPlan(info.path), small(card(8 * GB)), "long")

    assert (plan.n_ctx, plan.n_gpu_layers) == (0, -1)
    assert plan.layers * plan.layer_bytes + plan.device_bytes < 8 * GB - 2**30


def test_what_the_card_cannot_take_has_to_fit_beside_it(info: GgufInfo) -> None:
    layered = replace(info, block_count=39)
    wished = LoadPlan(info.path)
    assert fitting_plan(layered, wished, small(card(4 * GB)), "long").n_gpu_layers == -1
    with pytest.raises(TooLarge) as refusal:
        fitting_plan(layered, wished, small(card(2 * GB)), "Long")

    assert str(refusal.value.title).endswith("are free, graphics cards included")


def test_a_card_that_is_told_to_do_nothing_does_not_count(info: GgufInfo) -> None:
    with pytest.raises(TooLarge):
        fitting_plan(info, LoadPlan(info.path, n_gpu_layers=0), small(card(24 * GB)), "long")


def test_memory_that_is_shared_counts_once(info: GgufInfo) -> None:
    inside = card(8 * GB, kind=DeviceKind.INTEGRATED_GPU)
    with pytest.raises(TooLarge):
        fitting_plan(info, LoadPlan(info.path), small(inside), "long")


def test_a_card_that_was_full_when_it_was_looked_at_may_be_empty_by_now(info: GgufInfo) -> None:
    busy = card(GB, total=8 * GB)
    assert fitting_plan(info, LoadPlan(info.path), small(busy), "long").n_gpu_layers == -1


def test_cards_that_nobody_knows_change_nothing(info: GgufInfo) -> None:
    silent = card(0, total=0)
    with pytest.raises(TooLarge):
        fitting_plan(info, LoadPlan(info.path), small(silent), "long")


def test_a_context_is_shortened_for_the_card_too(info: GgufInfo) -> None:
    metadata = info.metadata | {"llama.attention.key_length": 4096}
    wide = replace(info, block_count=39, metadata=metadata)
    half = reckoned(wide, LoadPlan(info.path, n_ctx=4096))
    room = half.total + 2**30
    poor = Computer(2 * 10**9, 3 * 10**8, (card(room), CPU))

    assert half.kv > GB, "much of it is cache"
    assert fitting_plan(wide, LoadPlan(info.path), poor, "wide").n_ctx == 4096


# Measured, and anyway


def test_what_was_measured_counts_more_than_the_formula(info: GgufInfo) -> None:
    def measured(plan: LoadPlan) -> Footprint:
        found = reckoned(info, plan)
        return replace(found, devices=(replace(found.devices[0], weights=GB),))

    plan = fitting_plan(info, LoadPlan(info.path), small(), "long", measured)
    assert plan.layer_bytes * plan.layers < 2 * GB


def test_what_lies_on_a_card_as_it_was_measured_is_spread_anew(info: GgufInfo) -> None:
    def measured(plan: LoadPlan) -> Footprint:
        found = reckoned(info, plan)
        whole = Placing(found.layers, (card(GB),), (found.layers,))
        return spread(found, whole)

    fits = fitting_plan(info, LoadPlan(info.path), PLENTY, "long", measured)
    assert fits == fitting_plan(info, LoadPlan(info.path), PLENTY, "long")
    with pytest.raises(TooLarge):
        fitting_plan(info, LoadPlan(info.path), small(card(GB)), "long", measured)


def test_what_will_not_fit_is_planned_for_whoever_wants_it_anyway(info: GgufInfo) -> None:
    huge = replace(info, weights=40 * 10**9)
    wished = LoadPlan(info.path)
    plan = fitting_plan(huge, wished, small(), "Huge", anyway=True)

    assert (plan.n_ctx, plan.mmap, plan.extra_buffers) == (2048, True, False)
    asked = replace(wished, n_ctx=9000)
    assert fitting_plan(huge, asked, small(), "Huge", anyway=True).n_ctx == 9000
    assert fitting_plan(info, wished, PLENTY, "long", anyway=True) == placed(info, wished)


def test_what_sizes_know_is_asked_and_nothing_is_measured(wide: Path, tmp_path: Path) -> None:
    def never_asked(*_given: object, **_more: object) -> tuple[Footprint, ...]:
        raise AssertionError

    sizes = Sizes(tmp_path, ask=never_asked, machine=lambda: "here")
    model, settings = installed(wide), Settings()
    assert plan_for(model, settings, Known(sizes)) == plan_for(model, settings)


@pytest.mark.parametrize("cards", [(), (card(8 * GB),)])
def test_without_a_card_what_was_measured_with_the_processor_is_what_a_load_takes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cards: tuple[Device, ...]
) -> None:
    def measured(*given: object, **_more: object) -> tuple[Footprint, ...]:
        huge = DeviceBytes(HOST, weights=90 * GB)
        return tuple(Footprint(point, (huge,), Certainty.MEASURED) for point in given[3])  # type: ignore[attr-defined]

    ample = Memory(total=64 * GB, available=48 * GB)
    monkeypatch.setattr("desktop.services.advice_computer.memory", lambda: ample)
    sizes = Sizes(tmp_path, ask=measured, machine=lambda: "here")
    model, settings = installed(path), Settings(engine=EngineSettings(n_ctx=4096))
    plan = replace(wished_plan(read_gguf(path), settings.engine), n_gpu_layers=0)
    sizes.measured(model, plan, (Point(4096),))
    devices = Devices(
        tmp_path, tmp_path / "devices", ask=lambda _: Cards(cards), fingerprint=lambda: "here"
    )
    devices.find()

    if cards:
        assert plan_for(model, settings, Known(sizes, devices)).n_ctx == 4096
    else:
        with pytest.raises(TooLarge):
            plan_for(model, settings, Known(sizes, devices))


def test_nothing_is_refused_before_somebody_has_looked_for_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def find(folder: Path) -> Cards:
        asked.append(folder)
        return Cards((card(8 * GB),))

    little = Memory(total=2 * GB, available=GB)
    monkeypatch.setattr("desktop.services.advice_computer.memory", lambda: little)
    devices = Devices(tmp_path, tmp_path / "devices", ask=find, fingerprint=lambda: "here")
    huge = write_llama(tmp_path / "huge.gguf", context_length=4_000_000, layers=16)
    model = installed(huge)
    settings = Settings(engine=EngineSettings(n_ctx=1_000_000))

    for _ in range(2):
        plan_for(model, settings, Known(devices=devices))
    assert len(asked) == 1, "known from then on"
    without = Settings(engine=EngineSettings(n_ctx=1_000_000, n_gpu_layers=0))
    with pytest.raises(TooLarge):
        plan_for(model, without, Known(devices=devices))


def test_a_load_that_fits_waits_for_no_search_for_cards(path: Path, tmp_path: Path) -> None:
    def find(_folder: Path) -> Cards:
        raise AssertionError

    devices = Devices(tmp_path, tmp_path / "devices", ask=find, fingerprint=lambda: "here")
    assert plan_for(installed(path), Settings(), Known(devices=devices)).path == path


def test_a_file_that_is_no_model_is_refused_before_the_engine_sees_it(tmp_path: Path) -> None:
    page = tmp_path / "page.gguf"
    page.write_text("<!DOCTYPE html><html></html>" * 40)
    with pytest.raises(ModelFileError):
        plan_for(installed(page), Settings())

"""Advice: what a model needs here, where it computes, and which quantisation to take."""

from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.advice import Computer, ModelAdvice, Place
from desktop.domain.catalogue import ListedModel
from desktop.domain.footprint import Certainty
from desktop.domain.model import (
    Device,
    DeviceKind,
    FitLevel,
    GgufInfo,
    KvType,
    LoadPlan,
)
from desktop.domain.repository import (
    Gate,
    QuantisedModel,
    RemoteFile,
    Repository,
    Source,
    SourceKind,
)
from desktop.domain.settings import EngineSettings
from desktop.models.catalogue import load_catalogue
from desktop.models.fit import level_of, reckoned
from desktop.models.hardware import Memory
from desktop.services.recommendation import advise

GB = 10**9
MIB = 2**20
CATALOGUE = load_catalogue()


def laptop(total: int, *devices: Device, free: float = 0.7) -> Computer:
    """Return a computer with `total` GB of memory, of which so much is free."""
    return Computer(total * GB, round(total * free * GB), devices)


def card(total: int, *, used: float = 0.4, backend: str = "CUDA") -> Device:
    kind = DeviceKind.GPU
    return Device("0", "a card", backend, kind, round((total - used) * GB), total * GB)


def advice(name: str, computer: Computer, n_ctx: int = 0) -> ModelAdvice:
    return advise(CATALOGUE.find(name), computer, CATALOGUE, n_ctx=n_ctx)


def recommended(name: str, computer: Computer) -> str:
    best = advice(name, computer).recommended
    return best.quantisation if best else ""


def listing(name: str, *files: tuple[str, str, float]) -> Repository:
    """Return a repository with files of (name, label, GB)."""
    models = tuple(
        QuantisedModel(
            file, label, (RemoteFile(f"{file}.gguf", round(size * GB), "", "https://h/f"),)
        )
        for file, label, size in files
    )
    source = Source(SourceKind.HUGGING_FACE, "https://huggingface.co")
    return Repository(source, name, "c0ffee", Gate.OPEN, "mit", "https://h/p", models)


@pytest.mark.parametrize(
    ("total", "name", "quantisation"),
    [
        (4, "gemma-3-1b-it", "Q4_K_M"),
        (4, "qwen3.5-2b", "Q4_K_M"),
        (4, "llama-3-8b-instruct", ""),
        (8, "qwen3.5-2b", "Q8_0"),
        (8, "gemma-2-2b-it", "Q6_K"),
        (8, "llama-3-8b-instruct", "Q4_K_S"),
        (8, "gemma-2-9b-it", ""),
        (16, "qwen3.5-4b", "Q6_K"),
        (16, "gemma-2-9b-it", "Q4_K_S"),
        (16, "llama-3-8b-instruct", "Q5_K_M"),
        (16, "gpt-oss-20b", "MXFP4"),
        (16, "gemma-2-27b-it", ""),
        (32, "llama-3-8b-instruct", "Q6_K"),
        (32, "gemma-2-27b-it", "Q4_K_M"),
        (32, "llama-3.3-70b-instruct", ""),
        (64, "gemma-3-1b-it", "Q8_0"),
        (64, "llama-3-8b-instruct", "Q6_K"),
        (64, "gemma-2-27b-it", "Q5_K_M"),
        (64, "llama-3.3-70b-instruct", "Q4_K_S"),
    ],
)
def test_laptops_get_what_suits_them(total: int, name: str, quantisation: str) -> None:
    assert recommended(name, laptop(total)) == quantisation


def test_room_to_spare_is_left_where_it_can_be() -> None:
    for model in CATALOGUE.models:
        found = advise(model, laptop(32), CATALOGUE)
        best = found.recommended
        if best is None or "room to spare" not in str(found.reason):
            continue
        assert best.fit.needed <= best.fit.available - 0.15 * 32 * GB


def test_nothing_finer_is_recommended_than_can_be_noticed() -> None:
    huge = laptop(512)
    for model in CATALOGUE.models:
        best = advise(model, huge, CATALOGUE).recommended
        assert best is not None
        assert best.quantisation not in {"F16", "F32"}
        if model.parameters > 2_300_000_000 and len(model.files) != 1:
            assert best.quantisation != "Q8_0"


def test_nothing_below_four_bits_is_recommended_unless_the_model_is_very_large() -> None:
    below = {"Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L"}
    seen = set()
    for tenths in range(20, 700, 17):
        computer = Computer(tenths * GB // 10, tenths * GB // 14)
        for model in CATALOGUE.models:
            best = advise(model, computer, CATALOGUE).recommended
            if best is not None and best.quantisation in below:
                seen.add(best.quantisation)
                assert model.parameters >= 26_500_000_000
    assert seen == {"Q3_K_L", "Q3_K_M"}


def test_a_coarse_one_is_called_what_it_is() -> None:
    found = advice("llama-3.3-70b-instruct", laptop(40, free=0.95))
    assert found.recommended is not None
    assert found.recommended.quantisation == "Q3_K_M"
    assert "more mistakes" in str(found.reason)
    assert "smaller model" in str(found.reason)


def test_what_fits_only_without_other_programs_says_so() -> None:
    found = advice("llama-3-8b-instruct", laptop(8), 8192)
    assert found.recommended is not None
    assert found.recommended.fit.level is FitLevel.TIGHT
    assert str(found.reason) == (
        "It fits once other programs are closed: it needs 6.3 GB, and 5.6 GB of 8.0 GB are free "
        "now."
    )


def test_an_automatic_context_is_shortened_where_that_makes_a_model_fit() -> None:
    found = advice("llama-3-8b-instruct", laptop(8))
    assert found.recommended is not None
    assert (found.context, found.recommended.fit.level) == (4096, FitLevel.FITS)
    assert str(found.reason) == (
        "It fits with a shorter context, of 4,096 tokens: it needs 5.6 GB, and 5.6 GB are free."
    )
    assert advice("llama-3-8b-instruct", laptop(16)).context == 8192
    engine = EngineSettings(n_ctx=8192)
    model = CATALOGUE.find("llama-3-8b-instruct")
    assert advise(model, laptop(8), CATALOGUE, engine).context == 8192


def test_when_nothing_fits_the_reason_has_the_figures() -> None:
    found = advice("llama-3-70b-instruct", laptop(8))
    assert found.recommended is None
    smallest = min(one.parts.needed for one in found.quantisations if one.quantisation == "IQ4_XS")
    assert found.reason.values["needed"] == f"{smallest / GB:.1f} GB"
    assert str(found.reason) == (
        "Too large for this computer: the smallest good one needs 41.4 GB; of the 8.0 GB here, "
        "6.5 GB can be used."
    )
    assert all(one.fit.level is FitLevel.TOO_LARGE for one in found.quantisations)


def test_when_only_bad_ones_fit_a_smaller_model_is_advised() -> None:
    found = advice("qwen3.5-4b", laptop(4))
    assert found.recommended is None
    assert any(one.fit.level is FitLevel.FITS for one in found.quantisations)
    assert "a smaller model does better" in str(found.reason)


def test_a_card_of_8_gb_takes_what_fits_there_whole() -> None:
    computer = laptop(16, card(8, used=0.95))
    found = advice("llama-3-8b-instruct", computer)
    best = found.recommended
    assert best is not None
    assert (best.quantisation, best.place) == ("Q4_K_M", Place.CARD)
    assert best.fit.total == 8 * GB
    assert best.fit.needed <= best.fit.available < 7 * GB
    assert "graphics card" in str(found.reason)


def test_a_larger_model_is_shared_between_card_and_processor() -> None:
    found = advice("gemma-4-12b-it", laptop(16, card(8)))
    best = found.recommended
    assert best is not None
    assert (best.quantisation, best.place, best.fit.level) == (
        "Q4_K_M",
        Place.BOTH,
        FitLevel.FITS,
    )
    assert "processor the rest" in str(found.reason)


def test_wholly_on_the_card_comes_before_a_finer_one_that_is_shared() -> None:
    found = advice("qwen3-8b", laptop(16, card(8, used=0.95)))
    best = found.recommended
    assert best is not None
    assert (best.quantisation, best.place) == ("Q4_K_S", Place.CARD)
    finer = next(one for one in found.quantisations if one.quantisation == "Q4_K_M")
    assert (finer.place, finer.fit.level) == (Place.BOTH, FitLevel.FITS)


@pytest.mark.parametrize("device", [replace(card(8), total=0, free=0), card(1)])
def test_a_card_that_cannot_help_changes_nothing(device: Device) -> None:
    with_card = advice("llama-3-8b-instruct", laptop(16, device))
    assert with_card == advice("llama-3-8b-instruct", laptop(16))


@pytest.mark.parametrize(
    "device", [card(12, backend="MTL"), replace(card(12), kind=DeviceKind.INTEGRATED_GPU)]
)
def test_memory_that_a_card_shares_is_counted_once(device: Device) -> None:
    computer = laptop(16, device)
    for model in CATALOGUE.models:
        for one in advise(model, computer, CATALOGUE).quantisations:
            assert one.fit.available <= computer.available
            assert one.fit.total <= computer.total
            assert one.footprint is not None
            assert one.fit.needed == one.footprint.total
    best = advice("llama-3-8b-instruct", computer).recommended
    assert best is not None
    assert (best.quantisation, best.place) == ("Q5_K_M", Place.CARD)


def test_of_shared_memory_a_card_takes_what_its_driver_allows() -> None:
    computer = laptop(16, card(8, backend="MTL"), free=0.95)
    whole = advice("qwen3-8b", computer).quantisations
    assert {one.place for one in whole if one.size < 5 * GB} == {Place.CARD}
    assert {one.place for one in whole if one.size > 8 * GB} == {Place.BOTH}
    assert all(one.fit.available < 9 * GB for one in whole if one.place is Place.CARD)


def test_settings_that_forbid_the_card_are_kept() -> None:
    model, computer = CATALOGUE.find("llama-3-8b-instruct"), laptop(16, card(8))
    found = advise(model, computer, CATALOGUE, EngineSettings(n_gpu_layers=0))
    assert all(one.place is Place.PROCESSOR for one in found.quantisations)


def test_what_a_card_holds_is_not_refused_for_want_of_memory_beside_it() -> None:
    assert advice("gemma-2-27b-it", laptop(16)).recommended is None
    best = advice("gemma-2-27b-it", laptop(16, card(24))).recommended
    assert best is not None
    assert (best.place, best.fit.level) == (Place.CARD, FitLevel.FITS)
    assert best.fit.available < 24 * GB


def test_tables_that_stay_with_the_processor_leave_a_small_card_its_room() -> None:
    best = advice("gemma-4-e4b-it", laptop(16, card(6))).recommended
    assert best is not None
    assert best.footprint is not None
    assert (best.place, best.gpu_layers) == (Place.CARD, 43)
    assert best.footprint.host > 2 * GB
    assert best.footprint.cards < 5 * GB


def test_the_context_moves_the_bar_and_nothing_but_cache_and_buffers() -> None:
    computer = laptop(32)
    steps = [advice("llama-3.1-8b-instruct", computer, n_ctx) for n_ctx in (4096, 8192, 131_072)]
    bars = [found.quantisations[0].parts for found in steps]
    assert len({bar.weights for bar in bars}) == 1
    assert [round(bar.cache / MIB) for bar in bars] == [512, 1024, 16_384]
    assert bars[0].compute == bars[1].compute < bars[2].compute
    assert bars[0].free > bars[1].free > bars[2].free
    for bar, found in zip(bars, steps, strict=True):
        assert bar.needed == found.quantisations[0].fit.needed
        assert bar.free == computer.available - bar.needed


def test_a_longer_context_may_call_for_a_smaller_file() -> None:
    sizes = []
    for n_ctx in (4096, 32_768, 65_536, 131_072):
        best = advice("llama-3.1-8b-instruct", laptop(16), n_ctx).recommended
        sizes.append(best.size if best else 0)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > 0
    assert sizes[-1] == 0


def test_a_context_is_never_longer_than_the_model_was_trained_for() -> None:
    found = advice("llama-3-8b-instruct", laptop(16), 131_072)
    assert (found.context, found.longest_context) == (8192, 8192)
    assert advice("llama-3.1-8b-instruct", laptop(16)).context == 8192
    model, engine = CATALOGUE.find("llama-3.1-8b-instruct"), EngineSettings(n_ctx=20_000)
    assert advise(model, laptop(16), CATALOGUE, engine).context == 20_000


def test_a_quantised_cache_is_reckoned_with() -> None:
    model, computer = CATALOGUE.find("llama-3-8b-instruct"), laptop(16)
    usual = advise(model, computer, CATALOGUE).quantisations[0].parts.cache
    smaller = advise(model, computer, CATALOGUE, EngineSettings(kv_type=KvType.Q8_0))
    assert smaller.quantisations[0].parts.cache == round(usual * 34 / 64)


def header(model: ListedModel, quantisation: str, layers: int, **keys: object) -> GgufInfo:
    weights = next(one.weights for one in model.files if one.quantisation == quantisation)
    named = {f"{model.architecture}.{key.replace('__', '.')}": value for key, value in keys.items()}
    return GgufInfo(
        path=Path("x.gguf"),
        size=weights,
        architecture=model.architecture,
        name="x",
        quantisation=quantisation,
        context_length=model.context_length,
        block_count=layers,
        has_template=True,
        weights=weights,
        metadata=named,
    )


# What the header of each file says; layers, width, inner width, words, heads, KV heads, head width.
SHAPES = {
    "gemma-2-2b-it": (26, 2304, 9216, 256_000, 8, 4, 256),
    "gemma-2-9b-it": (42, 3584, 14_336, 256_000, 16, 8, 256),
    "gemma-2-27b-it": (46, 4608, 36_864, 256_000, 32, 16, 128),
    "gemma-1.1-7b-it": (28, 3072, 24_576, 256_000, 16, 16, 256),
    "llama-3-8b-instruct": (32, 4096, 14_336, 128_256, 32, 8, 128),
    "llama-3.3-70b-instruct": (80, 8192, 28_672, 128_256, 64, 8, 128),
    "qwen3-8b": (36, 4096, 12_288, 151_936, 32, 8, 128),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("n_ctx", [2048, 8192, 32_768])
def test_advice_agrees_with_what_is_reckoned_when_the_file_is_loaded(name: str, n_ctx: int) -> None:
    model = CATALOGUE.find(name)
    layers, width, inner, words, heads, kv_heads, head = SHAPES[name]
    info = header(
        model,
        "Q4_K_M",
        layers,
        embedding_length=width,
        feed_forward_length=inner,
        vocab_size=words,
        attention__head_count=heads,
        attention__head_count_kv=kv_heads,
        attention__key_length=head,
        attention__value_length=head,
    )
    n_ctx = min(n_ctx, model.context_length)
    computer = laptop(64)
    memory = Memory(computer.total, computer.available)
    real = reckoned(info, LoadPlan(path=info.path, n_ctx=n_ctx)).total
    found = advice(name, computer, n_ctx)
    said = next(one.fit for one in found.quantisations if one.quantisation == "Q4_K_M")
    assert said.needed == pytest.approx(real, abs=64 * MIB)
    assert said.level is level_of(real, memory)
    assert (said.available, said.total) == (memory.available, memory.total)


def test_a_repository_of_the_catalogue_is_reckoned_with_its_own_sizes() -> None:
    found = advise(
        listing(
            "bartowski/gemma-2-9b-it-GGUF",
            ("gemma-2-9b-it-Q4_K_M", "Q4_K_M", 5.76),
            ("gemma-2-9b-it-Q8_0", "Q8_0", 9.83),
        ),
        laptop(16),
        CATALOGUE,
    )
    assert not found.is_estimate
    assert found.longest_context == 8192
    own = next(
        one for one in advice("gemma-2-9b-it", laptop(16)).quantisations if one.size > 9 * GB
    )
    assert found.quantisations[1].parts.cache == own.parts.cache
    assert found.quantisations[1].size == round(9.83 * GB)


def test_an_unknown_repository_is_estimated_and_says_so() -> None:
    files = [("m-Q8_0", "Q8_0", 8.5), ("m-Q4_K_M", "Q4_K_M", 4.9), ("m-Q2_K", "Q2_K", 3.2)]
    found = advise(listing("somebody/m-GGUF", *files), laptop(16), CATALOGUE)
    assert found.is_estimate
    assert found.longest_context == 0
    assert [one.quantisation for one in found.quantisations] == ["Q2_K", "Q4_K_M", "Q8_0"]
    assert found.recommended is found.quantisations[1]
    assert 6 * GB < found.recommended.fit.needed < 8 * GB


def test_estimates_are_rather_too_high_than_too_low() -> None:
    computer, short = laptop(128), {}
    for model in CATALOGUE.models:
        files = [(one.quantisation, one.quantisation, one.size / GB) for one in model.files]
        guessed = advise(listing("somebody/else", *files), computer, CATALOGUE)
        true = advise(model, computer, CATALOGUE)
        if not files:
            continue
        for guess, real in zip(guessed.quantisations, true.quantisations, strict=True):
            share = guess.fit.needed / real.fit.needed
            assert 0.6 < share < 2.1
            if share < 0.85:
                short[model.id] = share
    # Those that keep the cache of every head, which no listing tells, and one that is tiny.
    assert set(short) == {
        *("smollm2-1.7b-instruct", "phi-3.5-mini-instruct", "gemma-1.1-7b-it"),
        *("olmo-3-7b-instruct", "qwen3-0.6b"),
    }


def test_the_memory_of_a_relative_is_known_from_its_name_and_size() -> None:
    files = [("x-Q8_0", "Q8_0", 9.83), ("x-Q4_K_M", "Q4_K_M", 5.76)]
    found = advise(listing("somebody/gemma-2-9b-it-SimPO-GGUF", *files), laptop(32), CATALOGUE)
    assert found.is_estimate
    known = advice("gemma-2-9b-it", laptop(32)).quantisations[0].parts
    assert found.quantisations[0].parts.cache == known.cache
    other = [("x-Q8_0", "Q8_0", 28.9), ("x-Q4_K_M", "Q4_K_M", 16.6)]
    found = advise(listing("somebody/gemma-2-9b-it-SimPO-GGUF", *other), laptop(32), CATALOGUE)
    assert found.quantisations[0].parts.cache != known.cache


def test_dynamic_ones_and_those_trained_for_their_size_are_preferred() -> None:
    files = [("m-UD-Q4_K_XL", "UD-Q4_K_XL", 4.8), ("m-Q4_K_M", "Q4_K_M", 4.9)]
    files.append(("m-UD-IQ4_XS", "UD-IQ4_XS", 4.4))
    found = advise(listing("somebody/m", *files), laptop(16), CATALOGUE)
    assert found.recommended is not None
    assert found.recommended.quantisation == "UD-Q4_K_XL"
    found = advise(listing("somebody/m", *files[1:]), laptop(16), CATALOGUE)
    assert found.recommended is not None
    assert found.recommended.quantisation == "Q4_K_M"
    trained = [("m-it-qat-Q4_0", "Q4_0", 5.1), ("m-it-Q4_K_M", "Q4_K_M", 4.9)]
    found = advise(listing("somebody/m", *trained), laptop(16), CATALOGUE)
    assert found.recommended is not None
    assert found.recommended.name == "m-it-qat-Q4_0"
    assert found.recommended.facts is not None
    assert "trained" in found.recommended.facts.words["en"]


def test_an_older_kind_is_not_preferred_for_being_larger() -> None:
    files = [("m-Q4_1", "Q4_1", 5.2), ("m-Q4_0", "Q4_0", 4.7), ("m-Q4_K_M", "Q4_K_M", 4.9)]
    found = advise(listing("somebody/m", *files), laptop(16), CATALOGUE)
    assert found.recommended is not None
    assert found.recommended.quantisation == "Q4_K_M"


def test_what_a_model_was_made_in_is_preferred() -> None:
    files = [("g-Q4_K_M", "Q4_K_M", 11.6), ("g-MXFP4", "MXFP4_MOE", 12.1), ("g-F16", "F16", 13.8)]
    found = advise(listing("unsloth/gpt-oss-20b-GGUF", *files), laptop(32), CATALOGUE)
    assert found.recommended is not None
    assert found.recommended.quantisation == "MXFP4_MOE"


def test_a_repository_with_the_original_alone_still_gets_an_answer() -> None:
    found = advise(listing("somebody/m", ("m-F16", "F16", 2.5)), laptop(16), CATALOGUE)
    assert found.recommended is found.quantisations[0]


def test_a_file_without_a_label_is_taken_with_a_word_of_caution() -> None:
    found = advise(listing("somebody/m", ("model", "", 4.0)), laptop(16), CATALOGUE)
    assert found.recommended is not None
    assert found.recommended.facts is None
    assert "name does not tell" in str(found.reason)


def test_a_repository_without_models_or_with_bad_ones_alone_recommends_nothing() -> None:
    nothing = advise(listing("somebody/m"), laptop(16), CATALOGUE)
    assert nothing.recommended is None
    assert nothing.quantisations == ()
    assert "no model" in str(nothing.reason)
    bad = advise(listing("somebody/m", ("m-Q2_K", "Q2_K", 1.0)), laptop(16), CATALOGUE)
    assert bad.recommended is None
    assert "plainly worse" in str(bad.reason)


def test_models_without_known_sizes_are_estimated() -> None:
    found = advice("qwen3.6-35b-a3b", laptop(32))
    assert found.is_estimate
    usual = next(one for one in found.quantisations if one.quantisation == "Q4_K_M")
    assert 21 * GB < usual.size < 23 * GB


def test_speed_is_left_out_where_nobody_measured_the_memory() -> None:
    computer = laptop(16)
    assert {one.speed for one in advice("llama-3-8b-instruct", computer).quantisations} == {None}
    unknown = laptop(16, card(8))
    best = advice("llama-3-8b-instruct", replace(unknown, bandwidth=40e9)).recommended
    assert best is not None
    assert (best.place, best.speed) == (Place.CARD, None)


def test_speed_follows_from_the_bytes_that_each_token_reads() -> None:
    computer = replace(laptop(64), bandwidth=40e9)
    speeds = {}
    for name in ("llama-3-8b-instruct", "gemma-4-e4b-it", "qwen3-30b-a3b-instruct-2507"):
        found = advice(name, computer).quantisations
        usual = next(one for one in found if one.quantisation == "Q4_K_M")
        assert usual.speed is not None
        assert usual.footprint is not None
        assert usual.speed.low < usual.speed.likely < usual.speed.high
        speeds[name] = usual.speed.likely * usual.size / 1e9
    # Of 4.9 GB a token reads all but the table of words, and an eighth of the cache.
    assert speeds["llama-3-8b-instruct"] == pytest.approx(31 * 1.03, rel=0.03)
    assert speeds["gemma-4-e4b-it"] > 1.4 * speeds["llama-3-8b-instruct"]
    assert speeds["qwen3-30b-a3b-instruct-2507"] > 4 * speeds["llama-3-8b-instruct"]


def test_the_name_of_an_unknown_mixture_tells_how_much_of_it_is_read() -> None:
    computer = replace(laptop(64), bandwidth=40e9)
    speeds = {}
    for name in ("who/Some-30B-A3B-GGUF", "who/Some-30B-GGUF", "who/Some-3B-A30B-GGUF"):
        offer = listing(name, ("x", "Q4_K_M", 18.6))
        speed = advise(offer, computer, CATALOGUE).quantisations[0].speed
        assert speed is not None
        speeds[name] = speed.likely
    mixture, whole, nonsense = speeds.values()
    assert 4 < mixture / whole < 6
    assert nonsense == whole


def test_a_model_shared_with_a_card_answers_faster_than_without() -> None:
    device = replace(card(8), description="NVIDIA GeForce RTX 4060")
    with_card = replace(laptop(32, device), bandwidth=50e9)
    model = CATALOGUE.find("gemma-4-12b-it")
    both, alone = (
        next(one for one in found.quantisations if one.quantisation == "Q4_K_M").speed
        for found in (
            advise(model, with_card, CATALOGUE),
            advise(model, with_card, CATALOGUE, EngineSettings(n_gpu_layers=0)),
        )
    )
    assert both is not None
    assert alone is not None
    assert both.likely > 1.5 * alone.likely


def test_what_would_be_too_slow_gives_way_to_a_smaller_file() -> None:
    quick, usual, slow = (replace(laptop(64), bandwidth=speed) for speed in (200e9, 60e9, 20e9))
    assert recommended("llama-3-8b-instruct", quick) == "Q6_K"
    assert recommended("llama-3-8b-instruct", usual) == "Q5_K_M"
    # Below plain four bits files are smaller, and no faster, though bytes alone would say so.
    between = replace(laptop(64), bandwidth=47e9)
    assert recommended("llama-3-8b-instruct", between) == "Q4_K_M"
    assert recommended("llama-3-8b-instruct", slow) == "Q4_K_M"


def test_what_does_not_fit_has_no_speed() -> None:
    found = advice("gemma-2-27b-it", replace(laptop(16), bandwidth=40e9)).quantisations
    levels = {one.fit.level for one in found}
    assert levels == {FitLevel.TIGHT, FitLevel.TOO_LARGE}
    for one in found:
        assert (one.speed is None) == (one.fit.level is FitLevel.TOO_LARGE)


def test_the_longest_context_that_fits_is_told() -> None:
    for total in (8, 16, 64):
        found = advice("llama-3.1-8b-instruct", laptop(total))
        longest = found.fitting_context
        assert longest >= found.context
        again = advice("llama-3.1-8b-instruct", laptop(total), longest)
        best = found.recommended
        assert best is not None
        now = next(one for one in again.quantisations if one.quantisation == best.quantisation)
        assert now.fit.level is FitLevel.FITS
        more = advice("llama-3.1-8b-instruct", laptop(total), longest * 3 // 2).quantisations
        then = next(one for one in more if one.quantisation == best.quantisation)
        assert then.fit.level is not FitLevel.FITS or longest == found.longest_context
    assert advice("llama-3-70b-instruct", laptop(8)).fitting_context == 0


def test_what_was_measured_stands_instead_of_what_is_reckoned() -> None:
    listed = listing("somebody/m", ("m-Q4_K_M", "Q4_K_M", 4.9), ("m-Q8_0", "Q8_0", 8.5))
    usual = advise(listed, laptop(16), CATALOGUE)
    known = usual.quantisations[0].footprint
    assert known is not None
    measured = replace(known, certainty=Certainty.MEASURED, projector=3 * GB)
    found = advise(listed, laptop(16), CATALOGUE, exact={"m-Q4_K_M": measured})
    assert found.quantisations[0].footprint == measured
    assert found.quantisations[0].fit.needed == usual.quantisations[0].fit.needed + 3 * GB
    assert found.quantisations[1] == usual.quantisations[1]


def test_how_much_too_large_a_model_is_can_be_told() -> None:
    found = advice("llama-3-70b-instruct", laptop(8))
    for one in found.quantisations:
        assert one.missing == one.fit.needed - (8 * GB - 1_500_000_000)
    assert {one.missing for one in advice("llama-3-8b-instruct", laptop(32)).quantisations} == {0}

"""Memory estimates: against figures of llama.cpp itself, and what the verdicts mean."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.domain.footprint import Point
from desktop.domain.model import Fit, FitLevel, FlashAttention, GgufInfo, KvType, LoadPlan
from desktop.models.fit import compute_bytes, context_for, level_of, output_rows, reckoned
from desktop.models.gguf import read_gguf
from desktop.models.hardware import Memory
from desktop.models.kv_cache import can_quantise, head_bytes, kv_bytes, state_bytes
from tests.gguf_files import write_gemma2, write_llama, write_recurrent
from tests.gguf_heads import Kind, write_with_head
from tests.harness.real_load import Refused, allocated

MIB = 2**20
GB = 10**9
PLAN = LoadPlan(path=Path("x.gguf"))


def estimate(info: GgufInfo, plan: LoadPlan, memory: Memory, draft: GgufInfo | None = None) -> Fit:
    needed = reckoned(info, plan, draft).total
    return Fit(level_of(needed, memory), needed, memory.available, memory.total)


def shape(architecture: str, layers: int, width: int, **keys: object) -> GgufInfo:
    """Return a header of that shape; double underscores stand for dots."""
    named = {f"{architecture}.{key.replace('__', '.')}": value for key, value in keys.items()}
    return GgufInfo(
        path=Path("x.gguf"),
        size=5 * GB,
        architecture=architecture,
        name="x",
        quantisation="Q4_K_M",
        context_length=131_072,
        block_count=layers,
        has_template=True,
        weights=4_900_000_000,
        metadata={f"{architecture}.embedding_length": width, **named},
    )


def heads(
    count: int, kv: int | tuple[int, ...], width: int | None = None, value: int | None = None
) -> dict[str, object]:
    out: dict[str, object] = {"attention__head_count": count, "attention__head_count_kv": kv}
    if width:
        out |= {"attention__key_length": width, "attention__value_length": value or width}
    return out


LLAMA_3_8B = shape(
    "llama", 32, 4096, vocab_size=128_256, feed_forward_length=14_336, **heads(32, 8)
)
GEMMA_2_9B = shape(
    "gemma2",
    42,
    3584,
    vocab_size=256_000,
    feed_forward_length=14_336,
    attention__sliding_window=4096,
    **heads(16, 8, 256),
)
GEMMA_3_4B = shape("gemma3", 34, 2560, attention__sliding_window=1024, **heads(8, 4, 256))
GEMMA_4_PATTERN = (True, True, True, True, True, False) * 10
GEMMA_4_31B = shape(
    "gemma4",
    60,
    5376,
    attention__sliding_window=1024,
    attention__sliding_window_pattern=GEMMA_4_PATTERN,
    attention__key_length_swa=256,
    attention__value_length_swa=256,
    **heads(32, tuple(16 if slides else 4 for slides in GEMMA_4_PATTERN), 512),
)
GEMMA_4_E4B = shape(
    "gemma4",
    42,
    2560,
    attention__sliding_window=512,
    attention__sliding_window_pattern=GEMMA_4_PATTERN[:42],
    attention__shared_kv_layers=18,
    attention__key_length_swa=256,
    attention__value_length_swa=256,
    **heads(8, 2, 512),
)
GEMMA_3N_E4B = shape("gemma3n", 35, 2048, attention__sliding_window=512, **heads(8, 2, 256))
GPT_OSS_20B = shape("gpt-oss", 24, 2880, attention__sliding_window=128, **heads(64, 8, 64))
PHI_3_MINI = shape(
    "phi3",
    32,
    3072,
    attention__sliding_window=2047,
    attention__sliding_window_pattern=(True,) * 32,
    **heads(32, 32),
)
QWEN_3_4B = shape("qwen3", 36, 2560, **heads(32, 8, 128))
QWEN_3_5_9B = shape(
    "qwen35",
    32,
    4096,
    ssm__conv_kernel=4,
    ssm__inner_size=4096,
    ssm__state_size=128,
    ssm__group_count=16,
    **heads(16, 4, 256),
)
OLMO_3_7B = shape("olmo2", 32, 4096, attention__sliding_window=4096, **heads(32, 32))
GLM_FLASH = shape("deepseek2", 47, 2048, attention__key_length_mla=256, **heads(20, 1, 576, 512))
NEMOTRON_KV = tuple(2 if layer in {5, 12, 19, 26, 33, 42} else 0 for layer in range(52))
NEMOTRON_NANO = shape(
    "nemotron_h_moe", 52, 2688, ssm__state_size=128, **heads(32, NEMOTRON_KV, 128)
)


@pytest.mark.parametrize(
    ("info", "context", "mib"),
    [
        (LLAMA_3_8B, 8192, 1024),
        (LLAMA_3_8B, 32_768, 4096),
        (GEMMA_2_9B, 8192, 2100),
        (GEMMA_3_4B, 8192, 334),
        (GEMMA_3_4B, 32_768, 814),
        (GEMMA_4_31B, 8192, 1840),
        (GEMMA_4_31B, 32_768, 3760),
        (GEMMA_4_E4B, 8192, 168),
        (GEMMA_4_E4B, 32_768, 552),
        (GEMMA_3N_E4B, 8192, 96),
        (GPT_OSS_20B, 8192, 210),
        (GPT_OSS_20B, 32_768, 786),
        (PHI_3_MINI, 8192, 3072),
        (QWEN_3_4B, 8192, 1152),
        (QWEN_3_5_9B, 8192, 256),
        (OLMO_3_7B, 8192, 2752),
        (GLM_FLASH, 8192, 423),
        (NEMOTRON_NANO, 8192, 48),
    ],
)
def test_the_kv_cache_is_as_large_as_the_engine_measured_it(
    info: GgufInfo, context: int, mib: int
) -> None:
    assert kv_bytes(info, context, KvType.F16, micro_batch=512, slots=1) == mib * MIB


def test_the_recurrent_state_is_as_large_as_the_engine_measured_it() -> None:
    assert state_bytes(QWEN_3_5_9B, 1) == pytest.approx(50.25 * MIB)
    assert state_bytes(QWEN_3_5_9B, 4) == 4 * state_bytes(QWEN_3_5_9B, 1)
    assert state_bytes(LLAMA_3_8B, 4) == 0


def test_smaller_elements_make_a_smaller_cache() -> None:
    def cache(kv_type: KvType) -> int:
        return kv_bytes(LLAMA_3_8B, 8192, kv_type, micro_batch=512, slots=1)

    assert cache(KvType.Q8_0) / cache(KvType.F16) == pytest.approx(0.531, abs=0.001)
    assert cache(KvType.Q4_0) / cache(KvType.F16) == pytest.approx(0.281, abs=0.001)


def test_layers_that_only_guess_ahead_hold_no_cache() -> None:
    metadata = QWEN_3_4B.metadata | {"qwen3.nextn_predict_layers": 1}
    with_guess = replace(QWEN_3_4B, block_count=37, metadata=metadata)

    assert kv_bytes(with_guess, 8192, KvType.F16, micro_batch=512, slots=1) == 1152 * MIB


def test_more_slots_widen_only_the_sliding_windows() -> None:
    def cache(info: GgufInfo, slots: int) -> int:
        return kv_bytes(info, 8192, KvType.F16, micro_batch=512, slots=slots)

    assert cache(LLAMA_3_8B, 4) == cache(LLAMA_3_8B, 1)
    assert cache(GEMMA_3_4B, 4) > cache(GEMMA_3_4B, 1)


@pytest.mark.parametrize(("info", "mib"), [(LLAMA_3_8B, 124), (GEMMA_2_9B, 125.5)])
def test_the_compute_buffer_is_as_large_as_the_engine_measured_it(
    info: GgufInfo, mib: float
) -> None:
    measured = compute_bytes(info, 8192, micro_batch=512, slots=1, rows=1)

    assert measured == pytest.approx(mib * MIB, abs=1.5 * MIB)


@pytest.mark.parametrize(("context", "mib"), [(8192, 572), (32_768, 2156)])
def test_without_flash_attention_the_scores_take_what_the_engine_measured(
    context: int, mib: int
) -> None:
    one = compute_bytes(LLAMA_3_8B, context, micro_batch=512, slots=1, rows=1, flash=False)

    assert one == pytest.approx(mib * MIB, abs=20 * MIB)


def test_every_answer_and_every_guess_has_a_row_of_logits() -> None:
    def needed(slots: int, draft_tokens: int) -> int:
        plan = replace(PLAN, slots=slots, draft_tokens=draft_tokens)
        assert output_rows(plan) == slots + draft_tokens
        return estimate(GEMMA_2_9B, plan, Memory(64 * GB, 48 * GB)).needed

    row = 4 * 256_000
    assert needed(1, 8) - needed(1, 0) >= 8 * row
    assert needed(16, 0) - needed(4, 0) >= 12 * row


def test_what_guesses_ahead_needs_memory_of_its_own() -> None:
    free = Memory(64 * GB, 48 * GB)
    alone = estimate(LLAMA_3_8B, PLAN, free).needed
    helped = estimate(LLAMA_3_8B, PLAN, free, draft=replace(QWEN_3_4B, weights=GB)).needed

    assert helped - alone > GB + 1152 * MIB


def test_the_cache_of_a_guessing_model_with_narrow_heads_is_never_reckoned_smaller() -> None:
    narrow = shape("llama", 26, 3200, feed_forward_length=8640, **heads(32, 32, 100))
    wide = shape("llama", 26, 3200, feed_forward_length=8640, **heads(25, 25, 128))
    assert not can_quantise(narrow)

    def takes(draft: GgufInfo, kv_type: KvType) -> int:
        plan = replace(PLAN, kv_type=kv_type)
        return reckoned(LLAMA_3_8B, plan, draft).total - reckoned(LLAMA_3_8B, plan).total

    assert takes(narrow, KvType.Q8_0) == takes(narrow, KvType.F16)
    assert takes(wide, KvType.Q8_0) < takes(wide, KvType.F16)


def test_the_plan_decides_how_large_the_cache_is() -> None:
    free = Memory(64 * GB, 48 * GB)

    def needed(**changed: object) -> int:
        return estimate(LLAMA_3_8B, replace(PLAN, **changed), free).needed  # type: ignore[arg-type]

    assert needed() - needed(kv_type=KvType.Q8_0) == pytest.approx(480 * MIB, rel=0.001)
    assert needed(flash_attention=FlashAttention.OFF) - needed() > 400 * MIB


def engine_takes(path: Path, use: str, **plan: object) -> list[float]:
    """Return the buffers that the engine makes for `use`, in MiB; raises Refused."""
    how = replace(LoadPlan(path=path, n_gpu_layers=0, threads=1), **plan)  # type: ignore[arg-type]
    (buffers,) = allocated(how, [Point(2048, how.kv_type)])
    return [buffer.size / MIB for buffer in buffers if buffer.use == use]


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("write", [write_llama, write_gemma2, write_recurrent])
def test_the_estimate_equals_what_the_engine_allocates(
    write: Callable[..., Path], slots: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "tiny.gguf", layers=4)
    info = read_gguf(path)
    cache = sum(engine_takes(path, "KV", slots=slots))
    state = sum(engine_takes(path, "RS", slots=slots))

    computed = kv_bytes(info, 2048, KvType.F16, micro_batch=512, slots=slots)

    assert cache + state > 0
    assert computed / MIB == pytest.approx(cache, abs=0.011)
    assert state_bytes(info, slots) / MIB == pytest.approx(state, abs=0.011)


@pytest.mark.parametrize("kind", ["glm4moe", "qwen35", "qwen35moe"])
def test_heads_take_what_the_engine_allocates_for_them(kind: Kind, tmp_path: Path) -> None:
    info = read_gguf(write_with_head(tmp_path / "tiny.gguf", kind))
    helped = {"slots": 4, "next_token_heads": True, "rollback": 0 if kind == "glm4moe" else 3}
    cache, head = engine_takes(info.path, "KV", **helped)
    state = sum(engine_takes(info.path, "RS", **helped))

    computed = kv_bytes(info, 2048, KvType.F16, micro_batch=512, slots=4)
    assert computed / MIB == pytest.approx(cache, abs=0.011)
    assert head_bytes(info, 2048, KvType.F16) / MIB == pytest.approx(head, abs=0.011)
    assert state_bytes(info, 4, 3) / MIB == pytest.approx(state, abs=0.011)


def test_heads_that_are_not_loaded_need_no_memory() -> None:
    free = Memory(64 * GB, 48 * GB)
    info = replace(LLAMA_3_8B, head_weights=GB)
    without = estimate(info, PLAN, free).needed

    assert without == estimate(LLAMA_3_8B, PLAN, free).needed - GB
    helped = estimate(info, replace(PLAN, next_token_heads=True), free).needed
    assert helped >= without + GB + 32 * MIB


@pytest.mark.parametrize("kv_type", [KvType.Q8_0, KvType.Q4_0])
def test_a_quantised_cache_is_as_small_as_the_engine_makes_it(
    kv_type: KvType, tmp_path: Path
) -> None:
    path = write_llama(tmp_path / "wide.gguf", answer="Yes.", layers=4)
    info = read_gguf(path)
    (cache,) = engine_takes(path, "KV", slots=4, kv_type=kv_type)

    assert can_quantise(info)
    computed = kv_bytes(info, 2048, kv_type, micro_batch=512, slots=4)
    assert computed / MIB == pytest.approx(cache, abs=0.011)


def test_the_engine_refuses_a_quantised_cache_where_we_do_not_ask_for_one(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "narrow.gguf")

    assert not can_quantise(read_gguf(path))
    with pytest.raises(Refused):
        engine_takes(path, "KV", kv_type=KvType.Q8_0)


def test_an_8b_model_needs_about_six_and_a_half_gigabytes() -> None:
    fit = estimate(LLAMA_3_8B, PLAN, Memory(total=16 * GB, available=12 * GB))

    assert fit.level is FitLevel.FITS
    assert (fit.available, fit.total) == (12 * GB, 16 * GB)
    assert 6.2 * GB < fit.needed < 6.6 * GB


@pytest.mark.parametrize(
    ("total", "available", "level"),
    [
        (16 * GB, 7 * GB, FitLevel.FITS),
        (8 * GB, 5 * GB, FitLevel.TIGHT),
        (8 * GB - 2**28, 5 * GB, FitLevel.TOO_LARGE),
        (4 * GB, 3 * GB, FitLevel.TOO_LARGE),
    ],
)
def test_the_verdict_follows_what_is_free_and_what_there_is(
    total: int, available: int, level: FitLevel
) -> None:
    needed = estimate(LLAMA_3_8B, PLAN, Memory(total, available))

    assert needed.level is level


def test_a_longer_context_needs_more() -> None:
    free = Memory(total=16 * GB, available=12 * GB)
    default = estimate(LLAMA_3_8B, PLAN, free).needed
    longer = estimate(LLAMA_3_8B, replace(PLAN, n_ctx=32_768), free).needed

    assert longer - default > 3072 * MIB


def test_the_context_is_the_plans_or_the_trained_one_or_the_default() -> None:
    short = replace(LLAMA_3_8B, context_length=2048)

    assert context_for(LLAMA_3_8B, PLAN) == 8192
    assert context_for(short, PLAN) == 2048
    assert context_for(short, replace(PLAN, n_ctx=4096)) == 4096


def test_a_header_with_nothing_but_layers_is_still_estimated() -> None:
    bare = replace(LLAMA_3_8B, metadata={})

    assert estimate(bare, PLAN, Memory(16 * GB, 12 * GB)).needed > bare.weights


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_header_with_what_is_no_number_is_still_estimated(value: float, tmp_path: Path) -> None:
    names = ("key_length", "sliding_window", "sliding_window_pattern", "shared_kv_layers")
    odd = {f"llama.attention.{name}": [value] for name in names}
    info = read_gguf(
        write_llama(tmp_path / "odd.gguf", extra=odd | {"llama.ssm.state_size": [value]})
    )

    assert estimate(info, PLAN, Memory(16 * GB, 12 * GB)).needed > info.weights


def test_a_model_that_makes_vectors_reads_a_text_in_one_batch() -> None:
    width, inner = 1024, 4096
    bert = shape("bert", 24, width, feed_forward_length=inner, vocab_size=250_000, **heads(16, 16))
    metadata = bert.metadata | {"bert.pooling_type": 2}
    plan = replace(PLAN, n_ctx=8192)
    vectors = reckoned(replace(bert, metadata=metadata), plan)

    assert vectors.compute > 8192 * 4 * (3 * inner + 4 * width)
    assert vectors.compute > 4 * reckoned(bert, plan).compute

"""How fast models answer: foretold from bytes and bandwidth, corrected by what was timed here."""

from dataclasses import replace
from pathlib import Path

import jsonschema
import msgspec
import pytest

from desktop.base.paths import resources
from desktop.domain.advice import Computer
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.model import Device, DeviceKind, GgufInfo
from desktop.domain.speed import PROCESSOR, Calibration, Reading, TimedRun
from desktop.models.active import active_in, active_listed, active_weights, looked_up_in
from desktop.models.card_speeds import load_card_speeds
from desktop.models.catalogue import load_catalogue
from desktop.models.gguf import open_header, read_gguf
from desktop.models.gguf_reader import Header, Scalar, Tensor
from desktop.services.speeds import (
    STARTING,
    calibration,
    called,
    measured,
    paces_of,
    predicted,
    reading,
    speed_of,
)
from tests.gguf_files import write_llama

GB = 10**9
GIB = 2**30
CATALOGUE = load_catalogue()
COMPUTER = Computer(32 * GB, 20 * GB, (), 50e9)


def card(description: str, total: float = 24, name: str = "CUDA0", backend: str = "CUDA") -> Device:
    total = round(total * GIB)
    return Device(name, description, backend, DeviceKind.GPU, total, total)


def whole(weights: int = 4 * GB, kv: int = GB, context: int = 8192) -> Footprint:
    host = DeviceBytes(HOST, weights, kv)
    return Footprint(Point(context), (host,), Certainty.RECKONED, layers=33)


def run(bandwidth: float, start: float, *, model: str = "/m", read: int = 4 * GB) -> TimedRun:
    return TimedRun(model, Reading(read), start + read / bandwidth)


# What a token reads.


def test_a_token_reads_the_weights_and_the_cache_that_is_filled() -> None:
    assert reading(whole(), 3 * GB, ()).processor == 3 * GB + GB // 8
    assert reading(whole(), 3 * GB, (), fill=8192).processor == 4 * GB
    assert reading(whole(), 3 * GB, (), fill=100_000).processor == 4 * GB


def test_what_lies_on_cards_is_read_there() -> None:
    devices = (DeviceBytes(HOST, 2 * GB, GB // 2), DeviceBytes("CUDA0", 2 * GB, GB // 2))
    both = replace(whole(), devices=devices, layers=32, gpu_layers=16)
    read = reading(both, 4 * GB, (card("GeForce"),), fill=8192)
    assert read == Reading(2 * GB + GB // 2, (("GeForce", 2 * GB + GB // 2),))
    alone = replace(both, gpu_layers=32, devices=(DeviceBytes(HOST, GB), devices[1]))
    assert reading(alone, 4 * GB, (), fill=0).processor == 0


def test_a_table_of_words_is_read_only_where_it_is_the_output_too(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf")
    info, (header, _) = read_gguf(path), open_header(path)
    names = {tensor.name: tensor.size for tensor in header.tensors}
    table = names["token_embd.weight"] if "output.weight" in names else 0
    assert info.looked_up == looked_up_in(header) == table
    assert info.active == sum(names.values()) - table
    assert active_weights(info) == info.active


def test_tables_and_experts_are_told_by_the_names_of_tensors() -> None:
    sizes = {
        "token_embd.weight": 100,
        "per_layer_token_embd.weight": 1000,
        "blk.0.ffn_up_exps.weight": 64,
        "blk.0.attn_q.weight": 10,
    }
    tensors = [Tensor(name, 0, (1,), 0, size) for name, size in sizes.items()]
    dense = Header({}, {}, {}, [], b"", tensors, 0, 32)
    assert looked_up_in(dense) == 1000
    assert active_in(dense, "gemma4") == 174
    output = replace(dense, tensors=[*tensors, Tensor("output.weight", 0, (1,), 0, 30)])
    assert looked_up_in(output) == 1100
    assert active_in(output, "gemma4") == 104
    assert active_in(output, "gemma4", head_weights=10) == 94
    counts: dict[str, Scalar] = {"gemma4.expert_count": 8, "gemma4.expert_used_count": 1}
    mixture = replace(output, values=counts)
    # A mixture waits for more than its bytes.
    assert 30 + 10 + 8 < active_in(mixture, "gemma4") < 104


def info(**keys: object) -> GgufInfo:
    named = {f"qwen3moe.{key}": value for key, value in keys.items()}
    return GgufInfo(
        Path("x"), 18 * GB, "qwen3moe", "x", "", 0, 48, has_template=True, weights=18 * GB,
        parameters=30_500_000_000, metadata=named,
    )  # fmt: skip


def test_experts_that_are_not_chosen_are_not_read() -> None:
    experts = {"expert_count": 128, "expert_used_count": 8, "embedding_length": 2048}
    mixture = info(**experts, expert_feed_forward_length=768)
    listed = CATALOGUE.find("qwen3-30b-a3b-instruct-2507")
    assert active_weights(info()) == 18 * GB
    assert 2 * GB < active_weights(mixture) < 5 * GB
    assert active_weights(mixture) == pytest.approx(active_listed(listed, 18 * GB), rel=0.3)
    assert active_weights(replace(mixture, active=7)) == 7


# Before anything was timed.


def test_a_processor_reads_a_part_of_what_was_measured() -> None:
    speed = predicted(Reading(4 * GB), COMPUTER)
    assert speed is not None
    assert 0.7 * 50e9 < 1 / (1 / speed.likely - STARTING) * 4 * GB < 0.85 * 50e9
    assert (speed.low, speed.high) == pytest.approx((0.7 * speed.likely, 1.3 * speed.likely))
    assert not speed.is_measured


@pytest.mark.parametrize(
    ("name", "memory", "bandwidth"),
    [
        ("NVIDIA GeForce RTX 5070", 12, 512e9),
        ("NVIDIA GeForce RTX 2080", 8, 352e9),
        ("AMD Radeon RX 7900 XT (RADV NAVI31)", 20, 618e9),
        ("Apple M4 Pro", 36, 230e9),
        ("NVIDIA GeForce GTX 1050 Ti", 4, 43e9),
    ],
)
def test_cards_that_were_measured_publicly_are_foretold_within_the_range(
    name: str, memory: float, bandwidth: float
) -> None:
    found = load_card_speeds().of(card(name, memory))
    assert found == pytest.approx(bandwidth, rel=0.06)
    speed = predicted(
        Reading(0, ((name, 4 * GB),)), replace(COMPUTER, devices=(card(name, memory),))
    )
    assert speed is not None
    assert speed.low < 1 / (0.0015 + 4 * GB / bandwidth) < speed.high


def test_variants_under_one_name_are_told_apart_by_their_memory() -> None:
    speeds = load_card_speeds()
    large, small = (speeds.of(card("NVIDIA GeForce RTX 3060", size)) for size in (11.6, 7.8))
    assert large is not None
    assert small is not None
    assert large > 1.4 * small
    assert speeds.of(card("NVIDIA GeForce RTX 3060", 4)) is None


@pytest.mark.parametrize(
    "name",
    [
        "Intel(R) Arc(TM) A770 Graphics",
        "NVIDIA GeForce RTX 3070 with Max-Q Design",
        "NVIDIA GeForce RTX 9990",
        "AMD Radeon 780M Graphics",
        "",
    ],
)
def test_of_a_card_nobody_knows_no_speed_is_told(name: str) -> None:
    device = card(name, 8)
    assert load_card_speeds().of(device) is None
    computer = replace(COMPUTER, devices=(device,))
    assert predicted(Reading(GB, ((called(device), GB),)), computer) is None
    assert predicted(Reading(GB), computer) is not None
    assert predicted(Reading(GB), replace(computer, bandwidth=0.0)) is None
    assert predicted(Reading(0), computer) is None


def test_processor_and_card_add_up_and_the_processor_decides() -> None:
    device = card("NVIDIA GeForce RTX 3090")
    computer = replace(COMPUTER, devices=(device,))
    halves = Reading(2 * GB, ((device.description, 2 * GB),))
    both = predicted(halves, computer)
    alone = predicted(Reading(4 * GB), computer)
    fast = predicted(Reading(0, ((device.description, 4 * GB),)), computer)
    assert both is not None
    assert alone is not None
    assert fast is not None
    assert alone.likely < both.likely < 2.1 * alone.likely < fast.likely


# Once answers were timed.


def test_one_answer_tells_the_bandwidth() -> None:
    learned = calibration([run(31e9, STARTING)])
    ((device, pace),) = learned.paces
    assert (device, pace.start) == (PROCESSOR, STARTING)
    assert pace.bandwidth == pytest.approx(31e9)
    computer = replace(COMPUTER, calibration=learned)
    speed = predicted(Reading(8 * GB), computer)
    assert speed is not None
    assert speed.likely == pytest.approx(1 / (STARTING + 8 * GB / 31e9))
    assert speed.high / speed.likely == pytest.approx(1.15)


def test_two_models_tell_the_constant_as_well() -> None:
    timed = [run(31e9, 0.006), run(31e9, 0.006, model="/n", read=GB)]
    ((_, pace),) = calibration(timed).paces
    assert pace.start == pytest.approx(0.006)
    assert pace.bandwidth == pytest.approx(31e9)
    assert pace.spread == pytest.approx(0.1)


def test_what_follows_from_two_models_is_within_a_tenth_for_others() -> None:
    # Answers scatter by some percent; what is left out of the fit has to be met all the same.
    scatter = (1.03, 0.97, 1.04, 0.96, 1.02)
    sizes = (GB, 2 * GB, 4 * GB, 6 * GB, 9 * GB)
    runs = [
        replace(one, seconds=one.seconds * off)
        for one, off in (
            (run(31e9, 0.004, model=f"/{size}", read=size), off)
            for size, off in zip(sizes, scatter, strict=True)
        )
    ]
    for left_out in runs:
        known = [one for one in runs if one is not left_out]
        computer = replace(COMPUTER, calibration=calibration(known))
        speed = predicted(left_out.reading, computer)
        assert speed is not None
        assert speed.low < 1 / left_out.seconds < speed.high
        assert speed.likely == pytest.approx(1 / left_out.seconds, rel=0.1)


def test_nonsense_in_what_was_timed_makes_no_nonsense() -> None:
    odd = [
        TimedRun("/a", Reading(GB), 0.0),
        TimedRun("/b", Reading(0), 0.1),
        TimedRun("/c", Reading(GB), 0.001),
        TimedRun("/d", Reading(4 * GB), 0.0005),
    ]
    for pace in dict(calibration(odd).paces).values():
        assert pace.bandwidth > 0
        assert pace.start >= 0
    # The larger one answering faster tells no constant.
    ((_, pace),) = calibration([run(90e9, 0.0), run(10e9, 0.0, model="/n", read=GB)]).paces
    assert 10e9 < pace.bandwidth <= 100e9


def test_a_model_too_small_to_wait_for_memory_tells_nothing_of_larger_ones() -> None:
    guide = TimedRun("/guide", Reading(5_387_904, ()), 1 / 121.5)
    learned = calibration([guide])
    assert learned.paces == ()
    assert learned.runs == (guide,), "its own speed is known all the same"
    ((_, pace),) = calibration([guide, run(31e9, STARTING)]).paces
    assert pace.bandwidth == pytest.approx(31e9)


def test_the_newest_run_of_a_model_counts() -> None:
    ((_, pace),) = calibration([run(31e9, STARTING), run(5e9, STARTING)]).paces
    assert pace.bandwidth == pytest.approx(31e9)


def test_runs_on_a_card_tell_nothing_of_the_processor() -> None:
    read = Reading(0, (("A card", 4 * GB),))
    learned = calibration([TimedRun("/m", read, STARTING + 4 * GB / 300e9)])
    computer = replace(COMPUTER, calibration=learned)
    paces = paces_of(computer)
    assert paces["A card"].bandwidth == pytest.approx(300e9)
    assert paces[PROCESSOR] == paces_of(COMPUTER)[PROCESSOR]
    shared = TimedRun("/m", Reading(GB, (("A card", GB),)), 0.05)
    assert calibration([shared]).paces == ()


def test_the_measured_speed_of_this_very_model_wins() -> None:
    learned = calibration([run(31e9, STARTING), run(29e9, STARTING, model="/m")])
    computer = replace(COMPUTER, calibration=learned)
    speed = measured("/m", Reading(4 * GB), computer)
    assert speed is not None
    assert speed.is_measured
    assert speed.likely == pytest.approx(1 / (STARTING + 4 * GB / 31e9))
    assert speed.low < speed.likely < speed.high
    assert measured("/other", Reading(4 * GB), computer) is None
    # Not with a part of it on a card.
    assert measured("/m", Reading(2 * GB, (("A card", 2 * GB),)), computer) is None
    known = speed_of(whole(kv=0), 4 * GB, computer, "/m")
    assert known == speed
    other = speed_of(whole(kv=0), 4 * GB, computer, "/other")
    assert other is not None
    assert not other.is_measured
    assert speed_of(whole(kv=0), 4 * GB, replace(COMPUTER, bandwidth=0.0), "/m") is None


def test_nothing_timed_is_no_calibration() -> None:
    assert calibration([]) == Calibration()


# The table of cards.


def test_the_table_of_cards_has_no_card_twice() -> None:
    known = load_card_speeds().known
    assert len(known) > 80
    for variants in known.values():
        memories = [memory for memory, _ in variants]
        assert len(set(memories)) == len(memories)
        assert 0 not in memories or len(memories) == 1
        assert all(30e9 < bandwidth < 5e12 for _, bandwidth in variants)


def test_the_table_of_cards_says_where_it_is_from() -> None:
    table = msgspec.json.decode((resources() / "graphics_cards.json").read_bytes())
    card_of = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "bandwidth_gbs"],
        "properties": {
            "name": {"type": "string", "minLength": 2},
            "memory_gb": {"type": "integer", "minimum": 1},
            "bandwidth_gbs": {"type": "number", "exclusiveMinimum": 0},
        },
    }
    jsonschema.validate(
        table,
        {
            "required": ["schema_version", "data_date", "groups"],
            "properties": {
                "groups": {
                    "items": {
                        "required": ["maker", "share", "source", "cards"],
                        "properties": {
                            "share": {"exclusiveMinimum": 0, "maximum": 1},
                            "source": {"type": "string", "minLength": 40},
                            "cards": {"items": card_of},
                        },
                    }
                }
            },
        },
    )

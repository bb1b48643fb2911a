"""What `lapis fit`, `hardware` and `recommend` print: aligned rows, bars, sentences, JSON."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from desktop.base.translation import Translator
from desktop.domain.advice import Computer, Place, Placed
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.machine import (
    DiskUse,
    Machine,
    MemoryUse,
    Power,
    Processor,
    Supply,
    Unit,
    UnitKind,
    Unknown,
    UnusedDevice,
)
from desktop.domain.model import Device, DeviceKind, Fit, FitLevel, GgufInfo
from desktop.domain.settings import Language
from desktop.domain.speed import Speed
from desktop.domain.text import Text
from desktop.models.catalogue import load_catalogue
from desktop.services.fit_report import FitReport
from desktop.services.picks import three_for
from desktop.services.recommendation import advise
from desktop.terminal.fit import fit_as_json, show_fit
from desktop.terminal.hardware import hardware_as_json, show_hardware
from desktop.terminal.output import Screen
from desktop.terminal.recommend import advice_as_json, picks_as_json, show_advice, show_picks

ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
GB = 10**9
INFO = GgufInfo(
    path=Path("x.gguf"),
    size=5 * GB,
    architecture="llama",
    name="X",
    quantisation="Q4_K_M",
    context_length=131_072,
    block_count=32,
    has_template=True,
    weights=5 * GB,
    parameters=8 * GB,
)
WHOLE = Footprint(
    Point(8192),
    (DeviceBytes(HOST, 5 * GB, GB, GB // 4, GB // 1000),),
    Certainty.MEASURED,
    layers=33,
    process=GB // 8,
)
SHARED = replace(
    WHOLE,
    devices=(
        DeviceBytes(HOST, 2 * GB, GB // 4, GB // 8, GB // 1000),
        DeviceBytes("CUDA0", 3 * GB, 3 * GB // 4, GB // 4),
    ),
    gpu_layers=20,
    projector=GB,
)


class Unicode(io.TextIOWrapper):
    """Standard output that takes any sign; `NO_COLOR` or not, it is no terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    @property
    def said(self) -> str:
        self.flush()
        return bytes(self.buffer.getvalue()).decode(self.encoding)  # type: ignore[attr-defined]


def shown(show: Any, *given: Any, encoding: str = "utf-8") -> tuple[list[str], str]:
    """Return the lines on standard output, and what standard error says."""
    out, err = Unicode(encoding), Unicode()
    show(*given, ENGLISH, Screen(out, err))
    return out.said.splitlines(), err.said


def report(
    footprint: Footprint = WHOLE,
    level: FitLevel = FitLevel.FITS,
    place: Place = Place.PROCESSOR,
    missing: int = 0,
    **more: Any,
) -> FitReport:
    fit = Fit(level, footprint.total, 8 * GB, 16 * GB)
    placed = Placed(footprint, place, fit, 0, missing)
    fields: dict[str, Any] = {"speed": Speed(7.25, 5.0, 9.5), "longest": 24_576, **more}
    return FitReport(INFO, placed, **fields)


def test_the_parts_stand_in_rows_with_bars_that_add_up() -> None:
    lines, err = shown(show_fit, report(), "X", 0)

    assert lines[:2] == ["X", "llama · 8,192 tokens of context · cache f16"]
    assert lines[3:9] == [
        "  Weights        5.0 GB  ███████████████▋",
        "  KV cache       1.0 GB  ███▏",
        "  To compute in  250 MB  ▊",
        "  Results          1 MB  ▏",
        "  Engine         125 MB  ▍",
        "  Together       6.4 GB  ████████████████████",
    ]
    assert lines[10:] == [
        "It fits: it needs 6.4 GB, and 8.0 GB are free.",
        "The longest context that fits is 24,576 tokens.",
        "It should answer with about 7.2 tokens/s (5.0 to 9.5).",
        "",
    ]
    assert err == "Measured by llama.cpp, without loading the weights.\n"


def test_each_device_has_its_column() -> None:
    lines, err = shown(show_fit, report(SHARED, place=Place.BOTH), "X", 5_600_000)

    header, *rows = lines[3:11]
    assert header.split() == ["CPU", "CUDA0", "Together"]
    assert [" ".join(row.split()[:-1]) for row in rows] == [
        "Weights 2.0 GB 3.0 GB 5.0 GB",
        "KV cache 250 MB 750 MB 1.0 GB",
        "To compute in 125 MB 250 MB 375 MB",
        "Results 1 MB 1 MB",
        "Pictures 1.0 GB 1.0 GB",
        "Engine 125 MB 125 MB",
        "Together 3.5 GB 4.0 GB 7.5 GB",
    ]
    assert "It fits with 20 of its 33 layers on the graphics card" in lines[12]
    assert "Only the header was fetched for it: 6 MB." in err


@pytest.mark.parametrize(
    ("level", "place", "missing", "sentence"),
    [
        (FitLevel.FITS, Place.CARD, 0, "It fits on the graphics card as a whole: it needs 6.4 GB"),
        (FitLevel.TIGHT, Place.PROCESSOR, 0, "It fits once other programs give back 0 B"),
        (FitLevel.TOO_LARGE, Place.PROCESSOR, 3 * GB, "6.4 GB, 3.0 GB more than there is for it"),
    ],
)
def test_the_verdict_is_a_sentence_with_figures(
    level: FitLevel, place: Place, missing: int, sentence: str
) -> None:
    lines, _ = shown(show_fit, report(level=level, place=place, missing=missing), "X", 0)

    assert sentence in lines[10]


@pytest.mark.parametrize(
    ("context", "longest", "said", "unsaid"),
    [
        (8192, 131_072, "All of its context fits, 131,072 tokens.", "longest"),
        (8192, 0, "tokens/s", "context fits"),
        (200_000, 24_576, "It was trained for 131,072 tokens of context: with more", "All of"),
        (200_000, 200_000, "It was trained for 131,072 tokens", "context fits"),
    ],
)
def test_how_long_a_context_may_be_is_said(
    context: int, longest: int, said: str, unsaid: str
) -> None:
    footprint = replace(WHOLE, point=Point(context))

    lines, _ = shown(show_fit, report(footprint, longest=longest), "X", 0)

    text = "\n".join(lines[9:])
    assert said in text
    assert unsaid not in text


def test_what_is_too_large_lacks_what_all_of_memory_lacks_and_has_no_speed() -> None:
    # 8 of 16 GB are free: it lacks more than 12 GB now, and 5 when all else is closed.
    much = replace(WHOLE, projector=14 * GB)
    lines, _ = shown(show_fit, report(much, FitLevel.TOO_LARGE, missing=5 * GB, longest=0), "X", 0)

    text = "\n".join(lines[10:])
    assert "20.4 GB, 5.0 GB more than there is for it." in text
    assert "answer" not in text


def test_speeds_are_told_as_what_they_are() -> None:
    timed, _ = shown(show_fit, report(speed=Speed(42.4, 40, 44, is_measured=True)), "X", 0)
    nothing, _ = shown(show_fit, report(speed=None), "X", 0)

    assert "It answered with 42 tokens/s when it was timed here." in timed
    assert "How fast it answers here is not known yet." in nothing


def test_bars_are_made_of_plain_signs_where_others_cannot_be_shown() -> None:
    lines, _ = shown(show_fit, report(), "X", 0, encoding="ascii")

    assert lines[8].endswith("#" * 20)
    assert "?" not in "".join(lines[3:9])


def test_json_has_every_figure_and_the_same_for_each_device() -> None:
    told = json.loads(fit_as_json(report(SHARED, place=Place.BOTH), "X", 123))

    keys = [key for key in told if key.endswith("_bytes") and key != "header_bytes_fetched"]
    assert keys == [
        *("weights_bytes", "kv_bytes", "compute_bytes", "output_bytes", "projector_bytes"),
        *("process_bytes", "total_bytes"),
    ]
    assert list(told["devices"]) == ["CPU", "CUDA0"]
    for key in keys:
        assert told[key] == sum(parts[key] for parts in told["devices"].values())
    assert told["total_bytes"] == sum(told[key] for key in keys[:-1])
    assert told["devices"]["CPU"]["projector_bytes"] == GB
    assert told["fits"]["memory"] == "both"
    assert told["predicted_decode_tps"] == {
        "likely": 7.25,
        "low": 5.0,
        "high": 9.5,
        "measured": False,
    }
    assert (told["max_ctx_that_fits"], told["header_bytes_fetched"]) == (24_576, 123)
    assert json.loads(fit_as_json(report(speed=None), "X", 0))["predicted_decode_tps"] is None


# The computer.

CARD = Device("CUDA0", "A fine card", "CUDA", DeviceKind.GPU, 6 * GB, 8 * GB)
MACHINE = Machine(
    MemoryUse(16 * GB, GB, 8 * GB),
    DiskUse("/models", 500 * GB, 40 * GB, 125 * GB),
    (
        Unit("A processor", UnitKind.PROCESSOR, works=True, can=Text("Uses 8 cores.")),
        Unit("A fine card", UnitKind.CARD, True, Text("Computes."), None, 8 * GB, 6 * GB),
        Unit("Old card", UnitKind.CARD, False, Text("Cannot."), Text("Renew its driver.")),
    ),
    Processor("A processor", ("avx2", "avx512f"), 6, 4, 16),
    usable_cores=10,
    power=Power(Supply.BATTERY, 71),
    devices=(CARD,),
    unused=(UnusedDevice("Old card", Text("Cannot."), Text("Renew its driver."), "old 1.0", GB),),
    bandwidth=38.4e9,
    unknown=(Unknown("disk", Text("The system does not tell")),),
)


def test_the_computer_stands_in_rows_with_bars() -> None:
    lines, _ = shown(show_hardware, MACHINE)

    assert lines[:3] == [
        "Memory       ██████████░░░░░░░░░░  8.0 GB of 16.0 GB free",
        "Disk         ███████████████░░░░░  125.0 GB of 500.0 GB free",
        "A fine card  █████░░░░░░░░░░░░░░░  6.0 GB of 8.0 GB free",
    ]
    assert lines[4:8] == [
        "Cores              6 fast ones and 4 economic ones",
        "Instruction sets   AVX-512, AVX2",
        "Reads from memory  38.4 GB/s",
        "Power              on battery, 71 %",
    ]
    assert lines[9:] == [
        *("A processor", "  Uses 8 cores.", "A fine card", "  Computes."),
        *("Old card", "  Cannot.", "  Renew its driver."),
    ]
    silent = (Unknown("processor.name", Text("The system does not tell")),)
    _, err = shown(show_hardware, replace(MACHINE, unknown=silent))
    assert err == "Processor: The system does not tell\n"


def test_the_computer_as_json_has_every_figure_and_null_where_nobody_can_tell() -> None:
    told = json.loads(hardware_as_json(MACHINE))
    assert told["memory"] == {
        "total_bytes": 16 * GB,
        "free_bytes": 8 * GB,
        "lapis_bytes": GB,
    }
    assert told["devices"][0]["shares_memory"] is False
    assert told["unused_devices"][0]["reason"] == "Cannot."
    assert told["power"] == {"supply": "battery", "charge_percent": 71}
    assert told["unknown"] == {"disk": "The system does not tell"}

    bare = replace(MACHINE, disk=None, devices=None, power=None, bandwidth=None, unused=())
    told = json.loads(hardware_as_json(bare))
    assert told["disk"] is told["devices"] is told["power"] is None
    assert told["processor"]["memory_bandwidth_bytes_per_s"] is None
    shown(show_hardware, bare)


# What suits it.


def test_three_models_stand_below_their_roles() -> None:
    picks = three_for(Computer(32 * GB, 28 * GB, bandwidth=40e9), load_catalogue())

    lines, err = shown(show_picks, picks)

    roles = [line.partition(":")[0] for line in lines if line and not line.startswith(" ")]
    assert roles == ["Best answers", "Balanced", "Fastest"]
    assert picks.best is not None
    assert f"Best answers: {picks.best.model.name}" in lines
    assert f"lapis models pull {picks.best.model.id}:{picks.best.advice.quantisation}" in err
    told = json.loads(picks_as_json(picks))
    assert told["best"]["model"] == picks.best.model.id
    assert told["best"]["repositories"]


def test_a_computer_too_small_for_all_of_them_keeps_the_guide() -> None:
    picks = three_for(Computer(GB, GB // 4), load_catalogue())

    lines, err = shown(show_picks, picks)

    assert picks.all == ()
    assert "built-in guide" in lines[0]
    assert err == ""
    assert set(json.loads(picks_as_json(picks)).values()) == {None}


def test_how_to_take_a_model_is_said_with_its_reason() -> None:
    catalogue = load_catalogue()
    model = catalogue.find("gemma-2-2b-it")
    advice = advise(model, Computer(16 * GB, 12 * GB), catalogue)

    lines, err = shown(show_advice, model, advice)

    assert advice.recommended is not None
    assert lines[0] == model.name
    assert f"Quantisation  {advice.recommended.quantisation}" in lines
    assert str(advice.reason) in lines
    assert "lapis models pull gemma-2-2b-it:" in err
    told = json.loads(advice_as_json(model, advice))
    assert told["recommended"]["quantisation"] == advice.recommended.quantisation
    assert len(told["quantisations"]) == len(advice.quantisations)


def test_where_nothing_fits_the_reason_is_said_and_no_command() -> None:
    catalogue = load_catalogue()
    model = max(catalogue.models, key=lambda one: one.parameters)
    advice = advise(model, Computer(4 * GB, 2 * GB), catalogue)

    lines, err = shown(show_advice, model, advice)

    assert str(advice.reason) in lines
    assert "lapis models pull" not in err
    assert json.loads(advice_as_json(model, advice))["recommended"] is None


def test_chinese_labels_keep_the_columns(tmp_path: Path) -> None:
    class Chinese(Translator):
        def say(self, text: Any, **values: Any) -> str:
            english = super().say(text, **values)
            return {"Weights": "权重", "KV cache": "键值缓存", "Together": "合计"}.get(
                english, english
            )

    out, err = Unicode(), Unicode()
    show_fit(report(), "X", 0, Chinese(Language.CHINESE, tmp_path), Screen(out, err))

    rows = out.said.splitlines()[3:9]
    starts = {cell_len(row[: row.index("B  ")]) for row in rows}
    assert len(starts) == 1

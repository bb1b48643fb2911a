"""`lapis bench`: its arithmetic, its table and JSON, and a real run on a tiny model."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.cells import cell_len

import desktop
from desktop.base.paths import paths_under
from desktop.base.translation import Translator
from desktop.domain.chat import ChatRequest
from desktop.domain.engine import Phase
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel, LoadedModel, LoadPlan
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.models.hardware import Memory
from desktop.services import bench_bindings, bench_desk, bench_stop
from desktop.services.bench import bench, open_desk
from desktop.services.bench_asking import Moment
from desktop.services.bench_bindings import Bindings, NoBindings
from desktop.services.bench_desk import Desk
from desktop.services.bench_texts import greedy
from desktop.services.bench_values import (
    Doing,
    Effort,
    Item,
    Result,
    Side,
    Skipped,
    Subject,
    Unit,
    median_ratio,
)
from desktop.services.engine import Engine, Stopped
from desktop.terminal.bars import bar
from desktop.terminal.bench import results_as_json, show_results
from desktop.terminal.commandline import parse
from desktop.terminal.errors import UsageError
from desktop.terminal.orders import BenchOrder
from desktop.terminal.output import Screen
from tests.gguf_files import write_llama
from tests.harness.models import Models
from tests.harness.waiting import wait_for
from tests.unit.engine_room import model_at

ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
LITTLE = Effort(fewest=1, most=1, seconds=1.0, history=600, reading=1000.0, stops=2)
MODEL = InstalledModel("tiny", "A tiny model", Path("tiny.gguf"), 4_000_000)
LOADED = LoadedModel(
    LoadPlan(Path("tiny.gguf"), threads=2), "llama", "llama", 1, 4_000_000, 512, 512, ("CPU",),
    has_template=True, load_ms=1.0,
)  # fmt: skip
RESULT = Result(
    "decode",
    Text("Speed of writing {count} tokens.", {"count": 128}),
    0.985,
    Unit.SPEED,
    (
        Side("raw_loop", Text("llama.cpp's bare loop"), (10.0, 12.0, 11.0)),
        Side("lapis", Text("Lapis"), (5.5, 5.0, 9.0)),
    ),
    more=(Text("Something to know."),),
)
SKIPPED = Skipped("restart", Text("After a restart."), Text("It is switched off."))
FOUND: list[Item] = [Subject(MODEL, LOADED, 2), RESULT, SKIPPED]


def shown(
    items: Iterator[Item] | list[Item], *, as_json: bool = False, encoding: str = "utf-8"
) -> tuple[int, str, str]:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    err = io.StringIO()
    code = show_results(items, ENGLISH, Screen(out, err), as_json=as_json)
    out.flush()
    return code, out.buffer.getvalue().decode(encoding), err.getvalue()


@contextmanager
def desk_with(path: Path, folder: Path, **plan: object) -> Iterator[Desk]:
    with engine_at(folder, **plan) as engine:
        yield open_desk(engine, model_at(path), LITTLE, threading.Event())


@contextmanager
def engine_at(folder: Path, **plan: object) -> Iterator[Engine]:
    paths = paths_under(folder)
    paths.create()

    def plan_for(chosen: InstalledModel) -> LoadPlan:
        return replace(LoadPlan(chosen.path, threads=1), **plan)  # type: ignore[arg-type]

    engine = Engine(plan_for, paths)
    try:
        yield engine
    finally:
        engine.close()


# Arithmetic


def test_ratios_are_taken_round_by_round_so_that_a_drift_of_both_sides_is_no_difference() -> None:
    assert median_ratio((10.0, 5.0, 2.5), (20.0, 10.0, 5.0)) == 0.5
    assert median_ratio((1.0, 9.0, 4.0), (2.0, 3.0, 8.0)) == 0.5


def test_with_fewer_rounds_on_one_side_the_medians_are_compared() -> None:
    assert median_ratio((30.0, 10.0, 20.0), (10.0,)) == 2.0


def test_slow_models_get_fewer_rounds_and_never_none() -> None:
    effort = Effort(fewest=3, most=7, seconds=60.0, history=0, reading=0.0, stops=0)
    assert [effort.rounds(seconds) for seconds in (0.0, 1.0, 12.0, 3600.0)] == [7, 7, 5, 3]


# The table


def test_the_figure_comes_first_and_bars_have_the_length_of_the_middle_value() -> None:
    code, out, err = shown(list(FOUND))
    lines = out.splitlines()
    assert code == 0
    assert err == ""
    assert lines[0] == "A tiny model, 4 MB · CPU · 2 threads · 512 tokens of context"
    assert lines[2] == " 0.98 ×  Speed of writing 128 tokens."
    raw, lapis = lines[3], lines[4]
    assert raw.split()[-2:] == ["11", "tokens/s"]
    assert lapis.split()[-2:] == ["5.5", "tokens/s"]
    assert lapis.count("█") * 2 == raw.count("█") > 0
    assert raw.index("11 ") == lapis.index("5.5 ")
    assert lines[5].strip() == "Something to know."


def test_what_was_not_measured_is_said_with_its_reason() -> None:
    _code, out, _err = shown(list(FOUND))
    assert out.splitlines()[-2:] == [
        "      –  After a restart.",
        "         Not measured: It is switched off.",
    ]


def test_a_worst_time_shows_the_worst_of_each_side() -> None:
    sides = (Side("prompt", Text("While reading"), (3.0, 41.0, 5.0)),)
    worst = Result("stop", Text("Stop."), 41.0, Unit.MILLISECONDS, sides, in_ms=True)
    _code, out, _err = shown([worst])
    assert "  41 ms  Stop." in out
    assert out.splitlines()[-1].endswith(" 41 ms")


def test_times_of_less_than_a_millisecond_can_be_told_apart() -> None:
    early = Side("lapis_early", Text("Lapis, token 100"), (0.351,))
    late = Side("lapis_late", Text("Lapis, token 4000"), (0.404,))
    depth = Result("depth", Text("Depth."), 1.15, Unit.MILLISECONDS, (early, late))
    _code, out, _err = shown([depth])
    assert [line.split()[-2] for line in out.splitlines()[2:]] == ["0.35", "0.40"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "gbk"])
def test_lines_fit_and_no_sign_is_lost_whatever_the_terminal_writes(encoding: str) -> None:
    long = (
        Side("raw_loop", Text("Model loaded, what was kept is taken up"), (1376.0,)),
        Side("lapis", Text("Lapis"), (905.0,)),
    )
    found: list[Item] = [RESULT, replace(RESULT, sides=long), SKIPPED]
    _code, out, _err = shown(found, encoding=encoding)
    assert "?" not in out
    assert max(cell_len(line) for line in out.splitlines()) <= 80


def test_bars_grow_in_eighths_and_are_never_nothing() -> None:
    assert bar(1.0, plain=False) == "█" * 24
    assert bar(0.5 + 3 / (24 * 8), plain=False) == "█" * 12 + "▍"
    assert bar(0.0, plain=False) == "▏"
    assert bar(0.5, plain=True) == "#" * 12
    assert bar(7.0, plain=True) == "#" * 24


# JSON


def test_json_holds_every_value_and_nothing_but_ascii() -> None:
    code, out, err = shown([Doing(Text("Working")), *FOUND], as_json=True)
    assert code == 0
    assert err == ""
    assert out.isascii()
    told = json.loads(out)
    assert told["complete"] is True
    assert told["model"]["threads"] == 2
    (result,) = told["results"]
    assert (result["name"], result["figure"], result["figure_unit"]) == ("decode", 0.985, "ratio")
    assert [side["values"] for side in result["sides"]] == [[10.0, 12.0, 11.0], [5.5, 5.0, 9.0]]
    assert told["skipped"][0]["reason"] == "It is switched off."


def test_what_was_found_before_a_stop_is_kept() -> None:
    def items() -> Iterator[Item]:
        yield from FOUND
        raise Stopped

    code, out, _err = shown(items(), as_json=True)
    assert code == 130
    assert json.loads(out)["complete"] is False
    assert json.loads(out)["results"][0]["name"] == "decode"
    code, out, err = shown(items())
    assert code == 130
    assert "Speed of writing" in out
    assert err == "Stopped before the end.\n"


# The command line


def test_the_command_line_names_the_model_and_how_much() -> None:
    assert parse(["bench"], ENGLISH) == BenchOrder("", as_json=False, quick=False)
    wanted = BenchOrder("qwen", as_json=True, quick=True)
    assert parse(["bench", "qwen", "--quick", "--json"], ENGLISH) == wanted
    assert parse(["bench", "-m", "qwen", "--quick", "--json"], ENGLISH) == wanted
    assert parse(["bench", "My", "model.gguf"], ENGLISH) == replace(
        wanted, model="My model.gguf", as_json=False, quick=False
    )


def test_a_model_named_twice_is_refused() -> None:
    with pytest.raises(UsageError) as refusal:
        parse(["bench", "qwen", "-m", "gemma"], ENGLISH)
    assert "--model" in str(refusal.value.title)


# Real runs


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that is stopped before it has ended, also on a computer that is busy."""
    return write_llama(tmp_path_factory.mktemp("models") / "slow.gguf", width=256, layers=6)


def test_a_run_measures_everything_on_a_real_engine(slow: Path, tmp_path: Path) -> None:
    with engine_at(tmp_path, n_ctx=2048) as engine:
        items = list(bench(engine, model_at(slow), LITTLE, threading.Event(), keeps_states=True))
    assert not [item for item in items if isinstance(item, Skipped)]
    results = {item.name: item for item in items if isinstance(item, Result)}
    assert list(results) == [
        *("prefill", "decode", "depth", "second_turn", "restart"),
        *("two_at_once", "short_beside", "stop"),
    ]
    assert [side.name for side in results["decode"].sides] == [
        *("raw_loop", "llama_cpp_python", "lapis", "lapis_guessing")
    ]
    assert all(
        value > 0 for item in results.values() for side in item.sides for value in side.values
    )
    # Nothing of the history is read again but the last token of the answer, which was not decoded.
    new, read = (side.values[0] for side in results["second_turn"].sides)
    assert new <= read <= new + 2
    assert [len(side.values) for side in results["stop"].sides] == [LITTLE.stops] * 4
    assert json.loads(results_as_json(items, complete=True))["results"]


def test_what_does_not_fit_is_said_and_skipped(slow: Path, tmp_path: Path) -> None:
    with engine_at(tmp_path, n_ctx=256, slots=1) as engine:
        items = list(bench(engine, model_at(slow), LITTLE, threading.Event(), keeps_states=True))
    skipped = {item.name: str(item.reason) for item in items if isinstance(item, Skipped)}
    assert skipped == {
        "history": "The context window is too small.",
        "two_at_once": "Only one answer at a time is allowed.",
        "short_beside": "Only one answer at a time is allowed.",
    }


def test_a_shortened_history_is_said(slow: Path, tmp_path: Path) -> None:
    with engine_at(tmp_path, n_ctx=1024) as engine:
        effort = replace(LITTLE, history=4000)
        items = list(bench(engine, model_at(slow), effort, threading.Event(), keeps_states=False))
    (turn,) = [item for item in items if isinstance(item, Result) and item.name == "second_turn"]
    assert "instead of 4000: the context window holds no more" in str(turn.more[0])
    assert [item.name for item in items if isinstance(item, Skipped)] == ["restart"]


def test_where_the_bare_loop_has_no_room_the_rest_is_measured(
    slow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_desk, "memory", lambda: Memory(8 * 10**9, 1_000_000))
    with engine_at(tmp_path, n_ctx=2048) as engine:
        items = list(bench(engine, model_at(slow), LITTLE, threading.Event(), keeps_states=True))
    skipped = {item.name: str(item.reason) for item in items if isinstance(item, Skipped)}
    assert list(skipped) == ["speed", "depth"]
    assert "of memory, and 1 MB are free" in skipped["speed"]
    assert [item.name for item in items if isinstance(item, Result)] == [
        *("second_turn", "restart", "two_at_once", "short_beside", "stop")
    ]


def test_ctrl_c_ends_a_run_wherever_it_is(models: Models, tmp_path: Path) -> None:
    with engine_at(tmp_path, n_ctx=2048) as engine:
        cancel = threading.Event()
        items = bench(engine, model_at(models.llama), LITTLE, cancel, keeps_states=True)
        for item in items:
            if isinstance(item, Doing) and "round" in item.what.message:
                break
        cancel.set()
        with pytest.raises(Stopped):
            list(items)


def test_ctrl_c_stops_the_answer_that_is_waited_for(models: Models, tmp_path: Path) -> None:
    with desk_with(models.llama, tmp_path, n_ctx=2048) as desk:
        asking = desk.begin(desk.texts.question(64, 1900))
        desk.cancel.set()
        with pytest.raises(Stopped):
            asking.wait_for(Moment.ENDED)
        desk.cancel.clear()
        asking.wait_for(Moment.ENDED)
        assert asking.stopped


def test_an_answer_that_ends_before_its_stop_does_not_count(models: Models, tmp_path: Path) -> None:
    stops = bench_stop.Stops()
    with desk_with(models.llama, tmp_path, n_ctx=2048) as desk:
        ended = desk.texts.question(64, 1)
        assert not bench_stop.stopped(desk, ended, Moment.ENDED, 0.0, stops)
        assert not stops.ended
        long = desk.texts.question(64, 1900)
        assert bench_stop.stopped(desk, long, Moment.READ, 0.0, stops)
    assert len(stops.ended) == len(stops.free) == 1


def test_a_model_that_cannot_answer_is_an_error_in_words(models: Models, tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine, pytest.raises(LapisError):
        list(bench(engine, model_at(models.bert), LITTLE, threading.Event(), keeps_states=True))


def test_moments_come_in_order_and_the_last_token_of_a_limit_is_no_step(
    models: Models, tmp_path: Path
) -> None:
    with desk_with(models.llama, tmp_path, n_ctx=512) as desk:
        asking = desk.begin(desk.texts.question(64, 10))
        answered = asking.answered()
        times = [asking.wait_for(moment) for moment in Moment]
        assert answered.usage.completion_tokens == 10
    assert answered.steps == 9
    assert asking.asked <= times[0] <= times[1] <= times[2] <= times[3]


def test_questions_have_about_the_length_that_was_wanted_and_none_begins_like_another(
    models: Models, tmp_path: Path
) -> None:
    with desk_with(models.llama, tmp_path, n_ctx=1024) as desk:
        for wanted in (100, 400):
            usage = desk.ask(desk.texts.question(wanted, 1)).usage
            assert abs(usage.prompt_tokens - wanted) < wanted / 10
        questions = [desk.texts.question(100, 1).messages[0].content for _ in range(300)]
    assert len({tuple(text.split()[:3]) for text in questions}) == 300


# llama-cpp-python


def test_llama_cpp_python_reads_and_writes_the_same_tokens(models: Models, tmp_path: Path) -> None:
    with desk_with(models.llama, tmp_path, n_ctx=512) as desk:
        request = desk.texts.question(100, 12)
        answered = desk.ask(request)
        other = Bindings(desk.loaded, 1, threading.Event(), tmp_path)
        try:
            timed = other.ask(request)
            plain = other.ask(ChatRequest(prompt="Once upon a time", sampling=greedy(5)))
        finally:
            other.close()
    # It leaves out the token that begins a text, where a template does not write it.
    assert answered.usage.prompt_tokens - timed.prompt_tokens in {0, 1}
    assert timed.steps == answered.steps == 11
    assert plain.steps == 4
    assert timed.reading_speed > 0
    assert timed.writing_speed > 0


def test_ctrl_c_does_not_wait_for_llama_cpp_python(models: Models, tmp_path: Path) -> None:
    loaded = replace(LOADED, plan=replace(LOADED.plan, path=models.llama))
    cancel = threading.Event()
    other = Bindings(loaded, 1, cancel, tmp_path)
    try:
        cancel.set()
        with pytest.raises(Stopped):
            other.ask(ChatRequest(prompt="Once upon a time", sampling=greedy(5)))
    finally:
        other.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the closed pipe ends it")
def test_a_killed_benchmark_takes_llama_cpp_python_along_at_once(
    models: Models, tmp_path: Path
) -> None:
    code = (
        "import sys, threading, types\n"
        "from pathlib import Path\n"
        "from desktop.services.bench_bindings import Bindings\n"
        "plan = types.SimpleNamespace(path=Path(sys.argv[1]), n_batch=512, n_gpu_layers=0)\n"
        "loaded = types.SimpleNamespace(weights=1, n_ctx=512, plan=plan)\n"
        "other = Bindings(loaded, 1, threading.Event(), Path(sys.argv[2]))\n"
        "print(other._process.pid, flush=True)\n"
        "other._process.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(models.llama), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(desktop.__file__).parents[1],
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        # In the middle of native code it would not see that the pipe is closed, either.
        child.suspend()
        parent.kill()
    try:
        wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def test_llama_cpp_python_that_fails_is_left_out_with_its_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(os.urandom(1000))
    loaded = replace(LOADED, plan=replace(LOADED.plan, path=broken))
    with pytest.raises(NoBindings, match="llama-cpp-python is left out, it fails: ValueError"):
        Bindings(loaded, 1, threading.Event(), tmp_path)
    assert list(tmp_path.iterdir()) == [broken]


def test_a_model_that_does_not_fit_twice_is_not_loaded_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_bindings, "memory", lambda: Memory(8 * 10**9, 3_000_000))
    with pytest.raises(NoBindings, match="it would need 5 MB of memory beside Lapis"):
        Bindings(LOADED, 1, threading.Event(), tmp_path)


def test_without_llama_cpp_python_the_rest_is_measured(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_bindings, "memory", lambda: Memory(8 * 10**9, 0))
    with engine_at(tmp_path, n_ctx=1024) as engine:
        items = bench(engine, model_at(models.llama), LITTLE, threading.Event(), keeps_states=True)
        (prefill,) = [next(item for item in items if isinstance(item, Result))]
        items.close()
        assert engine.state.phase is Phase.READY
    assert [side.name for side in prefill.sides] == ["raw_loop", "lapis"]
    assert "llama-cpp-python is left out" in str(prefill.more[0])

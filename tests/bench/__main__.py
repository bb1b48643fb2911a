"""`python -m tests.bench [BENCH …]`: benchmarks, one table. Without a name all of them."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.bench import (
    answer,
    api,
    cli,
    download,
    engine,
    fit,
    idle,
    kills,
    library,
    popup,
    popup_hung,
    popup_wayland,
    search,
    slider,
    startup,
    streaming,
    transcript,
)
from tests.bench.measure import Figure, table


def main(arguments: list[str]) -> int:
    """Run the benches named, or all; return the exit code."""
    options = _parser().parse_args(arguments)
    wanted = engine.Options(
        parts=_among(options.only, engine.PARTS),
        models=_among(options.model, engine.MODELS),
        folder=options.models,
        quick=options.quick,
        bindings=options.bindings,
    )
    fitting = fit.Options(
        parts=_among(options.only, fit.PARTS),
        models=_among(options.model, fit.MODELS),
        folder=options.models,
    )
    served = api.Options(
        models=_among(options.model, api.MODELS), folder=options.models, quick=options.quick
    )
    benches: Mapping[str, tuple[Callable[[Path], list[Figure]], str]] = {
        "startup": (partial(startup.measure, program=options.program), "about 30 s"),
        "cli": (cli.measure, "about 15 s"),
        "answer": (answer.measure, "about 15 s"),
        "api": (partial(api.measure, options=served), "about 5 minutes"),
        "download": (download.measure, "about 2 minutes"),
        "library": (library.measure, "about 30 s"),
        "slider": (slider.measure, "about 30 s"),
        "transcript": (transcript.measure, "about 2 minutes"),
        "streaming": (streaming.measure, "about 2 minutes"),
        "popup": (popup.measure, "about 2 minutes"),
        "popup-hung": (popup_hung.measure, "about a minute"),
        "search": (search.measure, "about 4 minutes"),
        "idle": (partial(idle.measure, seconds=options.seconds), "about 5 minutes"),
        "kills": (kills.measure, "about 6 minutes"),
        "engine": (partial(engine.measure, options=wanted), "about 30 minutes"),
        "fit": (partial(fit.measure, options=fitting), "about 15 minutes"),
    }
    # Only where they are named: they need more than `make bench` sets up.
    named: Mapping[str, tuple[Callable[[Path], list[Figure]], str]] = {
        "popup-wayland": (popup_wayland.measure, "about a minute"),
    }
    known = {**benches, **named}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        print(f"Unknown: {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 1
    # Someone who starts Lapis has its compiled modules after the first time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    figures: list[Figure] = []
    for name in options.names or benches:
        measure, expected = known[name]
        print(f"Timing {name} ({expected}) …", flush=True)
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lapis-bench-") as folder:
            figures += measure(Path(folder))
        print(f"  took {time.monotonic() - start:.0f} s", flush=True)
    print()
    print(table(figures))
    return 0


def _among(chosen: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return what is `chosen` of the things that one bench knows."""
    return tuple(one for one in chosen if one in known)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench")
    parser.add_argument("names", nargs="*", metavar="BENCH")
    parser.add_argument("--only", action="append", default=[], choices=(*engine.PARTS, *fit.PARTS))
    parser.add_argument(
        "--model", action="append", default=[], choices=(*engine.MODELS, *fit.MODELS)
    )
    parser.add_argument("--models", type=Path, help="where generated model files are kept")
    parser.add_argument("--quick", action="store_true", help="to try it out: no figures to keep")
    parser.add_argument("--program", type=Path, help="startup: the program that is started")
    parser.add_argument("--bindings", action="store_true", help="with llama-cpp-python beside it")
    parser.add_argument(
        "--seconds",
        type=float,
        default=idle.SECONDS,
        help="how long `idle` looks on, each time",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

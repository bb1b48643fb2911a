"""`make fuzz`: thousands of damaged model files, and what became of them.

`make fuzz ARGS="--count 5000 --seed 7"`; one file again: `make fuzz ARGS="--again 7:1234"`.
Files that kill or hang the engine process are kept in `build/fuzz`.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.bases import base_files
from tests.fuzz.mutations import Mutant, mutant
from tests.fuzz.trial import Outcome, Trials, Verdict, trials

_KEPT = Path(__file__).resolve().parents[2] / "build" / "fuzz"
_BAD = frozenset({Outcome.DIED, Outcome.HUNG})
_ALIVE_EVERY = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """A damaged file without its content, and what became of it."""

    name: str
    base: str
    change: str
    verdict: Verdict


def main() -> int:
    """Try the files that the command line asks for; exit code 1 if one kills or hangs."""
    if sys.platform != "linux":
        print("make fuzz forks engine processes and bounds them, as only Linux can.")
        return 1
    options = _options()
    with TemporaryDirectory() as folder:
        bases = base_files(Path(folder))
        seed, wanted = options.seed, range(options.count)
        if options.again:
            seed, number = (int(part) for part in options.again.split(":"))
            wanted = range(number, number + 1)
        print(f"Seed {seed}, {len(wanted)} files, {options.jobs} at once", flush=True)
        started = time.monotonic()
        shares = [wanted[place :: options.jobs] for place in range(options.jobs)]
        with ThreadPoolExecutor(options.jobs) as pool:
            tried = chain.from_iterable(
                pool.map(lambda share: _share(bases, seed, share, Path(folder)), shares)
            )
            done = list(tried)
    _report(done, time.monotonic() - started, everything=bool(options.again))
    return any(one.verdict.outcome in _BAD for one in done)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description="Damaged model files.")
    parser.add_argument("--count", type=int, default=5000, help="how many (5000)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="other files")
    parser.add_argument("--again", default="", metavar="SEED:NUMBER", help="one file again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once")
    return parser.parse_args()


def _share(
    bases: Mapping[str, bytes], seed: int, numbers: Iterable[int], folder: Path
) -> list[Tried]:
    done = []
    with trials() as engine:
        for number in numbers:
            damaged = mutant(bases, seed, number)
            verdict = _verdict(damaged, engine, folder)
            done.append(Tried(damaged.name, damaged.base, damaged.change, verdict))
            if len(done) % _ALIVE_EVERY == 0:
                print(f"  {len(done)} more tried", flush=True)
    return done


def _verdict(damaged: Mutant, engine: Trials, folder: Path) -> Verdict:
    path = folder / f"{damaged.name.replace(':', '-')}.gguf"
    path.write_bytes(damaged.content)
    verdict = engine.of(path)
    if verdict.outcome in _BAD:
        _KEPT.mkdir(parents=True, exist_ok=True)
        (_KEPT / path.name).write_bytes(damaged.content)
    path.unlink()
    return verdict


def _report(done: list[Tried], seconds: float, *, everything: bool) -> None:
    for one in done:
        if everything or one.verdict.outcome in _BAD:
            print(f"{one.name} {one.base}: {one.change}")
            print(f"    {one.verdict.outcome.value}: {one.verdict.detail}")
    counts = Counter(one.verdict.outcome for one in done)
    print(f"{len(done)} files in {seconds:.0f} s; this process survived them all.")
    for outcome in Outcome:
        print(f"  {counts[outcome]:5} {outcome.value}")
    refusals = Counter(
        one.verdict.detail for one in done if one.verdict.outcome in _BAD | {Outcome.REFUSED}
    )
    for detail, count in refusals.most_common():
        print(f"        {count:5} {detail}")
    if counts.keys() & _BAD:
        print(f"The files are kept in build/{_KEPT.name}; --again SEED:NUMBER repeats one.")


if __name__ == "__main__":
    sys.exit(main())

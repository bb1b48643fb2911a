"""Decode rows of several texts in one batch, and each alone; a process of its own.

Argument: a file. Prints JSON: for each number of rows, whether all scores are those of the row
alone, to the last bit.
"""

import json
import os
import sys

from desktop.inference.interrupt import Interrupt
from desktop.inference.load_order import Load
from desktop.inference.rows import Rows
from desktop.inference.runtime import DecodeStatus, Runtime

_TEXTS = ((300, 301, 302, 303), (310, 311, 312, 313), (320, 321, 322, 323))
_NEXT = (330, 331, 332)


def main(path: str) -> None:
    """Load `path`, kernels for interleaved weights included, and compare."""
    runtime = Runtime()
    order = Load(
        path=os.fsencode(path),
        n_ctx=512,
        n_gpu_layers=0,
        threads=1,
        n_batch=512,
        n_ubatch=512,
        kv_type="f16",
        extra_buffers=True,
        slots=len(_TEXTS),
    )
    runtime.load(order, lambda _share: None, Interrupt())

    def decode(rows: Rows) -> None:
        status = runtime.decode(rows)
        if status is not DecodeStatus.DONE:
            sys.exit(f"decoding failed: {status}")

    def scores(sequences: tuple[int, ...]) -> list[list[float]]:
        for sequence in range(len(_TEXTS)):
            runtime.memory.keep(sequence, 0)
        for sequence, text in enumerate(_TEXTS):
            rows = Rows()
            rows.add(text, 0, sequence, logits=False)
            decode(rows)
        rows = Rows()
        for sequence in sequences:
            rows.add((_NEXT[sequence],), len(_TEXTS[sequence]), sequence, logits=True)
        decode(rows)
        return [list(runtime.logits(row)[: runtime.n_vocab]) for row in range(len(sequences))]

    alone = [scores((sequence,))[0] for sequence in range(len(_TEXTS))]
    told = {str(count): scores(tuple(range(count))) == alone[:count] for count in (2, 3)}
    told["different texts"] = len({tuple(row) for row in alone}) == len(alone)
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])

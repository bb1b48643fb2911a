"""Let heads for the next tokens follow a text on winding ways; a process of its own.

Argument: a file. Prints JSON: for each way the guesses at its end, all of the same text.
"""

import json
import os
import sys

from desktop.inference.interrupt import Interrupt
from desktop.inference.load_order import Load
from desktop.inference.rows import Rows
from desktop.inference.runtime import DecodeStatus, Runtime

_FIRST = 270
_LENGTH = 300
_GUESSES = 6


def main(path: str) -> None:  # noqa: C901, PLR0915 - one way to the same place after another
    """Load `path` and read the same text on each way."""
    runtime = Runtime()
    order = Load(
        path=os.fsencode(path),
        n_ctx=2048,
        n_gpu_layers=0,
        threads=1,
        n_batch=256,
        n_ubatch=256,
        kv_type="f16",
        extra_buffers=False,
        slots=4,
        draft_tokens=8,
        next_token_heads=True,
        rollback=8,
    )
    runtime.load(order, lambda _share: None, Interrupt())
    memory, heads = runtime.memory, runtime.heads
    if heads is None:
        sys.exit("no heads")
    text = [_FIRST + 7 * place % 83 for place in range(_LENGTH)]

    def decode(tokens: list[int], begin: int, sequence: int = 0) -> None:
        rows = Rows()
        rows.add(tokens, begin, sequence, logits=False)
        if runtime.decode(rows) is not DecodeStatus.DONE:
            sys.exit("decoding failed")

    def guesses(sequence: int = 0) -> list[int]:
        return heads.draft(sequence, text, _GUESSES)

    def begin(count: int) -> None:
        for sequence in range(4):
            memory.keep(sequence, 0)
        for start in range(0, count, 100):
            decode(text[start : min(count, start + 100)], start)

    told: dict[str, list[int]] = {}
    begin(_LENGTH - 1)
    told["in chunks"] = guesses()

    begin(20)
    for place in range(20, _LENGTH - 1):
        decode(text[place : place + 1], place)
    told["token by token"] = guesses()

    begin(200)
    for place in range(200, _LENGTH - 1):
        heads.draft(0, text[: place + 1], 1 + place % 3)
        decode(text[place : place + 1], place)
    told["guessing all the way"] = guesses()

    begin(200)
    place = 200
    while place < _LENGTH - 1:
        right = min(place % 3, _LENGTH - 2 - place)
        heads.draft(0, text[: place + 1], 3)
        wrong = [_FIRST + place % 5, _FIRST + 1]
        decode(text[place : place + 1 + right] + wrong, place)
        place += 1 + right
        if not memory.take_back(0, place):
            memory.keep(0, place)
    told["with guesses refused"] = guesses()

    begin(200)
    place = 200
    while place < _LENGTH - 1:
        decode([text[place], _FIRST + place % 5], place)
        place += 1
        if not memory.take_back(0, place):
            memory.keep(0, place)
    told["with guesses of others refused"] = guesses()

    begin(150)
    memory.share(0, 3, 150)
    decode([_FIRST] * 3, 150)
    decode(text[150:-1], 150, 3)
    told["in another slot"] = guesses(3)

    told["of another text"] = heads.draft(3, [*text[:-2], _FIRST, text[-1]], _GUESSES)
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])

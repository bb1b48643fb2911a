"""Take tokens back from a real recurrent state and go on from there; a process of its own.

Argument: a file. Prints JSON: what could be taken back, and for each way of going on how far its
scores are from those of a text that never had the tokens.
"""

import json
import os
import sys

from desktop.inference.interrupt import Interrupt
from desktop.inference.load_order import Load
from desktop.inference.rows import Rows
from desktop.inference.runtime import DecodeStatus, Runtime

_BEGIN = (300, 301, 302)
_NEXT = 310
_WRONG = (322, 323)
_LAST = 330


def main(path: str) -> None:
    """Load `path` with states for three tokens, and try."""
    runtime = Runtime()
    order = Load(
        path=os.fsencode(path),
        n_ctx=512,
        n_gpu_layers=0,
        threads=1,
        n_batch=512,
        n_ubatch=512,
        kv_type="f16",
        extra_buffers=False,
        slots=3,
        draft_tokens=3,
        rollback=3,
    )
    runtime.load(order, lambda _share: None, Interrupt())
    memory = runtime.memory
    known = len(_BEGIN) + 1

    def decode(tokens: tuple[int, ...], begin: int, sequence: int = 0) -> list[float]:
        rows = Rows()
        rows.add(tokens, begin, sequence, logits=True)
        status = runtime.decode(rows)
        if status is not DecodeStatus.DONE:
            sys.exit(f"decoding failed: {status}")
        return list(runtime.logits(len(tokens) - 1)[: runtime.n_vocab])

    def wrong() -> None:
        for sequence in range(3):
            memory.keep(sequence, 0)
        decode(_BEGIN, 0)
        decode((_NEXT, *_WRONG), len(_BEGIN))

    def away(scores: list[float]) -> float:
        return max(abs(one - other) for one, other in zip(scores, right, strict=True))

    decode(_BEGIN, 0)
    decode((_NEXT,), len(_BEGIN))
    right = decode((_LAST,), known)

    wrong()
    told: dict[str, object] = {
        "beyond the batch": memory.take_back(0, len(_BEGIN)),
        "within the batch": memory.take_back(0, known),
        "held": memory.holds(0, known),
        "twice": memory.take_back(0, known - 1),
        "going on": away(decode((_LAST,), known)),
    }
    wrong()
    memory.take_back(0, known)
    told["shared"] = memory.share(0, 1, known)
    told["sharer"] = away(decode((_LAST,), known, 1))
    told["source"] = away(decode((_LAST,), known))
    wrong()
    memory.take_back(0, known)
    state = bytearray(memory.state_size(0))
    memory.save(0, state)
    memory.restore(2, state)
    told["restored"] = away(decode((_LAST,), known, 2))
    wrong()
    memory.broke_off([0])
    told["broken off"] = memory.take_back(0, known) or memory.holds(0, known + len(_WRONG))
    memory.keep(0, 0)
    decode(_BEGIN, 0)
    told["anew"] = memory.holds(0, len(_BEGIN))
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])

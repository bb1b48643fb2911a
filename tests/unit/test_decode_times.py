"""How long a batch takes is known also where the clock of the system goes in steps."""

import subprocess
import sys
from pathlib import Path

from tests.gguf_files import write_llama

# Windows before Python 3.13 tells 15.6 ms from 31.2 and nothing between.
TRIAL = """
import os, sys, time
fine = time.monotonic
time.monotonic = lambda: fine() // (1 / 64) / 64
from desktop.inference.batch_cost import BatchCost
from desktop.inference.interrupt import Interrupt
from desktop.inference.load_order import Load
from desktop.inference.rows import Rows
from desktop.inference.runtime import Runtime
runtime = Runtime()
order = Load(
    path=os.fsencode(sys.argv[1]), n_ctx=256, n_gpu_layers=0, threads=1, n_batch=32, n_ubatch=32,
    kv_type="f16", extra_buffers=False, slots=1, draft_tokens=0,
)
runtime.load(order, lambda _share: None, Interrupt())
costs = BatchCost(gpu=False, repacked=False, lone_attention=0.0)
place = 0
for count in (1, 2) * 5:
    rows = Rows()
    rows.add([300] * count, place, 0, logits=False)
    runtime.decode(rows)
    place += count
    assert runtime.last_decode > 0
    costs.observe(count, runtime.last_decode)
print(costs.of_guesses(1, 1)[0])
"""


def test_a_batch_that_is_sooner_done_than_a_step_of_the_clock_took_its_time(tmp_path: Path) -> None:
    model = write_llama(tmp_path / "tiny.gguf")

    told = subprocess.run(
        [sys.executable, "-c", TRIAL, str(model)], capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "1.0"

"""What real llama.cpp makes of grammars, one process for a batch."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Native:
    """Whether llama.cpp took the grammar, and the text written along it for each seed."""

    accepted: bool
    texts: list[str | None]


def ask_llama(
    model: Path, grammars: Sequence[str], tokens: int = 0, seeds: Sequence[int] = ()
) -> list[Native]:
    """Return an entry for each grammar; fails naming the one that llama.cpp died of."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.grammar_in_llama", str(model)],
        input=json.dumps({"grammars": list(grammars), "tokens": tokens, "seeds": list(seeds)}),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=100,
        check=False,
        cwd=_ROOT,
        env=os.environ | {"GGML_NO_BACKTRACE": "1"},
    )
    said = [Native(**json.loads(line)) for line in done.stdout.splitlines() if line[:1] == "{"]
    fatal = grammars[len(said)][:500] if len(said) < len(grammars) else ""
    assert done.returncode == 0, (done.returncode, fatal, done.stderr[-500:])
    return said

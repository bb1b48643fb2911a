"""Scripts of the tests that load a model file by themselves: each runs in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent


def told_by(script: str, path: Path) -> Any:
    """Return what a script in `tests` says about a model file."""
    done = subprocess.run(
        [sys.executable, str(_FOLDER / script), str(path)],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)

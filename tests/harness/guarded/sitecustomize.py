"""Found by Python through PYTHONPATH: the loopback guard in programs that tests start."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.harness.loopback import LoopbackGuard

LoopbackGuard()

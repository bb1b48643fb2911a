"""`python -m tests.installers.prepare DEB`: fetch all that the tests of the installers take.

They run without a network afterwards.
"""

import sys
from pathlib import Path

from installers.dev.console import StepFailed
from tests.installers import empty_system, wine


def main(deb: Path) -> int:
    """Make what is missing; return the exit code."""
    try:
        empty_system.prepare(deb)
        wine.prepare()
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

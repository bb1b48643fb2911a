"""`make test-installers`: packages installed, upgraded and removed in empty systems.

Downloads happen here; the tests run without a network, and in a mount namespace of their own, so
that nothing stays mounted whatever becomes of them.
"""

import os
import sys
from collections.abc import Sequence

from installers.dev import packages, shipped_engine
from installers.dev.console import StepFailed, must, say
from installers.dev.places import MAIN, ROOT, clean_environment


def test(arguments: Sequence[str]) -> None:
    """Make the packages if their sources changed, then run `tests/installers`.

    `arguments` go to pytest. Raises StepFailed.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise StepFailed("These tests install into systems of their own: on Linux, as root.")
    made = packages.ensure()
    settings = clean_environment(
        PYTHONUNBUFFERED="1",
        LAPIS_TEST_ENGINE=str(shipped_engine.ensure()),
        **{f"LAPIS_TEST_{kind.upper()}": str(path) for kind, path in made.items()},
    )
    must([MAIN.python, "-m", "tests.installers.prepare", made["deb"]], cwd=ROOT, env=settings)
    say("Tests: installers (about 10 minutes) …")
    must(
        [
            *("unshare", "--mount", "--propagation", "private"),
            *(MAIN.python, "-m", "tests.harness.offline", MAIN.python, "-m", "pytest"),
            *(arguments or ("tests/installers",)),
        ],
        cwd=ROOT,
        env=settings,
    )

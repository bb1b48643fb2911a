"""`make test-portal`: the key on a Wayland desktop, with everything that is real about it.

KWin runs inside a virtual screen, with the desktop portal and KDE's part of it; keys are pressed on
the screen outside. What every desktop does differently is in `make test`, with a portal that is
played.
"""

import sys

from installers.dev.console import StepFailed, must, say
from installers.dev.places import MAIN, ROOT, clean_environment


def test() -> None:
    """Run `tests/portal`, and time the key; needs the main environment; raises StepFailed."""
    if sys.platform != "linux":
        raise StepFailed("The desktop portal is a thing of Linux.")
    environment = clean_environment(PYTHONUNBUFFERED="1")
    python = MAIN.python
    offline = (python, "-m", "tests.harness.offline", python, "-m")
    say("Tests: portal (about 3 minutes) …")
    must([*offline, "pytest", "tests/portal"], cwd=ROOT, env=environment)
    must([*offline, "tests.bench", "popup-wayland"], cwd=ROOT, env=environment)

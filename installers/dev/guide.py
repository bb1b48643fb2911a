"""`make guide` and `make guide-eval`: the built-in model, trained anew and examined."""

from installers.dev import environment
from installers.dev.console import must, step
from installers.dev.lock import guide_unlocked
from installers.dev.places import GUIDE, GUIDE_LOCK, MAIN, ROOT, clean_environment


def train() -> None:
    """Write `resources/guide/guide.gguf` from its corpus; raises StepFailed."""
    wanted = GUIDE_LOCK.read_text(encoding="utf-8") + "\n".join(guide_unlocked())
    stamp = GUIDE.folder / "lapis-setup.txt"
    environment.make_folder(GUIDE)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        with step("Installing PyTorch", "several minutes; up to 3 GB to download"):
            environment.install_lock(GUIDE, GUIDE_LOCK.read_text(encoding="utf-8"))
            must(
                [GUIDE.python, "-m", "pip", "install", "--quiet", *guide_unlocked()],
                cwd=ROOT,
                env=clean_environment(),
            )
            stamp.write_text(wanted, encoding="utf-8")
    with step("Training the guide", "about an hour on 2 cores"):
        must([GUIDE.python, "resources/guide/train.py"], cwd=ROOT, env=clean_environment())


def evaluate() -> None:
    """Put the evaluation questions to the guide and print its score; raises StepFailed."""
    with step("Examining the guide", "2 to 4 minutes"):
        must([MAIN.python, "resources/guide/evaluate.py"], cwd=ROOT, env=clean_environment())

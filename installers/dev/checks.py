"""`make check` and `make format`: format, lint, strict types, layers."""

from pathlib import Path

from installers.dev import code_lines
from installers.dev.console import StepFailed, must, run, say, step
from installers.dev.places import MAIN, ROOT, clean_environment


def check() -> None:
    """Run every check, also after one has failed, and tell how much code there is.

    Raises StepFailed that names those that failed.
    """
    python = MAIN.python
    layers = "tests/unit/test_layers.py"
    checks: dict[str, list[str | Path]] = {
        "Format": [MAIN.program("ruff"), "format", "--check", "--quiet", "."],
        "Lint": [MAIN.program("ruff"), "check", "--quiet", "."],
        "Types": [python, "-m", "mypy"],
        "Layers": [python, "-m", "pytest", "-q", "-p", "no:pytest-qt", layers],
    }
    expected = {"Types": "half a minute the first time"}
    failed = []
    for name, command in checks.items():
        with step(name, expected.get(name, "")):
            if run(command, cwd=ROOT, env=clean_environment()):
                failed.append(name)
    say(code_lines.told())
    if failed:
        raise StepFailed(f"Not in order: {', '.join(failed)}. `make format` mends what it can.")


def tidy() -> None:
    """Format everything and mend what the linter can mend by itself."""
    ruff = MAIN.program("ruff")
    with step("Formatting"):
        run([ruff, "check", "--quiet", "--fix", "."], cwd=ROOT, env=clean_environment())
        must([ruff, "format", "."], cwd=ROOT, env=clean_environment())

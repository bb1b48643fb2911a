"""`python -m installers.release.changes [--short] VERSION`: what has changed, for people who get it.

All that CHANGELOG.md tells of the version, as the page of the release has it; `--short` is its
headlines, as far as the signed file that tells of a release has room for them.
"""

import argparse
import sys
from collections.abc import Sequence

from desktop.hub.update_news import LONGEST_NOTE
from installers.dev.console import StepFailed
from installers.dev.places import ROOT
from installers.linux.texts import Release, releases


def changes(told: Sequence[Release], version: str) -> str:
    """Return all that is told of `version`; raises StepFailed where nothing is."""
    return f"{_of(told, version).changed}\n"


def short(told: Sequence[Release], version: str) -> str:
    """Return as many headlines of `version` as may be told, a line each; raises StepFailed."""
    text = ""
    for headline in _of(told, version).headlines:
        longer = f"{text}{headline}\n"
        if len(longer) > LONGEST_NOTE:
            break
        text = longer
    return text


def _of(told: Sequence[Release], version: str) -> Release:
    for release in told:
        if release.version == version and release.changed:
            return release
    raise StepFailed(f"CHANGELOG.md says nothing about {version}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installers.release.changes")
    parser.add_argument("--short", action="store_true", help="its headlines only")
    parser.add_argument("version")
    given = parser.parse_args(arguments)
    try:
        told = releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
        print((short if given.short else changes)(told, given.version), end="")
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

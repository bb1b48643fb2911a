"""Which installed packages Lapis needs, and which are only there to make the bundle.

Runs inside the environment that is bundled, which has `packaging`: a tool that is installed beside
the program would be taken along by every library that can make use of it.
"""

import tomllib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers.bundle.contents import ROOT


def needed(project: Path = ROOT / "pyproject.toml") -> frozenset[str]:
    """Return the names of the installed packages that Lapis depends on, directly or not."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    wanted = [(text, "") for text in table["dependencies"]]
    asked: set[tuple[str, str]] = set()
    found: set[str] = set()
    while wanted:
        text, extra_of_parent = wanted.pop()
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra_of_parent}):
            continue
        name = canonicalize_name(requirement.name)
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        for extra in {"", *requirement.extras}:
            if (name, extra) not in asked:
                asked.add((name, extra))
                wanted.extend((text, extra) for text in requires)
    return frozenset(found)


def tool_modules() -> list[str]:
    """Return the top-level modules of all other installed packages, which stay out."""
    ours = needed()
    return sorted(name for name, owners in _owners().items() if not owners & ours)


def _owners() -> Mapping[str, frozenset[str]]:
    return {
        module: frozenset(canonicalize_name(owner) for owner in owners)
        for module, owners in metadata.packages_distributions().items()
    }

"""What goes into the bundle: the tables of `contents.toml`, as PyInstaller's spec asks for them.

Runs inside PyInstaller and in the tests, with nothing but Python.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
_TABLES: Final = Path(__file__).with_name("contents.toml")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which files of the bundle are left out, and why."""

    why: str
    drop: tuple[re.Pattern[str], ...]
    keep: tuple[re.Pattern[str], ...] = ()

    def drops(self, path: str) -> bool:
        """Tell whether the file at `path`, with "/" between folders, is left out."""
        if any(pattern.fullmatch(path) for pattern in self.keep):
            return False
        return any(pattern.fullmatch(path) for pattern in self.drop)


@dataclass(frozen=True, slots=True)
class Contents:
    """The tables for one system."""

    hidden: tuple[str, ...]
    excluded: tuple[str, ...]
    distributions: tuple[str, ...]
    data: tuple[tuple[str, str], ...]
    """Each a package and the path of a file in it."""
    resources: tuple[Rule, ...]
    files: tuple[Rule, ...]

    def keeps(self, path: str) -> bool:
        """Tell whether the file at `path` inside `_internal` stays in the bundle."""
        path = path.replace("\\", "/")
        return not any(rule.drops(path) for rule in self.files)

    def resource_files(self, *folders: Path) -> Iterator[tuple[Path, str]]:
        """Yield each file of resources that goes in, and its path inside `resources`.

        Of two with the same path, the one in the later of `folders` is taken.
        """
        found: dict[str, Path] = {}
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                if path.is_file() and not any(rule.drops(name) for rule in self.resources):
                    found[name] = path
        for name, path in sorted(found.items()):
            yield path, name


def read_contents(system: str = sys.platform) -> Contents:
    """Return the tables for `system`, named as `sys.platform` does."""
    tables = tomllib.loads(_TABLES.read_text(encoding="utf-8"))
    modules = tables["modules"]
    return Contents(
        hidden=tuple(modules["hidden"]),
        excluded=tuple(name for group in modules["excluded"] for name in group["names"]),
        distributions=tuple(tables["metadata"]["distributions"]),
        data=tuple((entry["package"], name) for entry in tables["data"] for name in entry["files"]),
        resources=tuple(
            Rule(rule["why"], _patterns(rule["paths"])) for rule in tables["resources"]["drop"]
        ),
        files=tuple(
            Rule(rule["why"], _patterns(rule["drop"]), _patterns(rule.get("keep", ())))
            for rule in tables["files"]
            if rule.get("system", system) == system
        ),
    )


def our_modules(root: Path = ROOT) -> list[str]:
    """Return the names of all modules of Lapis, whether or not anything imports them."""
    names = []
    for path in sorted((root / "desktop").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def _patterns(texts: Iterable[Any]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text) for text in texts)

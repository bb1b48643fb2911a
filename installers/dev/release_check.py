"""`make release-check`: what has to agree before a release goes out.

The version stands in one place, `desktop/__init__.py`; everything else is derived from it or has to
say the same. With a tag at the commit (or named: `make release-check ARGS=v1.2.3`) the release has
to be complete, too. Every disagreement is printed, not only the first.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from installers.dev import environment
from installers.dev.console import StepFailed, must, say
from installers.dev.lockfile import read_lock
from installers.dev.places import MAIN, ROOT, clean_environment
from installers.dev.system_packages import Purpose
from installers.facts import numbers
from installers.linux import texts

_VERSION: Final = re.compile(r'^__version__ = "(?P<version>[^"]*)"$', re.MULTILINE)
_PLAIN: Final = re.compile(r"\d+\.\d+\.\d+")
_METAINFO: Final = Path("installers/linux/data/io.github.lapis_assistant.Lapis.metainfo.xml")
# Recipes of installers: the version is handed to them.
_RECIPES: Final = frozenset(
    {".desktop", ".isl", ".iss", ".json", ".pas", ".plist", ".sh", ".spec", ".toml", ".xml", ".yml"}
)
_LOCKS: Final = {
    "requirements.lock": ("build", "dev"),
    "requirements-bundle.lock": ("bundle",),
}


def check(arguments: Sequence[str] = ()) -> None:
    """Check the checkout; `arguments` may name the tag. Raises StepFailed."""
    environment.ensure(Purpose.RUN)
    tags = arguments or _tags_here()
    must(
        [MAIN.python, "-m", "installers.dev.release_check", *tags],
        cwd=ROOT,
        env=clean_environment(),
    )


def problems(root: Path, tags: Sequence[str] = ()) -> list[str]:
    """Return every disagreement in the checkout `root`, in words; `tags` are those of its commit."""
    try:
        version = version_of(root)
    except StepFailed as failure:
        return [str(failure)]
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _one_place(root, version),
        lambda: _changes(root, version, tags),
        lambda: _metainfo(root, version),
        lambda: _windows(version),
        lambda: _tags(version, tags),
        lambda: _locks(root),
    )
    return [problem for each in checks for problem in each()]


def version_of(root: Path) -> str:
    """Return the version that `desktop/__init__.py` names; raises StepFailed."""
    found = _VERSION.search((root / "desktop" / "__init__.py").read_text(encoding="utf-8"))
    if found is None or not _PLAIN.fullmatch(found["version"]):
        raise StepFailed("desktop/__init__.py names no version of the form 1.2.3.")
    return found["version"]


def _one_place(root: Path, version: str) -> Iterator[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    if "version" in project["project"]:
        yield "pyproject.toml names a version of its own; it has to take the one of desktop."
    if project["tool"]["hatch"]["version"]["path"] != "desktop/__init__.py":
        yield "pyproject.toml does not take the version from desktop/__init__.py."
    literal = re.compile(rf"(?<![\w.]){re.escape(version)}(?![\w.])")
    for path in sorted((root / "installers").rglob("*")):
        written_by_hand = path.suffix in _RECIPES and "licences" not in path.parts
        if written_by_hand and literal.search(path.read_text(encoding="utf-8-sig")):
            yield f"{path.relative_to(root).as_posix()} has the version {version} written into it."


def _changes(root: Path, version: str, tags: Sequence[str]) -> Iterator[str]:
    try:
        told = texts.releases((root / "CHANGELOG.md").read_text(encoding="utf-8"))
        texts.must_be_newest(told, version)
    except StepFailed as failure:
        yield str(failure)
        return
    if tags and not told[0].date:
        yield f"CHANGELOG.md has no date for {version}, which is tagged."
    yield from (
        f"CHANGELOG.md has no date for {old.version}, which is not the newest."
        for old in told[1:]
        if not old.date
    )
    dates = [release.date for release in told if release.date]
    if dates != sorted(dates, reverse=True):
        yield "CHANGELOG.md does not have the newest release first."
    if not told[0].headlines:
        yield f"CHANGELOG.md says nothing about {version}."


def _metainfo(root: Path, version: str) -> Iterator[str]:
    """Make the description for software centres once, as a package has it."""
    template = (root / _METAINFO).read_text(encoding="utf-8")
    told = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        made = texts.metainfo(template, texts.releases(told), version, built=0)
    except StepFailed:
        return  # Told above.
    try:
        first = ElementTree.fromstring(made.encode()).find("releases/release")  # noqa: S314 - our own file
    except ElementTree.ParseError as error:
        yield f"{_METAINFO.name} is no XML: {error}."
        return
    if first is None or first.get("version") != version:
        yield f"{_METAINFO.name} does not begin its releases with {version}."


def _windows(version: str) -> Iterator[str]:
    if ".".join(str(number) for number in numbers(version)) != f"{version}.0":
        yield f"Windows would call version {version} something else."


def _tags(version: str, tags: Sequence[str]) -> Iterator[str]:
    yield from (
        f"The tag {tag} does not fit version {version}: it has to be v{version}."
        for tag in tags
        if tag != f"v{version}"
    )


def _locks(root: Path) -> Iterator[str]:
    """Every requirement has to be pinned, to a version that it allows."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for file, extras in _LOCKS.items():
        pinned: dict[str, list[str]] = {}
        for entry in read_lock(root / file):
            pinned.setdefault(canonicalize_name(entry.name), []).append(entry.version)
        optional = project["optional-dependencies"]
        wanted = [*project["dependencies"], *(text for name in extras for text in optional[name])]
        for requirement in map(Requirement, wanted):
            versions = pinned.get(canonicalize_name(requirement.name), [])
            if not any(requirement.specifier.contains(version) for version in versions):
                yield f"{file} does not fit {requirement.name} of pyproject.toml: run `make lock`."


def untranslated() -> Iterator[str]:
    """Yield what is wrong with the words of the program in other languages than English."""
    from installers.dev import translations

    template = translations.template_from_sources()
    wanted = {message.id for message in translations.entries(template)}
    for language in translations.LANGUAGES:
        catalogue = translations.read_catalogue(translations.catalogue_path(language), language)
        there = {
            message.id
            for message in translations.entries(catalogue)
            if message.string and not message.fuzzy
        }
        if missing := wanted - there:
            yield f"{len(missing)} texts are not translated ({language}): run `make translations`."


def _tags_here() -> list[str]:
    """Return the tags of releases at this commit; none where this is no checkout of git."""
    listed = subprocess.run(
        ["git", "tag", "--points-at", "HEAD", "--list", "v*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout.split()


def main(arguments: list[str]) -> int:
    """Print what disagrees; return 1 if anything does."""
    found = [*problems(ROOT, arguments), *untranslated()]
    for problem in found:
        say(problem)
    if not found:
        say(f"Lapis {version_of(ROOT)}: everything agrees.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Licence texts of everything that is bundled, for the folder that About shows.

`licences.json` lists the parts, the files beside it hold the texts. Both depend on nothing but the
installed packages and `installers/licences`, so two builds write the same bytes. Written with
importlib.metadata and `packaging`, not with pip-licenses: that lists packages, but knows neither
which of them are bundled nor anything that is no package, and gives no SPDX expression.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from installers.dev.console import StepFailed, must, say
from installers.dev.package_part import Part
from installers.dev.places import ROOT, Environment, clean_environment

INDEX = "licences.json"
OWN_TEXT = "lapis.txt"
_LIBRARY = re.compile(r".*\.(so|dylib|dll|pyd)(\.\d+)*")
# Where a program's libraries lie, in a folder and in a program of macOS.
_INSIDE = ("_internal", "Contents/Frameworks")


def write(environment: Environment, folder: Path) -> None:
    """Write the index and the texts for what `environment` holds into `folder`.

    Raises StepFailed that names every part with an unknown licence.
    """
    _in(environment, "write", folder)


def check(environment: Environment, bundle: Path) -> None:
    """Raise StepFailed if a shared library of `bundle` belongs to no part that is listed."""
    _in(environment, "check", bundle)


def _in(environment: Environment, task: str, place: Path) -> None:
    # What is installed there is asked of its own interpreter.
    must(
        [environment.python, "-m", "installers.dev.notices", task, place],
        cwd=ROOT,
        env=clean_environment(),
    )


def write_parts(parts: Iterable[Part], folder: Path) -> None:
    """Write index and texts of `parts`. Raises StepFailed where two texts claim one file."""
    listed = []
    texts: dict[str, str] = {}
    for part in parts:
        for text in part.texts:
            if texts.setdefault(text.file, text.words) != text.words:
                raise StepFailed(f"Two different licence texts are both called {text.file}.")
        listed.append(_entry(part))
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in texts.items():
        (folder / name).write_text(words, encoding="utf-8", newline="\n")
    index = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    (folder / INDEX).write_text(index, encoding="utf-8", newline="\n")


def _entry(part: Part) -> Mapping[str, object]:
    return {
        "name": part.name,
        "version": part.version,
        "licence": part.licence,
        "homepage": part.homepage,
        "files": [text.file for text in part.texts],
    }


def unclaimed(parts: Iterable[Part], bundle: Path) -> list[str]:
    """Return the shared libraries of `bundle` that belong to none of `parts`, as paths in it."""
    exact: set[str] = set()
    patterns: list[str] = []
    for part in parts:
        for name in part.libraries:
            if part.purl:
                exact.add(name.replace("\\", "/"))
            else:
                patterns.append(name)
    inside = next((bundle / name for name in _INSIDE if (bundle / name).is_dir()), bundle)
    left = []
    for path in sorted(inside.rglob("*")):
        name = path.relative_to(inside).as_posix()
        if path.is_symlink() or not path.is_file() or not _LIBRARY.fullmatch(path.name):
            continue
        if name not in exact and not _any(patterns, name):
            left.append(name)
    return left


def _any(patterns: Iterable[str], name: str) -> bool:
    # A pattern without a folder is one for the file's name at the top, and nowhere else. Windows
    # knows no letter case, and its libraries come in either.
    depth = len(PurePosixPath(name).parts)
    return any(
        fnmatchcase(name.lower(), pattern.lower())
        for pattern in patterns
        if "/" in pattern or depth == 1
    )


def main(arguments: list[str]) -> int:
    """Carry out `write FOLDER` or `check BUNDLE` for the environment that runs this."""
    from installers.dev.components import parts

    task, place = arguments
    try:
        listed = parts().all
        if task == "write":
            write_parts(listed, Path(place))
            shutil.copyfile(ROOT / "LICENSE", Path(place) / OWN_TEXT)
        elif strangers := unclaimed(listed, Path(place)):
            raise StepFailed(
                "These libraries are bundled, and no licence is listed for them: "
                + ", ".join(strangers)
            )
    except StepFailed as failure:
        say(str(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Everything that a bundle of Lapis is made of: other people's work, its version and its licence.

Two sources: the metadata of the packages that are installed in the environment that is bundled, and
`installers/licences/components.json` for what no package speaks for. Both the texts that come with
Lapis (`notices`) and the bill of materials (`sbom`) are written from the same list.

Runs in the environment that is bundled, which has `packaging`.
"""

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from installers.dev.console import StepFailed
from installers.dev.distribution_licences import packages
from installers.dev.package_part import Part, Text
from installers.dev.places import ROOT

LICENCES: Final = ROOT / "installers" / "licences"
_TABLE: Final = "components.json"
_OF: Final = "of "


@dataclass(frozen=True, slots=True)
class Parts:
    """What the bundle is made of: installed packages, then everything else, each by name."""

    packages: tuple[Part, ...]
    others: tuple[Part, ...]

    @property
    def all(self) -> tuple[Part, ...]:
        """Both, in the order in which people read them."""
        return tuple(sorted((*self.packages, *self.others), key=lambda part: part.name.lower()))


def parts(folder: Path = LICENCES, system: str = sys.platform) -> Parts:
    """Return all parts of a bundle for `system`; `folder` holds the texts kept by hand.

    Raises StepFailed that names every part without a licence, a text or a version that fits.
    """
    table = json.loads((folder / _TABLE).read_text(encoding="utf-8"))
    kept = table["distributions"]
    for entry in kept.values():
        entry["texts"] = _texts(folder, entry.get("texts", ()))
    versions = _versions()
    others = tuple(
        _part(folder, entry, versions)
        for entry in table["components"]
        if system in entry.get("systems", (system,))
    )
    return Parts(packages(kept), others)


def _part(folder: Path, entry: Mapping[str, Any], versions: Mapping[str, str]) -> Part:
    name = entry["name"]
    version = entry["version"]
    if version.startswith(_OF):
        of = version.removeprefix(_OF)
        version = versions.get(of) or metadata.version(of)
    # What is written down of another package is only true of one version of that.
    for package, known in entry.get("written for", {}).items():
        if (installed := metadata.version(package)) != known:
            raise StepFailed(
                f"{_TABLE} describes {name} as it is in {package} {known}, and {package} "
                f"{installed} is installed: look at what has changed, and write it down there."
            )
    try:
        licence = canonicalize_license_expression(entry["licence"])
    except InvalidLicenseExpression as error:
        raise StepFailed(
            f"{_TABLE}: the licence of {name} is none that SPDX knows: {error}"
        ) from None
    texts = _texts(folder, entry["texts"])
    if not texts:
        raise StepFailed(f"{_TABLE}: there is no licence text for {name}.")
    return Part(
        name=name,
        version=version,
        licence=licence,
        homepage=entry["homepage"],
        texts=texts,
        libraries=tuple(entry.get("libraries", ())),
        sha256=_sha256(ROOT / entry["file"]) if "file" in entry else "",
        about=entry.get("about", ""),
    )


def _versions() -> Mapping[str, str]:
    """Return the versions that the running interpreter tells of itself and of Lapis."""
    import pyexpat
    import sqlite3
    import ssl
    import zlib

    from desktop import __version__

    return {
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION.split()[1],
        "sqlite": sqlite3.sqlite_version,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "expat": pyexpat.EXPAT_VERSION.removeprefix("expat_"),
        "lapis": __version__,
    }


def _texts(folder: Path, names: tuple[str, ...]) -> tuple[Text, ...]:
    return tuple(
        Text(Path(name).with_suffix(".txt").name, (folder / name).read_text(encoding="utf-8"))
        for name in names
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

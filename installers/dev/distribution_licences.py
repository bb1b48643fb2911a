"""Licences of installed packages, as their own metadata tells them.

A licence comes from the metadata's SPDX expression where there is one. Older packages have a free
text or a trove classifier; what both leave open is written down by hand in `components.json`. What
nobody can name stops the build: nothing is passed on under terms that nobody has read.

Runs in the environment that is bundled, which has `packaging`.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers.bundle.contents import read_contents
from installers.bundle.distributions import needed
from installers.dev.console import StepFailed
from installers.dev.package_part import Part, Text

# Classifiers that mean one licence and no other; "BSD License", for one, does not.
_CLASSIFIERS: Final = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_TEXT_NAME: Final = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_METADATA_FOLDER: Final = re.compile(r"[^/]+\.dist-info/(?:licen[cs]es/)?(.+)")
_RULE: Final = "=" * 72


def packages(kept: Mapping[str, Mapping[str, Any]]) -> tuple[Part, ...]:
    """Return the packages that are bundled, by name; `kept` is what is written down of them.

    Raises StepFailed that names all packages whose licence or text is unknown.
    """
    found = []
    wrong = []
    for name in sorted(_bundled()):
        try:
            found.append(package_part(metadata.distribution(name), kept.get(name, {})))
        except StepFailed as failure:
            wrong.append(str(failure))
    if wrong:
        raise StepFailed("\n".join(wrong))
    return tuple(found)


def _bundled() -> frozenset[str]:
    """Return the packages that Lapis needs, without those whose modules are all left out."""
    excluded = set(read_contents().excluded)
    modules: dict[str, set[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(canonicalize_name(owner), set()).add(module)
    left_out = {name for name, owned in modules.items() if owned <= excluded}
    return needed() - left_out


def package_part(package: metadata.Distribution, kept: Mapping[str, Any]) -> Part:
    """Return what `package` is; `kept` may hold `licence` and `texts`. Raises StepFailed."""
    name = package.metadata["Name"]
    version = package.version
    licence = licence_of(package, kept.get("licence", ""))
    texts = (*_own_texts(package), *kept.get("texts", ()))
    if not licence:
        raise StepFailed(f"The licence of {name} {version} is unknown: write it down by hand.")
    if not texts:
        raise StepFailed(f"{name} {version} comes without the text of its licence.")
    canonical = canonicalize_name(name)
    return Part(
        name=name,
        version=version,
        licence=licence,
        homepage=_homepage(package.metadata),
        texts=texts,
        libraries=tuple(str(path) for path in package.files or ()),
        purl=f"pkg:pypi/{canonical}@{version}",
        needs=_needs(package),
    )


def licence_of(package: metadata.Distribution, by_hand: str) -> str:
    """Return an SPDX expression; empty where nobody can tell."""
    told = package.metadata
    candidates = [_field(told, "License-Expression"), by_hand, _field(told, "License")]
    for candidate in candidates:
        if candidate:
            try:
                return canonicalize_license_expression(candidate)
            except InvalidLicenseExpression:
                continue
    named = [_CLASSIFIERS.get(line) for line in _licence_classifiers(told)]
    return named[0] if len(named) == 1 and named[0] else ""


def _field(told: metadata.PackageMetadata, name: str) -> str:
    """Return the value of a field; empty where the package has none."""
    values = told.get_all(name) or [""]
    return str(values[0])


def _licence_classifiers(told: metadata.PackageMetadata) -> list[str]:
    lines = told.get_all("Classifier") or []
    return [line for line in lines if line.startswith("License ::")]


def _decoded(data: bytes) -> str:
    """Return a text of today, or one from when a © was a single byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _own_texts(package: metadata.Distribution) -> tuple[Text, ...]:
    """Return one text with all that the package's metadata folder holds of licences and notices."""
    parts = []
    for path in sorted(package.files or (), key=str):
        inside = _METADATA_FOLDER.fullmatch(path.as_posix())
        if inside and _TEXT_NAME.search(inside[1]):
            words = _decoded(path.read_binary()).strip("\n")
            parts.append((inside[1], words))
    if not parts:
        return ()
    words = parts[0][1] if len(parts) == 1 else "\n\n".join(_headed(parts))
    return (Text(f"{canonicalize_name(package.metadata['Name'])}.txt", words + "\n"),)


def _headed(parts: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"{_RULE}\n{name}\n{_RULE}\n\n{words}" for name, words in parts)


def _homepage(told: metadata.PackageMetadata) -> str:
    lines = [line.partition(",") for line in told.get_all("Project-URL") or []]
    links: dict[str, str] = {label.strip().lower(): address.strip() for label, _, address in lines}
    for label in ("homepage", "home", "source", "source code", "repository", "github"):
        if label in links:
            return links[label]
    return _field(told, "Home-page") or next(iter(links.values()), "")


def _needs(package: metadata.Distribution) -> tuple[str, ...]:
    wanted = (Requirement(text) for text in package.requires or ())
    return tuple(
        sorted(
            {
                canonicalize_name(one.name)
                for one in wanted
                if one.marker is None or one.marker.evaluate({"extra": ""})
            }
        )
    )

"""Texts of the packages that follow from CHANGELOG.md: releases and changes in each one's form.

Pure: text in, text out. A version stands in one place, desktop/__init__.py, and the newest entry
of CHANGELOG.md must be of that version.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from installers.dev.console import StepFailed

MAINTAINER = "The Lapis contributors <lapis-assistant@users.noreply.github.com>"
_HEADING = re.compile(r"^## (?P<version>\d+\.\d+\.\d+) \((?P<date>[^)]*)\)$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NO_RELEASES = "  <releases/>"


@dataclass(frozen=True, slots=True)
class Release:
    """A version in CHANGELOG.md. `date` is as in 2026-12-31; empty if it is not released.

    `headlines` are the paragraphs of what it `changed`, without the lists below them.
    """

    version: str
    date: str
    headlines: tuple[str, ...]
    changed: str


def releases(changelog: str) -> list[Release]:
    """Return what CHANGELOG.md tells of, the newest first; raises StepFailed if it tells nothing."""
    found = list(_HEADING.finditer(changelog))
    if not found:
        raise StepFailed("CHANGELOG.md has no heading like: ## 1.2.3 (2026-12-31)")
    ends = [each.start() for each in found[1:]] + [len(changelog)]
    told = []
    for each, end in zip(found, ends, strict=True):
        changed = changelog[each.end() : end].strip()
        date = each["date"] if _DATE.fullmatch(each["date"]) else ""
        told.append(Release(each["version"], date, _headlines(changed), changed))
    return told


def metainfo(template: str, told: Sequence[Release], version: str, built: int) -> str:
    """Return the AppStream description of `version`: `template` with releases and addresses.

    A release without a date is one that is being made: it gets that of `built`, in seconds since
    1970. Raises StepFailed where the newest entry is of another version.
    """
    must_be_newest(told, version)
    if _NO_RELEASES not in template:
        raise StepFailed("The metainfo file has no place for the releases.")
    lines = ["  <releases>"]
    for release in told:
        date = _moment(release, built).date().isoformat()
        lines += [
            f'    <release version="{release.version}" date="{date}">',
            "      <description>",
            "        <ul>",
            *(f"          <li>{escape(line)}</li>" for line in release.headlines),
            "        </ul>",
            "      </description>",
            "    </release>",
        ]
    lines.append("  </releases>")
    return template.replace(_NO_RELEASES, "\n".join(lines)).replace("@VERSION@", version)


def debian_changelog(told: Sequence[Release], version: str, built: int) -> str:
    """Return the changes as Debian writes them (Debian Policy 4.4); raises StepFailed as above."""
    must_be_newest(told, version)
    entries = []
    for release in told:
        changes = "\n".join(f"  * {line}" for line in release.headlines)
        entries.append(
            f"lapis-assistant ({release.version}-1) unstable; urgency=medium\n\n{changes}\n\n"
            f" -- {MAINTAINER}  {format_datetime(_moment(release, built))}\n"
        )
    return "\n".join(entries)


def rpm_changelog(told: Sequence[Release], version: str, built: int) -> str:
    """Return the changes as a spec file has them; raises StepFailed as above."""
    must_be_newest(told, version)
    entries = []
    for release in told:
        # English names of days and months, whatever the locale is.
        day = format_datetime(_moment(release, built)).replace(",", "").split()
        changes = "\n".join(f"- {line.replace('%', '%%')}" for line in release.headlines)
        entries.append(
            f"* {day[0]} {day[2]} {day[1]} {day[3]} {MAINTAINER} - {release.version}-1\n{changes}\n"
        )
    return "\n".join(entries)


def must_be_newest(told: Sequence[Release], version: str) -> None:
    """Raise StepFailed unless the newest release is `version`."""
    if told[0].version != version:
        raise StepFailed(
            f"CHANGELOG.md begins with {told[0].version}, but this is Lapis {version}."
        )


def _moment(release: Release, built: int) -> datetime:
    """Return when a version came out; one that is being made comes out with this build."""
    if release.date:
        return datetime.fromisoformat(release.date).replace(tzinfo=UTC)
    return datetime.fromtimestamp(built, UTC)


def _headlines(entry: str) -> tuple[str, ...]:
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", entry))
    return tuple(part for part in paragraphs if part and not part.startswith("- "))

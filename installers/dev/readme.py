"""The sections of the read-me that pages of help have too, taken from those: `make readme`.

A page marks what belongs into the read-me; the read-me marks where it goes, and has everything else
by hand. Python's standard library alone.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from desktop.domain.help_page import linked_topic, page_file
from installers.dev.console import StepFailed, say
from installers.dev.places import ROOT

HELP: Final = Path("resources") / "help"
READMES: Final[Mapping[str, str]] = MappingProxyType(
    {"README.md": "en", "README.zh_CN.md": "zh_CN"}
)
"""Each read-me with the language of its pages."""

_BEGIN: Final = "<!-- readme -->"
_END: Final = "<!-- /readme -->"
_PLACE: Final = re.compile(
    r"(?P<begin><!-- help: (?P<topic>[a-z]+) -->\n).*?(?P<end><!-- /help: (?P=topic) -->\n)",
    re.DOTALL,
)
_LINK: Final = re.compile(r"\]\((?P<address>[^)\s]+)\)")
_FENCE: Final = "```"


def write_readmes(root: Path = ROOT) -> None:
    """Renew the sections of both; raises StepFailed where marks are wrong."""
    for name, language in READMES.items():
        path = root / name
        before = path.read_text(encoding="utf-8")
        after = renewed(before, language, root)
        if after != before:
            path.write_text(after, encoding="utf-8")
        say(f"{name}: {'renewed' if after != before else 'agrees with the pages of help'}")


def renewed(readme: str, language: str, root: Path = ROOT) -> str:
    """Return `readme` with its sections as the pages in `language` have them now."""

    def section(place: re.Match[str]) -> str:
        source = root / HELP / page_file(place["topic"], language)
        if not source.is_file():
            raise StepFailed(f"the read-me wants {source.name}, which is no page of help")
        taken = taken_from(source.read_text(encoding="utf-8"), source.name)
        return f"{place['begin']}{taken}{place['end']}"

    return _PLACE.sub(section, readme)


def taken_from(page: str, name: str) -> str:
    """Return what the page `name` marks for the read-me: headings one level lower, links from there."""
    lines: list[str] = []
    taking = in_code = False
    for line in page.splitlines():
        if line in {_BEGIN, _END}:
            if taking is (line == _BEGIN):
                raise StepFailed(f"{name}: {line} stands where it cannot")
            taking = line == _BEGIN
            if taking and lines:
                lines.append("")
        elif taking:
            in_code ^= line.startswith(_FENCE)
            lines.append(line if in_code else _moved(line))
    if taking or not lines:
        raise StepFailed(f"{name} marks nothing for the read-me, or no end of it")
    return "\n".join([*lines, ""])


def _moved(line: str) -> str:
    if line.startswith("## "):
        line = f"#{line}"
    return _LINK.sub(_address, line)


def _address(link: re.Match[str]) -> str:
    is_page = linked_topic(link["address"])
    return f"]({HELP.as_posix()}/{link['address']})" if is_page else link[0]

"""Small files of other programs, read with a bound: settings, lists, pointers.

What they say is judged by whoever reads them; here is only seen to it that reading ends. Any thread.
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Final

from desktop.base.files import opened_at_once
from desktop.domain.text import printable, shortened

_MOST_BYTES: Final = 2**20
_LONGEST_NAME: Final = 120
_QT_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{1,4})|(.))", re.DOTALL)


def read_text(path: Path) -> str:
    """Return the text of a regular file of at most 1 MiB; empty if it is none, or cannot be read."""
    try:
        with opened_at_once(path) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
                return ""
            content = stream.read(_MOST_BYTES + 1) or b""
    except (OSError, ValueError):
        return ""
    return "" if len(content) > _MOST_BYTES else content.decode("utf-8-sig", errors="replace")


def read_object(path: Path) -> dict[str, object]:
    """Return the JSON object in a file; empty where there is none."""
    return parse_object(read_text(path))


def parse_object(text: str) -> dict[str, object]:
    """Return the JSON object that `text` is; empty for anything else, however deep it nests."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return objects([value])[0] if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, object]]:
    """Return the objects in a list; empty for anything that is no list."""
    if not isinstance(value, list):
        return []
    return [{str(key): one for key, one in each.items()} for each in value if type(each) is dict]


def word(value: object) -> str:
    """Return `value` if it is a text, else nothing."""
    return value if isinstance(value, str) else ""


def yaml_words(text: str) -> dict[str, str]:
    """Return the `key: value` lines of a YAML file that are on its outermost level."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace() and key[0] not in "#-":
            found.setdefault(key.strip(), _yaml_value(value.strip()))
    return found


def qt_value(text: str, key: str) -> str:
    """Return what `key` is in the first section of a settings file that Qt wrote."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == key:
            return _QT_ESCAPE.sub(_qt_character, value.strip().strip('"'))
    return ""


def shown_name(text: str) -> str:
    """Return a foreign name fit to be shown on one line: printable, and not endless."""
    return shortened(printable(text.strip()), _LONGEST_NAME)


def _yaml_value(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    return value.partition(" #")[0].strip()


def _qt_character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else str(found[2])

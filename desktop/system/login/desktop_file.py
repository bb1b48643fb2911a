"""The two kinds of text in files of freedesktop.org that are not what they seem: values, commands.

Source: Desktop Entry Specification 1.5, "Possible value types" and "The Exec key". A command is
quoted first, then its backslashes are doubled as in any other value. Any thread.
"""

import errno
import os
import re
from collections.abc import Mapping, Sequence
from typing import Final

_GROUP: Final = "[Desktop Entry]"
_RESERVED: Final = re.compile(r"""[\s"'\\><~|&;$*?#()`]""")
_IN_QUOTES: Final = re.compile(r"""(["`$\\])""")
_ESCAPES: Final = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')


def written(entries: Mapping[str, str]) -> str:
    """Return a desktop file of one group; the values are as people mean them."""
    lines = [f"{key}={_escaped(value)}" for key, value in entries.items()]
    return "\n".join((_GROUP, *lines, ""))


def as_bytes(content: str) -> bytes:
    """Return a desktop file as it is written; raises OSError for a path that is no UTF-8.

    The whole file would be worth nothing with it.
    """
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ)) from error


def read(content: str) -> dict[str, str]:
    """Return the values of the main group, as people mean them; later ones of a name are left."""
    found: dict[str, str] = {}
    is_ours = False
    # Other ends of lines than this one may stand in a path.
    for line in content.split("\n"):
        if line.startswith("["):
            is_ours = line.strip() == _GROUP
        elif is_ours and not line.startswith("#"):
            key, equals, value = line.partition("=")
            if equals and key.strip() not in found:
                found[key.strip()] = _unescaped(value.strip())
    return found


def command_line(words: Sequence[str]) -> str:
    """Return `words` as the value of the key Exec."""
    return " ".join(_quoted(word.replace("%", "%%")) for word in words)


def command_words(line: str) -> tuple[str, ...]:
    """Return the words of a value of the key Exec, without placeholders for files."""
    words = []
    for found in _WORD.finditer(line):
        quoted, plain = found.groups()
        word = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if quoted is not None or not re.fullmatch(r"%[a-zA-Z]", word):
            words.append(word.replace("%%", "%"))
    return tuple(words)


def _quoted(word: str) -> str:
    if word and not _RESERVED.search(word):
        return word
    return '"' + _IN_QUOTES.sub(r"\\\1", word) + '"'


def _escaped(value: str) -> str:
    value = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    value = value.replace("\r", "\\r")
    return "\\s" + value[1:] if value.startswith(" ") else value


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value)

"""What Windows shows of the programs, as PyInstaller would read it."""

from dataclasses import dataclass
from typing import Any

import pytest

from installers.facts import copyright_line, numbers
from installers.windows.version_resource import PROGRAMS, text


@dataclass
class Part:
    """A part of the resource: PyInstaller's classes take the same words."""

    kind: str
    given: tuple[Any, ...]
    named: dict[str, Any]


def _read(written: str) -> Part:
    names = ("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct")
    known = {
        name: lambda *given, _name=name, **named: Part(_name, given, named)
        for name in (*names, "VarFileInfo", "VarStruct")
    }
    whole = eval(written, {"__builtins__": {}}, known)  # noqa: S307 - as PyInstaller does it
    assert isinstance(whole, Part)
    return whole


@pytest.mark.parametrize("program", PROGRAMS)
def test_both_programs_are_described_in_both_languages(program: str) -> None:
    whole = _read(text(program, "1.2.0rc1"))

    strings, variables = whole.named["kids"]
    tables = {
        table.given[0]: dict(entry.given for entry in table.given[1]) for table in strings.given[0]
    }
    assert tables.keys() == {"040904B0", "080404B0"}
    english, chinese = tables["040904B0"], tables["080404B0"]
    assert (english["FileDescription"], chinese["FileDescription"]) == PROGRAMS[program]
    assert english["ProductVersion"] == "1.2.0rc1"
    assert english["OriginalFilename"] == program
    assert english["LegalCopyright"] == copyright_line()
    assert variables.given[0][0].given == ("Translation", [0x0409, 1200, 0x0804, 1200])


def test_the_version_is_four_numbers() -> None:
    fixed = _read(text("lapis.exe", "1.2.0rc1")).named["ffi"]

    assert fixed.named["filevers"] == fixed.named["prodvers"] == (1, 2, 0, 0)


@pytest.mark.parametrize("version", ["", "v1", "70000.0"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        numbers(version)

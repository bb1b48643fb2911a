"""What Windows tells of the two programs: name, version, in English and in Chinese. Any thread.

Task Manager and the list of programs that start at login show the description. PyInstaller reads
the text that is written here; the source of its fields is "VERSIONINFO resource" of Microsoft.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from installers.facts import copyright_line, numbers

PROGRAMS: Final[Mapping[str, tuple[str, str]]] = {
    "lapis-gui.exe": ("Lapis", "Lapis"),
    "lapis.exe": ("Lapis (command line)", "Lapis（命令行）"),
}
"""What each program is called, in English and in Chinese."""

_UNICODE: Final = 1200
_LANGUAGES: Final = (0x0409, 0x0804)


def write(program: str, version: str, path: Path) -> None:
    """Write what PyInstaller's EXE takes as `version`; `program` is one of PROGRAMS."""
    path.write_text(text(program, version), encoding="utf-8")


def text(program: str, version: str) -> str:
    """Return that text: an expression in the words of PyInstaller."""
    four = numbers(version)
    tables = [
        _table(language, program, description, version)
        for language, description in zip(_LANGUAGES, PROGRAMS[program], strict=True)
    ]
    pairs = [part for language in _LANGUAGES for part in (language, _UNICODE)]
    return (
        "VSVersionInfo(\n"
        f"  ffi=FixedFileInfo(filevers={four}, prodvers={four}, mask=0x3F, flags=0x0, OS=0x40004,"
        " fileType=0x1, subtype=0x0, date=(0, 0)),\n"
        f"  kids=[StringFileInfo([{', '.join(tables)}]),\n"
        f"    VarFileInfo([VarStruct('Translation', {pairs})])])\n"
    )


def _table(language: int, program: str, description: str, version: str) -> str:
    entries: Sequence[tuple[str, str]] = (
        ("CompanyName", "Lapis"),
        ("FileDescription", description),
        ("FileVersion", version),
        ("InternalName", program.removesuffix(".exe")),
        ("LegalCopyright", copyright_line()),
        ("OriginalFilename", program),
        ("ProductName", "Lapis"),
        ("ProductVersion", version),
    )
    lines = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in entries)
    return f"StringTable('{language:04X}{_UNICODE:04X}', [{lines}])"

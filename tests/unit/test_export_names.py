"""Names of exported files: allowed everywhere, short, each once."""

import pytest

from desktop.services.export_names import FileNames, safe_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Trip to Kyoto", "Trip to Kyoto"),
        ("京都之旅", "京都之旅"),
        ('a/b\\c:d*e?"f<g>h|i', "a b c d e f g h i"),
        ("../../etc/passwd", "etc passwd"),
        (".hidden", "hidden"),
        ("ends with a dot. ", "ends with a dot"),
        ("con", "con_"),
        ("LPT1.txt", "LPT1.txt_"),
        ("console", "console"),
        ("two\nlines\t\u202eand", "two lines and"),
        ("\ud800", "Chat"),
        ("  ", "Chat"),
        ("...", "Chat"),
        ("x" * 500, "x" * 80),
        ("字" * 80, "字" * 53),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert safe_name(title, "Chat") == name
    assert len(name.encode()) <= 160


def test_doubles_are_numbered_whatever_their_case() -> None:
    names = FileNames()

    assert [names.free(name, ".md") for name in ("a", "A", "b", "a", "a (2)")] == [
        *("a.md", "A (2).md", "b.md", "a (3).md", "a (2) (2).md")
    ]

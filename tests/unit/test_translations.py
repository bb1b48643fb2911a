"""Every word of the program is in the catalogues, translated, and compiled as it stands there."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from installers.dev import translations as tool

_HOLE = re.compile(r"\{(\w+)\}")
_AGAIN = "run `make translations`"


@pytest.fixture(scope="module")
def template() -> Catalog:
    return tool.template_from_sources()


@pytest.fixture(scope="module", params=tool.LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def catalogue(language: str) -> Catalog:
    return tool.read_catalogue(tool.catalogue_path(language), language)


def test_strings_are_found_where_the_program_speaks(tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text(
        'self.tr("One")\nsay("Two", x=1)\nText("Three " "four")\nsay(Text("Five"))\n'
        'tr(f"No {x}")\nlog("Not this")\nsay(text)\n',
        encoding="utf-8",
    )

    found = [one.text for one in tool.extract(tmp_path, tmp_path)]

    assert found == ["One", "Two", "Three four", "Five"]


def test_the_list_of_strings_is_up_to_date(template: Catalog) -> None:
    assert tool.template_path().read_bytes() == tool.written(template), _AGAIN


def test_every_string_is_in_the_catalogue_and_no_other(
    template: Catalog, catalogue: Catalog
) -> None:
    wanted = {message.id for message in tool.entries(template)}
    there = {message.id for message in tool.entries(catalogue)}

    assert wanted
    assert (wanted - there, there - wanted) == (set(), set()), _AGAIN


def test_every_string_is_translated_and_none_is_a_guess(catalogue: Catalog) -> None:
    open_ones = [m.id for m in tool.entries(catalogue) if not m.string or m.fuzzy]

    assert open_ones == []


def test_a_translation_has_the_holes_of_its_string(catalogue: Catalog) -> None:
    different = [
        (message.id, message.string)
        for message in tool.entries(catalogue)
        if message.string
        and sorted(_HOLE.findall(str(message.id))) != sorted(_HOLE.findall(str(message.string)))
    ]

    assert different == []


def test_the_compiled_catalogue_is_the_written_one(language: str, catalogue: Catalog) -> None:
    compiled = tool.catalogue_path(language).with_suffix(".mo")

    assert compiled.read_bytes() == tool.compiled(catalogue), _AGAIN

"""The read-me says what the pages of help say, and its figures are those of the benchmarks."""

import re
from pathlib import Path

import pytest

from installers.dev.console import StepFailed
from installers.dev.places import ROOT
from installers.dev.readme import READMES, renewed, taken_from

PLACE = "<!-- help: api -->\nold\n<!-- /help: api -->\n"


@pytest.mark.parametrize(("name", "language"), READMES.items())
def test_its_sections_are_those_of_the_pages_of_help(name: str, language: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert renewed(text, language) == text, "make readme renews it"


@pytest.mark.parametrize("name", READMES)
def test_every_file_it_names_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    near = [link for link in links if "://" not in link]

    assert {"README.md", "README.zh_CN.md"} & set(near)
    # Pictures are made by `make screenshots`, from the program.
    assert [link for link in near if not link.endswith(".png") and not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_its_figures_are_those_of_the_benchmarks(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    measured = (ROOT / "tests" / "bench" / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"tests/bench/README\.md\).*?\n\n((?:\|.*\n)+)", text)
    figures = [row.split("|")[2] for row in table.splitlines()[2:]]

    assert len(figures) >= 8
    for figure in figures:
        for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", figure):
            assert re.search(rf"(?<![0-9.]){re.escape(number)}(?![0-9])", measured), figure


def _page(folder: Path, text: str) -> Path:
    help_folder = folder / "resources" / "help"
    help_folder.mkdir(parents=True)
    (help_folder / "api.en.md").write_text(text, encoding="utf-8")
    return folder


def test_a_page_gives_what_it_marks_with_headings_one_level_lower(tmp_path: Path) -> None:
    page = (
        "# Title\n\n<!-- readme -->\n## Why?\n\n[Keys](keys.en.md)\n\n```sh\n## a comment\n```\n"
        "<!-- /readme -->\n\nNot this.\n\n<!-- readme -->\nBut this.\n<!-- /readme -->\n"
    )

    text = renewed(f"Before\n{PLACE}After\n", "en", _page(tmp_path, page))

    assert text == (
        "Before\n<!-- help: api -->\n### Why?\n\n[Keys](resources/help/keys.en.md)\n\n"
        "```sh\n## a comment\n```\n\nBut this.\n<!-- /help: api -->\nAfter\n"
    )
    assert renewed(text, "en", tmp_path) == text


@pytest.mark.parametrize(
    "page",
    [
        "# Nothing marked\n",
        "<!-- readme -->\nnever ended\n",
        "<!-- /readme -->\n",
        "<!-- readme -->\na\n<!-- readme -->\n<!-- /readme -->\n",
    ],
)
def test_wrong_marks_are_told(page: str) -> None:
    with pytest.raises(StepFailed, match=r"api\.en\.md"):
        taken_from(page, "api.en.md")


def test_a_page_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"api\.zh_CN\.md"):
        renewed(PLACE, "zh_CN", tmp_path)

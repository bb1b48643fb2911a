"""What About lists of other people's work, read from the files that the installers write."""

import json
from pathlib import Path

import pytest

from desktop.config.bundled_parts import INDEX, OWN_TEXT, read_own_terms, read_parts, read_terms
from desktop.domain.bundled_part import BundledPart
from installers.dev.notices import write_parts
from installers.dev.package_part import Part, Text


def _part(name: str, licence: str = "MIT", file: str = "one.txt", words: str = "Terms\n") -> Part:
    return Part(name, "1.0", licence, "https://example.org", (Text(file, words),))


def test_what_the_installers_write_is_what_about_reads(tmp_path: Path) -> None:
    write_parts([_part("Alpha"), _part("Beta", "Zlib", "two.txt", "Others\n")], tmp_path)

    alpha, beta = read_parts(tmp_path)

    assert alpha == BundledPart("Alpha", "1.0", "MIT", "https://example.org", ("one.txt",))
    assert (beta.name, beta.licence) == ("Beta", "Zlib")
    assert read_terms(beta, tmp_path) == "Others"


def test_a_checkout_has_no_list_and_its_own_licence(tmp_path: Path) -> None:
    assert read_parts(tmp_path) == ()
    assert read_own_terms(tmp_path).startswith("MIT License")


def test_the_licence_that_came_along_is_taken_before_any_other(tmp_path: Path) -> None:
    (tmp_path / OWN_TEXT).write_text("Ours\n", encoding="utf-8")

    assert read_own_terms(tmp_path) == "Ours\n"


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"name": "x"}]', "7"])
def test_a_list_that_makes_no_sense_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / INDEX).write_text(content, encoding="utf-8")

    assert read_parts(tmp_path) == ()


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    folder = tmp_path / "licences"
    folder.mkdir()
    listed = [
        {"name": "x", "version": "", "licence": "MIT", "homepage": "", "files": ["../secret.txt"]}
    ]
    (folder / INDEX).write_text(json.dumps(listed), encoding="utf-8")

    (part,) = read_parts(folder)
    with pytest.raises(FileNotFoundError):
        read_terms(part, folder)


def test_a_part_is_found_by_words_of_its_name_and_its_licence() -> None:
    part = BundledPart("OpenSSL", "3", "Apache-2.0", "", ())

    assert part.matches("")
    assert part.matches("ssl apache")
    assert not part.matches("ssl mit")

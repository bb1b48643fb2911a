"""Licences of what is bundled: none unknown, none without its words, no library without an owner."""

import json
from collections.abc import Iterable
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from installers.dev.components import LICENCES, parts
from installers.dev.console import StepFailed
from installers.dev.distribution_licences import licence_of, package_part, packages
from installers.dev.notices import INDEX, unclaimed, write_parts
from installers.dev.package_part import Part, Text


def _installed(
    folder: Path, fields: Iterable[tuple[str, str]], files: Iterable[str] = ()
) -> metadata.Distribution:
    """Return a package as pip leaves it in `folder`."""
    place = folder / "some_package-1.0.dist-info"
    (place / "licenses").mkdir(parents=True)
    head = Message()
    for name, value in (("Metadata-Version", "2.4"), ("Name", "Some_Package"), ("Version", "1.0")):
        head[name] = value
    for name, value in fields:
        head[name] = value
    (place / "METADATA").write_text(head.as_string(), encoding="utf-8")
    for name in files:
        (place / name).write_text(f"terms of {name}\n", encoding="utf-8")
    listed = [f"{place.name}/{name},," for name in ("METADATA", *files)]
    (place / "RECORD").write_text("\n".join([*listed, "some.so,,"]), encoding="utf-8")
    return metadata.Distribution.at(place)


@pytest.mark.parametrize(
    ("fields", "by_hand", "expected"),
    [
        ([("License-Expression", "mit")], "", "MIT"),
        ([("License", "BSD-3-Clause")], "", "BSD-3-Clause"),
        ([("Classifier", "License :: OSI Approved :: MIT License")], "", "MIT"),
        ([("License", "Apache License, Version 2")], "Apache-2.0", "Apache-2.0"),
        ([("Classifier", "License :: OSI Approved :: BSD License")], "", ""),
        ([("License", "UNKNOWN")], "", ""),
        ([], "", ""),
    ],
)
def test_a_licence_is_read_from_whatever_field_names_exactly_one(
    tmp_path: Path, fields: list[tuple[str, str]], by_hand: str, expected: str
) -> None:
    assert licence_of(_installed(tmp_path, fields), by_hand) == expected


def test_two_classifiers_leave_it_open(tmp_path: Path) -> None:
    both = [
        ("Classifier", "License :: OSI Approved :: MIT License"),
        ("Classifier", "License :: OSI Approved :: Apache Software License"),
    ]

    assert not licence_of(_installed(tmp_path, both), "")


def test_an_unknown_licence_stops_the_build_and_names_the_package(tmp_path: Path) -> None:
    package = _installed(tmp_path, [("License", "ours")], ["licenses/LICENSE"])

    with pytest.raises(StepFailed, match=r"Some_Package 1\.0"):
        package_part(package, {})


def test_a_package_without_a_text_stops_the_build_unless_one_is_kept(tmp_path: Path) -> None:
    package = _installed(tmp_path, [("License-Expression", "MIT")])

    with pytest.raises(StepFailed, match="Some_Package"):
        package_part(package, {})
    part = package_part(package, {"texts": (Text("kept.txt", "words"),)})
    assert [text.file for text in part.texts] == ["kept.txt"]


def test_all_texts_of_a_package_come_along_in_one_file(tmp_path: Path) -> None:
    package = _installed(
        tmp_path, [("License-Expression", "MIT")], ["licenses/LICENSE", "licenses/NOTICE"]
    )

    part = package_part(package, {})

    (text,) = part.texts
    assert text.file == "some-package.txt"
    assert "terms of licenses/LICENSE" in text.words
    assert "terms of licenses/NOTICE" in text.words
    assert part.purl == "pkg:pypi/some-package@1.0"


def test_a_text_from_before_utf_8_comes_along_too(tmp_path: Path) -> None:
    package = _installed(tmp_path, [("License-Expression", "FTL")], ["licenses/LICENSE"])
    (tmp_path / "some_package-1.0.dist-info" / "licenses" / "LICENSE").write_bytes(b"\xa9 1996")

    (text,) = package_part(package, {}).texts
    assert "© 1996" in text.words


def test_every_package_that_lapis_needs_has_a_known_licence_and_its_words() -> None:
    table = json.loads((LICENCES / "components.json").read_text(encoding="utf-8"))
    kept = {
        name: {**entry, "texts": tuple(Text(file, "words") for file in entry.get("texts", ()))}
        for name, entry in table["distributions"].items()
    }

    found = packages(kept)

    assert {"PySide6_Essentials", "httpx", "typer"} <= {part.name for part in found}
    assert "numpy" not in {part.name for part in found}
    for part in found:
        assert canonicalize_license_expression(part.licence) == part.licence


def test_every_text_kept_by_hand_is_there_and_used_and_its_licence_is_known() -> None:
    table = json.loads((LICENCES / "components.json").read_text(encoding="utf-8"))
    wanted = {
        name
        for entry in [*table["components"], *table["distributions"].values()]
        for name in entry.get("texts", ())
    }

    missing = {name for name in wanted if not (LICENCES / name).read_text(encoding="utf-8").strip()}
    unused = {path.name for path in LICENCES.glob("*.txt")} - wanted

    assert (missing, unused) == (set(), set())
    for entry in table["components"]:
        assert canonicalize_license_expression(entry["licence"]) == entry["licence"]


def test_qt_comes_with_both_texts_the_offer_and_the_right_to_replace_it() -> None:
    table = json.loads((LICENCES / "components.json").read_text(encoding="utf-8"))
    words = (LICENCES / "qt.txt").read_text(encoding="utf-8")

    for name in ("pyside6-essentials", "shiboken6"):
        assert set(table["distributions"][name]["texts"]) == {
            "qt.txt",
            "LGPL-3.0.txt",
            "GPL-3.0.txt",
        }
    assert "replace" in words
    assert "source" in words
    assert "_internal/PySide6" in words


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    listed = [Part("A", "1", "MIT", "", (Text("a.txt", "words\n"),))]
    for name in ("one", "two"):
        write_parts(listed, tmp_path / name)

    for name in (INDEX, "a.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_two_texts_never_share_a_file(tmp_path: Path) -> None:
    listed = [
        Part("A", "1", "MIT", "", (Text("a.txt", "these"),)),
        Part("B", "1", "MIT", "", (Text("a.txt", "those"),)),
    ]

    with pytest.raises(StepFailed, match=r"a\.txt"):
        write_parts(listed, tmp_path)


def test_every_shared_library_needs_a_part_that_it_belongs_to(tmp_path: Path) -> None:
    inside = tmp_path / "_internal"
    names = [
        "libqt.so.6",
        "pkg/fast.cpython-311.so",
        "libreadline.so.8",
        "pkg/libqt.so.6",
        "pkg/data.json",
        "deep/x.dll",
        "VCRUNTIME140.dll",
    ]
    for name in names:
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_bytes(b"")
    (inside / "libalias.so").symlink_to("libqt.so.6")
    owners = [
        Part("Qt", "6", "LGPL-3.0-only", "", (), ("libqt*",)),
        Part("pkg", "1", "MIT", "", (), ("pkg/fast.cpython-311.so",), purl="pkg:pypi/pkg@1"),
        Part("deep", "1", "MIT", "", (), ("deep/*",)),
        Part("C", "1", "MIT", "", (), ("vcruntime140*.dll",)),
    ]

    assert unclaimed(owners, tmp_path) == ["libreadline.so.8", "pkg/libqt.so.6"]


def test_what_is_written_of_a_package_holds_for_one_version_only(tmp_path: Path) -> None:
    table = {
        "distributions": {},
        "components": [
            {
                "name": "llama.cpp",
                "version": "abc",
                "written for": {"packaging": "0.0.1"},
                "licence": "MIT",
                "homepage": "",
                "texts": [],
            }
        ],
    }
    (tmp_path / "components.json").write_text(json.dumps(table), encoding="utf-8")

    with pytest.raises(StepFailed, match=r"llama\.cpp .* packaging 0\.0\.1"):
        parts(tmp_path)

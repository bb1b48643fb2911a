"""What disagrees is found: a copy of the checkout's papers, broken in one place each."""

import shutil
from pathlib import Path

import pytest

from installers.dev.places import ROOT
from installers.dev.release_check import problems, version_of

_PAPERS = (
    "desktop/__init__.py",
    "pyproject.toml",
    "CHANGELOG.md",
    "requirements.lock",
    "requirements-bundle.lock",
    "installers/linux/data/io.github.lapis_assistant.Lapis.metainfo.xml",
)
_CHANGES = (
    "# Changes\n\n## 1.2.3 (2026-12-01)\n\nThe third.\n\n## 1.2.2 (2026-11-01)\n\nThe second.\n"
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in _PAPERS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    _change(tmp_path, "desktop/__init__.py", version_of(ROOT), "1.2.3")
    (tmp_path / "CHANGELOG.md").write_text(_CHANGES, encoding="utf-8")
    return tmp_path


def _change(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new), encoding="utf-8")


def test_a_release_in_order_has_no_problem(copy: Path) -> None:
    assert problems(copy) == []
    assert problems(copy, ["v1.2.3"]) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        ("desktop/__init__.py", '"1.2.3"', '"1.2.4"', "begins with 1.2.3"),
        ("desktop/__init__.py", '"1.2.3"', '"1.2"', "no version of the form"),
        ("CHANGELOG.md", "## 1.2.3", "## 1.2.4", "begins with 1.2.4"),
        ("CHANGELOG.md", "2026-11-01", "not released", "no date for 1.2.2"),
        ("CHANGELOG.md", "2026-11-01", "2026-12-02", "newest release first"),
        ("CHANGELOG.md", "The third.\n", "", "says nothing about 1.2.3"),
        ("pyproject.toml", 'dynamic = ["version"]', 'version = "1.2.3"', "version of its own"),
        ("pyproject.toml", '"httpx[socks]>=0.28"', '"httpx[socks]>=99"', "does not fit httpx"),
        ("pyproject.toml", '"rich>=14"', '"unheard-of>=1"', "does not fit unheard-of"),
        ("requirements-bundle.lock", "keyring==", "kerying==", "does not fit keyring"),
        (
            "installers/linux/data/io.github.lapis_assistant.Lapis.metainfo.xml",
            "</component>",
            "",
            "is no XML",
        ),
        (
            "installers/linux/data/io.github.lapis_assistant.Lapis.metainfo.xml",
            "<component",
            "<!-- of 1.2.3 --><component",
            "has the version 1.2.3 written into it",
        ),
    ],
)
def test_what_disagrees_is_told(copy: Path, name: str, old: str, new: str, found: str) -> None:
    _change(copy, name, old, new)

    assert any(found in problem for problem in problems(copy)), problems(copy)


def test_what_is_not_released_cannot_be_tagged(copy: Path) -> None:
    _change(copy, "CHANGELOG.md", "2026-12-01", "not released")

    assert problems(copy) == []
    assert any("no date for 1.2.3" in problem for problem in problems(copy, ["v1.2.3"]))


def test_a_tag_has_to_be_that_of_the_version(copy: Path) -> None:
    assert any("v1.2.3" in problem for problem in problems(copy, ["v1.2.4"]))

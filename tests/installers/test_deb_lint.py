"""What the checkers of Debian, freedesktop.org and RPM say of the packages: no errors."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from installers.dev.places import ROOT

ID = "io.github.lapis_assistant.Lapis"
CONFIGURATION = ROOT / "installers" / "linux" / "data" / "rpmlint.toml"
# Debian's own Python has those modules inside, others as files.
OF_ONE_PYTHON = {"library-not-linked-against-libc"}

pytestmark = pytest.mark.timeout(600)


def checked(*command: str | Path) -> str:
    """Return what a checker prints; it must end with 0."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tree(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree") / "deb"
    subprocess.run(["dpkg-deb", "--extract", deb, folder], check=True)
    return folder


def test_lintian_finds_nothing_wrong(deb: Path) -> None:
    said = checked("lintian", "--fail-on", "error,warning", "--allow-root", deb)
    assert "E:" not in said
    assert "W:" not in said


def test_every_override_is_needed_and_has_a_reason(deb: Path, tree: Path) -> None:
    said = checked("lintian", "--display-info", "--allow-root", deb)
    unused = re.findall(r"unused-override (\S+)", said)
    assert set(unused) <= OF_ONE_PYTHON
    lines = (tree / "usr/share/lintian/overrides/lapis-assistant").read_text("utf-8").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        assert line.startswith("#") or before.startswith("#"), line


def test_the_desktop_entry_is_valid(tree: Path) -> None:
    said = checked("desktop-file-validate", tree / f"usr/share/applications/{ID}.desktop")
    assert said == ""


def test_the_description_for_software_centres_is_valid(tree: Path) -> None:
    path = tree / f"usr/share/metainfo/{ID}.metainfo.xml"
    assert "✘" not in checked("appstreamcli", "validate", "--no-net", path)


def test_the_pages_of_the_manual_are_valid(tree: Path, tmp_path: Path) -> None:
    pages = sorted((tree / "usr/share/man").rglob("*.1.gz"))
    assert len(pages) == 4
    for number, page in enumerate(pages):
        plain = tmp_path / f"{number}-{page.stem}"
        plain.write_bytes(gzip.decompress(page.read_bytes()))
        assert checked("mandoc", "-T", "lint", "-W", "warning", plain) == ""


def test_rpmlint_finds_no_errors(rpm: Path) -> None:
    said = checked("rpmlint", "--config", CONFIGURATION, rpm)
    assert " 0 errors" in said

"""What the packages for Linux say and need, from changes, help pages and libraries."""

import re
from pathlib import Path

import pytest

from desktop import __version__
from desktop.system.desktop_entry import see_to_entry
from installers.dev.console import StepFailed
from installers.dev.places import ROOT
from installers.linux import requirements, texts
from installers.linux.help_text import Section, joined, read_page
from installers.linux.needs import Needs
from installers.linux.texts import Release

DATA = ROOT / "installers" / "linux" / "data"
ID = "io.github.lapis_assistant.Lapis"
CHANGES = """# Changes

## 0.2.0 (not released)

Faster & better.

- A list says more.
- It is left out.

Second
paragraph.

## 0.1.0 (2026-03-04)

The first.
"""
BUILT = 1_800_000_000  # 15 January 2027
GLIBC = frozenset({"GLIBC_2.4", "GLIBC_2.34", "GLIBC_2.9"})


def test_releases_are_the_paragraphs_of_the_changes() -> None:
    assert texts.releases(CHANGES) == [
        Release(
            "0.2.0",
            "",
            ("Faster & better.", "Second paragraph."),
            "Faster & better.\n\n- A list says more.\n- It is left out.\n\nSecond\nparagraph.",
        ),
        Release("0.1.0", "2026-03-04", ("The first.",), "The first."),
    ]
    with pytest.raises(StepFailed):
        texts.releases("# Changes\n")


def test_the_description_names_every_release_and_the_pictures_of_this_one() -> None:
    template = (DATA / f"{ID}.metainfo.xml").read_text(encoding="utf-8")
    made = texts.metainfo(template, texts.releases(CHANGES), "0.2.0", BUILT)
    assert '<release version="0.2.0" date="2027-01-15">' in made
    assert '<release version="0.1.0" date="2026-03-04">' in made
    assert "<li>Faster &amp; better.</li>" in made
    assert "/raw/v0.2.0/resources/screenshots/window.png" in made
    with pytest.raises(StepFailed):
        texts.metainfo(template, texts.releases(CHANGES), "0.3.0", BUILT)


def test_debian_and_rpm_get_the_changes_in_their_own_forms() -> None:
    told = texts.releases(CHANGES)
    debian = texts.debian_changelog(told, "0.2.0", BUILT)
    assert debian.startswith("lapis-assistant (0.2.0-1) unstable; urgency=medium\n\n  * Faster")
    assert "  Wed, 04 Mar 2026 00:00:00 +0000\n" in debian
    rpm = texts.rpm_changelog(told, "0.2.0", BUILT)
    assert rpm.startswith(f"* Fri Jan 15 2027 {texts.MAINTAINER} - 0.2.0-1\n- Faster & better.\n")


def test_the_changes_of_this_checkout_begin_with_its_version() -> None:
    told = texts.releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    texts.must_be_newest(told, __version__)


def test_a_page_of_help_is_taken_apart() -> None:
    page = read_page(
        "Usage: lapis [OPTIONS] [COMMAND]\n\nFirst\nlines.\n\nSecond.\n\n"
        "Commands\n  ask  Ask\n       twice\n  chat  Talk\n\nExamples\n  lapis ask\n"
    )
    assert page.usage == "lapis [OPTIONS] [COMMAND]"
    assert page.paragraphs == ("First lines.", "Second.")
    assert page.commands() == ("ask", "chat")
    assert page.sections[0] == Section("Commands", (("ask", "Ask twice"), ("chat", "Talk")))
    assert page.sections[1].rows == (("lapis ask", ""),)


def test_broken_lines_of_chinese_are_joined_without_a_space() -> None:
    assert joined(["在本机运行的模", "型", "Lapis", "回答。"]) == "在本机运行的模型 Lapis 回答。"


def test_packages_ask_for_what_the_libraries_ask_for() -> None:
    needs = Needs(
        {
            "libc.so.6": GLIBC,
            "libX11.so.6": frozenset(),
            "libglib-2.0.so.0": frozenset(),
            "libstdc++.so.6": frozenset({"GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3"}),
            "libvulkan.so.1": frozenset(),
        }
    )
    assert requirements.debian(needs) == [
        "libc6 (>= 2.34)",
        "libglib2.0-0 | libglib2.0-0t64",
        "libstdc++6 (>= 12)",
        "libx11-6",
    ]
    assert requirements.rpm(needs) == [
        "libX11.so.6()(64bit)",
        "libc.so.6(GLIBC_2.34)(64bit)",
        "libglib-2.0.so.0()(64bit)",
        "libstdc++.so.6()(64bit)",
        "libstdc++.so.6(GLIBCXX_3.4.30)(64bit)",
    ]


def test_a_library_that_no_package_is_known_for_stops_the_build() -> None:
    with pytest.raises(StepFailed, match=r"libgtk-3\.so\.0"):
        requirements.debian(Needs({"libc.so.6": GLIBC, "libgtk-3.so.0": frozenset()}))


def test_the_entry_of_the_package_says_what_the_program_s_own_says(
    tmp_path: Path,
) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path / "none")}
    assert see_to_entry(environment, ID, ["lapis"])
    own = (tmp_path / "applications" / f"{ID}.desktop").read_text(encoding="utf-8")
    packaged = (DATA / f"{ID}.desktop").read_text(encoding="utf-8")
    for key in ("Name", "Name[zh_CN]", "Comment", "Comment[zh_CN]", "Icon", "Terminal"):
        pattern = rf"^{re.escape(key)}=.*$"
        assert re.findall(pattern, packaged, re.MULTILINE)[0] in own
    actions = re.findall(r"\[Desktop Action .*?\]\nName=.*\nName\[zh_CN\]=.*\n", own)
    assert len(actions) == 2
    assert all(action in packaged for action in actions)

"""Set-up: the lock, the system packages, and the wheel of llama.cpp that is built once."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from installers.dev import engine, system_packages
from installers.dev.lockfile import read_lock, without
from installers.dev.places import BUNDLE_LOCK, GUIDE_LOCK, LOCK, MAIN, ROOT

_HASHES = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@pytest.mark.parametrize("path", [LOCK, BUNDLE_LOCK, GUIDE_LOCK])
def test_everything_in_a_lock_has_one_version_and_hashes(path: Path) -> None:
    entries = read_lock(path)

    assert len(entries) > 10
    assert [entry.name for entry in entries if not _HASHES.search(entry.text)] == []


@pytest.mark.parametrize("path", [LOCK, BUNDLE_LOCK, GUIDE_LOCK])
def test_a_lock_names_no_address_and_no_other_source(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"://|--(extra-)?index|--find-links|\.(com|org|net|io)\b", text)


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["dev"], *extras["build"]]
    versions = {entry.name: entry.version for entry in read_lock(LOCK)}

    names = [re.split(r"[\[<>=]", requirement)[0].lower() for requirement in asked]
    everywhere = [r.partition(";")[0].lower() for r in project["dependencies"]]
    exact = dict(r.split("==") for r in everywhere if "==" in r)

    assert set(names) <= versions.keys()
    assert {name: versions[name] for name in exact} == exact


def test_qt_is_the_version_that_keeps_its_references() -> None:
    versions = {entry.name: entry.version for entry in read_lock(LOCK)}

    assert (versions["pyside6-essentials"], versions["shiboken6"]) == ("6.11.3", "6.11.3")


def test_what_is_bundled_has_the_versions_that_were_tested() -> None:
    tested = {entry.name: entry.version for entry in read_lock(LOCK)}
    bundled = {entry.name: entry.version for entry in read_lock(BUNDLE_LOCK)}
    assert {"pyinstaller", "openai", "pyside6-essentials"} <= set(bundled)
    assert {name: bundled[name] for name in bundled if name in tested} == {
        name: tested[name] for name in bundled if name in tested
    }


def test_an_entry_can_be_left_out_of_a_lock() -> None:
    entries = read_lock(LOCK)

    text = without(entries, engine.PACKAGE)

    assert len(_HASHES.findall(text)) == len(_HASHES.findall(LOCK.read_text())) - 1
    assert engine.PACKAGE not in text


def test_renamed_packages_count_as_installed_and_are_asked_for_by_their_new_name() -> None:
    installed = frozenset({"libglib2.0-0t64", "libegl1"})

    missing = system_packages.missing_packages(["libglib2.0-0", "libegl1", "libgl1"], installed)
    chosen = system_packages.choose(["libgl1", "libfoo1"], frozenset({"libgl1", "libfoo1t64"}))

    assert missing == ["libgl1"]
    assert chosen == ["libgl1", "libfoo1t64"]


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs Debian or Ubuntu")
def test_without_rights_the_one_line_to_type_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system_packages, "installed_packages", frozenset[str])

    system_packages.ensure(system_packages.Purpose.TEST)

    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("  sudo apt-get update && sudo apt-get install -y")
    assert {"libxcb-cursor0", "xvfb", "fonts-noto-cjk"} <= set(line.split())


def test_running_asks_for_less_than_testing() -> None:
    run = set(system_packages.wanted(system_packages.Purpose.RUN))
    test = set(system_packages.wanted(system_packages.Purpose.TEST))

    assert run < test
    assert "xvfb" in test - run


def test_another_processor_or_flag_or_compiler_means_another_wheel() -> None:
    recipe = {"processor": "a", "arguments": "-DX=ON", "compiler": "12.2"}

    prints = {
        engine.fingerprint(recipe),
        *(engine.fingerprint({**recipe, name: "other"}) for name in recipe),
    }

    assert len(prints) == 4


def test_a_wheel_that_was_built_before_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAPIS_CACHE", str(tmp_path))
    package = engine.pinned()
    recipe = engine.recipe(package)
    folder = tmp_path / "engine" / f"{package.version}-{engine.fingerprint(recipe)}"
    folder.mkdir(parents=True)
    wheel = folder / "built.whl"
    wheel.touch()

    assert engine.ensure_wheel(MAIN) == wheel


def test_what_llama_cpp_is_built_without_is_asked_of_a_compiler_that_knows_it() -> None:
    if engine.machine()["machine"] not in {"x86_64", "AMD64"} or shutil.which("c++") is None:
        pytest.skip("needs a compiler for x86-64")

    arguments = engine.recipe(engine.pinned())["arguments"]

    assert "-DGGML_NATIVE=ON" in arguments
    for flag in engine.LEFT_OUT:
        asking = ["c++", flag, "-E", "-x", "c++", os.devnull]
        is_known = not subprocess.run(asking, check=False, capture_output=True).returncode
        assert (flag in arguments) is is_known
    assert "-mno-amx-tile" in arguments

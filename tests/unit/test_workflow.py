"""The workflow calls what there is, trusts what it names by its commit, and may do little.

It runs elsewhere, so what can be said of its text alone is said here.
"""

import os
import re
from collections.abc import Iterator

import pytest

from installers.dev.places import ROOT
from installers.dev.system_packages import Purpose

_FOLDER = ROOT / ".github" / "workflows"
_PREPARE = ROOT / ".github" / "actions" / "prepare" / "action.yml"
_USES = re.compile(r"^\s*(?:- )?uses: (?P<action>\S+)(?P<rest>.*)$", re.MULTILINE)
_OURS = "$/.github/actions/prepare"
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_MODULE = re.compile(r"-m (?P<module>(?:installers|tests)[\w.]*)(?: (?P<word>[\w-]+))?")
_TARGET = re.compile(r'^ {8}"(?P<name>[\w-]+)": ', re.MULTILINE)
_JOB = re.compile(r"^  (?P<name>[\w-]+):\n(?P<body>(?:(?:    .*)?\n)+)", re.MULTILINE)
_PATHS = re.compile(r"\b(?:installers|tests|resources|desktop)/[\w./*-]+")


def _text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (_FOLDER / "build.yml", _PREPARE))


def _uses() -> Iterator[re.Match[str]]:
    return (found for found in _USES.finditer(_text()) if found["action"] != _OURS)


def _jobs() -> Iterator[tuple[str, str]]:
    text = (_FOLDER / "build.yml").read_text(encoding="utf-8")
    for found in _JOB.finditer(text[text.index("\njobs:\n") :]):
        yield found["name"], found["body"]


def test_there_is_one_workflow_and_its_jobs_are_seen_here() -> None:
    assert [path.name for path in _FOLDER.iterdir()] == ["build.yml"]
    assert {"check", "test", "bundle", "windows", "macos", "release"} <= dict(_jobs()).keys()


def test_every_action_is_named_by_its_commit_and_its_version() -> None:
    uses = list(_uses())

    assert uses
    loose = [found["action"] for found in uses if not _PINNED.fullmatch(found["action"])]
    unnamed = [found["action"] for found in uses if not re.match(r" # v\d", found["rest"])]
    assert (loose, unnamed) == ([], [])


def test_one_action_has_one_commit() -> None:
    commits: dict[str, set[str]] = {}
    for found in _uses():
        name, _, commit = found["action"].partition("@")
        commits.setdefault(name, set()).add(commit)

    assert {name for name, seen in commits.items() if len(seen) > 1} == set()


def test_containers_are_named_by_their_sum() -> None:
    images = re.findall(r"\bcontainer: (\S+/\S+)", _text())

    assert images
    assert all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) for image in images)


def test_nothing_is_allowed_but_what_a_job_asks_for() -> None:
    assert "\npermissions: {}\n" in _text()
    for name, body in _jobs():
        assert "    permissions:\n" in body, name
        assert "    timeout-minutes: " in body, name


def test_only_jobs_that_somebody_agrees_to_see_secrets() -> None:
    for name, body in _jobs():
        if "secrets." in body:
            assert "    environment: " in body, name


def test_what_only_a_release_may_do_is_done_by_one_job() -> None:
    writing = {name for name, body in _jobs() if "contents: write" in body}

    assert writing == {"release"}
    assert "    if: startsWith(github.ref, 'refs/tags/v')\n" in dict(_jobs())["release"]


def test_a_release_is_never_built_from_a_cache() -> None:
    assert "actions/cache" not in (_FOLDER / "build.yml").read_text(encoding="utf-8")
    steps = re.findall(r"    - .*\n(?:      .*\n)+", _PREPARE.read_text(encoding="utf-8"))
    (cache,) = [step for step in steps if "uses: actions/cache@" in step]

    assert "&& !startsWith(github.ref, 'refs/tags/') }}" in cache
    others = re.findall(r"^ +cache: (.*)$", _text(), re.MULTILINE)
    assert set(others) == {"${{ !startsWith(github.ref, 'refs/tags/') }}"}


def test_the_action_of_ours_gets_what_it_knows() -> None:
    known = set(re.findall(r"^  (\w+):\n    description: ", _text(), re.MULTILINE))
    given = re.findall(rf"uses: {re.escape(_OURS)}\n((?:        .*\n)*)", _text())
    words = [re.findall(r"^ {10}(\w+): (.*)$", one, re.MULTILINE) for one in given]

    assert known == {"python", "engine", "packages"}
    assert len(given) == len(re.findall("setup-python|actions/prepare", _text())) - 1
    assert {name for one in words for name, _ in one} <= known
    purposes = {value for one in words for name, value in one if name == "packages"}
    assert purposes <= set(Purpose.__members__)


def test_no_text_of_a_stranger_gets_into_a_command() -> None:
    commands = re.findall(r"^\s*(?:- )?run: (.*(?:\n\s{10,}.*)*)", _text(), re.MULTILINE)

    assert commands
    assert [command for command in commands if "${{" in command] == []


@pytest.mark.parametrize("called", sorted({m[0] for m in _MODULE.finditer(_text())}))
def test_every_program_that_is_called_exists(called: str) -> None:
    found = _MODULE.match(called)
    assert found is not None
    module = ROOT.joinpath(*found["module"].split("."))
    assert module.with_suffix(".py").is_file() or (module / "__main__.py").is_file()
    if found["module"] == "installers.dev":
        table = (module / "__main__.py").read_text(encoding="utf-8")
        assert found["word"] in {target["name"] for target in _TARGET.finditer(table)}


def test_every_script_that_is_called_can_be_run() -> None:
    called = set(re.findall(r"\binstallers/\w+/\w+\.sh\b", _text()))

    assert called
    assert [name for name in called if not os.access(ROOT / name, os.X_OK)] == []


def test_every_path_that_is_named_exists() -> None:
    missing = [name for name in set(_PATHS.findall(_text())) if not list(ROOT.glob(name))]

    assert missing == []

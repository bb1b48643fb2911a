"""The workflow calls what there is, trusts what it names by its commit, and may do little.

It runs elsewhere, so what can be said of its text alone is said here.
"""

import re
from collections.abc import Iterator

import pytest

from installers.dev.places import ROOT

_FOLDER = ROOT / ".github" / "workflows"
_USES = re.compile(r"^\s*(?:- )?uses: (?P<action>\S+)(?P<rest>.*)$", re.MULTILINE)
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_MODULE = re.compile(r"-m (?P<module>(?:installers|tests)[\w.]*)(?: (?P<word>[\w-]+))?")
_TARGET = re.compile(r'^ {8}"(?P<name>[\w-]+)": ', re.MULTILINE)
_JOB = re.compile(r"^  (?P<name>[\w-]+):\n(?P<body>(?:(?:    .*)?\n)+)", re.MULTILINE)
_PATHS = re.compile(r"\b(?:installers|tests|resources|desktop)/[\w./*-]+")


def _text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.yml")))


def _jobs() -> Iterator[tuple[str, str]]:
    text = _text()
    for found in _JOB.finditer(text[text.index("\njobs:\n") :]):
        yield found["name"], found["body"]


def test_there_is_one_workflow_and_its_jobs_are_seen_here() -> None:
    assert [path.name for path in _FOLDER.iterdir()] == ["build.yml"]
    assert {"check", "test", "bundle", "windows", "macos", "release"} <= dict(_jobs()).keys()


def test_every_action_is_named_by_its_commit_and_its_version() -> None:
    uses = list(_USES.finditer(_text()))

    assert uses
    loose = [found["action"] for found in uses if not _PINNED.fullmatch(found["action"])]
    unnamed = [found["action"] for found in uses if not re.match(r" # v\d", found["rest"])]
    assert (loose, unnamed) == ([], [])


def test_one_action_has_one_commit() -> None:
    commits: dict[str, set[str]] = {}
    for found in _USES.finditer(_text()):
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
    steps = re.findall(r"      - .*\n(?:        .*\n)+", _text())
    caches = [step for step in steps if "uses: actions/cache@" in step]

    assert caches
    assert all("if: ${{ !startsWith(github.ref, 'refs/tags/') }}" in step for step in caches)


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


def test_every_path_that_is_named_exists() -> None:
    missing = [name for name in set(_PATHS.findall(_text())) if not list(ROOT.glob(name))]

    assert missing == []

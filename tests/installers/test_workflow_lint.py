"""The workflow in the eyes of linters: GitHub's schemas, zizmor's audits, shellcheck on its scripts.

actionlint is a program that no package archive we use has in a recent version; the schema and the
audits find what it would. What the workflow calls is checked in tests/unit/test_workflow.py.
"""

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from installers.dev.places import ROOT

_RUN = re.compile(
    r"^(?P<in>  +)- name: (?P<name>.*)\n(?:(?:(?P=in)  (?!run:).*)?\n)*?"
    r"(?P=in)  run: (?:\|\n(?P<block>(?:(?:(?P=in)    .*)?\n)+)|(?P<line>.+))",
    re.MULTILINE,
)
_WORKFLOW = ROOT / ".github" / "workflows" / "build.yml"
_ACTION = ROOT / ".github" / "actions" / "prepare" / "action.yml"


def _tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _scripts() -> Iterator[tuple[str, str]]:
    """Yield each step's name and script; the files are written so that this can be read off them."""
    for file in (_WORKFLOW, _ACTION):
        for found in _RUN.finditer(file.read_text(encoding="utf-8")):
            script = found["block"] or found["line"]
            yield found["name"], textwrap.dedent(script)
    for path in sorted((ROOT / "installers").rglob("*.sh")):
        yield path.name, path.read_text(encoding="utf-8")


def _must_pass(command: list[str], words: str = "") -> None:
    done = subprocess.run(command, input=words, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("kind", "file"), [("workflows", _WORKFLOW), ("actions", _ACTION)])
def test_it_fits_the_schema(kind: str, file: Path) -> None:
    tool = _tool("check-jsonschema")

    _must_pass([tool, "--builtin-schema", f"vendor.github-{kind}", str(file)])


def test_no_audit_finds_anything() -> None:
    files = (str(_WORKFLOW), str(_ACTION))
    _must_pass([_tool("zizmor"), "--offline", "--no-progress", "--persona=auditor", *files])


@pytest.mark.parametrize(("name", "script"), [pytest.param(*one, id=one[0]) for one in _scripts()])
def test_shellcheck_has_no_remark_on_a_script(name: str, script: str) -> None:
    shell = "sh" if script.startswith("#!/bin/sh") else "bash"
    _must_pass([_tool("shellcheck"), f"--shell={shell}", "-"], script)
